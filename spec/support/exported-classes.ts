import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { buildSync } from "esbuild";
import ts from "typescript";
import { built } from "./built.js";
import { newFolder } from "./caches.js";
import { execute } from "./execute.js";

/** How the project's modules come to run. `bundle`: the pipeline's is one ES module that esbuild has made of all of them. */
export type Form = "esm" | "cjs" | "tsx" | "bundle";

/** What one process of the project did. */
export interface Told {
  /** For each kind what its value says in the process that asked, where it was used, and after it went there and back. */
  readonly values: Readonly<Record<string, { readonly home: string; readonly there: string; readonly back: string }>>;
  /** For each kind, or all of a run, that failed, its error. */
  readonly errors: Readonly<Record<string, { readonly code: string; readonly message: string }>>;
  /** The nodes that were computed. */
  readonly computed: readonly string[];
  /** Modules, each time that one ran in this process. */
  readonly ran: readonly string[];
  /** Whether V8's inspector was loaded in this process. */
  readonly asksV8: boolean;
}

/** Classes known by their exports: `said()` tells which class they are of, and what is in them. */
export const FILES: Readonly<Record<string, string>> = {
  "ran.ts": `export function ran(module: string): void {
  ((globalThis as any).ran ??= []).push(module);
}`,
  "points.ts": `import { ran } from "./ran.js";
ran("points");
export class Point {
  constructor(readonly x: number) {}
  said(): string { return "Point " + this.x; }
}
export class Sub extends Point {
  readonly y = 7;
  override said(): string { return "Sub " + this.x + " " + this.y; }
}
class Hidden {
  readonly h = 1;
  said(): string { return "Hidden " + this.h; }
}
export { Hidden as Renamed };
class Secret {
  readonly s = 1;
  said(): string { return "Secret " + this.s; }
}
export const makeSecret = () => new Secret();
export function makeLocal() {
  class Local {
    said(): string { return "Local"; }
  }
  return new Local();
}`,
  "origin.ts": `export default class Origin {
  readonly at = 0;
  said(): string { return "Origin " + this.at; }
}`,
  "unnamed.ts": `export default class {
  readonly at = 9;
  said(): string { return "unnamed " + this.at; }
}`,
  "brands.ts": `function brand(prefix: string) {
  return class Branded {
    constructor(readonly id: string) {}
    said(): string { return prefix + " " + this.id; }
  };
}
export const UserId = brand("user"), OrderId = brand("order");`,
  "builtin.ts": `export class Names extends Map<string, number> {
  said(): string { return "Names " + [...this.keys()].join(); }
}
export class Row extends Array<number> {
  said(): string { return "Row " + this.join(); }
}
export class Wrong extends Error {
  readonly place = 3;
  said(): string { return "Wrong " + this.message + " " + this.place; }
}
export class Bytes extends Uint8Array {
  said(): string { return "Bytes " + [...this].join(); }
}`,
  "hooked.ts": `export class Counter {
  #count: number;
  constructor(count: number) { this.#count = count; }
  said(): string { return "Counter " + this.#count; }
  toJSON(): number { return this.#count; }
  static fromJSON(count: number): Counter { return new Counter(count); }
}
export class Closed {
  #count = 1;
  said(): string { return "Closed " + this.#count; }
}`,
  "twin-a.ts": `export class Twin { readonly a = 1; said(): string { return "Twin a"; } }`,
  "twin-b.ts": `export class Twin { readonly b = 1; said(): string { return "Twin b"; } }`,
  "named.ts": `import { model } from "hypernodes";
@model({ name: "Taken" })
export class Named { readonly n = 1; said(): string { return "Named"; } }`,
  "taken.ts": `export class Taken { readonly t = 1; said(): string { return "Taken"; } }`,
  "barrel.ts": `export * from "./points.js";
export { default as Origin } from "./origin.js";
export { Point as AlsoPoint } from "./points.js";`,
  "make.ts": `import { AlsoPoint, makeLocal, makeSecret, Origin, Point, Renamed, Sub } from "./barrel.js";
import { OrderId, UserId } from "./brands.js";
import * as builtin from "./builtin.js";
import { Closed, Counter } from "./hooked.js";
import { Named } from "./named.js";
import { Taken } from "./taken.js";
import { Twin as A } from "./twin-a.js";
import { Twin as B } from "./twin-b.js";
import Unnamed from "./unnamed.js";
export const MAKERS: Record<string, () => unknown> = {
  imported: () => new Point(2),
  aliased: () => new AlsoPoint(3),
  subclass: () => new Sub(4),
  renamed: () => new Renamed(),
  default: () => new Origin(),
  unnamed: () => new Unnamed(),
  factory: () => [new UserId("u"), new OrderId("o")],
  map: () => new Map([["key", new Point(5)]]),
  set: () => new Set([new Point(6)]),
  array: () => [[new Point(7)], new Sub(8)],
  record: () => ({ deep: { point: new Point(9) } }),
  builtins: () => {
    const wrong = new builtin.Wrong("no");
    return [new builtin.Names([["n", 1]]), builtin.Row.of(1, 2), wrong, builtin.Bytes.of(3, 4)];
  },
  hooked: () => new Counter(41),
  decorated: () => new Named(),
  private: () => new Closed(),
  secret: () => makeSecret(),
  local: () => makeLocal(),
  twins: () => [new A(), new B()],
  twin: () => new B(),
  taken: () => new Taken(),
};
/** What a value says, however deep inside the objects are that say something. */
export function tell(value: any): string {
  if (typeof value?.said === "function") return value.said();
  if (value instanceof Map || value instanceof Set) return "[" + [...value.values()].map(tell).join() + "]";
  if (typeof value === "object" && value !== null) return "{" + Object.values(value).map(tell).join() + "}";
  return String(value);
}`,
  "pipeline.ts": `import { type Each, input, mapOver, Pipeline } from "hypernodes";
import { MAKERS, tell } from "./make.js";
import { ran } from "./ran.js";
ran("pipeline");
export class Own {
  readonly o = 1;
  said(): string { return "Own " + this.o; }
}
const make = (kind: string): unknown => (kind === "own" ? new Own() : MAKERS[kind]!());
export class Making extends Pipeline {
  @input() kinds!: string[];
  @mapOver("kinds") made(kind: string): Each<unknown> { return make(kind); }
}
export class Taking extends Pipeline {
  @input() values!: unknown[];
  @mapOver("values") told(value: unknown): Each<string> { return tell(value); }
  @mapOver("values") returned(value: unknown): Each<unknown> { return value; }
}
export { make, tell };
/** @param together whether one run has all kinds. */
export async function main(kinds: string[], choices: any, together: boolean): Promise<void> {
  const values: Record<string, unknown> = {};
  const errors: Record<string, unknown> = {};
  const computed = new Set<string>();
  const onEvent = ({ type, phase, path }: any) => {
    if (type === "element" && phase === "start") computed.add(path);
  };
  for (const group of together ? [kinds] : kinds.map((kind) => [kind])) {
    try {
      const { made } = (await new Making().run({ kinds: group }, { ...choices, onEvent })) as any;
      const { told, returned } = (await new Taking().run({ values: made }, { ...choices, onEvent })) as any;
      for (const [i, kind] of group.entries()) {
        values[kind] = { home: tell(made[i]), there: told[i], back: tell(returned[i]) };
      }
    } catch (error: any) {
      errors[group.join()] = { code: error.code, message: error.message };
    }
  }
  const asksV8 = (process as any).moduleLoadList.includes("NativeModule inspector");
  const found = { values, errors, computed: [...computed], ran: (globalThis as any).ran, asksV8 };
  process.stdout.write("\\u0000" + JSON.stringify(found) + "\\u0000");
}`,
  "main.ts": `import { bullmq, modal, sqlite } from "hypernodes";
import { main } from "./pipeline.js";
const [, , kinds, how, detail, queue] = process.argv;
const CHOICES: Record<string, () => object> = {
  async: () => ({}),
  threads: () => ({ execution: { maps: "parallel", maxWorkers: 2 } }),
  cache: () => ({ cache: sqlite(detail!) }),
  queue: () => ({ execution: { maps: bullmq({ connection: detail!, queue: queue!, journal: false }) } }),
  modal: () => ({ runOn: modal() }),
};
await main(kinds!.split(","), CHOICES[how!]!(), how === "queue" || how === "modal");`,
};

/** The kinds of values that travel, with what they say. */
export const TRAVEL: Readonly<Record<string, string>> = {
  own: "Own 1",
  imported: "Point 2",
  aliased: "Point 3",
  subclass: "Sub 4 7",
  renamed: "Hidden 1",
  default: "Origin 0",
  unnamed: "unnamed 9",
  factory: "{user u,order o}",
  map: "[Point 5]",
  set: "[Point 6]",
  array: "{{Point 7},Sub 8 7}",
  record: "{{Point 9}}",
  builtins: "{Names n,Row 1,2,Wrong no 3,Bytes 3,4}",
  hooked: "Counter 41",
  decorated: "Named",
};

/** A folder with the project in one form. */
export class ExportingProject {
  readonly folder = newFolder("exports");
  private readonly main: string;

  constructor(
    private readonly form: Form,
    files: Readonly<Record<string, string>> = FILES,
  ) {
    const type = form === "cjs" ? "commonjs" : "module";
    this.put("package.json", `{ "name": "exporting", "type": "${type}" }`);
    this.put("tsconfig.json", '{ "compilerOptions": { "experimentalDecorators": true, "target": "ES2022" } }');
    // esbuild takes no URL.
    const index = path.relative(path.join(this.folder, "node_modules/hypernodes"), built("src/index.ts"));
    this.put("node_modules/hypernodes/package.json", '{ "type": "module", "exports": "./index.js" }');
    this.put("node_modules/hypernodes/index.js", `export * from ${JSON.stringify(index.split(path.sep).join("/"))};\n`);
    for (const [name, text] of Object.entries(files)) this.write(name, text);
    this.main = form === "tsx" ? "main.ts" : "main.js";
    if (form === "bundle") this.bundle();
  }

  write(name: string, text: string): void {
    this.put(name, text);
    if (this.form !== "tsx") this.put(name.replace(/ts$/, "js"), this.compiled(text));
  }

  /** Replaces some text in a module. */
  edit(name: string, from: string, to: string): void {
    const text = readFileSync(path.join(this.folder, name), "utf8");
    if (!text.includes(from)) throw new Error(`${name} has no ${from}`);
    this.write(name, text.replace(from, to));
  }

  async run(kinds: readonly string[], ...how: readonly string[]): Promise<Told> {
    const hook =
      this.form === "tsx" ? ["--import", pathToFileURL(path.resolve("node_modules/tsx/dist/esm/index.mjs")).href] : [];
    const args = [...hook, this.main, kinds.join(), ...how];
    const { stdout, stderr, code } = await execute(process.execPath, args, { cwd: this.folder });
    const [, answer] = stdout.split("\u0000");
    if (answer === undefined) throw new Error(`${this.form}: no answer (${code}): ${stderr}`);
    return JSON.parse(answer) as Told;
  }

  private compiled(text: string): string {
    // CommonJS has no await at the top.
    const source = this.form === "cjs" ? text.replace(/^await main/m, "void main") : text;
    return ts.transpileModule(source, {
      compilerOptions: {
        module: this.form === "cjs" ? ts.ModuleKind.CommonJS : ts.ModuleKind.ES2022,
        target: ts.ScriptTarget.ES2022,
        experimentalDecorators: true,
        esModuleInterop: true,
      },
    }).outputText;
  }

  private bundle(): void {
    buildSync({
      entryPoints: [path.join(this.folder, "pipeline.js")],
      outfile: path.join(this.folder, "pipeline.js"),
      allowOverwrite: true,
      ...{ bundle: true, format: "esm", platform: "node", external: ["hypernodes"], absWorkingDir: this.folder },
    });
  }

  private put(name: string, text: string): void {
    const file = path.join(this.folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
