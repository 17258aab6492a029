import type { Loader } from "../../support/edited-projects.js";
import { type Row, row } from "./row.js";

/** What stands before the class, what the node returns, and an edit of both. */
type Sketch = readonly [what: string, head: string, y: string, from: string | RegExp, to: string];

const METADATA = `const meta = Reflect as any;\n`;
/** A method that a decorator has marked; and what a node asks of the method. */
const marked = (mark: string, method = "get(n: number): any { return n; }", heir = ""): string =>
  `${METADATA}const route = (_t: object, key: PropertyKey, d: PropertyDescriptor): any => { const fn: any = d.value ?? d.get; ${mark} };
class Api { @route ${method} }\n${heir}`;

const METHODS: readonly Sketch[] = [
  ["a property", marked("fn.route = '/v1';"), "(new Api() as any).get.route", "/v1", "/v2"],
  [
    "a property of an inherited one",
    marked("fn.route = '/v1';", undefined, "class Heir extends Api {}"),
    "(new Heir() as any).get.route",
    "/v1",
    "/v2",
  ],
  [
    "a property that an heir asks for",
    marked(
      "fn.route = '/v1';",
      undefined,
      "class Heir extends Api { override get(): any { return (super.get as any).route; } }",
    ),
    "new Heir().get()",
    "/v1",
    "/v2",
  ],
  [
    "a property with a symbol as its name",
    marked("fn[Symbol.for('r')] = '/v1';"),
    "(new Api() as any).get[Symbol.for('r')]",
    "/v1",
    "/v2",
  ],
  [
    "a record of reflect-metadata",
    marked("meta.defineMetadata('route', '/v1', fn);"),
    "meta.getMetadata('route', (new Api() as any).get)",
    "/v1",
    "/v2",
  ],
  [
    "a property of an accessor",
    marked("fn.route = '/v1';", "get get(): any { return 1; }"),
    "(Object.getOwnPropertyDescriptor(Api.prototype, 'get') as any).get.route",
    "/v1",
    "/v2",
  ],
  [
    "the prototype of a generator",
    marked("fn.prototype.k = 1;", "*get(): any { yield 1; }"),
    "(new Api().get() as any).k",
    "k = 1",
    "k = 2",
  ],
  ["that it is closed", marked("Object.freeze(fn);"), "Object.isFrozen(new Api().get)", "Object.freeze(fn)", "fn"],
  ["another base", marked("Object.setPrototypeOf(fn, { k: 1 });"), "(new Api() as any).get.k", "k: 1", "k: 2"],
];

/** Members that functions have, too, with what a class makes of them. */
const NAMES = ["name", "length", "prototype"].flatMap((name): Sketch[] => [
  [
    `a member "${name}" of a prototype`,
    `class Failure extends Error {}\n(Failure.prototype as any).${name} = 'a1';`,
    `[(new Failure('x') as any).${name}, String(new Failure('y'))]`,
    "'a1'",
    "'a2'",
  ],
  [
    `a getter "${name}" of a prototype`,
    `class Failure {}\nObject.defineProperty(Failure.prototype, '${name}', { get() { return 1; } });`,
    `(new Failure() as any).${name}`,
    "return 1",
    "return 2",
  ],
  [
    `a method "${name}" that a decorator has replaced`,
    `const by = (_t: object, _k: string, d: PropertyDescriptor): any => ({ ...d, value: () => 1 });
class Failure { @by ${name}(): any { return 0; } }`,
    `new Failure().${name}()`,
    "=> 1",
    "=> 2",
  ],
]);

const EMITS: readonly Loader[] = ["swc", "esm", "cjs"];
const INJECTED = `${METADATA}class Scorer { score(n: number): any { return [n, 1]; } }
const injectable = (_c: Function): void => {};
@injectable class Service { constructor(readonly scorer: Scorer) {} go(n: number): any { return this.scorer.score(n); } }
@injectable class App { constructor(readonly service: Service) {} }`;
const RESOLVE = `const resolve = (type: any): any => new type(...(meta.getMetadata("design:paramtypes", type) ?? []).map(resolve));`;

const TYPES: readonly Sketch[] = [
  ["of a constructor", `${INJECTED}\n${RESOLVE}`, "resolve(Service).go(x)", "[n, 1]", "[n, 2]"],
  ["of a constructor's constructor", `${INJECTED}\n${RESOLVE}`, "resolve(App).service.go(x)", "[n, 1]", "[n, 2]"],
  [
    "by a name in a constant",
    `${INJECTED}\nconst KEY = "design:paramtypes";\n${RESOLVE.replace('"design:paramtypes"', "KEY")}`,
    "resolve(Service).go(x)",
    "[n, 1]",
    "[n, 2]",
  ],
  [
    "of a field",
    `${INJECTED}\nconst field = (_t: object, _k: string): void => {};\nclass Has { @field scorer!: Scorer; }`,
    'new (meta.getMetadata("design:type", Has.prototype, "scorer"))().score(x)',
    "[n, 1]",
    "[n, 2]",
  ],
  [
    "of a result",
    `${INJECTED}\nconst field = (_t: object, _k: string, _d: any): void => {};\nclass Has { @field make(): Scorer { return null as any; } }`,
    'new (meta.getMetadata("design:returntype", Has.prototype, "make"))().score(x)',
    "[n, 1]",
    "[n, 2]",
  ],
  [
    "among all records",
    INJECTED,
    "new (meta.getMetadata(meta.getMetadataKeys(Service).find((k: string) => k.endsWith('paramtypes')), Service)[0])().score(x)",
    "[n, 1]",
    "[n, 2]",
  ],
];

/** Models whose decorator decides what of them counts, and as what they come back. */
const MODELS: readonly Sketch[] = [
  [
    "its key",
    "@model({ key: ['k'] }) class Keyed { k = 1; o = 0; }",
    "Object.assign(new Keyed(), { o: x })",
    "['k']",
    "['k', 'o']",
  ],
  ["its name", "@model({ name: 'one' }) class Named { k = 1; }", "new Named()", "'one'", "'two'"],
  ["that it is one", "@model({ name: 'three' }) export class Model { k = 1; }", "new Model()", /@model\(.*?\) /, ""],
  [
    "the type of a field, which code reads",
    `${METADATA}const field = (_t: object, _k: string): void => {};
class Scorer { score(n: number): any { return [n, 1]; } }
@model({ name: 'has' }) class Has { @field scorer!: Scorer; }`,
    'new (meta.getMetadata("design:type", Has.prototype, "scorer"))().score(x)',
    "[n, 1]",
    "[n, 2]",
  ],
];

/** Names that functions get where they are assigned. */
const GIVEN_NAMES: readonly Sketch[] = [
  [
    "assigned",
    "const f = (): any => { let step1: any; step1 = () => {}; return step1.name; };",
    "f()",
    /step1/g,
    "step2",
  ],
  [
    "as the default in a pattern",
    "const f = (): any => { const [step1 = () => 1]: any = []; return step1.name; };",
    "f()",
    /step1/g,
    "step2",
  ],
  [
    "as the default in a loop",
    "const f = (): any => { for (const [step1 = () => 1] of [[]] as any) return step1.name; };",
    "f()",
    /step1/g,
    "step2",
  ],
  [
    "a class as the default in an object",
    "const f = (): any => { const { step1 = class {} }: any = {}; return step1.name; };",
    "f()",
    /step1/g,
    "step2",
  ],
];

const rows =
  (about: string, only?: readonly Loader[]) =>
  ([what, head, y, from, to]: Sketch): Row =>
    row(5, `${about}: ${what}`, { head, y }, ["pipeline.ts", from, to], "y", only === undefined ? {} : { only });

/** What decorators and statements put on classes and their methods, and what compilers do. */
export const PUT_ON_CLASSES: readonly Row[] = [
  ...METHODS.map(rows("on a method")),
  ...NAMES.map(rows("on a prototype")),
  ...TYPES.map(rows("an emitted type", EMITS)),
  ...MODELS.map(([what, head, ...rest]) =>
    rows("a model", EMITS)([what, `import { model } from "hypernodes";\n${head}`, ...rest]),
  ),
  ...GIVEN_NAMES.map(rows("the name of a function")),
  row(
    0,
    "the code of a type that nothing asks for",
    { head: INJECTED, y: "String(new Service(null as any).scorer) + x" },
    ["pipeline.ts", "[n, 1]", "[n, 2]"],
    "",
  ),
];
