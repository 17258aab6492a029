import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import ts from "typescript";

const FOLDER = path.join(path.dirname(fileURLToPath(import.meta.url)), "accepted");
const HEAD = `
import { type Each, execution, input, mapOver, type Nested, nested, node, type Output, output, Pipeline, resource } from "../../../src/index.js";
class Child extends Pipeline {
  @input() text!: string;
  @node("text") words(text: string): string[] { return [text]; }
}
export class Edited extends Pipeline {
  @input() passages!: string[];
  @input() topK?: number = 5;
  @node("passages") packed(passages: string[]): number { return passages.length; }
  @mapOver("passages") lengths(passage: string): Each<number> { return passage.length; }
`;

/** What is in the editor: a file for each case, all in one program, which is checked once. The caret is `|`. */
const NAMES = ["lengths", "packed", "passages", "topK"];
const LISTS = ["lengths", "passages"];
const OPTIONS_OF_NODES = ["cache", "onError", "retries", "timeoutMs", "version"];
const OPTIONS_OF_MAPS = ["batch", "cache", "mode", "onError", "retries", "timeoutMs", "version"];
const CASES = [
  ["the first name of a node", `@node("|") n(p: string[]): number { return 1; } }`, NAMES],
  ["a later name", `@node("topK", "|") n(k: number, p: string[]): number { return 1; } }`, NAMES],
  ["a name that has been begun", `@node("pa|") n(p: string[]): number { return 1; } }`, ["packed", "passages"]],
  ["a name before there is a method", `@node("|") }`, NAMES],
  ["what a resource takes", `@resource("|") n(k: number): object { return {}; } }`, NAMES],
  ["what an output takes", `@output("|") n(k: number): Output<number> { return k; } }`, NAMES],
  ["the list that is mapped over", `@mapOver("|") n(p: string): Each<number> { return 1; } }`, LISTS],
  ["several lists", `@mapOver(["passages", "|"]) n(p: string, n: number): Each<number> { return 1; } }`, LISTS],
  ["what a map shares", `@mapOver("passages", "|") n(p: string, k: number): Each<number> { return k; } }`, NAMES],
  ["the child's inputs", `@nested(Child, { | }, "words") n!: Nested<string[]>; }`, ["text"]],
  ["the members that a wiring names", `@nested(Child, { text: "|" }, "words") n!: Nested<string[]>; }`, NAMES],
  ["the child's nodes", `@nested(Child, { text: "packed" }, "|") n!: Nested<string[]>; }`, ["words"]],
  ["the list of a nested map", `@mapOver("|", Child, { text: "passages" }, "words") n!: Nested<string[][]>; }`, LISTS],
  ["the inputs of a nested map", `@mapOver("passages", Child, { | }, "words") n!: Nested<string[][]>; }`, ["text"]],
  [
    "the wiring of a nested map",
    `@mapOver("passages", Child, { text: "|" }, "words") n!: Nested<string[][]>; }`,
    NAMES,
  ],
  ["options", `@node("topK", { | }) n(k: number): number { return k; } }`, OPTIONS_OF_NODES],
  ["options alone", `@node({ | }) n(): number { return 1; } }`, OPTIONS_OF_NODES],
  ["options that are begun", `@node("topK", { retr| }) n(k: number): number { return k; } }`, OPTIONS_OF_NODES],
  [
    "options after others",
    `@node("topK", { retries: 1, | }) n(k: number): number { return k; } }`,
    OPTIONS_OF_NODES.filter((name) => name !== "retries"),
  ],
  ["options of an output", `@output("topK", { | }) n(k: number): Output<number> { return k; } }`, OPTIONS_OF_NODES],
  ["options of a map", `@mapOver("passages", { | }) n(p: string): Each<number> { return 1; } }`, OPTIONS_OF_MAPS],
  [
    "options of a nested pipeline",
    `@nested(Child, { text: "packed" }, "words", { | }) n!: Nested<string[]>; }`,
    OPTIONS_OF_NODES,
  ],
  [
    "options of a nested map",
    `@mapOver("passages", Child, { text: "passages" }, "words", { | }) n!: Nested<string[][]>; }`,
    OPTIONS_OF_MAPS,
  ],
  ["an option's value", `@node("topK", { onError: "|" }) n(k: number): number { return k; } }`, ["collect", "throw"]],
  [
    "options of a class",
    "}\n@execution({ | }) class Run extends Edited {}",
    ["check", "graceMs", "maps", "maxWorkers", "nodes", "resourceLimits"],
  ],
  ["inputs of a run", "}\nnew Edited().run({ | });", ["passages", "topK"]],
  ["outputs of a run", `}\nnew Edited().run({ passages: [] }, { outputs: ["|"] });`, ["lengths", "packed"]],
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

/** Programs, and the type that an editor shows of the name after the caret. */
const HOVERS = [
  [
    "a run's result",
    "}\nconst |result = await new Edited().run({ passages: [] });",
    "const result: {\n    packed: number;\n    lengths: number[];\n}",
  ],
  [
    "a run's inputs",
    '}\ntype |Given = import("hypernodes").InputsOf<Edited>;',
    "type Given = {\n    passages: string[];\n    topK?: number | undefined;\n}",
  ],
  [
    "a nested result",
    '@nested(Child, { text: "packed" }) n!: Nested<{ words: string[] }>;\n  @node("n") |m(n: { words: string[] }): number { return 1; } }',
    "(method) Edited.m(n: {\n    words: string[];\n}): number",
  ],
  [
    "a map's results",
    '}\nconst |results = await new Edited().map({ passages: [[]] }, { over: "passages" });',
    "const results: {\n    packed: number;\n    lengths: number[];\n}[]",
  ],
  [
    "Each",
    '@mapOver("passages") |each(p: string): Each<{ id: string; score: number }> { return { id: p, score: 1 }; } }',
    "(method) Edited.each(p: string): Each<{\n    id: string;\n    score: number;\n}>",
  ],
  [
    "Promise<Each>",
    '@mapOver("passages") async |each(p: string): Promise<Each<number>> { return 1; } }',
    "(method) Edited.each(p: string): Promise<Each<number>>",
  ],
] as const;
for (const [where, program] of HOVERS) texts.set(fileOf(`hover ${where}`), `${HEAD}${program}`);

describe("an editor shows flat types", () => {
  for (const [where, , shown] of HOVERS) {
    it(where, () => {
      const file = fileOf(`hover ${where}`);
      const info = service.getQuickInfoAtPosition(file, texts.get(file)!.indexOf("|"));
      expect(ts.displayPartsToString(info?.displayParts)).to.equal(shown);
    });
  }
});

describe("an editor completes", () => {
  for (const [where, , names] of CASES) {
    it(where, () => {
      const file = fileOf(where);
      const offered = service.getCompletionsAtPosition(file, texts.get(file)!.indexOf("|"), {});
      expect((offered?.entries.map((entry) => entry.name) ?? []).sort()).to.deep.equal([...names]);
    });
  }
});
