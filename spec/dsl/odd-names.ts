import { type Each, input, mapOver, type Nested, nested, node, Pipeline } from "../../src/index.js";

/** Names that are unusual, and that work. */
export const ODD = [
  "a,b",
  "a",
  "b",
  "a b",
  "0",
  "use",
  "derive",
  "length",
  "name",
  "prototype",
  "שלום",
  "x\ny",
  'q"q',
  "default",
];

const members = (name: string) => ({ list: `list of ${name}`, one: `one of ${name}`, record: `record of ${name}` });

export { members };

type Decorate = (...names: unknown[]) => (target: object, key: string, descriptor: PropertyDescriptor) => void;

function method(
  target: object,
  key: string,
  decorate: ReturnType<Decorate>,
  body: (...values: any[]) => unknown,
): void {
  Object.defineProperty(target, key, { value: body, configurable: true, writable: true });
  decorate(target, key, Object.getOwnPropertyDescriptor(target, key)!);
}

/** A pipeline whose input, nodes and map have an odd name: `name` is the input, the others are made from it. */
function oddPipeline(name: string) {
  class Odd extends Pipeline {}
  const { list, one, record } = members(name);
  input()(Odd.prototype as never, name as never);
  method(Odd.prototype, list, (node as unknown as Decorate)(name), (x: number) => [x, x + 1]);
  method(Odd.prototype, one, (mapOver as unknown as Decorate)(list, name), (e: number, x: number) => e * x);
  method(Odd.prototype, record, (node as unknown as Decorate)(one), (all: number[]) => ({
    [name]: all,
    other: "other",
  }));
  method(Odd.prototype, `${name} 2`, (node as unknown as Decorate)(`${record}.${name}`), (all: number[]) => all.length);
  return Odd as unknown as new () => Pipeline;
}

export const PIPELINES: Readonly<Record<string, new () => Pipeline>> = Object.fromEntries(
  ODD.map((name) => [name, oddPipeline(name)]),
);

/** Members under odd names that threads import. */
export class OddInThreads extends Pipeline {
  @input() "a,b"!: number[];
  @mapOver("a,b") "x y"(x: number): Each<number> {
    return x + 1;
  }
  @node("x y") use(all: number[]): { "p,q": number; p: { q: number } } {
    return { "p,q": all.length, p: { q: -1 } };
  }
  @node("use.p,q", "use.p.q") derive(a: number, b: number): number[] {
    return [a, b];
  }
  @mapOver("a,b", "use.p,q", "use.p.q") both(_: number, a: number, b: number): Each<number[]> {
    return [a, b];
  }
}

export class OddNesting extends Pipeline {
  @input() rows!: number[][];
  @mapOver("rows", OddInThreads, { "a,b": "rows" }, "x y") "0"!: Nested<number[][]>;
  @nested(OddInThreads, { "a,b": "rows" } as never, "derive") "n,m"!: Nested<number[]>;
}
