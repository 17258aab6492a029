import path from "node:path";
import ts from "typescript";
import { mixedPipeline } from "./mixed-pipeline.js";

/** Result of the diagnostics of one file in an editor. */
export interface Edited {
  /** Milliseconds of each edit. */
  readonly times: readonly number[];
  /** Number of type instantiations, which is the same on each machine. */
  readonly instantiations: number;
}

/**
 * Asks TypeScript's language service for all diagnostics of a file with one pipeline after each edit.
 *
 * @throws {Error} if the compiler complains: then it was not the pipeline that was measured.
 */
export function diagnose(size: number, isDecorated: boolean, edits: number): Edited {
  const file = path.resolve("spec", "edited.ts");
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
  for (; version < edits; version++) {
    const from = performance.now();
    const found = service.getSemanticDiagnostics(file);
    times.push(performance.now() - from);
    const [first] = found;
    instantiations = service.getProgram()!.getInstantiationCount();
    if (first !== undefined) throw new Error(ts.flattenDiagnosticMessageText(first.messageText, "\n"));
  }
  return { times, instantiations };
}
