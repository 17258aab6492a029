import * as fc from "fast-check";
import type { Files, Project } from "./edited-projects.js";

/** What a definition computes from x: a number, with what others make of it. */
interface Term {
  /** Which of the definitions before it, taken modulo their number. */
  readonly ref: number;
  readonly operator: "+" | "-" | "*";
  readonly number: number;
}

type Kind = "function" | "constant" | "class" | "object" | "factory" | "registered" | "enum";

interface Definition {
  readonly kind: Kind;
  readonly name: string;
  /** The file that it is in. */
  readonly module: number;
  readonly terms: readonly Term[];
  readonly number: number;
  readonly comment: string;
}

type ImportStyle = "named" | "aliased" | "namespace" | "barrel";

interface Model {
  readonly definitions: readonly Definition[];
  /** How each file imports from the others. */
  readonly styles: readonly ImportStyle[];
  readonly nodes: readonly (readonly Term[])[];
}

const MODULES = 4;
/** The file that a definition moves to: it was empty before. */
const ELSEWHERE = MODULES;

const term: fc.Arbitrary<Term> = fc.record({
  ref: fc.nat(20),
  operator: fc.constantFrom("+", "-", "*"),
  number: fc.integer({ min: 1, max: 9 }),
});
const terms = fc.array(term, { minLength: 1, maxLength: 3 });
const kind = fc.constantFrom<Kind[]>(
  ...["function", "function", "constant", "class", "object", "factory", "registered", "enum"].map(
    (name) => name as Kind,
  ),
);
const definition = fc.record({ kind, terms, number: fc.integer({ min: 1, max: 9 }) });
const style = fc.constantFrom<ImportStyle[]>("named", "aliased", "namespace", "barrel");

const model: fc.Arbitrary<Model> = fc
  .record({
    made: fc.array(definition, { minLength: 4, maxLength: 9 }),
    styles: fc.array(style, { minLength: MODULES + 2, maxLength: MODULES + 2 }),
    nodes: fc.array(terms, { minLength: 3, maxLength: 3 }),
  })
  .map(({ made, styles, nodes }) => ({
    styles,
    nodes,
    definitions: made.map((one, i) => ({
      ...one,
      name: `d${i}`,
      module: Math.floor((i * MODULES) / made.length),
      comment: "",
    })),
  }));

/** An edit: which definition, which of its terms, and what is put in. */
interface Change {
  readonly what:
    | "number"
    | "literal"
    | "operator"
    | "reference"
    | "swap"
    | "rename"
    | "move"
    | "comment"
    | "style"
    | "drop";
  readonly at: number;
  readonly inner: number;
}

const change: fc.Arbitrary<Change> = fc.record({
  what: fc.constantFrom(
    ...(["number", "literal", "operator", "reference", "swap", "rename", "move", "comment", "style", "drop"] as const),
  ),
  at: fc.nat(20),
  inner: fc.nat(20),
});

function changed({ definitions, styles, nodes }: Model, { what, at, inner }: Change): Model {
  const index = at % definitions.length;
  const place = <T>(list: readonly T[], i: number, value: T): T[] => list.map((old, j) => (i === j ? value : old));
  const edit = (to: (old: Definition) => Definition): Model => ({
    ...{ styles, nodes },
    definitions: place(definitions, index, to(definitions[index]!)),
  });
  const editTerm = (to: (old: Term) => Term): Model =>
    edit((old) => {
      const i = inner % old.terms.length;
      return { ...old, terms: place(old.terms, i, to(old.terms[i]!)) };
    });
  switch (what) {
    case "number":
      return edit((old) => ({ ...old, number: old.number + 1 }));
    case "literal":
      return editTerm((old) => ({ ...old, number: old.number + 1 }));
    case "operator":
      return editTerm((old) => ({ ...old, operator: old.operator === "+" ? "-" : "+" }));
    case "reference":
      return editTerm((old) => ({ ...old, ref: old.ref + 1 }));
    case "swap": {
      const node = nodes[at % nodes.length]!;
      return { ...{ definitions, styles }, nodes: place(nodes, at % nodes.length, [...node].reverse()) };
    }
    case "rename":
      return edit((old) => ({ ...old, name: `${old.name}Too` }));
    case "move":
      return edit((old) => (old.kind === "function" ? { ...old, module: ELSEWHERE } : old));
    case "comment":
      return edit((old) => ({ ...old, comment: `${old.comment} again` }));
    case "style":
      return { ...{ definitions, nodes }, styles: styles.map((old) => (old === "named" ? "namespace" : "named")) };
    case "drop":
      return edit((old) => ({ ...old, terms: old.terms.slice(0, 1) }));
  }
}

function filesOf({ definitions, styles, nodes }: Model): Files {
  const body = new Map<number, string[]>();
  const imports = new Map<number, Map<string, string>>();
  const PIPELINE = MODULES + 1;
  /** How something is called in a file. */
  const called = (at: number, { name, module, kind }: Definition): string => {
    const source = kind === "registered" ? "registry" : `m${module}`;
    const exported = kind === "registered" ? `all${name}` : name;
    if (source === `m${at}`) return exported;
    const lines = imports.get(at) ?? new Map<string, string>();
    imports.set(at, lines);
    const how = styles[at]!;
    if (how === "namespace") {
      lines.set(source, `import * as ${source} from "./${source}.js";`);
      return `${source}.${exported}`;
    }
    // The modules of a barrel import each other: that of the pipeline alone takes it.
    const file = how === "barrel" && at === PIPELINE ? "all" : source;
    const own = how === "aliased" ? `${exported}Here` : exported;
    const what = own === exported ? exported : `${exported} as ${own}`;
    lines.set(`${file} ${exported}`, `import { ${what} } from "./${file}.js";`);
    return own;
  };
  const used = (at: number, target: Definition): string => {
    const name = called(at, target);
    switch (target.kind) {
      case "function":
      case "factory":
        return `${name}(x)`;
      case "constant":
        return name;
      case "class":
        return `(new ${name}().go(x) + ${name}.S)`;
      case "object":
        return `(${name}.f(x) + ${name}.k)`;
      case "registered":
        return `${name}.reduce((all: number, f: any) => all + f(x), 0)`;
      case "enum":
        return `${name}.B`;
    }
  };
  const expression = (at: number, list: readonly Term[], known: readonly Definition[]): string =>
    list.reduce((all, { ref, operator, number }) => {
      const target = known[ref % Math.max(known.length, 1)];
      return `(${all} ${operator} ${target === undefined ? "x" : used(at, target)} % 1000) * ${number} % 10007`;
    }, "x");
  for (const [i, { kind, name, module, terms, number, comment }] of definitions.entries()) {
    const value = expression(module, terms, definitions.slice(0, i));
    const written: Record<Kind, string> = {
      function: `export function ${name}(x: number): number { return ${value}; }`,
      constant: `export const ${name} = [${number}].map((x) => x * ${number + 1})[0]!;`,
      class: `export class ${name} { k = ${number}; static S = ${number}; go(x: number): number { return this.k + ${value}; } }`,
      object: `export const ${name} = { k: ${number}, f: (x: number): number => ${value} };`,
      factory: `const make${name} = (k: number) => (x: number): number => k * (${value});\nexport const ${name} = make${name}(${number});`,
      registered: `${called(module, { ...definitions[i]!, name })}.push((x: number): number => ${value});`,
      enum: `export enum ${name} { A = ${number}, B }`,
    };
    const lines = body.get(module) ?? [];
    body.set(module, [...lines, `//${comment}`, written[kind]]);
  }
  const members = nodes.map(
    (list, i) => `  @node("x") y${i}(x: number): number { return ${expression(PIPELINE, list, definitions)}; }`,
  );
  body.set(PIPELINE, [
    `import { input, node, Pipeline } from "hypernodes";`,
    ...["export class P extends Pipeline {", "  @input() x!: number;", ...members, "}"],
  ]);
  const files: Record<string, string> = {
    "registry.ts": definitions.map(({ name }) => `export const all${name}: ((x: number) => number)[] = [];`).join("\n"),
    "all.ts": [
      `export * from "./registry.js";`,
      ...Array.from({ length: MODULES + 1 }, (_, i) => `export * from "./m${i}.js";`),
    ].join("\n"),
  };
  for (let at = 0; at <= PIPELINE; at++) {
    const lines = [...(imports.get(at)?.values() ?? []), ...(body.get(at) ?? ["export {};"])];
    // Whatever a pipeline imports, all files are loaded: they register.
    if (at === PIPELINE) lines.unshift(`import "./all.js";`);
    files[at === PIPELINE ? "pipeline.ts" : `m${at}.ts`] = lines.join("\n");
  }
  return files;
}

/** A random small project, and a random edit of it. */
export interface RandomProject extends Project {
  readonly change: Change;
}

/** @param seed of which they are made: the same each time. */
export function randomProjects(seed: number, numRuns: number): RandomProject[] {
  return fc
    .sample(fc.tuple(model, change), { seed, numRuns: 2 * numRuns })
    .map(([made, edit], i) => ({
      ...{ name: `random${i}`, change: edit },
      ...{ before: filesOf(made), after: filesOf(changed(made, edit)) },
    }))
    .filter(({ before, after }) => JSON.stringify(before) !== JSON.stringify(after))
    .slice(0, numRuns);
}
