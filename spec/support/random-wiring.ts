import fc from "fast-check";
import { recordMember } from "../../src/dsl/metadata.js";
import { model, Pipeline } from "../../src/index.js";

// Pipelines of random nodes, resources, maps and nested pipelines, wired by paths into records and instances.

/** State that the classes below read in their getters, iterators and conversions. */
export const settings = { times: 1 };

interface Shape {
  readonly n: number;
  readonly at: { readonly n: number };
  readonly list: Iterable<{ readonly n: number }>;
}

@model({ name: "random-wiring/Gauge" })
class Gauge implements Shape {
  constructor(readonly n: number) {}
  get at(): Shape["at"] {
    return { n: this.n * settings.times };
  }
  get list(): Shape["list"] {
    return [{ n: this.n }, this.at];
  }
}

@model({ name: "random-wiring/Heir" })
class Heir extends Gauge {
  override get at(): Shape["at"] {
    return { n: super.at.n + 1 };
  }
}

@model({ name: "random-wiring/Converted" })
class Converted extends Gauge {
  toJSON(): number {
    return this.n;
  }
  static fromJSON(n: number): Converted {
    return new Converted(n);
  }
}

@model({ name: "random-wiring/Iterated" })
class Iterated extends Gauge {
  override get list(): Shape["list"] {
    return { [Symbol.iterator]: () => [{ n: this.n + settings.times }][Symbol.iterator]() };
  }
}

const SHAPES: readonly ((n: number) => Shape)[] = [
  (n) => ({ n, at: { n: n + 1 }, list: [{ n }, { n: n + 2 }] }),
  (n) => new Gauge(n),
  (n) => new Heir(n),
  (n) => new Converted(n),
  (n) => new Iterated(n),
  (n) => ({ n, at: new Heir(n).at, list: new Set([{ n }]) }),
];

const PATHS = ["", ".n", ".at", ".at.n"];

function numberIn(value: unknown): number {
  if (typeof value === "number") return value;
  if (Array.isArray(value)) return value.reduce<number>((sum, each) => 3 * sum + numberIn(each), 1);
  const { n, at } = value as Partial<Shape>;
  return (n ?? 0) + 7 * (at?.n ?? 0);
}

function method(seed: number, shape: number): (...args: unknown[]) => unknown {
  return (...args) =>
    SHAPES[shape % SHAPES.length]!((args.reduce<number>((sum, arg) => 5 * sum + numberIn(arg), seed) % 997) + 1);
}

class Inner extends Pipeline {}
recordMember(Inner.prototype, "v", { role: "input", dependencies: [], options: {} });
recordMember(Inner.prototype, "made", { role: "resource", dependencies: ["v"], options: {} });
recordMember(Inner.prototype, "z", { role: "node", dependencies: ["made.at.n", "v"], options: {} });
Object.defineProperty(Inner.prototype, "made", { value: method(3, 1) });
Object.defineProperty(Inner.prototype, "z", { value: method(4, 2) });

/** A member as it is drawn: what it is, its seed, the shape of its value, and what it takes. */
interface Drawn {
  readonly role: "node" | "resource" | "map" | "nested" | "nested map";
  readonly seed: number;
  readonly shape: number;
  readonly takes: readonly { readonly from: number; readonly path: number }[];
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  role: fc.constantFrom("node", "node", "resource", "map", "nested", "nested map"),
  seed: fc.nat(50),
  shape: fc.nat(SHAPES.length - 1),
  takes: fc.array(fc.record({ from: fc.nat(20), path: fc.nat(PATHS.length - 1) }), { minLength: 1, maxLength: 3 }),
});

/** Members of a pipeline with the inputs `a` and `b`. */
export const wirings: fc.Arbitrary<readonly Drawn[]> = fc.array(drawn, { minLength: 2, maxLength: 8 });

/** The class of some members: each takes of those before it. */
export function wired(members: readonly Drawn[]): new () => Pipeline {
  class Wired extends Pipeline {}
  const declare = (name: string, member: Parameters<typeof recordMember>[2]) =>
    recordMember(Wired.prototype, name, member);
  for (const name of ["a", "b"]) declare(name, { role: "input", dependencies: [], options: {} });
  declare("last", { role: "node", dependencies: ["a.n"], options: {} });
  Object.defineProperty(Wired.prototype, "last", { value: method(1, 0) });
  /** Of records; and of those that may be mapped over. */
  const records = ["a", "b", "last"];
  const mappable = ["a", "b", "last"];
  for (const [i, { role, seed, shape, takes }] of members.entries()) {
    const name = `m${i}`;
    const paths = takes.map(({ from, path }) => records[from % records.length]! + PATHS[path]!);
    const list = `${mappable[takes[0]!.from % mappable.length]!}.list`;
    const child = { pipeline: Inner, pick: "z" };
    if (role === "nested")
      declare(name, { role, dependencies: [], options: {}, child: { ...child, wiring: { v: paths[0]! } } });
    else if (role === "nested map")
      declare(name, {
        role: "mapOver",
        over: [list],
        dependencies: [],
        options: {},
        child: { ...child, wiring: { v: list } },
      });
    else if (role === "map") declare(name, { role: "mapOver", over: [list], dependencies: paths, options: {} });
    else declare(name, { role, dependencies: paths, options: {} });
    if (!role.startsWith("nested")) Object.defineProperty(Wired.prototype, name, { value: method(seed, shape) });
    if (role === "nested map" || role === "map") continue;
    records.push(name);
    if (role !== "resource") mappable.push(name);
  }
  return Wired;
}

/** The value of an input. */
export function inputOf(n: number, shape: number): unknown {
  return SHAPES[shape % SHAPES.length]!(n);
}
