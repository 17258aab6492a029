import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import fc from "fast-check";
import { input, memory, node, Pipeline } from "../../src/index.js";
import { runFolder } from "../support/run-folder.js";
import { warningsOf } from "../support/warnings.js";

/** A variable, or a member, that a program sets: the code that declares it, reads it, and sets it to `v`. */
type Kind = (name: string) => { readonly declared: string; readonly read: string; readonly set: string };

const KINDS: Readonly<Record<string, Kind>> = {
  "a variable": (n) => ({ declared: `let ${n} = 1;`, read: n, set: `${n} = v` }),
  "a var": (n) => ({ declared: `var ${n} = 1;`, read: n, set: `${n} = v` }),
  "an exported variable": (n) => ({ declared: `export let ${n} = 1;`, read: n, set: `${n} = v` }),
  "a member": (n) => ({ declared: `const ${n} = { a: 1, b: 0 };`, read: `${n}.a`, set: `${n}.a = v` }),
  "a member of a member": (n) => ({
    declared: `const ${n} = { a: { b: 1 } };`,
    read: `${n}.a.b`,
    set: `${n}.a = { b: v }`,
  }),
  "an element": (n) => ({ declared: `const ${n} = [1];`, read: `${n}[0]`, set: `${n}[0] = v` }),
  "the length of a list": (n) => ({ declared: `const ${n} = [1];`, read: `${n}.length`, set: `${n}.length = v` }),
  "an entry": (n) => ({
    declared: `const ${n} = new Map([["a", 1]]);`,
    read: `${n}.get("a")`,
    set: `${n}.set("a", v)`,
  }),
  "a static member": (n) => ({ declared: `class ${n} { static a = 1; }`, read: `${n}.a`, set: `${n}.a = v` }),
  "a private field": (n) => ({
    declared: `const ${n} = new (class { #a = 1; get() { return this.#a; } set(v) { this.#a = v; } })();`,
    read: `${n}.get()`,
    set: `${n}.set(v)`,
  }),
  "a private field as compilers write it for an older language": (n) => ({
    declared: `const _a${n} = new WeakMap();\nconst ${n} = new (class { constructor() { _a${n}.set(this, 1); } get() { return _a${n}.get(this); } set(v) { _a${n}.set(this, v); } })();`,
    read: `${n}.get()`,
    set: `${n}.set(v)`,
  }),
  "a function in a private field": (n) => ({
    declared: `const ${n} = new (class { #a = () => 1; get() { return this.#a(); } set(v) { this.#a = () => v; } })();`,
    read: `${n}.get()`,
    set: `${n}.set(v)`,
  }),
  "what a function has captured": (n) => ({
    declared: `const ${n} = (() => { let a = 1; return { get: () => a, set: (v) => { a = v; } }; })();`,
    read: `${n}.get()`,
    set: `${n}.set(v)`,
  }),
  "a function": (n) => ({ declared: `let ${n} = () => 1;`, read: `${n}()`, set: `${n} = () => v` }),
  "a method": (n) => ({
    declared: `class ${n} { a() { return 1; } }\nconst of${n} = new ${n}();`,
    read: `of${n}.a()`,
    set: `${n}.prototype.a = () => v`,
  }),
  "an inherited getter": (n) => ({
    declared: `class ${n} { x = 1; get a() { return this.x; } }\nconst of${n} = new (class extends ${n} { get a() { return super.a; } })();`,
    read: `of${n}.a`,
    set: `of${n}.x = v`,
  }),
  "the object of a tag": (n) => ({
    declared: `const ${n} = { a: 1, t() { return this.a; } };`,
    read: `${n}.t\`\``,
    set: `${n}.a = v`,
  }),
  "a function of the language": (n) => ({
    declared: `let ${n} = Math.max;`,
    read: `${n}.apply(null, [1, 2])`,
    set: `${n} = v % 2 === 0 ? Math.min : Math.max`,
  }),
  "the environment": (n) => ({
    declared: "",
    read: `Number(process.env.SPEC_${n} ?? 1)`,
    set: `process.env.SPEC_${n} = String(v)`,
  }),
};

/** Ways in which a function gets at another one. */
const CALLS: readonly ((f: string) => string)[] = [
  (f) => `${f}()`,
  (f) => `alias_${f}()`,
  (f) => `TABLE["${f}"]()`,
  (f) => `TABLE.${f}.call(null)`,
  (f) => `[0].map(() => ${f}())[0]`,
  (f) => `new Caller(${f}).call()`,
  (f) => `bound_${f}()`,
];

interface Recipe {
  readonly kinds: readonly string[];
  /** For each function: the state, or the earlier function, that it reads, and how it gets at that. */
  readonly functions: readonly { readonly of: number; readonly how: number; readonly isDeclared: boolean }[];
  /** Which state is set, and to what. */
  readonly steps: readonly (readonly [state: number, value: number])[];
}

const recipes = fc.record({
  kinds: fc.array(fc.constantFrom(...Object.keys(KINDS)), { minLength: 3, maxLength: 6 }),
  functions: fc.array(fc.record({ of: fc.nat(99), how: fc.nat(99), isDeclared: fc.boolean() }), {
    minLength: 4,
    maxLength: 9,
  }),
  steps: fc.array(fc.tuple(fc.nat(99), fc.integer({ min: 1, max: 3 })), { minLength: 3, maxLength: 8 }),
});

let count = 0;

/** The state in one module, the functions in another one. */
async function load({
  kinds,
  functions,
}: Recipe): Promise<{ readonly read: (() => number)[]; readonly set: ((v: number) => void)[] }> {
  const id = count++;
  const state = kinds.map((kind, i) => KINDS[kind]!(`s${id}_${i}`));
  const first = [
    ...state.map(({ declared }) => declared),
    ...state.flatMap(({ read, set }, i) => [
      `export const r${i} = () => ${read};`,
      `export const w${i} = (v) => { ${set}; };`,
    ]),
  ];
  const here = functions.map(({ of, how, isDeclared }, i) => {
    const at = of % (kinds.length + i);
    const body = at < kinds.length ? `r${at}()` : CALLS[how % CALLS.length]!(`f${at - kinds.length}`);
    const declared = isDeclared
      ? `export function f${i}() { return ${body} * 2; }`
      : `export const f${i} = () => ${body} + ${i};`;
    return `${declared}\nconst alias_f${i} = f${i};\nconst bound_f${i} = f${i}.bind(null);\nTABLE.f${i} = f${i};`;
  });
  const imports = state.map((_, i) => `r${i}`).join();
  const second = [
    `import { ${imports} } from "./state${id}.mjs";`,
    "const TABLE = {};\nclass Caller { #f; constructor(f) { this.#f = f; } call() { return this.#f(); } }",
    ...here,
  ];
  const folder = path.join(runFolder(), "changed-state");
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, `state${id}.mjs`), first.join("\n"));
  writeFileSync(path.join(folder, `code${id}.mjs`), second.join("\n"));
  const load = (name: string) =>
    import(pathToFileURL(path.join(folder, `${name}${id}.mjs`)).href) as Promise<Record<string, never>>;
  const [states, codes] = [await load("state"), await load("code")];
  return {
    read: [...kinds.map((_, i) => states[`r${i}`]!), ...functions.map((_, i) => codes[`f${i}`]!)],
    set: kinds.map((_, i) => states[`w${i}`]!),
  };
}

function pipelineOf(f: (x: number) => number): () => Pipeline {
  class Reading extends Pipeline {
    @input() x!: number;
    @node("x") y(x: number): number {
      return f(x);
    }
  }
  return () => new Reading();
}

describe("after the program has changed what code reads", () => {
  it("each value from the cache is the value without one (property)", async () => {
    await fc.assert(
      fc.asyncProperty(recipes, async (recipe) => {
        const { read, set } = await load(recipe);
        const pipelines = read.map((f) => pipelineOf(f));
        const cache = memory();
        const wrong: string[] = [];
        const warnings = await warningsOf(async () => {
          for (const [state, value] of [[0, 1] as const, ...recipe.steps]) {
            set[state % set.length]!(value);
            for (const [i, make] of pipelines.entries()) {
              const found = (await make().run({ x: 1 }, { cache })) as unknown as { y: number };
              if (found.y !== read[i]!()) wrong.push(`function ${i} gives ${found.y} instead of ${read[i]!()}`);
            }
          }
        });
        expect({ wrong, warnings }).to.deep.equal({ wrong: [], warnings: [] });
      }),
      { numRuns: 12 },
    );
  }).timeout(120_000);
});

/** Ways of keeping a result, or what it is made with: each takes the place of `x * by()`. */
const MEMOS: Readonly<Record<string, readonly [declared: string, used: string]>> = {
  "a Map": ["const made = new Map();", "(made.has(x) || made.set(x, x * by()), made.get(x))"],
  "an object": ["const made = {};", "(made[x] ??= x * by())"],
  "a list": ["const made = [];", "(made[x] ??= x * by())"],
  "a static member": ["class Made { static all = {}; }", "(Made.all[x] ??= x * by())"],
  "a private Map": [
    "const made = new (class { #made = new Map(); of(x) { if (!this.#made.has(x)) this.#made.set(x, x * by()); return this.#made.get(x); } })();",
    "made.of(x)",
  ],
  "a memoized function": [
    "const memoize = (f, kept = new Map()) => (x) => { if (!kept.has(x)) kept.set(x, f(x)); return kept.get(x); };\nconst made = memoize((x) => x * by());",
    "made(x)",
  ],
  "a container": [
    "class Client { constructor(by) { this.by = by; } }\nconst all = new Map();\nconst made = () => all.get(1) ?? all.set(1, new Client(by())).get(1);",
    "x * made().by",
  ],
  "a variable": ["let made;", "x * (made ??= by())"],
};

describe("what nodes keep from before the program changed what they read", () => {
  const folder = path.join(runFolder(), "memos");
  before(() => mkdirSync(folder, { recursive: true }));

  for (const [what, [declared, used]] of Object.entries(MEMOS)) {
    it(`is not taken for a value of the state after that, in another process: ${what} (property)`, async () => {
      const file = path.join(folder, `${what.replaceAll(" ", "-")}.mjs`);
      writeFileSync(
        file,
        `let k = 1;\nconst by = () => k;\nexport const set = (v) => { k = v; };\n${declared}\nexport const f = (x) => ${used};`,
      );
      let copies = 0;
      // As in another process, nothing has run in it yet.
      const fresh = () =>
        import(`${pathToFileURL(file).href}?${copies++}`) as Promise<{ f(x: number): number; set(k: number): void }>;
      const steps = fc.array(fc.record({ k: fc.integer({ min: 1, max: 3 }), x: fc.integer({ min: 1, max: 2 }) }), {
        minLength: 1,
        maxLength: 6,
      });
      await fc.assert(
        fc.asyncProperty(fc.array(steps, { minLength: 2, maxLength: 4 }), async (processes) => {
          const cache = memory();
          for (const ran of processes) {
            const { f, set } = await fresh();
            const make = pipelineOf(f);
            for (const [i, { k, x }] of ran.entries()) {
              set(k);
              const { y } = (await make().run({ x }, { cache })) as unknown as { y: number };
              if (i === 0) expect(y).to.equal(x * k);
            }
          }
        }),
        { numRuns: 4 },
      );
    });
  }
});
