import { COMPILED, row } from "./row.js";

/** A value, and what becomes of it: the code that takes it may ask anything about it. */
const CHANGED: readonly (readonly [what: string, value: string, from: string, to: string])[] = [
  ["no prototype", "Object.create(null)", "null", "Object.prototype"],
  ["a list without a prototype", "Object.setPrototypeOf([1], null)", "null", "Array.prototype"],
  [
    "a list with the prototype of objects",
    "Object.setPrototypeOf([1], Object.prototype)",
    "Object.prototype",
    "Array.prototype",
  ],
  ["an object with the prototype of lists", "Object.create(Array.prototype)", "Array", "Object"],
  ["a function without a prototype", "Object.setPrototypeOf(() => 1, null)", "null", "Function.prototype"],
  ["a function with a prototype of its own", "Object.setPrototypeOf(() => 1, { k: 1 })", "k: 1", "k: 2"],
  [
    "a hidden member of a function",
    "Object.defineProperty(() => 1, 'k', { value: 1 })",
    "value: 1",
    "value: 1, enumerable: true",
  ],
  ["a closed function", "Object.preventExtensions(() => 1)", "preventExtensions", "assign"],
  [
    "the number of a function's parameters",
    "Object.defineProperty(() => 1, 'length', { value: 1 })",
    "value: 1",
    "value: 2",
  ],
  [
    "a prototype without its function",
    "(() => { function F() {} delete F.prototype.constructor; return F; })()",
    "delete F.prototype.constructor;",
    "",
  ],
  [
    "the base of a prototype",
    "(() => { function F() {} Object.setPrototypeOf(F.prototype, { k: 1 }); return F; })()",
    "k: 1",
    "k: 2",
  ],
  ["a member of bytes", "Object.assign(new Uint8Array(2), { k: 1 })", "k: 1", "k: 2"],
  ["a member of a buffer", "Object.assign(new ArrayBuffer(1), { k: 1 })", "k: 1", "k: 2"],
  [
    "a method of a class of bytes",
    "new (class V extends Uint8Array { sum() { return 1; } })(20_000)",
    "return 1",
    "return 2",
  ],
  ["a field of a class of bytes", "new (class V extends Uint8Array { k = 1; })(20_000)", "k = 1", "k = 2"],
  ["a Buffer, or bytes", "Buffer.from([1, 2])", "Buffer", "Uint8Array"],
  ["bytes beside those of a view", "new Uint8Array([1, 2, 3]).subarray(1)", "[1, 2", "[9, 2"],
  ["bytes beside those of a DataView", "new DataView(new Uint8Array([1, 2, 3]).buffer, 1, 1)", "[1, 2", "[9, 2"],
  ["the place of a view", "new Uint8Array([1, 1, 1]).subarray(1, 2)", "1, 2)", "2, 3)"],
  ["how large a buffer may become", "new (ArrayBuffer as any)(2, { maxByteLength: 4 })", "4 }", "8 }"],
  ["a letter that is half of one", "new RegExp('\\ud800')", "\\ud800", "\\ud801"],
  ["a path of the project", "process.cwd() + '/data'", "process.cwd() + '/data'", "'./data'"],
  ["the project's path", "process.cwd()", "process.cwd()", "'.'"],
  [
    "the length of a ring",
    "(() => { const all: any[] = [{}, {}, {}, {}, {}, {}]; all.forEach((o, i) => { o.next = all[(i + 1) % 6]; }); return all[0]; })()",
    "i + 1) % 6",
    "i + 1) % 3",
  ],
  [
    "which of two equal objects a third has",
    "(() => { const a = {}, b = {}; return [a, a, b, b].map((v) => ({ v })); })()",
    "[a, a, b, b]",
    "[a, b, a, b]",
  ],
  [
    "a list whose length is fixed",
    "(() => { const l = [1, 2]; Object.defineProperty(l, 'length', { writable: true }); return l; })()",
    "true",
    "false",
  ],
  ["an empty list that is closed, or frozen", "Object.preventExtensions([])", "preventExtensions", "freeze"],
  [
    "no prototype of a function's objects",
    "(() => { function F() {} void 0; return F; })()",
    "void 0",
    "F.prototype = null as any",
  ],
  ["a prototype that is no object", "(() => { function F() {} F.prototype = 1 as any; return F; })()", "= 1", "= 2"],
  [
    "a prototype that can't be replaced",
    "(() => { function F() {} Object.defineProperty(F, 'prototype', { writable: true }); return F; })()",
    "true",
    "false",
  ],
  [
    "a prototype of a method that makes generators",
    "(() => { class C { *g() {} } (C.prototype.g as any).prototype = null; return C; })()",
    "= null",
    "= 1",
  ],
  [
    "a closed prototype of a function",
    "(() => { function F() {} Object.preventExtensions(F.prototype); return F; })()",
    "preventExtensions",
    "isExtensible",
  ],
  [
    "a shown constructor of a prototype",
    "(() => { function F() {} Object.defineProperty(F.prototype, 'constructor', { enumerable: false }); return F; })()",
    "false",
    "true",
  ],
  [
    "a closed prototype of a class",
    "(() => { class C { m() {} } Object.preventExtensions(C.prototype); return C; })()",
    "preventExtensions",
    "isExtensible",
  ],
  [
    "a lasting method of a class",
    "(() => { class C { m() {} } Object.defineProperty(C.prototype, 'm', { configurable: true }); return C; })()",
    "true",
    "false",
  ],
  [
    "the number of parameters that can be written",
    "(() => { function F() {} Object.defineProperty(F, 'length', { writable: false }); return F; })()",
    "false",
    "true",
  ],
];

/** What there is to objects and functions besides the values of their members. */
export const ATTRIBUTES = CHANGED.map(([what, value, from, to]) =>
  row(
    4,
    what,
    { head: `let last: any;\nconst use = (v: any) => v === last;\nconst v: any = ${value};`, y: "[use(v), x]" },
    ["pipeline.ts", from, to],
    "y",
    { only: COMPILED },
  ),
);
