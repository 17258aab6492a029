import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import vm from "node:vm";
import { expect } from "chai";
import ts from "typescript";
import { type Code, CodeReader } from "../../src/cache/code/code.js";
import { type ComputationRecord, describeChanges } from "../../src/cache/provenance.js";
import { input, memory, model, node, Pipeline } from "../../src/index.js";
import { built } from "../support/built.js";
import { newFolder } from "../support/caches.js";
import { execute, LOADER } from "../support/execute.js";

const index = pathToFileURL(built("src/index.ts")).href;

const PROJECT: Readonly<Record<string, string>> = {
  "log.ts": `export const log: string[] = [];\nexport function ran(node: string): void { log.push(node); }\n`,
  "far.ts": `export const normalise = (text: string): string => { const trimmed = text.trim(); return trimmed; };\n`,
  "text.ts": `import { normalise } from "./far.js";
// Joins what was split.
export function join(words: string[]): string {
  return words.map((word) => normalise(word)).join(" ");
}
export function unrelated(): number {
  return 1;
}
export const LIMIT = 100;
export const STOP = new Set<string>();
STOP.add("of");
`,
  "model.ts": `import { IsString } from "class-validator";
export class Passage {
  @IsString() text!: string;
  words(): string[] { return this.text.split(" "); }
}
`,
  "dynamic.ts": `export async function load(): Promise<number> { return (await import("./value.mjs")).value; }
export function beside(): number { return 1; }
`,
  "value.mjs": `export const value = 1;\n`,
  "base.ts": `import { input, node, Pipeline } from "${index}";
import { ran } from "./log.js";
export class Base extends Pipeline {
  @input() text!: string;
  protected readonly mark: string = "!";
  @node("text") based(text: string): string { ran("based"); return this.shout(text); }
  @node("text") overridden(text: string): string { ran("overridden"); return text; }
  private shout(text: string): string { return text.toUpperCase() + this.mark; }
}
`,
  "pipeline.ts": `import { Type } from "class-transformer";
import { ValidateNested } from "class-validator";
import { pad } from "padder";
import { cached, type Each, input, mapOver, node, resource, sqlite } from "${index}";
import { Base } from "./base.js";
import { load } from "./dynamic.js";
import { ran } from "./log.js";
import { Passage } from "./model.js";
import * as text from "./text.js";

class Encoder { encode(text: string): number { return text.length; } }

@cached(sqlite(process.env.STORE!))
export class Texts extends Base {
  @input() @ValidateNested({ each: true }) @Type(() => Passage) passages!: Passage[];
  @resource() encoder(): Encoder { return new Encoder(); }
  @mapOver("passages") words(passage: Passage): Each<string[]> {
    ran("words");
    const list = passage.words();
    return list.filter((word) => !text.STOP.has(word));
  }
  @node("words") joined(words: string[][]): string { ran("joined"); return words.map(text.join).join("|"); }
  @node("joined") limited(joined: string): string { ran("limited"); return joined.slice(0, text.LIMIT); }
  @node("joined") packaged(joined: string): string { ran("packaged"); return pad(joined); }
  @node("joined", "encoder") encoded(joined: string, encoder: Encoder): number { ran("encoded"); return encoder.encode(joined); }
  @node("text") async loaded(_text: string): Promise<number> { ran("loaded"); return load(); }
  @node("text") override overridden(text: string): string { ran("overridden"); return text; }
}
`,
  "main.ts": `import { log } from "./log.js";
import { Texts } from "./pipeline.js";
const explain = process.env.EXPLAIN === "1";
await new Texts().run({ text: "shalom", passages: [{ text: "a tale of one city" } as never] }, { explain });
console.log([...new Set(log)].sort().join(" "));
`,
  "node_modules/padder/package.json": `{ "name": "padder", "version": "1.0.0", "type": "module", "main": "index.js" }`,
  "node_modules/padder/index.js": `export const pad = (text) => text + " ";\n`,
  "node_modules/padder/index.d.ts": `export declare const pad: (text: string) => string;\n`,
};

const ALL = "based encoded joined limited loaded overridden packaged words";

interface Edit {
  readonly what: string;
  readonly file: string;
  readonly from: string | RegExp;
  readonly to: string;
  /** What is computed again. */
  readonly computes: string;
}

const EDITS: readonly Edit[] = [
  { what: "nothing", file: "text.ts", from: "", to: "", computes: "" },
  { what: "a comment", file: "text.ts", from: "// Joins", to: "// joins again", computes: "" },
  { what: "formatting", file: "text.ts", from: "return words.map", to: "return   words\n\n    .map", computes: "" },
  {
    what: "line breaks and parentheses",
    file: "far.ts",
    from: "return trimmed",
    to: "return (\n trimmed\n )",
    computes: "",
  },
  { what: "the name of a local", file: "pipeline.ts", from: /\blist\b/g, to: "found", computes: "" },
  { what: "the name of a local in a helper", file: "far.ts", from: /trimmed/g, to: "short", computes: "" },
  { what: "a parameter's name", file: "text.ts", from: /words/g, to: "parts", computes: "" },
  { what: "an unrelated function", file: "text.ts", from: "return 1", to: "return 2", computes: "" },
  {
    what: "a helper two files away",
    file: "far.ts",
    from: "text.trim()",
    to: "text.trim().trim()",
    computes: "joined",
  },
  { what: "a constant", file: "text.ts", from: "LIMIT = 100", to: "LIMIT = 101", computes: "limited" },
  {
    what: "a statement that fills a constant",
    file: "text.ts",
    from: `STOP.add("of")`,
    to: `STOP.add("no")`,
    computes: "encoded joined limited packaged words",
  },
  {
    what: "a base class's node",
    file: "base.ts",
    from: "this.shout(text)",
    to: "this.shout(text + text)",
    computes: "based",
  },
  {
    what: "a private method that a base class's node calls",
    file: "base.ts",
    from: "toUpperCase",
    to: "toLowerCase",
    computes: "based",
  },
  { what: "a field that such a method reads", file: "base.ts", from: `"!"`, to: `"?"`, computes: "based" },
  {
    what: "a base class's node that is overridden",
    file: "base.ts",
    from: `ran("overridden"); return text`,
    to: `return text + text`,
    computes: "",
  },
  {
    what: "a class that a resource builds",
    file: "pipeline.ts",
    from: "text.length",
    to: "text.length + 0",
    computes: "encoded",
  },
  {
    what: "a package's version",
    file: "node_modules/padder/package.json",
    from: "1.0.0",
    to: "1.0.1",
    computes: "packaged",
  },
  {
    what: "a package's code with the same version",
    file: "node_modules/padder/index.js",
    from: `" "`,
    to: `"  "`,
    computes: "packaged",
  },
  { what: "a model's validator", file: "model.ts", from: /IsString/g, to: "IsDefined", computes: "words" },
  { what: "a model's method", file: "model.ts", from: `split(" ")`, to: `split(" ", 100)`, computes: "words" },
  {
    what: "what is beside an import that waits for a call",
    file: "dynamic.ts",
    from: "return 1",
    to: "return 2",
    computes: "",
  },
  { what: "what such an import loads", file: "value.mjs", from: "value = 1", to: "value = 2", computes: "loaded" },
  {
    what: "how a node is retried",
    file: "pipeline.ts",
    from: `@node("words")`,
    to: `@node("words", { retries: 2 })`,
    computes: "",
  },
  {
    what: "the order of the members",
    file: "base.ts",
    from: /( {2}@node\("text"\) based.*\n)(.*\n)/,
    to: "$2$1",
    computes: "",
  },
];

/** The code of a class's method, called on a new object of it. */
function codeOfMethod(type: new () => object, name: string): Code {
  return new CodeReader().ofMethod(new type(), name, () => false);
}

describe("the code digest", () => {
  let folder: string;
  before(() => {
    folder = newFolder("code");
    const ofAll = readFileSync("tsconfig.json", "utf8").replace(/"include[\s\S]*/, `"include": ["**/*.ts"] }`);
    write(folder, "tsconfig.json", ofAll);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  type Loader = "swc" | "tsx" | "dist";
  const HOOKS = { swc: LOADER, tsx: ["--import", "tsx"], dist: [] };
  const write = (project: string, name: string, text: string) => {
    const file = path.join(project, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  /** Runs projects in a process, one after another: what each of them computed. */
  const run = async (projects: readonly string[], loader: Loader): Promise<string[]> => {
    const mains = projects.map((project) => path.join(project, loader === "dist" ? "main.js" : "main.ts"));
    if (loader === "dist")
      for (const project of projects)
        for (const name of Object.keys(PROJECT)) if (/(?<!\.d)\.ts$/.test(name)) compile(project, name);
    const program = mains.map(
      (main) => `process.env.STORE = ${JSON.stringify(path.join(path.dirname(main), "store.sqlite"))};
await import(${JSON.stringify(pathToFileURL(main).href)});
`,
    );
    const all = path.join(folder, `all-${path.basename(projects[0]!)}.mjs`);
    writeFileSync(all, program.join(""));
    const env = { TSX_TSCONFIG_PATH: path.join(folder, "tsconfig.json") };
    const { stdout, stderr } = await execute(process.execPath, [...HOOKS[loader], all], { env });
    expect(stderr).to.equal("");
    return stdout.split("\n").slice(0, -1);
  };
  const compile = (project: string, name: string) => {
    const { outputText } = ts.transpileModule(readFileSync(path.join(project, name), "utf8"), {
      compilerOptions: {
        module: ts.ModuleKind.ES2022,
        target: ts.ScriptTarget.ES2022,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
      },
    });
    write(project, name.replace(/\.ts$/, ".js"), outputText);
  };
  /**
   * Projects that have run, each with a store of its own.
   *
   * @param names their folders. Their models have other names each: a process that runs all of them has one class of a name.
   */
  const prepared = async (loader: Loader, ...names: readonly string[]): Promise<string[]> => {
    const projects = names.map((name, number) => {
      const project = path.join(folder, name);
      for (const [file, text] of Object.entries(PROJECT))
        write(project, file, text.replaceAll("Passage", `Passage${number}`));
      write(project, "package.json", `{ "type": "module" }`);
      return project;
    });
    expect(await run(projects, loader)).to.deep.equal(projects.map(() => ALL));
    return projects;
  };
  /** A copy of a project, with some edits. */
  const edited = (project: string, name: string, edits: readonly Edit[]): string => {
    const copy = `${project}-${name}`;
    cpSync(project, copy, { recursive: true });
    for (const { what, file, from, to } of edits) {
      const before = readFileSync(path.join(copy, file), "utf8");
      const after = before.replace(from, to);
      if (from !== "") expect(after, what).to.not.equal(before);
      writeFileSync(path.join(copy, file), after);
    }
    return copy;
  };

  /**
   * Each edit in a project of its own. A process runs all of them before, and another one after. The edits after which nothing is
   * computed are made all together: one that computes something shows there as well.
   */
  const table = async (loader: Loader, edits: readonly Edit[]) => {
    const idle = edits.filter(({ computes }) => computes === "");
    const rows = [idle, ...edits.filter(({ computes }) => computes !== "").map((edit) => [edit])];
    const projects = await prepared(loader, ...rows.map((_, number) => `${loader}-${number}`));
    const copies = rows.map((row, number) => edited(projects[number]!, "edited", row));
    const computed = await run(copies, loader);
    const whatOf = (row: readonly Edit[]) => row.map(({ what }) => what).join(", ");
    expect(rows.map((row, number) => [whatOf(row), computed[number]])).to.deep.equal(
      rows.map((row) => [whatOf(row), row[0]!.computes]),
    );
  };

  it("counts what a node can reach, and nothing else: the table, with swc @slow", async () => {
    await table("swc", EDITS);
  });

  it("is explained: what has changed, by name and file", async () => {
    const [project = ""] = await prepared("swc", "explained");
    const explained = async (...edits: readonly string[]): Promise<string[]> => {
      const chosen = EDITS.filter(({ what }) => edits.includes(what));
      const copy = edited(project, `why-${edits.length}`, chosen);
      const env = { STORE: path.join(copy, "store.sqlite"), EXPLAIN: "1" };
      const { stderr } = await execute(process.execPath, [...LOADER, path.join(copy, "main.ts")], { env });
      return stderr
        .trim()
        .split("\n")
        .filter((line) => !line.endsWith("same code, same inputs"));
    };
    const why = await explained(
      "a helper two files away",
      "a constant",
      "a model's method",
      "a package's version",
      "a class that a resource builds",
    );
    expect(why).to.have.members([
      "Texts.joined: computed: code of normalise() in far.ts changed",
      "Texts.limited: computed: the value of LIMIT in text.ts changed",
      "Texts.words: computed: code of class Passage0 in model.ts changed",
      "Texts.packaged: computed: package padder changed",
      "Texts.encoded: computed: code of class Encoder in pipeline.ts changed",
    ]);
    expect(await explained()).to.deep.equal([]);
  });

  for (const loader of ["tsx", "dist"] as const) {
    it(`does so under ${loader === "tsx" ? "tsx, which emits no types" : "compiled JavaScript"}, too @slow`, async () => {
      const some =
        /^(?:nothing|a comment|the name of a local|an unrelated|a helper|a constant|a base class's node$|a model's validator)/;
      await table(
        loader,
        EDITS.filter(({ what }) => some.test(what)),
      );
    });
  }

  // All scripts are there before the first is analyzed: for a new one, V8 lists them all, which takes 0.1 s in this process.
  describe("of two methods is", () => {
    const classWith = (method: string) =>
      vm.runInThisContext(`(() => { const h = 1; return class Made { m${method} }; })()`) as new () => object;
    const digestOf = (made: new () => object): string => codeOfMethod(made, "m").digest;
    for (const [a, b] of [
      ["(x) { const a = x; return { k: a }; }", "(y) { /* again */ const b = y; return { k: b } }"],
      ["(x) { const { a } = x; return a; }", "(x) { const { a: b } = x; return b; }"],
      ["(x, y) { return x - y; }", "(y, x) { return y - x; }"],
      ["(x) { return 'a'; }", '(x) { return ("a") }'],
    ] as const) {
      const [first, second] = [classWith(a), classWith(b)];
      it(`the same: ${a} and ${b}`, () => expect(digestOf(first)).to.equal(digestOf(second)));
    }
    for (const [a, b] of [
      ["(x) { const a = x; return { a }; }", "(x) { const b = x; return { b }; }"],
      ["(x) { const { a } = x; return a; }", "(x) { const { b } = x; return b; }"],
      ["(x, y) { return x - y; }", "(x, y) { return y - x; }"],
      ["(x) { return x?.a; }", "(x) { return x.a; }"],
      ["(x) { return x[0]; }", "(x) { return x['0']; }"],
      ["(x) { return /a/g.test(x); }", "(x) { return /a/i.test(x); }"],
      ["(x) { return `a` + x; }", "(x) { return `b` + x; }"],
      ["(x) { return 1n; }", "(x) { return 1; }"],
      ["(x) { return async () => x; }", "(x) { return () => x; }"],
      ["(x) { return [1,,x]; }", "(x) { return [1,x]; }"],
      ["(x) { let a = 1; a = 2; return a; }", "(x) { const a = 1; return a; }"],
      ["(x) { x++; return x; }", "(x) { ++x; return x; }"],
      ["(x) { return h; }", "(x) { const h = 2; return h; }"],
    ] as const) {
      const [first, second] = [classWith(a), classWith(b)];
      it(`another one: ${a} and ${b}`, () => expect(digestOf(first)).to.not.equal(digestOf(second)));
    }
  });

  it("counts the values of variables around a class, whatever they are, as they are now", () => {
    type Make = (given: unknown) => new () => object;
    const declaring = (declared: string) =>
      vm.runInThisContext(`((given) => { ${declared}; return class Made { m(x) { return [x, value]; } }; })`) as Make;
    const constant = declaring("const value = given");
    const variable = declaring("let value = given; function count() { value++; }");
    const digestOf = (made: new () => object): string => codeOfMethod(made, "m").digest;
    const counts = (make: Make, a: unknown, b: unknown) => digestOf(make(a)) !== digestOf(make(b));
    expect(counts(constant, 1, 2)).to.equal(true);
    expect(counts(constant, "1", 1)).to.equal(true);
    expect(counts(constant, 1, 1)).to.equal(false);
    expect(counts(variable, 1, 2)).to.equal(true);
    expect(counts(constant, [1], [2])).to.equal(true);
    expect(counts(constant, [1], [1])).to.equal(false);
    expect(counts(constant, new Map([[1, { a: 1 }]]), new Map([[1, { a: 2 }]]))).to.equal(true);
    expect(
      counts(
        constant,
        (x: number) => x + 1,
        (x: number) => x + 2,
      ),
    ).to.equal(true);
  });

  it("leaves out what the name of a declaration stands for, unless its own code reads that", () => {
    const digestOf = (body: string, later: string): string => {
      const made = vm.runInThisContext(`(() => {
        ${body}
        const kept = { declared };
        ${later}
        return class Made { m(x) { return kept.declared(x); } };
      })()`) as new () => object;
      return codeOfMethod(made, "m").digest;
    };
    const table = {
      "function declared(x) { return x; }": false,
      "function declared(x) { return x && declared; }": true,
      "class declared { static a = 1; }": false,
      // Inside a class its name is another variable, a constant.
      "class declared { a() { return declared; } }": false,
    };
    for (const [body, isRead] of Object.entries(table))
      expect(digestOf(body, "") !== digestOf(body, "declared = null;"), body).to.equal(isRead);
  });

  it("takes a class as a whole where a method goes by way of its constructor", () => {
    const digestOf = (limit: number): string => {
      const made = vm.runInThisContext(`(class Made {
        static LIMIT = ${limit};
        constructor() { this.a = 1; }
        m(x) { return x < this.constructor.LIMIT; }
      })`) as new () => object;
      return codeOfMethod(made, "m").digest;
    };
    expect(digestOf(1)).to.equal(digestOf(1)).and.to.not.equal(digestOf(2));
  });

  it("follows code that was evaluated, in no file", () => {
    const evaluated = vm.runInThisContext(`(() => {
      const factor = 2;
      const twice = (x) => x * factor;
      return class Evaluated { joined(x) { return twice(x); } };
    })()`) as new () => object;
    expect(
      codeOfMethod(evaluated, "joined")
        .parts()
        .map(({ name }) => name),
    ).to.deep.equal(["joined()", "twice()", "factor", "the time zone, the language, an option or the version of Node"]);
  });

  it("is reported as missing where V8's inspector does not answer, and the run has its values", async () => {
    const program = path.join(folder, "permitted.mjs");
    writeFileSync(
      program,
      `import { input, memory, node, Pipeline } from "${index}";
class Next extends Pipeline { y(x) { return x + 1; } }
input()(Next.prototype, "x");
node("x")(Next.prototype, "y", Object.getOwnPropertyDescriptor(Next.prototype, "y"));
console.log((await new Next().run({ x: 1 }, { cache: memory() })).y);
`,
    );
    const flag = process.allowedNodeEnvironmentFlags.has("--permission") ? "--permission" : "--experimental-permission";
    const { code, stdout, stderr } = await execute(process.execPath, [flag, "--allow-fs-read=*", program]);
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: "2\n" });
    expect(stderr).to.contain("Next.y is not cached: its code can't be analyzed: V8's inspector does not answer");
  });

  it("knows Node's functions again that were replaced when it was read first, and are back", async () => {
    const program = path.join(folder, "replaced.mjs");
    writeFileSync(
      program,
      `import { input, memory, node, Pipeline } from "${index}";
class Next extends Pipeline {
  log(x) { console.log("it runs"); return x; }
  up(x) { return process.uptime() < 0 ? 0 : x; }
  copy(x) { return structuredClone(x); }
}
input()(Next.prototype, "x");
for (const name of ["log", "up", "copy"])
  node("x")(Next.prototype, name, Object.getOwnPropertyDescriptor(Next.prototype, name));
const cache = memory();
const own = [console.log, process.uptime, structuredClone];
const run = (x) => new Next().run({ x }, { cache });
console.log = () => {}; process.uptime = () => 1; globalThis.structuredClone = (x) => x;
await run(1);
console.log = own[0];
await run(2);
await run(2);
[, process.uptime, globalThis.structuredClone] = own;
await run(3);
await run(3);
`,
    );
    const { code, stdout, stderr } = await execute(process.execPath, [program]);
    expect({ code, stdout, stderr }).to.deep.equal({ code: 0, stdout: "it runs\nit runs\n", stderr: "" });
  });

  it("is explained where a value is new in each process: by name, and what to do", async () => {
    const program = path.join(folder, "restless.mjs");
    writeFileSync(
      program,
      `import { input, node, Pipeline, sqlite } from "${index}";
const log = { started: process.hrtime.bigint(), lines: 0 };
class Next extends Pipeline { y(x) { return [x + 1, typeof log.started].length; } }
input()(Next.prototype, "x");
node("x")(Next.prototype, "y", Object.getOwnPropertyDescriptor(Next.prototype, "y"));
await new Next().run({ x: 1 }, { cache: sqlite(process.env.STORE), explain: true });
`,
    );
    const env = { STORE: path.join(folder, "restless.sqlite") };
    const said = async () => (await execute(process.execPath, [program], { env })).stderr.trim();
    expect(await said()).to.equal("Next.y: computed: no earlier value of it is cached");
    const place = `Next.y: computed: the value of log.started in ${path.relative(process.cwd(), program)}`;
    expect(await said()).to.equal(`${place} changed`);
    expect(await said()).to.equal(
      `${place} changed again. If it is new in each process, nothing is ever reused: take it as an input, or read it where the node does not`,
    );
  });

  it("is explained by the first of many changes: those of code and variables before those of members", () => {
    type Place = readonly [name: string, file: string];
    const record = (parts: readonly Place[], hash: string): ComputationRecord => ({
      ...{ code: hash, version: undefined, inputs: [], process: "" },
      parts: parts.map(([name, file]) => ({ name, file, hash })),
    });
    const members = Array.from({ length: 20 }, (_, i): Place => [`pool.${i}`, ""]);
    const clausesOf = (parts: readonly Place[]) => describeChanges(record(parts, "a"), record(parts, "b")).clauses;
    expect(clausesOf([...members, ["SIZE", "config.ts"], ["package seedrandom: pool", ""]])).to.deep.equal([
      "the value of SIZE in config.ts changed",
      "package seedrandom: pool changed",
      "and 20 other changes",
    ]);
    expect(clausesOf(members)).to.deep.equal([
      ...members.slice(0, 5).map(([name]) => `the value of ${name} changed`),
      "and 15 other changes",
    ]);
  });

  it("is not explained as new in each process where an edit changed it and a run between two edits has not", async () => {
    const program = path.join(folder, "steady.mjs");
    const env = { STORE: path.join(folder, "steady.sqlite") };
    const said = async (size: number) => {
      writeFileSync(
        program,
        `import { input, node, Pipeline, sqlite } from "${index}";
const SIZE = ${size};
class Next extends Pipeline { y(x) { return x * SIZE; } }
input()(Next.prototype, "x");
node("x")(Next.prototype, "y", Object.getOwnPropertyDescriptor(Next.prototype, "y"));
await new Next().run({ x: 1 }, { cache: sqlite(process.env.STORE), explain: true });
`,
      );
      return (await execute(process.execPath, [program], { env })).stderr.trim();
    };
    const changed = `Next.y: computed: the value of SIZE in ${path.relative(process.cwd(), program)} changed`;
    const same = "Next.y: not computed: same code, same inputs";
    expect(await said(1)).to.equal("Next.y: computed: no earlier value of it is cached");
    for (const size of [2, 3, 4]) expect([await said(size), await said(size)]).to.deep.equal([changed, same]);
  });

  it("counts the code of models as it is in each run, and keeps nothing where it can't be known", async () => {
    const store = memory();
    const computed: string[] = [];
    const made = vm.runInThisContext(`(class Made35 {
      size() { return this.n + Made35.more; }
      static more = 1;
    })`) as (new () => { n: number; size(): number }) & { more: unknown };
    model()(made);
    class Sizes extends Pipeline {
      @input() n!: number;
      @node("n") made(n: number): { n: number; size(): number } {
        return Object.assign(new made(), { n });
      }
      @node("made") size(value: { size(): number }): number {
        return value.size();
      }
    }
    const size = async () => {
      computed.length = 0;
      const onEvent = { onNodeStart: ({ name }: { name: string }) => void computed.push(name) };
      const found = await new Sizes().run({ n: 1 }, { cache: store, onEvent });
      return [found.size, ...computed];
    };
    expect(await size()).to.deep.equal([2, "made", "size"]);
    expect(await size()).to.deep.equal([2]);
    made.more = 2;
    expect(await size()).to.deep.equal([3, "made", "size"]);
    const other = {};
    made.more = new WeakMap([[other, 1]]);
    for (let i = 0; i < 2; i++) expect(await size()).to.deep.equal(["1[object WeakMap]", "made", "size"]);
  });

  describe("of CommonJS", () => {
    const require = createRequire(import.meta.url);
    const partsOf = (files: Readonly<Record<string, string>>) => {
      const project = mkdtempSync(path.join(folder, "cjs-"));
      for (const [name, text] of Object.entries(files)) write(project, name, text);
      const { Texts } = require(path.join(project, "texts.cjs")) as { Texts: new () => object };
      return codeOfMethod(Texts, "joined").parts();
    };
    const parts = (files: Readonly<Record<string, string>>) => partsOf(files).map(({ name }) => name);
    const hashes = (files: Readonly<Record<string, string>>) =>
      partsOf(files).map(({ name, hash }) => `${name} ${hash}`);

    it("follows require, as tsc and swc emit it, to what is exported under a name", () => {
      const emitted = {
        "texts.cjs": `"use strict";
const text_1 = require("./text.cjs");
const { size } = require("./size.cjs");
class Texts { joined(words) { return (0, text_1.join)(words).slice(0, size); } }
exports.Texts = Texts;`,
        "text.cjs": `"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.unrelated = exports.join = void 0;
const other_1 = require("./other.cjs");
function join(words) { return words.map(other_1.clean).join(); }
exports.join = join;
exports.unrelated = () => 1;`,
        "other.cjs": `"use strict";
function _export(target, all) { for (const name in all) Object.defineProperty(target, name, { enumerable: true, get: all[name] }); }
_export(exports, { clean: function() { return clean; }, other: function() { return other; } });
const clean = (word) => word.trim();
const other = 1;`,
        "size.cjs": `exports.size = 10; exports.more = 11;`,
      };
      const before = hashes(emitted);
      expect(parts(emitted)).to.include.members(["joined()", "size", "clean()"]);
      const edited = (file: keyof typeof emitted, from: string, to: string) =>
        hashes({ ...emitted, [file]: emitted[file].replace(from, to) });
      expect(edited("other.cjs", "word.trim()", "word")).to.not.deep.equal(before);
      expect(edited("size.cjs", "size = 10", "size = 11")).to.not.deep.equal(before);
      expect(edited("other.cjs", "const other = 1", "const other = 2")).to.deep.equal(before);
      expect(edited("text.cjs", "() => 1", "() => 2")).to.deep.equal(before);
    });

    it("counts what a file that is no code gives, and what is made up while a module runs", () => {
      const made = (data: string, name: string) =>
        hashes({
          "texts.cjs": `const data = require("./data.json");
const made = require("./made.cjs");
class Texts { joined() { return data.words + made.anything; } }
exports.Texts = Texts;`,
          "data.json": data,
          "made.cjs": `for (const name of [${JSON.stringify(name)} + "thing"]) exports[name] = 1;`,
        });
      const before = made(`{ "words": 1 }`, "any");
      expect(made(`{ "words":   1, "more": 2 }`, "any")).to.deep.equal(before);
      expect(made(`{ "words": 2 }`, "any")).to.not.deep.equal(before);
      expect(made(`{ "words": 1 }`, "no")).to.not.deep.equal(before);
    });
  });
});

describe("the text of a function", () => {
  /** The function `y`, which is made of `f`, with a text for f, of a module of its own. */
  const importWith = async (y: string, f: string): Promise<Function> => {
    const file = path.join(newFolder("text"), "module.mjs");
    writeFileSync(file, `const o = { f: ${f} };\nconst f = o.f;\nexport const y = ${y};\n`);
    return ((await import(pathToFileURL(file).href)) as { readonly y: Function }).y;
  };
  const digestOf = (made: Function): string => {
    const { digest, problem } = new CodeReader().ofFunction(made);
    expect(problem).to.equal(undefined);
    return digest;
  };
  const template = (inner: string) => `(x) => \`a \${${inner}}\``;
  const ASKING: readonly string[] = [
    "(x) => String(f) + x",
    "(x) => String(o.f) + x",
    "(x) => f.toString() + x",
    "(x) => o.f.toString().length",
    "(x) => Function.prototype.toString.call(f)",
    template("f"),
    `(x) => "" + f`,
    "(x) => x + o.f",
    "(x) => { let s = x; s += f; return s; }",
  ];
  const CALLING: readonly string[] = ["(x) => f(x) + x", template("f(x)"), "(x) => [x].map(f)", "(x) => String(f(x))"];
  const TEXTS: readonly string[] = ["(a) => a", "(a) => a", "(a) => /* why */ a", "(b) => b"];
  const functions = new Map<string, readonly Function[]>();
  before(async () => {
    for (const y of [...ASKING, ...CALLING]) functions.set(y, await Promise.all(TEXTS.map((f) => importWith(y, f))));
  });
  for (const y of ASKING) {
    it(`counts where it is made one: ${y}`, () => {
      const [plain, again, ...others] = functions.get(y)!.map(digestOf);
      expect(again).to.equal(plain);
      for (const other of others) expect(other).not.to.equal(plain);
    });
  }
  for (const y of CALLING) {
    it(`does not count where it is called, or handed on: ${y}`, () => {
      expect(new Set(functions.get(y)!.map(digestOf)).size).to.equal(1);
    });
  }
});
