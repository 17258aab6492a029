import { readFileSync } from "node:fs";
import type { AnyNode, Identifier, Program } from "acorn";
import { expect } from "chai";
import { analyze, type Variable as TheirVariable } from "eslint-scope";
import { parseScript } from "../../src/cache/code/parser.js";
import { isWrittenOnce, resolveNames, type Variable, variableOf } from "../../src/cache/code/scopes.js";
import { eachChild } from "../../src/cache/code/syntax.js";
import { installedScripts } from "../support/installed-scripts.js";

/** Texts in which it is easily mistaken what a name stands for. */
const TRICKY = [
  "const a = 1; { const a = 2; a; } a;",
  "var a; { var a = 2; } function a() {} a;",
  "f(); function f() { return g; } let g = 1;",
  "const f = function f() { f; }; f;",
  "const f = function g() { var g; g; }; const h = function h(h) { h; };",
  "class A { static a = A; b = A; static { var A = 1; A; } [A] = 2; } A;",
  "const B = class A extends A { x() { return A; } };",
  "function f(a, b = a, c = () => d, { d, e = d } = {}, ...rest) { var d; var a; return [a, b, c, d, e, rest]; }",
  "function f(a = x) { var x = 1; return a + x; } const x = 2;",
  "function f(a = () => x) { let x = 1; return a; }",
  "try { e; } catch (e) { var e = 1; e; } e;",
  "try { e; } catch { e; } try {} catch ({ message: m, ...o }) { m; o; }",
  "for (const x of x) x; for (let i = 0, n = i; i < n; i++) { let i; i; } for (var v in v) v; v;",
  "for (a.b of c) a; for ([a, b.c = a] of d) a; for (let [x, y = x] of z) x;",
  "switch (x) { case a: let a = 1; a; break; default: function f() { a; } } f; a;",
  "label: for (;;) { break label; } label;",
  "({ a, b: c, [d]: e, f() { return a; }, get g() { return f; } });",
  "({ a, b: c, [d]: e.f, ...g } = a); [a, [b = c], ...d] = e;",
  "x++; --x; y += x; z ??= y; ({}).x++;",
  "(() => { arguments; this; })(); function f() { arguments; (() => arguments)(); }",
  "arguments; var undefined; undefined; globalThis.a;",
  "async function* f() { for await (const x of y) yield* await x; } new.target;",
  "a?.b?.[c]?.(d); a`x$" + "{b}`; `y$" + "{c}`; new a.b(c, ...d);",
  "with (o) { p; var q = p; } q;",
  "if (a) function f() {} f; { function g() {} } g;",
  "class C { #p = p; m() { return #p in this && this.#p; } static #s() { return C; } }",
  "let a = 1; a = 2; const b = a; var c; c = 3; var d = 1; { let a = 3; a++; }",
];
const MODULES = [
  'import a, { b as c, default as d, "e e" as e } from "x"; import * as n from "y"; a; b; c; d; e; n;',
  'export { a, b as c }; export { d } from "z"; export * as e from "w"; const a = 1; let b; d; e;',
  "export default function f() { f; } export class A {} export const { x, y: [z] } = A;",
  "export default class extends A {} await import(a, { with: b }); import.meta.url;",
];

describe("what names in a script stand for", () => {
  it("is what eslint-scope says of texts that are easily mistaken", () => {
    for (const text of TRICKY) for (const isModule of [false, true]) compare(text, isModule);
    for (const text of MODULES) expect(compare(text, true), text).to.be.greaterThan(0);
  });

  it("is what eslint-scope says of packages", () => {
    let count = 0;
    for (const file of installedScripts()) {
      const text = readFileSync(file, "utf8");
      count += compare(text, true, file) || compare(text, false, file);
    }
    expect(count).to.be.greaterThan(30_000);
  });
});

/** @returns how many identifiers were compared; 0 if it is no text of that kind. */
function compare(text: string, isModule: boolean, where = text): number {
  let program: Program;
  try {
    program = parseScript(text, isModule);
  } catch {
    return 0;
  }
  resolveNames(program);
  addRanges(program);
  const { scopes } = analyze(program as never, {
    ecmaVersion: 2022,
    sourceType: isModule ? "module" : "commonjs",
    ignoreEval: true,
  });
  const theirs = new Map<Identifier, TheirVariable | null>();
  const note = (identifier: unknown, variable: TheirVariable | null) => {
    if (!theirs.has(identifier as Identifier)) theirs.set(identifier as Identifier, variable);
  };
  for (const { variables } of scopes) for (const v of variables) for (const name of v.identifiers) note(name, v);
  for (const { references } of scopes) for (const { identifier, resolved } of references) note(identifier, resolved);
  const pairs = new Map<TheirVariable, Variable>();
  const backwards = new Map<Variable, TheirVariable>();
  for (const [identifier, theirVariable] of theirs) {
    const variable = variableOf(identifier);
    const place = `${identifier.name} at ${identifier.start} in ${where}`;
    if (theirVariable === null) {
      expect(variable, place).to.equal(null);
      continue;
    }
    if (!variable) throw new Error(`${place} stands for nothing`);
    if ((pairs.get(theirVariable) ?? variable) !== variable) throw new Error(`${place} stands for something else`);
    if ((backwards.get(variable) ?? theirVariable) !== theirVariable) throw new Error(`${place} stands for too much`);
    pairs.set(theirVariable, variable);
    backwards.set(variable, theirVariable);
  }
  for (const [theirVariable, variable] of pairs) {
    // Theirs takes a loop's variable of `var` for one that is written once, and one with a default for one that is not.
    const isLoops = theirVariable.references.some((r) => r.isWrite() && (r as { partial?: boolean }).partial);
    const hasDefault = theirVariable.references.filter((r) => r.isWrite() && r.init).length > 1;
    if (!isLoops && !hasDefault)
      expect(isWrittenOnce(variable), `${variable.name} in ${where}`).to.equal(isOnce(theirVariable));
  }
  return theirs.size;
}

/** Their nodes have their offsets twice. */
function addRanges(node: AnyNode): void {
  (node as { range?: unknown }).range = [node.start, node.end];
  eachChild(node, addRanges);
}

function isOnce({ defs, references }: TheirVariable): boolean {
  const writes = references.filter((reference) => reference.isWrite());
  return defs.length === 1 && writes.length <= 1 && writes.every(({ init }) => init);
}
