import { type Content, row } from "./row.js";

const PIPELINE = `import { createRequire } from "node:module";
import { type Each, input, mapOver, node, Pipeline, resource } from "hypernodes";
import { config } from "./config.js";
import { HashEncoder } from "./encode/encoder.js";
import { Bm25 } from "./index/bm25.js";
import { idf, postings } from "./index/postings.js";
import { language } from "./language.js";
import { log } from "./log.js";
import { dot, norm } from "./math/index.js";
import { Passage } from "./model/passage.js";
import { fuse } from "./rank/fuse.js";
import "./rank/register.js";
import { boosts } from "./rank/registry.js";
import { top } from "./rank/top.js";
import { report } from "./report/format.js";
import { measure } from "shared";
import * as text from "./text/index.js";

const synonyms = createRequire(import.meta.url)("./data/synonyms.json") as Record<string, string>;

export class P extends Pipeline {
  static LIMIT = 2;
  static OTHER = 1;
  @input() texts!: string[];
  @input() query!: string;
  @resource() encoder(): HashEncoder { return new HashEncoder(16); }
  @node("texts") passages(texts: string[]): Passage[] { return texts.map((t, i) => new Passage(i, t)); }
  @mapOver("passages") tokens(passage: Passage): Each<string[]> { log("tokens"); return text.tokenise(passage.clean()); }
  @mapOver("tokens") stems(tokens: string[]): Each<string[]> { return tokens.map(text.stem); }
  @node("stems") table(stems: string[][]): Record<string, number[]> { return postings(stems); }
  @node("table", "stems") weights(table: Record<string, number[]>, stems: string[][]): Record<string, number> { return idf(table, stems.length); }
  @node("query") terms(query: string): string[] { return text.tokenise(query).map((t) => synonyms[t] ?? t).map(text.stem); }
  @mapOver("stems", { }) vectors(stems: string[]): Each<number> { return norm(stems.map((s) => s.length)); }
  @node("stems", "encoder") encoded(stems: string[][], encoder: HashEncoder): number[][] { return stems.map((s) => encoder.encode(s)); }
  @node("terms", "encoder") question(terms: string[], encoder: HashEncoder): number[] { return encoder.encode(terms); }
  @node("terms", "table", "weights", "stems") lexical(terms: string[], table: Record<string, number[]>, weights: Record<string, number>, stems: string[][]): number[] {
    log("lexical");
    return new Bm25(config.k1, config.b).score(terms, table, weights, stems);
  }
  @node("question", "encoded") semantic(question: number[], encoded: number[][]): number[] { return encoded.map((v) => dot(v, question)); }
  @node("lexical", "semantic") fused(lexical: number[], semantic: number[]): number[] { return fuse(lexical, semantic).map((v) => boosts.reduce((all, f) => f(all), v)); }
  @node("fused") best(fused: number[]): number[] { return top(fused, P.LIMIT); }
  @node("best", "texts") printed(best: number[], texts: string[]): string { return report(best, texts, language); }
  @node("texts") sizes(texts: string[]): number[] { return texts.map(measure); }
}
export const inputs = { texts: ["The cat sits on a mat", "A dog sat on the cat", "Birds are singing loudly"], query: "cats sitting" };
`;

const FILES = {
  "pipeline.ts": PIPELINE,
  "config.ts": "export const config = { k1: 1.2, b: 0.75, verbose: false };",
  "language.ts": `export const language = process.env.LANGUAGE_R ?? "en";`,
  "log.ts":
    "let lines = 0;\nexport function log(what: string): void { lines++; if (lines < 0) throw new Error(what); }",
  "data/synonyms.json": `{ "cats": "cat" }`,
  "encode/encoder.ts": `import { hash } from "./hash.js";
export class HashEncoder {
  constructor(private readonly size: number) {}
  encode(words: string[]): number[] {
    const made = new Array<number>(this.size).fill(0);
    for (const word of words) made[hash(word) % this.size]! += 1;
    return made;
  }
  describe(): string { return "a hash"; }
}`,
  "encode/hash.ts":
    "export const hash = (word: string): number => [...word].reduce((all, c) => (all * 31 + c.charCodeAt(0)) % 997, 7);",
  "index/bm25.ts": `import type { Table } from "./types.js";
export class Bm25 {
  constructor(private readonly k1: number, private readonly b: number) {}
  score(terms: string[], table: Table, weights: Record<string, number>, stems: string[][]): number[] {
    return stems.map((words, i) => terms.reduce((all, t) => all + (weights[t] ?? 0) * this.part((table[t] ?? []).filter((j) => j === i).length, words.length), 0));
  }
  private part(count: number, length: number): number { return (count * (this.k1 + 1)) / (count + this.k1 * (1 - this.b + this.b * length)); }
}`,
  "index/postings.ts": `import type { Table } from "./types.js";
export function postings(stems: string[][]): Table {
  const table: Table = {};
  for (const [i, words] of stems.entries()) for (const word of words) (table[word] ??= []).push(i);
  return table;
}
export const idf = (table: Table, count: number): Record<string, number> =>
  Object.fromEntries(Object.entries(table).map(([word, all]) => [word, Math.log(1 + count / new Set(all).size)]));`,
  "index/types.ts": "export type Table = Record<string, number[]>;",
  "math/dot.ts": `import { sum } from "./sum.js";\nexport const dot = (a: number[], b: number[]): number => sum(a.map((v, i) => v * b[i]!));`,
  "math/norm.ts": `import { sum } from "./sum.js";\nexport const norm = (a: number[]): number => Math.sqrt(sum(a.map((v) => v * v)));`,
  "math/sum.ts":
    "export const sum = (all: number[]): number => all.reduce((a, b) => a + b, 0);\nexport const mean = (all: number[]): number => sum(all) / all.length;",
  "math/index.ts": `export { dot } from "./dot.js";\nexport { norm } from "./norm.js";\nexport * from "./sum.js";`,
  "model/passage.ts": `import { model } from "hypernodes";
import { normalise } from "../text/normalise.js";
@model({ name: "PassageNUMBER" }) export class Passage {
  constructor(readonly id = 0, readonly text = "") {}
  clean(): string { return normalise(this.text); }
  title(): string { return this.text.slice(0, 10); }
}`,
  "rank/fuse.ts": "export const fuse = (a: number[], b: number[]): number[] => a.map((v, i) => v + 0.5 * b[i]!);",
  "rank/register.ts": `import { boosts } from "./registry.js";\nboosts.push((v) => v * 2);`,
  "rank/registry.ts": "export const boosts: ((v: number) => number)[] = [];",
  "rank/top.ts":
    "export function top(all: number[], count: number): number[] { return all.map((_, i) => i).sort((a, b) => all[b]! - all[a]!).slice(0, count); }",
  "report/format.ts": `import { line } from "./line.js";\nexport const report = (best: number[], texts: string[], language: string): string => [language, ...best.map((i) => line(i, texts[i]!))].join("\\n");`,
  "report/line.ts": "export const line = (i: number, text: string): string => [i, text].join(': ');",
  "text/index.ts": `export { normalise } from "./normalise.js";\nexport { stem } from "./stem.js";\nexport { tokenise } from "./tokenise.js";`,
  "text/normalise.ts": "export const normalise = (text: string): string => text.trim().toLowerCase();",
  "text/stem.ts": `// Endings.
const ENDINGS = ["ing", "s"];
export function stem(word: string): string {
  const ending = ENDINGS.find((e) => word.endsWith(e) && word.length > e.length + 2);
  return ending === undefined ? word : word.slice(0, -ending.length);
}`,
  "text/stop-words.ts": `export const STOP = new Set(["the", "a"]);`,
  "text/tokenise.ts": `import { normalise } from "./normalise.js";
import { STOP } from "./stop-words.js";
export function tokenise(text: string): string[] {
  const words = normalise(text).split(/\\s+/);
  return words.filter((word) => !STOP.has(word));
}`,
  "packages/shared/package.json": `{ "name": "shared", "version": "1.0.0", "type": "module", "main": "i.js" }`,
  "packages/shared/i.js": `// Sizes.\nexport { measure } from "./measure.js";`,
  "packages/shared/measure.js": "export const measure = (text) => text.length; // characters\nexport const unused = 1;",
};

let count = 0;

/** Models of all projects are in one process: each has a name of its own. */
function content(): Content {
  const model = FILES["model/passage.ts"].replace("NUMBER", `${count++}`);
  return { files: { ...FILES, "model/passage.ts": model } };
}

/** All that follows from the stems, where they differ. */
const AFTER_STEMS = "encoded lexical table vectors weights";

function edit(what: string, edits: Parameters<typeof row>[3], computes: string, more: Parameters<typeof row>[5] = {}) {
  return row(0, what, content(), edits, computes, {
    ...more,
    except: ["cjs"],
    links: { "node_modules/shared": "../packages/shared" },
  });
}

/** A project as people have it, 30 files with 15 nodes; what is needed after each edit of it. */
export const REALISTIC = [
  edit("a comment", ["text/stem.ts", "// Endings.", "// What words end with."], ""),
  edit("formatting", ["index/bm25.ts", "return stems.map(", "return stems\n      .map("], ""),
  edit("a local's name", ["text/tokenise.ts", /\bwords\b(?! *\.js|-)(?<!-words)/g, "parts"], ""),
  edit("a helper that is not used", ["math/sum.ts", "/ all.length", "/ (all.length + 1)"], ""),
  edit(
    "a stop word",
    ["text/stop-words.ts", `"a"]`, `"a", "on"]`],
    "best encoded fused lexical semantic stems table terms tokens vectors weights",
  ),
  edit("an ending that no word has", ["text/stem.ts", `"ing", "s"`, `"ing", "s", "zzz"`], "stems terms"),
  edit("an ending", ["text/stem.ts", `"ing", "s"`, `"ing", "s", "ly"`], `stems terms ${AFTER_STEMS}`),
  edit("a number of the configuration", ["config.ts", "k1: 1.2", "k1: 1.3"], "lexical fused best"),
  edit("a setting that nobody reads", ["config.ts", "verbose: false", "verbose: true"], ""),
  edit("how words are hashed", ["encode/hash.ts", "* 31", "* 37"], "encoded question semantic fused best"),
  edit(
    "a resource's size",
    ["pipeline.ts", "HashEncoder(16)", "HashEncoder(17)"],
    "encoded question semantic fused best",
  ),
  edit("a method of a resource's class that nobody calls", ["encode/encoder.ts", "a hash", "the hash"], ""),
  edit("a model's method that nobody calls", ["model/passage.ts", "slice(0, 10)", "slice(0, 20)"], ""),
  edit("whitespace in JSON", ["data/synonyms.json", `"cats": "cat"`, `"cats":   "cat"`], ""),
  edit("a synonym", ["data/synonyms.json", `"cats": "cat"`, `"cats": "cat", "dogs": "dog"`], "terms"),
  edit("a comment in a workspace's package", ["packages/shared/measure.js", "// characters", "// UTF-16"], ""),
  edit("the version of a workspace's package", ["packages/shared/package.json", "1.0.0", "1.1.0"], ""),
  edit(
    "a function of a workspace's package",
    ["packages/shared/measure.js", "text.length", "text.length + 1"],
    "sizes",
  ),
  edit("how a line is printed", ["report/line.ts", "': '", "'. '"], "printed"),
  edit("what is logged", ["log.ts", "lines++", "lines += 2"], "tokens lexical"),
  edit("a type", ["index/types.ts", "number[]>", "readonly number[]>"], ""),
  edit(
    "a helper's name",
    [
      ["report/line.ts", "const line", "const written"],
      ["report/format.ts", "{ line }", "{ written }"],
      ["report/format.ts", "line(i", "written(i"],
    ],
    "",
  ),
  edit("the order of a barrel", ["math/index.ts", /(export \{ dot.*\n)(export \{ norm.*\n)/, "$2$1"], ""),
  edit("the order of nodes", ["pipeline.ts", /( {2}@node\("fused"\) best.*\n)(.*\n)/, "$2$1"], ""),
  edit("how often a node is tried", ["pipeline.ts", `@node("fused") best`, `@node("fused", { retries: 1 }) best`], ""),
  edit("a static that a node names", ["pipeline.ts", "LIMIT = 2", "LIMIT = 1"], "best printed"),
  edit("another static", ["pipeline.ts", "OTHER = 1", "OTHER = 2"], ""),
  edit("what is registered", ["rank/register.ts", "v * 2", "v * 3"], "fused best"),
  edit("a node", ["pipeline.ts", "texts.map(measure)", "texts.map(measure).reverse()"], "sizes"),
  edit("a variable of the environment", ["language.ts", `"en"`, `"he"`], "printed"),
];
