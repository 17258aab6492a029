import { type Each, input, mapOver, model, node, Pipeline } from "../../src/index.js";

// Lists of classes that iterate, or are long, in a way of their own.

@model({ name: "odd-lists/Doubles" })
export class Doubles extends Array<number> {
  override *[Symbol.iterator](): ArrayIterator<number> {
    for (let i = 0; i < this.length; i++) yield this[i]! * 2;
  }
}
@model({ name: "odd-lists/Bytes" })
export class Bytes extends Uint8Array {
  override *[Symbol.iterator](): ArrayIterator<number> {
    yield 7;
  }
}
@model({ name: "odd-lists/Head" })
export class Head extends Uint8Array {
  override get length(): number {
    return 2;
  }
}
@model({ name: "odd-lists/Heir" })
export class Heir extends Array<number> {}

export class Mapped extends Pipeline {
  @input() xs!: Iterable<number>;
  @mapOver("xs") each(x: number): Each<number> {
    return x;
  }
  @mapOver(["xs", "xs"], { mode: "product" }) pairs(x: number, y: number): Each<number[]> {
    return [x, y];
  }
  @node("xs") made(xs: Iterable<number>): Iterable<number> {
    return xs;
  }
  @mapOver("made") ofMade(x: number): Each<number> {
    return x;
  }
}
