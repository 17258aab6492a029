import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import ts from "typescript";

const FOLDER = path.join(path.dirname(fileURLToPath(import.meta.url)), "accepted");
const HEAD = `
import { type Each, input, mapOver, type Nested, nested, node, Pipeline } from "../../../src/index.js";
class Child extends Pipeline {
  @input() text!: string;
  @node("text") words(text: string): string[] { return [text]; }
}
export class Edited extends Pipeline {
  @input() passages!: string[];
  @input() topK?: number = 5;
  @node("passages") packed(passages: string[]): number { return passages.length; }
`;

/** What is in the editor: a file for each case, all in one program, which is checked once. The caret is `|`. */
const CASES = [
  ["the first name of a node", `@node("|") n(p: string[]): number { return 1; } }`, ["passages", "topK", "packed"]],
  [
    "a later name",
    `@node("topK", "|") n(k: number, p: string[]): number { return 1; } }`,
    ["passages", "topK", "packed"],
  ],
  ["a name that has been begun", `@node("pa|") n(p: string[]): number { return 1; } }`, ["passages", "packed"]],
  ["the list that is mapped over", `@mapOver("|") n(p: string): Each<number> { return 1; } }`, ["passages", "topK"]],
  ["what a map shares", `@mapOver("passages", "|") n(p: string, k: number): Each<number> { return k; } }`, ["topK"]],
  ["the members that a wiring names", `@nested(Child, { text: "|" }, "words") n!: Nested<string[]>; }`, ["packed"]],
  ["the child's nodes", `@nested(Child, { text: "packed" }, "|") n!: Nested<string[]>; }`, ["words"]],
  ["options", `@node("topK", { retr| }) n(k: number): number { return k; } }`, ["retries", "timeoutMs"]],
  ["inputs of a run", "}\nnew Edited().run({ | });", ["passages", "topK"]],
  ["outputs of a run", `}\nnew Edited().run({ passages: [] }, { outputs: ["|"] });`, ["packed"]],
  ["what map goes over", `}\nnew Edited().map({ passages: [], topK: [1] }, { over: "|" });`, ["passages", "topK"]],
  ["what is unbound", `}\nnew Edited().bind({ topK: 3 }).unbind("|");`, ["topK"]],
] as const;
const texts = new Map(CASES.map(([where, program]) => [fileOf(where), `${HEAD}${program}`]));

function fileOf(where: string): string {
  return path.join(FOLDER, `${where.replaceAll(/\W/g, "-")}.ts`);
}

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  strict: true,
  experimentalDecorators: true,
  skipLibCheck: true,
};
const service = ts.createLanguageService({
  getScriptFileNames: () => [...texts.keys()],
  getScriptVersion: () => "1",
  getScriptSnapshot: (file) => {
    const content = texts.get(file)?.replace("|", "") ?? ts.sys.readFile(file);
    return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
  },
  getCurrentDirectory: () => process.cwd(),
  getCompilationSettings: () => OPTIONS,
  getDefaultLibFileName: ts.getDefaultLibFilePath,
  fileExists: (file) => texts.has(file) || ts.sys.fileExists(file),
  readFile: ts.sys.readFile,
  directoryExists: ts.sys.directoryExists,
  getDirectories: ts.sys.getDirectories,
});

describe("an editor completes", () => {
  for (const [where, , names] of CASES) {
    it(where, () => {
      const file = fileOf(where);
      const offered = service.getCompletionsAtPosition(file, texts.get(file)!.indexOf("|"), {});
      expect(offered?.entries.map((entry) => entry.name) ?? []).to.include.members([...names]);
    }).timeout(30_000);
  }
});
