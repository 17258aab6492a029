import { expect } from "chai";
import fc from "fast-check";
import { model } from "../../src/index.js";
import { Snapshot } from "../../src/values/snapshot.js";

const LEAVES = [1, "a", null, undefined, true, 2n, Number.NaN] as const;

/** Values with all kinds of containers in them. */
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
  it("tells any change of anything in a value, and none where there is none (property)", () => {
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
    const throwing = Object.defineProperty({}, "x", { enumerable: true, get: () => expect.fail("read") });
    expect(new Snapshot(throwing).change()).to.equal(undefined);
  });
});
