import { readFileSync } from "node:fs";
import { type AnyNode, type Program, parse } from "acorn";
import { expect } from "chai";
import { formsOf } from "../../src/cache/code/analysis.js";
import { parseScript } from "../../src/cache/code/parser.js";
import { attributesOf, childrenOf } from "../../src/cache/code/syntax.js";
import { installedScripts } from "../support/installed-scripts.js";

/** Syntax that packages seldom have. */
const SCRIPTS = [
  "#!/usr/bin/env node\nwith (a) b: for (;;) { if (c) continue b; else break b; debugger; }",
  "010; '\\010'; if (a) function f() {} <!-- html\nf() // x\n--> other",
  "var await = 1; await + 1; var let; let\nfoo; async () => { for await (const x of y) z; }",
  "if (!a) return; (function () { 'use strict'; 'use\\x20strict'; return new.target; });",
  "switch (a) { case 1: default: b; } do a--; while (+a); for (var i in o) delete o[i], void 0;",
];
const MODULES = [
  "import j, { 'a-b' as c } from './j.json' with { type: 'json' }; export * as n from 'm'; export { c as 'd e' };",
  "class C extends A { #p = 1; static #q; static { this.x = super.x; } static async *m() { yield* a; } get [k]() {} accessor; }",
  "a ??= b; a ||= c?.d?.[e]?.(1); 1_000n ** 2n; t`a\\u{bad}`; `a$" +
    "{b}\\u0061`; /[\\p{L}--[a-z]]/v.test(/(?<y>x)/dgimsuy);",
  "const { a, b: [c = 1, ...d], [e]: { f }, ...g } = h; ({ a, b() {}, get c() {}, set c(v) {}, async *d() {}, __proto__: null });",
  "using x = a; await using y = b; for (using z of x) await z; new a.b(...c); [, 1, , 2]; import.meta.url; import(a, b);",
  "export default async function (a = () => arguments, ...b) { try { throw a; } catch { b; } finally { c; } }",
];

/** What nodes have beside their children and attributes: `form-writer.ts` says how those of names and literals are written. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  Program: ["sourceType"],
  Identifier: ["name"],
  PrivateIdentifier: ["name"],
  Literal: ["value", "regex", "bigint"],
  TemplateElement: ["value", "tail"],
  ExpressionStatement: ["directive"],
  // A method, an arrow function and an operator show in the rest of the node.
  Property: ["shorthand"],
  ArrowFunctionExpression: ["expression"],
  UnaryExpression: ["prefix"],
};
/** What stands outside of functions and classes has no form. */
const OUTSIDE = /^(?:Import(?!Expression)|Export)/;

describe("the tree of a script", () => {
  it("is acorn's, with the same positions", () => {
    let compared = 0;
    for (const [text, isModule, where] of texts()) compared += compare(text, isModule, where);
    expect(compared).to.be.greaterThan(200_000);
  });

  it("has no property that its normal form leaves out", () => {
    for (const [text, isModule, where] of texts()) {
      const program = parsed(() => parseScript(text, isModule));
      if (program !== undefined) for (const node of nodesIn(program)) checkProperties(node, where);
    }
  });

  it("has a place in an error", () => {
    expect(() => parseScript("const a = 1;\nconst b = ;", true))
      .to.throw(SyntaxError)
      .with.nested.property("loc.start.line", 2);
  });

  it("is refused where the normal form of a node is not known", () => {
    for (const text of [
      "@decorate class A {}",
      "class A { accessor a }",
      "import defer * as a from 'b'",
      "import.source(a)",
    ])
      expect(() => formsOf(text, true), text).to.throw(SyntaxError);
  });
});

function* texts(): Generator<readonly [text: string, isModule: boolean, where: string]> {
  for (const text of SCRIPTS) yield [text, false, text];
  for (const text of MODULES) yield [text, true, text];
  for (const file of installedScripts()) {
    const text = readFileSync(file, "utf8");
    yield [text, true, file];
    yield [text, false, file];
  }
}

function parsed(parseText: () => Program): Program | undefined {
  try {
    return parseText();
  } catch {
    return undefined;
  }
}

/** @returns how many nodes were compared. */
function compare(text: string, isModule: boolean, where: string): number {
  const options = { ecmaVersion: "latest", allowHashBang: true, sourceType: isModule ? "module" : "commonjs" } as const;
  const [ours, theirs] = [parsed(() => parseScript(text, isModule)), parsed(() => parse(text, options))];
  if (theirs === undefined) return 0;
  if (ours === undefined) throw new Error(`not parsed: ${where}`);
  const [mine, acorns] = [[...nodesIn(ours)], [...nodesIn(theirs)]];
  expect(mine.length, where).to.equal(acorns.length);
  for (const [i, node] of mine.entries()) {
    const other = acorns[i]!;
    if (plain(node) !== plain(other)) expect(JSON.parse(plain(node)), where).to.deep.equal(JSON.parse(plain(other)));
  }
  return mine.length;
}

/** A node without what is in it, as text: what is false, empty or missing is alike. */
function plain(node: AnyNode): string {
  const own = Object.entries(node).filter(
    ([key, value]) => key !== "raw" && !isEmpty(value) && !childrenOf(node).includes(key),
  );
  return JSON.stringify(
    own.sort(([a], [b]) => (a < b ? -1 : 1)),
    function (this: AnyNode, key, value: unknown) {
      if (key === "raw" && this.type === "Literal") return undefined;
      const isJson = typeof value !== "bigint" && !(value instanceof RegExp) && value !== Number.POSITIVE_INFINITY;
      return isJson ? value : String(value);
    },
  );
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === false || (Array.isArray(value) && value.length === 0);
}

function* nodesIn(node: AnyNode): Generator<AnyNode> {
  yield node;
  for (const key of childrenOf(node)) {
    const child = (node as unknown as Record<string, AnyNode | (AnyNode | null)[] | null>)[key];
    for (const each of Array.isArray(child) ? child : [child]) if (each) yield* nodesIn(each);
  }
}

function checkProperties(node: AnyNode, where: string): void {
  if (OUTSIDE.test(node.type)) return;
  const known = [...["type", "start", "end"], ...childrenOf(node), ...attributesOf(node), ...(OTHERS[node.type] ?? [])];
  for (const [key, value] of Object.entries(node)) {
    if (!known.includes(key) && !isEmpty(value)) throw new Error(`${node.type} has ${key}: ${where}`);
  }
}
