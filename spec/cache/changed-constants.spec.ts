import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { built } from "../support/built.js";
import { newFolder } from "../support/caches.js";
import { execute } from "../support/execute.js";
import { transpiled } from "../support/swc-hooks.mjs";

/** A way by which the value of a module comes to a node. */
interface Form {
  /** The file that is edited while the process runs. */
  readonly edited: string;
  /** The files beside the pipeline's. `FACTOR` is the number that is edited. */
  readonly files: Readonly<Record<string, string>>;
  /** The pipeline's module before its class. */
  readonly head?: string;
  /** More members of the class. */
  readonly members?: string;
  /** The expression of the value in a node. */
  readonly value?: string;
  /** The class, in place of the usual one. */
  readonly type?: string;
}

const NODES = `
  @mapOver("xs") each(x: number) { return x * (VALUE); }
  @node("xs") one(xs: number[]) { return xs[0]! * (VALUE); }`;

/** A constant, imported by name. */
const CONSTANT = { edited: "k.js", files: { "k.js": "export const k = FACTOR;" }, head: `import { k } from "./k.js";` };
const REGISTRY = {
  "registry.js": "export const registry = {};",
  "setup.js": `import { registry } from "./registry.js"; registry.k = FACTOR;`,
};
const INNER = `@input() y!: number; @node("y") inner(y: number) { return y * (VALUE); }`;
const OF_INNER = `export class NAME extends Pipeline { @input() xs!: number[]; @mapOver("xs", Inner, { y: "xs" }) each!: any; }`;

const FORMS: Readonly<Record<string, Form>> = {
  Constant: CONSTANT,
  Variable: { ...CONSTANT, files: { "k.js": "export let k = FACTOR; export const setK = (v) => { k = v; };" } },
  InObject: { ...CONSTANT, files: { "k.js": "export const k = { a: [FACTOR] };" }, value: "k.a[0]" },
  OfCall: { ...CONSTANT, files: { "k.js": "const f = () => FACTOR; export const k = f();" } },
  OfDefault: { ...CONSTANT, files: { "k.js": "export default FACTOR;" }, head: `import k from "./k.js";` },
  OfNamespace: { ...CONSTANT, head: `import * as all from "./k.js";`, value: "all.k" },
  OfFunction: { ...CONSTANT, files: { "k.js": "export const k = () => FACTOR;" }, value: "k()" },
  OfStatic: { ...CONSTANT, files: { "k.js": "export class k { static v = FACTOR; }" }, value: "k.v" },
  OfCommonJs: { edited: "k.cjs", files: { "k.cjs": "exports.k = FACTOR;" }, head: `import { k } from "./k.cjs";` },
  Required: {
    ...{ edited: "k.json", head: `import { k } from "./all.cjs";` },
    files: { "all.cjs": `exports.k = require("./k.json").v;`, "k.json": `{ "v": FACTOR }` },
  },
  OfJson: {
    ...{ edited: "k.json", head: `import { k } from "./all.js";` },
    files: {
      "all.js": `import j from "./k.json" with { type: "json" }; export const k = j.v;`,
      "k.json": `{ "v": FACTOR }`,
    },
  },
  Reexported: {
    ...CONSTANT,
    files: { ...CONSTANT.files, "all.js": `export { k } from "./k.js";` },
    head: `import { k } from "./all.js";`,
  },
  ReexportedByStar: {
    ...CONSTANT,
    files: { ...CONSTANT.files, "all.js": `export*from"./k.js";` },
    head: `import { k } from "./all.js";`,
  },
  Awaited: {
    ...CONSTANT,
    files: { ...CONSTANT.files, "all.js": `export const k = (await import("./k.js")).k;` },
    head: `import { k } from "./all.js";`,
  },
  Registered: {
    ...{ edited: "setup.js", files: REGISTRY, value: "registry.k" },
    head: `import { registry } from "./registry.js"; import "./setup.js";`,
  },
  OfGlobal: {
    ...{ edited: "setup.js", files: { "setup.js": "globalThis.ofGlobal = FACTOR;" } },
    ...{ head: `import "./setup.js";`, value: "(globalThis as any).ofGlobal" },
  },
  OfEntry: { ...CONSTANT, head: `import { k } from "#k";` },
  OfLinked: { edited: "k.js", files: CONSTANT.files, head: `import { k } from "linked";` },
  OfLinkedExport: { edited: "k.js", files: CONSTANT.files, head: `import { k } from "@linked/exporting/inner";` },
  OfResource: {
    ...{ ...CONSTANT, members: "@resource() r() { return { k }; }" },
    type: `export class NAME extends Pipeline { @input() xs!: number[]; MEMBERS
      @mapOver("xs", "r") each(x: number, r: any) { return x * r.k; } @node("xs", "r") one(xs: number[], r: any) { return xs[0]! * r.k; } }`,
  },
  OfField: { ...CONSTANT, members: "f = k;", value: "this.f" },
  OfOwnStatic: { ...CONSTANT, members: "static S = k;", value: "NAME.S" },
  OfSubclass: {
    ...CONSTANT,
    files: {
      ...CONSTANT.files,
      "base.ts": `export class NAMEBase extends Pipeline { f = 0; @input() xs!: number[]; ${NODES} }`,
    },
    ...{ head: `import { k } from "./k.js"; import { NAMEBase } from "./base.js";`, value: "this.f" },
    type: "@execution({}) export class NAME extends NAMEBase { f = k; }",
  },
  InNested: {
    ...CONSTANT,
    files: {
      ...CONSTANT.files,
      "inner.ts": `import { k } from "./k.js"; export class Inner extends Pipeline { ${INNER} }`,
    },
    ...{ head: `import { Inner } from "./inner.js";`, value: "k", type: OF_INNER },
  },
  OfNestedsDefault: {
    ...CONSTANT,
    files: {
      ...CONSTANT.files,
      "inner.ts": `import { k } from "./k.js"; export class Inner extends Pipeline { @input() d?: number = k; @input() y!: number;
        @node("y", "d") inner(y: number, d: number) { return y * d; } }`,
    },
    ...{ head: `import { Inner } from "./inner.js";`, type: OF_INNER },
  },
  RegisteredByOuter: {
    edited: "setup.js",
    files: {
      ...REGISTRY,
      "inner.ts": `import { registry } from "./registry.js"; export class Inner extends Pipeline { ${INNER} }`,
    },
    head: `import { Inner } from "./inner.js"; import "./setup.js";`,
    ...{ value: "registry.k", type: OF_INNER },
  },
  OfModel: {
    ...CONSTANT,
    files: {
      ...CONSTANT.files,
      "doc.ts": `import { k } from "./k.js"; @model() export class Doc { constructor(readonly n: number) {} value() { return this.n * k; } }`,
    },
    head: `import { Doc } from "./doc.js"; export const inputs = () => ({ xs: [1, 2, 3].map((n) => new Doc(n)) });`,
    type: `export class NAME extends Pipeline { @input() xs!: any[];
      @mapOver("xs", { version: 1 }) each(x: any) { return x.value(); } @node("xs", { version: 1 }) one(xs: any[]) { return xs[0]!.value(); } }`,
  },
  GivenToVersioned: {
    ...CONSTANT,
    type: `const make = (v: number) => { class NAME extends Pipeline { @input() xs!: number[];
      @mapOver("xs", { version: 1 }) each(x: number) { return x * v; } @node("xs", { version: 1 }) one(xs: number[]) { return xs[0]! * v; } }
      return NAME; }; export const NAME = make(k);`,
  },
};

/** A node with a version stands for its own code, and the module of the one that follows is not its own. */
const VERSIONED: Form = {
  ...CONSTANT,
  type: `export class NAME extends Pipeline { @input() xs!: number[];
    @mapOver("xs", { version: 1 }) each(x: number) { return x * k; } @node("xs", { version: 1 }) one(xs: number[]) { return xs[0]! * k; } }`,
};
/** Modules that Node was started with are loaded by all threads and processes. */
const PRELOADED: Form = {
  ...{ edited: "setup.js", files: { "setup.js": "globalThis.preloaded = FACTOR;" } },
  value: "(globalThis as any).preloaded",
};
const APART: Form = { edited: "k.js", files: CONSTANT.files, value: "3" };

const MAIN = `
import { writeFileSync } from "node:fs";
import { localProcess, sqlite } from "LIBRARY";
const { how, isCached, names, edits } = JSON.parse(process.argv[2]);
const options = {
  here: {}, threads: { execution: { nodes: "parallel", maps: "parallel", maxWorkers: 2 } }, host: { runOn: localProcess() },
}[how];
const pipelines = [];
for (const name of names) {
  const { [name]: type, inputs = () => ({ xs: [1, 2, 3] }) } = await import("./" + name + "/pipeline.js");
  pipelines.push([type, inputs]);
}
await import("./Apart/k.js");
for (const [file, content] of edits) writeFileSync(file, content);
const cache = isCached ? sqlite("values.sqlite") : false;
const outputs = {};
for (const [P, inputs] of pipelines) outputs[P.name] = await new P().run(inputs(), { ...options, cache });
console.log(JSON.stringify(outputs));`;

describe("a module of constants that changes while a process lives that has loaded it", () => {
  const all: Readonly<Record<string, Form>> = { ...FORMS, Versioned: VERSIONED, Preloaded: PRELOADED, Apart: APART };
  let folder: string;
  const library = pathToFileURL(built("src/index.ts")).href;
  const write = (name: string, content: string) => {
    const isTyped = name.endsWith(".ts");
    const file = path.join(folder, isTyped ? name.replace(/ts$/, "js") : name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, isTyped ? transpiled(content, path.join(folder, name)) : content);
  };
  before(() => {
    folder = newFolder("changed-constants");
    const entries = { "#k": "./OfEntry/k.js" };
    write("package.json", JSON.stringify({ name: "changed-constants", type: "module", imports: entries }));
    write("OfLinked/package.json", `{ "name": "linked", "type": "module", "main": "k.js" }`);
    const exported = { "./inner": { import: "./k.js" } };
    write(
      "OfLinkedExport/package.json",
      JSON.stringify({ name: "@linked/exporting", type: "module", exports: exported }),
    );
    mkdirSync(path.join(folder, "node_modules/@linked"), { recursive: true });
    symlinkSync("../OfLinked", path.join(folder, "node_modules/linked"));
    symlinkSync("../../OfLinkedExport", path.join(folder, "node_modules/@linked/exporting"));
    const imports = `import { execution, input, mapOver, model, nested, node, Pipeline, resource } from "${library}";`;
    for (const [name, { files, head = "", members = "", value = "k", type }] of Object.entries(all)) {
      const usual = `export class NAME extends Pipeline { @input() xs!: number[]; MEMBERS ${NODES} }`;
      const filled = (text: string) =>
        text.replaceAll("MEMBERS", members).replaceAll("VALUE", value).replaceAll("NAME", name);
      write(`${name}/pipeline.ts`, filled(`${imports} ${head} ${type ?? usual}`));
      for (const [file, content] of Object.entries(files))
        if (file.endsWith(".ts")) write(`${name}/${file}`, filled(`${imports} ${content}`));
    }
    write("main.js", MAIN.replace("LIBRARY", library));
    setAll(2);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const edited = (name: string, factor: number): [string, string] => {
    const { edited, files } = all[name]!;
    return [`${name}/${edited}`, files[edited]!.replace("FACTOR", String(factor))];
  };
  const setAll = (factor: number) => {
    for (const [name, { files }] of Object.entries(all))
      for (const [file, content] of Object.entries(files))
        if (!file.endsWith(".ts")) write(`${name}/${file}`, content.replace("FACTOR", String(factor)));
  };
  const run = async (how: string, isCached: boolean, names: readonly string[], edits: readonly [string, string][]) => {
    const { code, stdout, stderr } = await execute(
      process.execPath,
      ["--import", "./Preloaded/setup.js", "main.js", JSON.stringify({ how, isCached, names, edits })],
      { cwd: folder },
    );
    expect({ code, stderr: code === 0 ? "" : stderr }).to.deep.equal({ code: 0, stderr: "" });
    return { outputs: JSON.parse(stdout) as Record<string, unknown>, stderr };
  };

  for (const [how, names] of [
    ["threads", Object.keys(FORMS)],
    ["host", Object.keys(FORMS)],
    ["threads", ["Preloaded"]],
    ["host", ["Preloaded"]],
  ] as const) {
    it(`has no values in the store: ${how}, ${names.length === 1 ? names[0] : "all"} @slow`, async () => {
      rmSync(path.join(folder, "values.sqlite"), { force: true });
      setAll(2);
      const { stderr } = await run(
        how,
        true,
        names,
        names.map((name) => edited(name, 7)),
      );
      for (const factor of [2, 7]) {
        setAll(factor);
        const { outputs } = await run("here", true, names, []);
        expect(outputs, String(factor)).to.deep.equal((await run("here", false, names, [])).outputs);
      }
      const isReported = (name: string) =>
        new RegExp(`\\b${name}\\.\\w+ is not cached: .*\\b${path.basename(all[name]!.edited)} was changed after`).test(
          stderr,
        );
      expect(names.filter((name) => !isReported(name))).to.deep.equal([]);
    });
  }

  for (const how of ["threads", "host"]) {
    it(`does not count for nodes that have a version, nor for those that do not import it: ${how} @slow`, async () => {
      rmSync(path.join(folder, "values.sqlite"), { force: true });
      setAll(2);
      const names = ["Versioned", "Apart"];
      const { stderr } = await run(
        how,
        true,
        names,
        names.map((name) => edited(name, 7)),
      );
      expect(stderr).to.equal("");
    });
  }
});
