import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import ts from "typescript";

const FILE = path.join(path.dirname(fileURLToPath(import.meta.url)), "accepted", "completed.ts");
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

/** What is in the editor, and how often that has changed. One service for all programs: it reads the library once. */
let [text, version] = ["", 0];
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  strict: true,
  experimentalDecorators: true,
  skipLibCheck: true,
};
const service = ts.createLanguageService({
  getScriptFileNames: () => [FILE],
  getScriptVersion: (file) => (file === FILE ? String(version) : "1"),
  getScriptSnapshot: (file) => {
    const content = file === FILE ? text : ts.sys.readFile(file);
    return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
  },
  getCurrentDirectory: () => process.cwd(),
  getCompilationSettings: () => OPTIONS,
  getDefaultLibFileName: ts.getDefaultLibFilePath,
  fileExists: (file) => file === FILE || ts.sys.fileExists(file),
  readFile: ts.sys.readFile,
  directoryExists: ts.sys.directoryExists,
  getDirectories: ts.sys.getDirectories,
});

/** What an editor offers where the caret, `|`, stands in a program. */
function completions(program: string): string[] {
  const whole = `${HEAD}${program}`;
  const position = whole.indexOf("|");
  text = whole.replace("|", "");
  version++;
  return service.getCompletionsAtPosition(FILE, position, {})?.entries.map((entry) => entry.name) ?? [];
}

describe("an editor completes", () => {
  for (const [where, program, names] of [
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
  ] as const) {
    it(where, () => {
      expect(completions(program)).to.include.members([...names]);
    }).timeout(30_000);
  }
});
