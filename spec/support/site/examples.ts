import { mkdtempSync, writeFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { execute } from "../execute.js";
import { runFolder } from "../run-folder.js";

/** The names that examples in docstrings use without declaring them. */
const DECLARED = `
declare class Words extends Pipeline { text: string; count(text: string): number; }
class Search extends Pipeline {
  @input() query!: string;
  @input() topK?: number = 5;
  @node("query") index(query: string): string[] { return [query]; }
  @output("index", "topK") hits(index: string[], topK: number): Output<string[]> { return index.slice(0, topK); }
}
declare const pipeline: Search;
declare const inputs: InputsOf<Search>;
declare const signal: AbortSignal;
declare const url: string;
declare const bytes: Uint8Array;
declare const value: unknown;
declare const store: any;
declare const seen: Report;
declare const error: HypernodesError;
`;

/** An example of a public name: the code in its docstring. */
export interface DocExample {
  readonly name: string;
  readonly code: string;
}

/** Returns the code of the examples of a symbol. TypeScript's tags would end at the decorators in it. */
export function examplesOf(symbol: ts.Symbol): string[] {
  const comments = (symbol.declarations ?? []).flatMap((declaration) => {
    const documented = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
    return ts.getJSDocCommentsAndTags(documented).filter(ts.isJSDoc);
  });
  return comments.flatMap((comment) => {
    const text = comment.getText().replaceAll(/^ *\* ?/gm, "");
    return [...text.matchAll(/^@example\n```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code!);
  });
}

/**
 * Compiles examples, each in a block of one module.
 *
 * @param names all public names, which examples use without importing them.
 * @returns the errors, with the names of the examples.
 */
export async function compileExamples(examples: readonly DocExample[], names: readonly string[]): Promise<string[]> {
  const folder = mkdtempSync(path.join(runFolder(), "examples-"));
  const toRoot = path.relative(folder, ".").split(path.sep).join("/");
  const lines = [
    'import { writeFile } from "node:fs/promises";',
    'import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";',
    'import Keyv from "keyv";',
    `import { ${names.join(", ")} } from "${toRoot}/src/index.js";`,
    ...DECLARED.split("\n"),
  ];
  const starts: number[] = [];
  for (const { code } of examples) {
    starts.push(lines.length);
    lines.push("{", ...code.split("\n"), "}");
  }
  writeFileSync(path.join(folder, "examples.ts"), lines.join("\n"));
  const unchecked = { noUnusedLocals: false, noUnusedParameters: false, emitDecoratorMetadata: false };
  writeFileSync(
    path.join(folder, "tsconfig.json"),
    JSON.stringify({ extends: `${toRoot}/tsconfig.json`, compilerOptions: unchecked, include: ["examples.ts"] }),
  );
  const tsc = path.resolve("node_modules/typescript-7/bin/tsc");
  const { code, stdout } = await execute(process.execPath, [tsc, "-p", folder, "--pretty", "false"]);
  const problems = Array.from(stdout.matchAll(/^\S*examples\.ts\((\d+),\d+\): (.*)$/gm), ([, line, problem]) => {
    const name = examples[starts.findLastIndex((start) => start < Number(line))]?.name ?? "the declarations";
    return `${name}: ${problem}`;
  });
  return code === 0 || problems.length > 0 ? problems : [stdout];
}
