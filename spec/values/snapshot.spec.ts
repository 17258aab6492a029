import { expect } from "chai";
import fc from "fast-check";
import { model } from "../../src/index.js";
import { digest } from "../../src/values/digest.js";
import { Snapshot } from "../../src/values/snapshot.js";
import { VALUES } from "../support/values.js";

const LEAVES = [1, "a", null, undefined, true, 2n, Number.NaN] as const;

/** Values with all kinds of containers in them, for which it is known how to change any. */
const { value: values } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(...LEAVES),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom("x", "y", "z"), tie("value")),
    fc.array(fc.tuple(fc.constantFrom("k", "l"), tie("value")), { maxLength: 2 }).map((entries) => new Map(entries)),
    fc.array(tie("value"), { maxLength: 3 }).map((elements) => new Set(elements)),
    fc.uint8Array({ minLength: 1, maxLength: 4 }),
    fc.date({ noInvalidDate: true }),
  ),
}));

function objectsIn(value: unknown, found = new Set<object>()): Set<object> {
  if (typeof value !== "object" || value === null || found.has(value)) return found;
  found.add(value);
  const inner = value instanceof Map ? [...value.values()] : value instanceof Set ? [...value] : Object.values(value);
  for (const each of inner) objectsIn(each, found);
  return found;
}

/** Changes one object by a little. */
function change(object: object, way: number): void {
  if (Array.isArray(object)) {
    if (object.length === 0 || way === 0) object.push("new");
    else if (way === 1) object.pop();
    else object[0] = { new: true };
  } else if (object instanceof Map) object.set("k", { new: true });
  else if (object instanceof Set) object.add({ new: true });
  else if (object instanceof Uint8Array) object[0]! ^= 1;
  else if (object instanceof Date) object.setTime(object.getTime() ^ 1);
  else if (way === 1 && Object.keys(object).length > 0)
    delete (object as Record<string, unknown>)[Object.keys(object)[0]!];
  else (object as Record<string, unknown>).new = way;
}

describe("a snapshot", () => {
  it("finds any change of anything in a value, and none where there is none (property)", () => {
    fc.assert(
      fc.property(values, fc.nat(), fc.nat(2), (value, which, way) => {
        const objects = [...objectsIn(value)];
        if (objects.length === 0) return;
        const snapshot = new Snapshot(value as object);
        expect(snapshot.change()).to.equal(undefined);
        change(objects[which % objects.length]!, way);
        expect(snapshot.change()).to.be.an("array");
      }),
      { numRuns: 1000 },
    );
  });

  it("finds whatever changes a value's digest (property)", () => {
    const small: ((object: any, key: string) => unknown)[] = [
      Object.freeze,
      Object.seal,
      Object.preventExtensions,
      (object, key) => Object.defineProperty(object, key, { enumerable: false }),
      (object, key) => Object.defineProperty(object, key, { writable: false }),
      (object, key) => Object.defineProperty(object, key, { configurable: false }),
      (object, key) => delete object[key],
      (object, key) => {
        const value = object[key];
        delete object[key];
        object[key] = value;
      },
      (object, key) => (object[key] = undefined),
      (object, key) => (object[key] = { ...object[key] }),
      (object) => Object.setPrototypeOf(object, null),
      (object) => (object.length = 5),
      (object) => object.reverse(),
      (object) => object.fill(0),
      (object) => object.clear(),
      (object) => object.compile("other"),
      (object) => object.setTime(1),
      (object) => object.set(1, 2),
      (object) => (object.message += "!"),
    ];
    const digestOf = (value: unknown) => {
      try {
        return digest(value);
      } catch {
        return undefined;
      }
    };
    let told = 0;
    fc.assert(
      fc.property(VALUES, fc.nat(), fc.nat(), fc.constantFrom(...small), (value, which, at, changeIt) => {
        const objects = [...objectsIn(value)];
        if (objects.length === 0) return;
        const before = digestOf(value);
        const snapshot = new Snapshot(value as object);
        const object = objects[which % objects.length]!;
        const keys = Object.getOwnPropertyNames(object);
        try {
          changeIt(object, keys[at % (keys.length || 1)] ?? "new");
        } catch {
          // It has no such method, or is fixed.
        }
        const after = digestOf(value);
        if (before === after) return;
        told++;
        expect(snapshot.change()).to.be.an("array");
      }),
      { numRuns: 3000 },
    );
    expect(told).to.be.greaterThan(300);
  });

  it("says where, through lists, records, Maps and cycles", () => {
    const value: Record<string, any> = {
      rows: [{ at: 1 }, { at: 2, by: new Map([["a", { list: [1] }]]) }],
      bytes: Buffer.from("ab"),
    };
    value.self = value;
    const ways = (...changes: (() => unknown)[]) =>
      changes.map((make) => {
        const snapshot = new Snapshot(value);
        make();
        return snapshot.change();
      });
    expect(
      ways(
        () => value.rows[1].by.get("a").list.push(2),
        () => value.rows.pop(),
        () => (value.rows[0].at = -0),
        () => (value.bytes[0] = 0),
        () => delete value.bytes,
        () => (value.other = 1),
      ),
    ).to.deep.equal([
      ["rows", 1, "by", "a", "list", 1],
      ["rows", 1],
      ["rows", 0, "at"],
      ["bytes"],
      ["bytes"],
      ["other"],
    ]);
  });

  const hidden = (value: object) => Object.defineProperty(value, "h", { value: { a: 1 }, configurable: true });
  const named = (value: object) => Object.assign(value, { a: 1 });
  const fix = (value: object, attributes: PropertyDescriptor) => Object.defineProperty(value, "a", attributes);
  const withHole = () => {
    const list: unknown[] = [];
    list[1] = 1;
    return list;
  };
  const transfer = (memory: ArrayBuffer) => structuredClone(memory, { transfer: [memory] });
  const symbol = Symbol("s");
  const made: [what: string, make: () => any, change: (value: any) => unknown, way: (string | number)[]][] = [
    ["a property that is not enumerable", () => hidden({}), (v) => (v.h.a = 2), ["h", "a"]],
    ["one of an array", () => hidden([1]), (v) => (v.h.a = 2), ["h", "a"]],
    ["a property under a symbol", () => ({ [symbol]: { a: 1 } }), (v) => (v[symbol].a = 2), ["a"]],
    ["a new one under a symbol", () => ({}), (v) => (v[symbol] = 2), []],
    ["a property of a typed array", () => new Uint8Array(3), (v) => (v.unit = "kg"), ["unit"]],
    ["one of a long typed array", () => new Float32Array(99), (v) => (v.unit = "kg"), ["unit"]],
    ["one of a long array", () => new Array(99).fill(0), (v) => (v.unit = "kg"), ["unit"]],
    ["one of a Map", () => new Map([["a", 1]]), (v) => (v.unit = "kg"), ["unit"]],
    ["that it was frozen", () => ({ a: 1 }), Object.freeze, []],
    ["that an array was frozen", () => [{ a: 1 }], (v) => Object.freeze(v[0]), [0]],
    ["that it can't grow", () => ({ a: 1 }), Object.preventExtensions, []],
    ["a RegExp's lastIndex", () => /a/g, (v) => v.test("a"), ["lastIndex"]],
    ["the prototype", () => ({ a: 1 }), (v) => Object.setPrototypeOf(v, { b: 1 }), []],
    ["the bytes of an ArrayBuffer", () => ({ b: new ArrayBuffer(2) }), (v) => new Uint8Array(v.b).fill(1), ["b"]],
    [
      "an accessor in the place of a value",
      () => ({ a: 1 }),
      (v) => Object.defineProperty(v, "a", { get: () => 1 }),
      ["a"],
    ],
    ["an error's message", () => new Error("a"), (v) => (v.message = "b"), ["message"]],
    ["an undefined in the place of a hole", () => withHole(), (v) => (v[0] = undefined), [0]],
    ["a hole in the place of an undefined", () => [undefined, 1], (v) => delete v[0], [0]],
    ["that a property is not enumerable", () => ({ a: 1 }), (v) => fix(v, { enumerable: false }), []],
    ["that one can't be written", () => ({ a: 1 }), (v) => fix(v, { writable: false }), []],
    ["that one can't be deleted", () => ({ a: 1 }), (v) => fix(v, { configurable: false }), []],
    ["that one of an array is not enumerable", () => named([1]), (v) => fix(v, { enumerable: false }), []],
    ["a RegExp's pattern", () => /a/g, (v) => v.compile("b", "g"), []],
    ["a RegExp's flags", () => /a/g, (v) => v.compile("a", "i"), []],
    ["the bytes of shared memory", () => new SharedArrayBuffer(2), (v) => new Uint8Array(v).fill(1), []],
    ["that memory was transferred", () => ({ b: new ArrayBuffer(2) }), (v) => transfer(v.b), ["b"]],
    ["that a view's memory was transferred", () => ({ b: new Uint8Array(2) }), (v) => transfer(v.b.buffer), ["b"]],
    ["that a DataView's was", () => [new DataView(new ArrayBuffer(2))], (v) => transfer(v[0].buffer), [0]],
    ["the elements of a Map in a Map", () => new Map([["k", new Set([1])]]), (v) => v.get("k").add(2), ["k"]],
  ];
  for (const [what, make, changeIt, way] of made) {
    it(`finds ${what}`, () => {
      const value = make();
      const snapshot = new Snapshot(value);
      expect(snapshot.change()).to.equal(undefined);
      changeIt(value);
      expect(snapshot.change()).to.deep.equal(way);
    });
  }

  it("calls no accessor, and does not look at a proxy or an error's stack", () => {
    let calls = 0;
    const value = {
      get now() {
        return ++calls;
      },
      proxy: new Proxy({}, { ownKeys: () => expect.fail("asked") }),
      error: new Error("a"),
    };
    const snapshot = new Snapshot(value);
    value.error.stack = "elsewhere";
    expect(snapshot.change()).to.equal(undefined);
    expect(calls).to.equal(0);
  });

  it("counts of a model what its key names, and of a class with getters that throw what can be read", () => {
    @model({ key: ["name"] })
    class SnapshotOfKey {
      constructor(
        public name: string,
        public note = "",
      ) {}
    }
    const config = new SnapshotOfKey("a");
    const snapshot = new Snapshot([config]);
    config.note = "b";
    expect(snapshot.change()).to.equal(undefined);
    config.name = "b";
    expect(snapshot.change()).to.deep.equal([0, "name"]);
    const withoutKey = Object.assign(Object.create(SnapshotOfKey.prototype) as object, { note: "a" });
    const whole = new Snapshot(withoutKey);
    withoutKey.note = "b";
    expect(whole.change()).to.deep.equal(["note"]);
    const throwing = Object.defineProperty({}, "x", { enumerable: true, get: () => expect.fail("read") });
    expect(new Snapshot(throwing).change()).to.equal(undefined);
  });
});
