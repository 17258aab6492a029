import path from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { SqliteStore } from "../../src/cache/sqlite-store.js";
import type { Entry, Owner } from "../../src/cache/store.js";
import { newFolder } from "../support/caches.js";

const OWNERS: readonly Owner[] = ["a", "b", "c"].map((node) => ({ pipeline: "P", node, code: `code of ${node}` }));

/** Of 43 characters, as the cache makes them, or others. */
const keyOf = (number: number, how: number): string =>
  [`key ${number}`, `${number}`.padStart(43, "k"), `${number}`.padStart(43, "k"), `ש${number}`.padStart(43, "k")][how]!;

const ENTRIES = fc.array(
  fc.record({
    number: fc.nat(60),
    how: fc.nat(3),
    owner: fc.constantFrom(...OWNERS),
    kind: fc.constantFrom("value" as const, "list" as const, "alias" as const),
    models: fc.constantFrom("", "", "Model", "Ünit,Model"),
    digest: fc.constantFrom("d".repeat(64), "e".repeat(64), "short"),
    value: fc.uint8Array({ maxLength: 40 }),
    more: fc.constantFrom(0, 0, 0, 7),
  }),
  { maxLength: 120 },
);

describe("entries that are written together", () => {
  it("are found as they are, each under its key, and those that are written again as they are then (property)", async () => {
    const file = path.join(newFolder("sqlite-rows"), "values.sqlite");
    const store = await SqliteStore.open(file);
    fc.assert(
      fc.property(fc.array(ENTRIES, { minLength: 1, maxLength: 3 }), (batches) => {
        store.clear(undefined);
        const expected = new Map<string, Entry>();
        for (const batch of batches) {
          const entries = new Map<string, Entry>();
          for (const { number, how, value, more, ...rest } of batch) {
            const key = keyOf(number, how);
            entries.set(key, { ...rest, key, value, bytes: value.length + more });
          }
          store.write([...entries.values()]);
          for (const [key, entry] of entries) expected.set(key, entry);
        }
        const keys = [...expected.keys(), keyOf(99, 1)];
        const found = store.entries(keys).map((entry) => entry && { ...entry, value: [...entry.value] });
        const wanted = [...expected.values()].map(({ kind, digest, models, bytes, value }) => ({
          ...{ kind, digest, models, bytes },
          value: [...value],
        }));
        expect(found).to.deep.equal([...wanted, undefined]);
        const nodes = new Set(
          [...expected.values()].filter(({ kind }) => kind === "value").map(({ owner }) => owner.node),
        );
        const counted = store
          .stats()
          .nodes.filter(({ entries }) => entries > 0)
          .map(({ node }) => node);
        expect(counted.sort()).to.deep.equal([...nodes].sort());
      }),
      { numRuns: 100 },
    );
    store.close();
  });

  it("may be large, among others", async () => {
    const store = await SqliteStore.open(path.join(newFolder("sqlite-rows"), "values.sqlite"));
    const sizes = [10, 2 ** 24, 0, 2 ** 24 - 1, 1_000_000, 5, 6];
    const entries = sizes.map(
      (size, i): Entry => ({
        ...{ key: keyOf(i, 1), owner: OWNERS[0]!, kind: "value", models: "", digest: "d".repeat(64), bytes: size },
        value: new Uint8Array(size).fill(i + 1),
      }),
    );
    store.write(entries);
    for (const [i, found] of store.entries(entries.map(({ key }) => key)).entries()) {
      expect(Buffer.compare(found!.value, entries[i]!.value)).to.equal(0);
    }
    store.close();
  });
});
