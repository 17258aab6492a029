import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Keyv } from "keyv";
import { corpusFrom } from "../examples/hebrew-retrieval/corpus.js";
import { HebrewRetrieval } from "../examples/hebrew-retrieval/retrieval.js";
import { SqliteStore } from "../src/cache/sqlite-store.js";
import type { Entry } from "../src/cache/store.js";
import { digest, type Each, input, mapOver, type Nested, node, Pipeline, sqlite } from "../src/index.js";
import { type Measured, measure, median, printTable } from "./measure.js";
import { loadPeers } from "./peers.js";

const HEQ = "../shared/data/heq-val";
const ELEMENTS = 10_000;
const TEXT = "x".repeat(1000);
/** With fewer, V8 is still compiling when half of the rounds are over. */
const ROUNDS = 15;
const NESTED_ROUNDS = 45;

interface Row {
  readonly id: number;
  readonly text: string;
}

function rowOf(id: number): Row {
  return { id, text: `${id} ${TEXT}` };
}

class Rows extends Pipeline {
  @input() ids!: number[];
  @mapOver("ids") rows(id: number): Each<Row> {
    return rowOf(id);
  }
}

/** What it costs to remember, and what remembering saves. */
export async function cache(): Promise<void> {
  await inFolder(async (folder) => {
    await elements(folder);
    await purity();
    await hashes();
    await retrieval(folder);
    await million(folder);
  });
}

/** The same for a nested pipeline: the files that `cache` leaves open would slow it. */
export async function nestedCache(): Promise<void> {
  await inFolder(nested);
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  mkdirSync("coverage", { recursive: true });
  const folder = path.resolve(mkdtempSync(path.join("coverage", "bench-cache-")));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How long code digests take when a process begins. */
export async function codeDigests(): Promise<void> {
  const folder = mkdtempSync(path.join(process.cwd(), "bench-code-"));
  try {
    code(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Times something several times, each after a preparation that does not count. */
async function timed(rounds: number, prepare: () => unknown, run: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let round = -1; round < rounds; round++) {
    await prepare();
    const start = performance.now();
    await run();
    if (round >= 0) times.push((performance.now() - start) * 1000);
  }
  return median(times);
}

async function elements(folder: string): Promise<void> {
  const ids = Array.from({ length: ELEMENTS }, (_, i) => i);
  const rows = new Rows();
  let number = 0;
  let store = sqlite(path.join(folder, "0.sqlite"));
  const anew = () => {
    store = sqlite(path.join(folder, `${++number}.sqlite`));
  };
  const results: Measured[] = [];
  const row = (name: string, microseconds: number) => results.push({ name, microseconds: microseconds / ELEMENTS });
  const nothing = () => {};
  row("no cache", await timed(ROUNDS, nothing, () => rows.run({ ids })));
  row("cold: looked up, computed, stored", await timed(ROUNDS, anew, () => rows.run({ ids }, { cache: store })));
  row("warm: the same list", await timed(ROUNDS, nothing, () => rows.run({ ids }, { cache: store })));
  const others = () => [...ids.slice(1), ELEMENTS + ++number];
  row(
    "warm: another list, one element is new",
    await timed(ROUNDS, nothing, () => rows.run({ ids: others() }, { cache: store })),
  );
  const { KeyvSqlite } = loadPeers("keyv", "@keyv/sqlite@4.0.8", "keyv@5.6.0")("@keyv/sqlite");
  const keyv = new Keyv(new KeyvSqlite({ uri: `sqlite://${path.join(folder, "keyv.sqlite")}` }));
  const few = ids.slice(0, 2000);
  const scale = ids.length / few.length;
  const set = async () => {
    for (const id of few) await keyv.set(`${number} ${id}`, rowOf(id));
  };
  row("@keyv/sqlite: set", scale * (await timed(3, anew, set)));
  row(
    "@keyv/sqlite: get",
    scale *
      (await timed(3, nothing, async () => {
        for (const id of few) await keyv.get(`${number} ${id}`);
      })),
  );
  await keyv.disconnect();
  const files = path.join(folder, "files");
  mkdirSync(files);
  const file = (id: number) => path.join(files, createHash("sha256").update(String(id)).digest("hex"));
  row(
    "a file an entry: write",
    await timed(3, nothing, () => {
      for (const id of ids) writeFileSync(file(id), JSON.stringify(rowOf(id)));
    }),
  );
  row(
    "a file an entry: read",
    await timed(3, nothing, () => {
      for (const id of ids) JSON.parse(readFileSync(file(id), "utf8"));
    }),
  );
  printTable(`A map of ${ELEMENTS.toLocaleString("en")} elements with results of 1 KB`, "element", results, "no cache");
  const over = results[1]!.microseconds - results[0]!.microseconds;
  console.log(
    `\nCold costs ${over.toFixed(1)} us an element over no cache; warm takes ${results[2]!.microseconds.toFixed(1)} us.`,
  );
}

class Records extends Pipeline {
  @input() rows!: Row[];
  @mapOver("rows") lengths(row: Row): Each<number> {
    return row.text.length;
  }
  @node("rows") all(rows: Row[]): number {
    return rows.length;
  }
}

/** What it costs to look whether nodes change what they take. */
async function purity(): Promise<void> {
  const rows = Array.from({ length: ELEMENTS }, (_, i) => rowOf(i));
  const records = new Records();
  const contender = (name: string, check: boolean) => ({
    ...{ name, operations: ELEMENTS },
    run: () => records.run({ rows }, { execution: { check } }),
  });
  const results = await measure([contender("as it is", false), contender("check: true", true)]);
  printTable("A map over 10,000 records of 1 KB, and a node that takes them all", "element", results, "as it is");
  const over = results[1]!.microseconds - results[0]!.microseconds;
  console.log(`\nchecking costs ${over.toFixed(1)} us an element`);
}

class Line extends Pipeline {
  @input() id!: number;
  @node("id") text(id: number): string {
    return `${id} ${TEXT}`;
  }
  @node("text") length(text: string): number {
    return text.length;
  }
}
class Lines extends Pipeline {
  @input() ids!: number[];
  @mapOver("ids", Line, { id: "ids" }, "length") lengths!: Nested<number[]>;
}

async function nested(folder: string): Promise<void> {
  const ids = Array.from({ length: 2000 }, (_, i) => i);
  const lines = new Lines();
  let number = 0;
  let store = sqlite(path.join(folder, "nested.sqlite"));
  const anew = () => {
    store = sqlite(path.join(folder, `nested-${++number}.sqlite`));
  };
  const others = () => [...ids.slice(++number % 1000), -number];
  const results = [
    {
      name: "no cache",
      time: await timed(
        7,
        () => {},
        () => lines.run({ ids }),
      ),
    },
    { name: "cold", time: await timed(NESTED_ROUNDS, anew, () => lines.run({ ids }, { cache: store })) },
    {
      name: "warm: the same list",
      time: await timed(
        7,
        () => {},
        () => lines.run({ ids }, { cache: store }),
      ),
    },
    {
      name: "warm: another list",
      time: await timed(
        7,
        () => {},
        () => lines.run({ ids: others() }, { cache: store }),
      ),
    },
  ].map(({ name, time }) => ({ name, microseconds: time / ids.length }));
  printTable("A map over a nested pipeline of two nodes, 2,000 elements", "element", results, "no cache");
}

/**
 * Reading a program's code when a process begins: for the first time, and when a process before has read it. The files have functions
 * that use those of the next ones.
 */
function code(folder: string): void {
  const nodes = 30;
  console.log(`\n### Code digests when a process begins: files of 6 kB, ${nodes} nodes\n`);
  console.log("| files | acorn alone | first | kept | kept, after a collection | once more |");
  console.log("|---|---:|---:|---:|---:|---:|");
  for (const files of [50, 200, 500]) {
    const project = path.join(folder, `project-${files}`);
    writeProject(project, files, nodes);
    const run = (what: string, kept: string, collects = "") => {
      const args = ["--expose-gc", "bench/code-process.mjs", what, project, kept, collects];
      return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as number[];
    };
    const rounds = Array.from({ length: 5 }, (_, round) => {
      const kept = `${project}-${round}.json`;
      const [acorn] = run("acorn", kept);
      const [first] = run("digests", kept);
      const [again, more] = run("digests", kept);
      const [collected] = run("digests", kept, "gc");
      return [acorn!, first!, again!, collected!, more!];
    });
    const cells = rounds[0]!.map((_, column) => median(rounds.map((round) => round[column]!)).toFixed(2));
    console.log(`| ${files} | ${cells.join(" | ")} |`);
  }
  console.log("\nMilliseconds of processor time a file.");
}

/** Modules of functions that call each other, with chains of modules below each node. */
function writeProject(project: string, files: number, nodes: number): void {
  mkdirSync(project);
  const step = Math.max(1, Math.floor(files / nodes));
  for (let i = 0; i < files; i++) {
    const goesOn = i < files - 1 && i % step !== step - 1;
    const functions = Array.from(
      { length: 14 },
      (_, n) => `/** Counts the words of a text, and what else there is to say of it in two lines or so,
 *  with what every comment has. */
export function f${i}_${n}(x) {
  // A comment about what is done here, in a few words that take room.
  const words = String(x).split(" ").map((word) => word.trim().toLowerCase());
  const counted = new Map();
  for (const word of words) counted.set(word, (counted.get(word) ?? 0) + TABLE${i}.a);
  return ${n < 13 ? `f${i}_${n + 1}(counted.size)` : goesOn ? `f${i + 1}_0(x) + C${i + 1}` : "x"};
}`,
    );
    const imports = i < files - 1 ? `import { f${i + 1}_0, C${i + 1} } from "./m${i + 1}.js";\n` : "";
    const constants = `export const C${i} = ${i};\nconst TABLE${i} = { a: 1, b: [1, 2, 3] };\n`;
    writeFileSync(path.join(project, `m${i}.js`), `${imports}${constants}${functions.join("\n")}\n`);
  }
  const numbers = Array.from({ length: nodes }, (_, i) => i);
  const module = (i: number) => Math.min(files - 1, i * step);
  const imports = numbers.map((i) => `import { f${module(i)}_0 as g${i} } from "./m${module(i)}.js";`);
  const methods = numbers.map((i) => `n${i}(x) { return g${i}(x) + ${i}; }`);
  writeFileSync(
    path.join(project, "pipeline.js"),
    `${imports.join("\n")}\nexport class Wide { ${methods.join("\n")} }`,
  );
  writeFileSync(path.join(project, "package.json"), `{ "type": "module" }`);
}

async function hashes(): Promise<void> {
  const bytes = Buffer.alloc(2 ** 20, "hypernodes");
  const floats = new Float32Array(2 ** 18).fill(1.5);
  const text = bytes.toString("latin1");
  const contenders = [
    { name: "SHA-256 of 1 MB", operations: 1, runs: 10, run: () => createHash("sha256").update(bytes).digest("hex") },
    { name: "digest of a Buffer of 1 MB", operations: 1, runs: 10, run: () => digest(bytes) },
    {
      name: "SHA-256 of a text of 1 MB",
      operations: 1,
      runs: 10,
      run: () => createHash("sha256").update(text).digest("hex"),
    },
    { name: "digest of a text of 1 MB", operations: 1, runs: 10, run: () => digest(text) },
    { name: "digest of a Float32Array of 1 MB", operations: 1, runs: 10, run: () => digest(floats) },
  ];
  printTable("Digests", "value", await measure(contenders), contenders[0]!.name);
}

async function retrieval(folder: string): Promise<void> {
  if (!existsSync(`${HEQ}.passages.jsonl`)) {
    console.log(`\nThe Hebrew retrieval is left out: there is no ${HEQ}.passages.jsonl`);
    return;
  }
  const corpus = corpusFrom(`${HEQ}.passages.jsonl`, `${HEQ}.queries.jsonl`);
  let number = 0;
  let store = sqlite(path.join(folder, "heq.sqlite"));
  const anew = () => {
    store = sqlite(path.join(folder, `heq-${++number}.sqlite`));
  };
  const run = () => new HebrewRetrieval().run(corpus, { cache: store });
  const results = [
    {
      name: "no cache",
      microseconds: await timed(
        5,
        () => {},
        () => new HebrewRetrieval().run(corpus),
      ),
    },
    { name: "cold", microseconds: await timed(5, anew, run) },
    { name: "warm", microseconds: await timed(9, () => {}, run) },
  ];
  printTable("The Hebrew retrieval on HeQ, fully cached", "run", results, "warm");
}

const MILLION = 1_000_000;

async function million(folder: string): Promise<void> {
  const file = path.join(folder, "million.sqlite");
  const store = sqlite(file);
  const warm = async (from: number) => {
    const ids = Array.from({ length: ELEMENTS }, (_, i) => from + i);
    await new Rows().run({ ids }, { cache: store });
    let n = 0;
    // Another order is another list: each element is looked up.
    return timed(
      9,
      () => {},
      () => new Rows().run({ ids: [...ids.slice(++n), ...ids.slice(0, n)] }, { cache: store }),
    );
  };
  const small = await warm(0);
  const opened = await SqliteStore.open(file);
  const value = Buffer.from(JSON.stringify(rowOf(0)));
  const owner = { pipeline: "Rows", node: "rows", code: "other" };
  const entry = (i: number): Entry => {
    const hash = createHash("sha256").update(`other ${i}`);
    const key = hash.copy().digest("base64url");
    return { key, kind: "value", digest: hash.digest("hex"), models: "", bytes: value.length, value, owner };
  };
  for (let i = ELEMENTS; i < MILLION; i += 1000) opened.write(Array.from({ length: 1000 }, (_, n) => entry(i + n)));
  const { entries } = opened.stats();
  const results = [
    { name: `${ELEMENTS.toLocaleString("en")} entries`, microseconds: small / ELEMENTS },
    { name: `${entries.toLocaleString("en")} entries, the first written`, microseconds: (await warm(0)) / ELEMENTS },
    {
      name: `${entries.toLocaleString("en")} entries, the last written`,
      microseconds: (await warm(5_000_000)) / ELEMENTS,
    },
  ];
  printTable("Warm lookups in a large store", "element", results, results[0]!.name);
}
