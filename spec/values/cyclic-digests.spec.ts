import { expect } from "chai";
import fc from "fast-check";
import { digest } from "../../src/index.js";
import { contentOf, contentsOf } from "../../src/values/digest.js";
import { describeValue } from "../support/described-values.js";
import { again } from "../support/object-recipes.js";

describe("digests of objects that refer to each other", () => {
  interface Cell {
    id: number;
    near: object[];
  }
  const grid = (size: number): Cell[] => {
    const cells: Cell[] = Array.from({ length: size * size }, (_, id) => ({ id, near: [] }));
    for (const [i, { near }] of cells.entries()) {
      const [x, y] = [i % size, Math.floor(i / size)];
      for (const [nx, ny] of [
        [x - 1, y],
        [x + 1, y],
        [x, y - 1],
        [x, y + 1],
      ] as const) {
        const isInside = nx >= 0 && ny >= 0 && nx < size && ny < size;
        if (isInside) near.push(cells[ny * size + nx]!);
      }
    }
    return cells;
  };

  it("takes time in proportion to their size: a grid of 900", () => {
    // With one path after another it would take longer than the universe is old.
    expect(digest(grid(30))).to.equal(digest(grid(30)));
  });

  const GRAPHS = fc
    .array(fc.tuple(fc.constantFrom("a", "b"), fc.array(fc.nat(5), { maxLength: 3 }), fc.boolean()), {
      minLength: 1,
      maxLength: 6,
    })
    .map((nodes) => () => {
      const objects = nodes.map(([tag, , isMap]): Record<string, unknown> & { to: unknown[] } =>
        isMap ? (Object.assign(new Map(), { tag, to: [] }) as never) : { tag, to: [] },
      );
      for (const [i, [, to]] of nodes.entries()) objects[i]!.to.push(...to.map((j) => objects[j % objects.length]));
      return objects[0]!;
    });

  it("are the same for graphs of one shape, and for copies (property)", () => {
    fc.assert(
      fc.property(GRAPHS, (make) => {
        expect(digest(make())).to.equal(digest(make()));
        expect(digest(again(make()))).to.equal(digest(make()));
      }),
      { numRuns: 1_000 },
    );
  });

  it("differ where a walk along any path finds something else (property)", () => {
    fc.assert(
      fc.property(GRAPHS, GRAPHS, (first, second) => {
        const unfold = (value: { tag?: unknown; to: unknown[] }, depth: number): string =>
          `${value instanceof Map}${String(value.tag)}(${depth === 0 ? "" : value.to.map((to) => unfold(to as never, depth - 1)).join()})`;
        const [a, b] = [first(), second()];
        if (digest(a) === digest(b)) expect(unfold(a, 5)).to.equal(unfold(b, 5));
        else expect(describeGraph(a)).not.to.equal(describeGraph(b));
      }),
      { numRuns: 2_000 },
    );
  });

  it("are those of a copy exactly if the two are the same to a program, in trees with shared objects too (property)", () => {
    const SHARED = fc
      .array(fc.array(fc.nat(6), { maxLength: 3 }), { minLength: 1, maxLength: 6 })
      .map((nodes) => () => {
        const objects: unknown[] = [];
        // Each leads to those before it only.
        for (const inner of nodes) objects.push({ in: inner.map((i) => objects[i] ?? i % 2) });
        return [...objects.slice(-3), objects.at(-1)];
      });
    fc.assert(
      fc.property(SHARED, SHARED, (first, second) => {
        const [a, b] = [first(), second()];
        expect(digest(a) === digest(b)).to.equal(describeValue(a) === describeValue(b));
        expect(digest(again(a))).to.equal(digest(a));
        expect(contentsOf(a).list).to.deep.equal(contentOf(a));
        expect(contentsOf(a).elements()).to.deep.equal(a.map((element) => contentOf(element)));
      }),
      { numRuns: 1_000 },
    );
  });

  it("of elements are those that they have alone, whatever refers to what (property)", () => {
    fc.assert(
      fc.property(GRAPHS, (make) => {
        const list = [make(), ...make().to, make()];
        list.push(...(list[0] as { to: unknown[] }).to);
        expect(contentsOf(list).elements()).to.deep.equal(list.map((element) => contentOf(element)));
      }),
      { numRuns: 500 },
    );
  });

  it("count the last link of a long ring, and an error inside of one", () => {
    const ring = (length: number, last: unknown): object => {
      const objects = Array.from({ length }, (_, i): Record<string, unknown> => ({ i }));
      for (const [i, object] of objects.entries()) object.next = objects[(i + 1) % length];
      objects.at(-1)!.last = last;
      return objects[0]!;
    };
    expect(digest(ring(500, "x"))).to.equal(digest(ring(500, "x")));
    expect(digest(ring(500, "x"))).not.to.equal(digest(ring(500, "y")));
    expect(digest(ring(5, new Error("x")))).not.to.equal(digest(ring(5, new Error("y"))));
  });
});

/** A graph as text, with numbers in the order in which a walk comes to its objects. */
function describeGraph(root: { to: unknown[] }): string {
  const numbers = new Map<unknown, number>([[root, 0]]);
  const lines: string[] = [];
  for (const value of numbers.keys()) {
    const { tag, to } = value as { tag?: unknown; to: unknown[] };
    const links = to.map((other) => numbers.get(other) ?? numbers.set(other, numbers.size).size - 1);
    lines.push(`${value instanceof Map} ${String(tag)} ${links.join()}`);
  }
  return lines.join("; ");
}
