import path from "node:path";
import ts from "typescript";
import { mixedPipeline } from "../spec/support/mixed-pipeline.js";
import { median } from "./measure.js";

const SIZES = [30, 100];
const EDITS = 7;

/** What an editor waits for after each edit: all diagnostics of a file with one pipeline, beside those of the class without decorators. */
export async function diagnostics(): Promise<void> {
  console.log(`\n### An editor's diagnostics after an edit: TypeScript ${ts.version}, the median of ${EDITS} edits\n`);
  console.log("| nodes | class | ms | x without decorators | instantiations | a node |");
  console.log("|---:|---|---:|---:|---:|---:|");
  for (const size of SIZES) {
    const without = edited(size, false);
    const row = (name: string, { ms, instantiations }: Edited) => {
      const perNode = Math.round((instantiations - without.instantiations) / size);
      console.log(
        `| ${size} | ${name} | ${ms.toFixed(1)} | ${(ms / without.ms).toFixed(1)} | ${instantiations} | ${perNode} |`,
      );
    };
    row("without decorators", without);
    row("the pipeline", edited(size, true));
  }
}

interface Edited {
  readonly ms: number;
  readonly instantiations: number;
}

/** @throws {Error} if the compiler complains: then it was not the pipeline that was measured. */
function edited(size: number, isDecorated: boolean): Edited {
  const file = path.resolve("bench", "edited.ts");
  const text = mixedPipeline(size, "../src/index.js", isDecorated);
  let version = 0;
  const service = ts.createLanguageService({
    getScriptFileNames: () => [file],
    getScriptVersion: (name) => (name === file ? String(version) : "0"),
    getScriptSnapshot: (name) => {
      const content = name === file ? `${text}// ${version}\n` : ts.sys.readFile(name);
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
    },
    getCurrentDirectory: () => process.cwd(),
    getCompilationSettings: () => ({
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      strict: true,
      experimentalDecorators: true,
      skipLibCheck: true,
    }),
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (name) => name === file || ts.sys.fileExists(name),
    readFile: ts.sys.readFile,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
  });
  const times: number[] = [];
  let instantiations = 0;
  for (; version < EDITS; version++) {
    const from = performance.now();
    const found = service.getSemanticDiagnostics(file);
    times.push(performance.now() - from);
    const [first] = found;
    instantiations = service.getProgram()!.getInstantiationCount();
    if (first !== undefined) throw new Error(ts.flattenDiagnosticMessageText(first.messageText, "\n"));
  }
  return { ms: median(times), instantiations };
}
