import type { Nested } from "../../src/index.js";
import { type Each, input, mapOver, model, nested, node, Pipeline } from "../../src/index.js";

/** How much the classes below make of their numbers: code of theirs, for what follows. */
export const settings = { times: 1 };

export class Halved {
  constructor(readonly a: number) {}
  get half(): number {
    return this.a * settings.times;
  }
}
@model({ name: "parts/Modelled" })
export class Modelled {
  constructor(readonly a: number) {}
  get half(): number {
    return this.a * settings.times;
  }
  toJSON(): number {
    return this.a;
  }
  static fromJSON(a: number): Modelled {
    return new Modelled(a);
  }
}
@model({ name: "parts/Remade" })
export class Remade {
  constructor(readonly half: number) {}
  toJSON(): number {
    return 3;
  }
  static fromJSON(a: number): Remade {
    return new Remade(a * settings.times);
  }
}
export class OwnWindows {
  constructor(readonly a: number) {}
  *[Symbol.iterator](): Iterator<number> {
    yield this.a * settings.times;
  }
}
export class OwnSize extends Map<string, number> {
  override get size(): number {
    return settings.times;
  }
}
export class OwnFew extends Set<number> {
  override *[Symbol.iterator](): SetIterator<number> {
    yield settings.times;
  }
}

export class Twice extends Pipeline {
  @input() x!: number;
  @node("x") y(x: number): number {
    return 2 * x;
  }
}

export class FromInstances extends Pipeline {
  @input() a!: number;
  @node("a") passage(a: number): Halved {
    return new Halved(a);
  }
  @node("a") modelled(a: number): Modelled {
    return new Modelled(a);
  }
  @node("a") remade(a: number): Remade {
    return new Remade(a * settings.times);
  }
  @node("a") deep(a: number): { it: { passage: Halved } } {
    return { it: { passage: new Halved(a) } };
  }
  @node("a") sized(_a: number): OwnSize {
    return new OwnSize();
  }
  @node("a") windows(a: number): OwnWindows {
    return new OwnWindows(a);
  }
  @node("a") few(a: number): OwnFew {
    return new OwnFew([a]);
  }
  @node("passage.half") ofGetter(half: number): number {
    return half;
  }
  @node("modelled.half") ofModel(half: number): number {
    return half;
  }
  @node("remade.half") ofRemade(half: number): number {
    return half;
  }
  @node("deep.it.passage.half") ofDeep(half: number): number {
    return half;
  }
  @node("sized.size") ofMap(size: number): number {
    return size;
  }
  @nested(Twice, { x: "passage.half" }, "y") inNested!: Nested<number>;
  @mapOver("windows") ofWindows(x: number): Each<number> {
    return x;
  }
  @mapOver("few") ofFew(x: number): Each<number> {
    return x;
  }
}
