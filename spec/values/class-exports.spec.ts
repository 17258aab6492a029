import { expect } from "chai";
import { classExports } from "../../src/values/class-exports.js";

/** A module's text, with the exports of it that may be classes. */
const TEXTS: readonly (readonly [source: string, exported: Readonly<Record<string, string | undefined>>])[] = [
  ["export class A {}", { A: "A" }],
  [
    "export class A extends mixin({ a: 1 }, class {}) { b() { return { export: 1 }; } }\nexport class B {}",
    { A: "A", B: "B" },
  ],
  ["class A {} export { A, A as B, A as default };", { A: "A", B: "A", default: "A" }],
  ["let A = class A {}; A = decorate([], A); export { A };", { A: "A" }],
  [
    "export const A = make('a'), B = (0, class {}), c = (x) => x, d = x => x, E = (() => class {})();",
    { A: "A", B: "B", E: "E" },
  ],
  ["export const A = class {}\nclass B {}\nexport { B }", { A: "A", B: "B" }],
  ["export const A = class {}\nexport class B {}", { A: "A", B: "B" }],
  ["export default class A {}", { default: "A" }],
  ["export default class {}", { default: undefined }],
  ["export default class extends Base {}", { default: undefined }],
  ["class A {}\nexport default A;", { default: "A" }],
  ["class A {}\nexport default A", { default: "A" }],
  ["export default function f() {}", {}],
  ["export default { A: class {} };", {}],
  ["export function f() {} export async function g() {} export const n = 1, s = 's', o = {}, l = [], t = `t`;", {}],
  ["import { A } from './a.js'; export { A };", {}],
  ["import A, { B as C } from './a.js'; import * as D from './d.js'; export { A, C, D };", {}],
  ["export { A } from './a.js'; export * from './b.js'; export * as c from './c.js';", {}],
  ["export { default } from './a.js';\nexport class B {}", { B: "B" }],
  ["await import('./a.js');\nconst meta = import.meta.url;\nexport class A {}", { A: "A" }],
  [
    "const text = 'export class A {}'; // export class B {}\n/* export class C {} */ const r = /export class D {}/;",
    {},
  ],
  ["const t = `$" + "{(() => { class Inner {} return Inner; })()} export class A {}`;\nexport class B {}", { B: "B" }],
  ["function f() { class A {} }\n{ class B {} }\nexport { f };", {}],
  ["module.export = class A {}; x.export.class;", {}],
  ["", {}],
];

describe("the exports of a module that may be classes", () => {
  for (const [source, exported] of TEXTS) {
    it(`are found in ${JSON.stringify(source)}`, () => {
      expect(Object.fromEntries(classExports(source).map(({ name, local }) => [name, local]))).to.deep.equal(exported);
    });
  }
});
