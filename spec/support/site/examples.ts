import path from "node:path";
import ts from "typescript";

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
 * @param options the compiler options of the project.
 * @returns the errors, with the names of the examples.
 */
export function compileExamples(
  examples: readonly DocExample[],
  names: readonly string[],
  options: ts.CompilerOptions,
): string[] {
  const header = [
    'import { writeFile } from "node:fs/promises";',
    'import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";',
    'import Keyv from "keyv";',
    `import { ${names.join(", ")} } from "../../src/index.js";`,
    DECLARED,
  ].join("\n");
  const starts: number[] = [];
  let text = header;
  for (const { code } of examples) {
    starts.push(text.length);
    text += `{\n${code}}\n`;
  }
  const module = path.resolve("spec", "docs", "examples.ts").split(path.sep).join("/");
  const unchecked = { noUnusedLocals: false, noUnusedParameters: false, emitDecoratorMetadata: false };
  const own: ts.CompilerOptions = { ...options, ...unchecked, noEmit: true };
  const host = ts.createCompilerHost(own);
  const { readFile, fileExists, getSourceFile } = host;
  host.fileExists = (file) => file === module || fileExists(file);
  host.readFile = (file) => (file === module ? text : readFile(file));
  host.getSourceFile = (file, ...more) =>
    file === module ? ts.createSourceFile(file, text, ts.ScriptTarget.ES2022) : getSourceFile(file, ...more);
  const program = ts.createProgram([module], own, host);
  const source = program.getSourceFile(module)!;
  const problems = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  return problems.map(({ messageText, start = 0 }) => {
    const name = examples[starts.findLastIndex((at) => at <= start)]?.name ?? "the declarations";
    return `${name}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
  });
}
