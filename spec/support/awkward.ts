import { isMainThread } from "node:worker_threads";
import {
  type Batch,
  type Each,
  input,
  mapOver,
  model,
  type Nested,
  NodeError,
  nested,
  node,
  Pipeline,
} from "../../src/index.js";
import { revoked } from "./revoked.js";

/** A class that only threads know. */
class ThreadsOnly {
  constructor(readonly x: number) {}
}
if (!isMainThread) model()(ThreadsOnly);

function deep(levels: number): object {
  let value = {};
  for (let i = 0; i < levels; i++) value = { next: value };
  return value;
}

/** Results that can't travel, or not as they are. */
export const UNTRAVELLED = {
  deep: () => deep(20_000),
  "a getter that throws": () => ({
    get parent(): number {
      throw new Error("not loaded");
    },
  }),
  "a getter that throws no error": () => ({
    get parent(): number {
      throw Symbol("not loaded");
    },
  }),
  "a getter that throws a RangeError": () => ({
    inner: {
      get parent(): number {
        throw new RangeError("out of range");
      },
    },
  }),
  "a proxy that throws": () =>
    new Proxy(
      {},
      {
        ownKeys() {
          throw new Error("trap");
        },
      },
    ),
  "a revoked proxy in it": () => ({ inner: revoked() }),
  "a function": () => () => 1,
  "a Symbol": () => Symbol("s"),
  "a promise in it": () => ({ later: Promise.resolve(1) }),
} satisfies Record<string, () => unknown>;

/** What can be thrown, awkward or not, with a word that the failure says. */
export const THROWN = {
  "a Symbol": [() => Symbol("boom"), "a thrown Symbol(boom)"],
  undefined: [() => undefined, "a thrown undefined"],
  null: [() => null, "a thrown null"],
  "a function": [() => function boom() {}, "a thrown [Function: boom]"],
  "a revoked proxy": [revoked, "a thrown"],
  "an error named by a Symbol": [() => Object.assign(new Error("odd"), { name: Symbol("n") }), "Symbol(n): odd"],
  "an error whose getters throw": [
    () =>
      Object.defineProperty(new Error("seen"), "extra", {
        enumerable: true,
        get() {
          throw new Error("no extra");
        },
      }),
    "Error: seen",
  ],
  "an error whose message throws": [
    () =>
      Object.defineProperty(new Error(), "message", {
        get() {
          throw new Error("no message");
        },
      }),
    "can't be read",
  ],
  "an error with a socket, a function and a symbol": [
    () => Object.assign(new RangeError("lost"), { status: 500, socket: { close() {} }, retry() {}, [Symbol("k")]: 1 }),
    "RangeError: lost",
  ],
  "an error with a cause": [() => new TypeError("fetch failed", { cause: new Error("ECONNREFUSED") }), "ECONNREFUSED"],
  "an error that causes itself": [
    () => {
      const error = new Error("round");
      error.cause = error;
      return error;
    },
    "Error: round",
  ],
} satisfies Record<string, readonly [() => unknown, string]>;

export type Untravelled = keyof typeof UNTRAVELLED;
export type Thrown = keyof typeof THROWN;

/** The second element is awkward. */
export class Awkward extends Pipeline {
  @input() xs!: number[];
  @input() what!: string;
  @mapOver("xs", "what") returned(x: number, what: string): Each<unknown> {
    return x === 1 ? UNTRAVELLED[what as Untravelled]() : x;
  }
  @mapOver("xs", "what", { onError: "collect" }) collected(x: number, what: string): Each<unknown> {
    return x === 1 ? UNTRAVELLED[what as Untravelled]() : x;
  }
  @node("what") single(what: string): unknown {
    return UNTRAVELLED[what as Untravelled]();
  }
  @mapOver("xs", "what") throws(x: number, what: string): Each<number> {
    if (x === 1) throw THROWN[what as Thrown][0]();
    return x;
  }
  @mapOver("xs", "what", { onError: "collect" }) throwsCollected(x: number, what: string): Each<number | NodeError> {
    if (x === 1) throw THROWN[what as Thrown][0]();
    return x;
  }
  @node("what") throwsOnce(what: string): number {
    throw THROWN[what as Thrown][0]();
  }
  @mapOver("xs") known(x: number): Each<unknown> {
    return x === 1 && !isMainThread ? new ThreadsOnly(x) : x;
  }
  @mapOver("xs", { onError: "collect" }) knownCollected(x: number): Each<unknown> {
    return x === 1 && !isMainThread ? new ThreadsOnly(x) : x;
  }
}

class Labels extends Pipeline {
  @input() failure!: NodeError;
  @node("failure.code") code(code: string): string {
    return code;
  }
}

/** NodeErrors as ordinary values, beside a node that collects. */
export class OrdinaryErrors extends Pipeline {
  @input() failures!: NodeError[];
  @input() first!: NodeError;
  @mapOver("failures") line(failure: NodeError): Each<string> {
    return failure.node;
  }
  @mapOver("failures") same(failure: NodeError): Each<NodeError> {
    return failure;
  }
  @mapOver("same") sameNode(failure: NodeError): Each<string> {
    return failure.node;
  }
  @mapOver("failures", { batch: 2 }) batched(failures: NodeError[]): Batch<string> {
    return failures.map(({ node }) => node) as unknown as Batch<string>;
  }
  @mapOver("failures", Labels, { failure: "failures" }, "code") nestedCodes!: Nested<string[]>;
  @nested(Labels, { failure: "first" }, "code") nestedCode!: Nested<string>;
  @node("first.code") code(code: string): string {
    return code;
  }
  @node("first") returned(first: NodeError): NodeError {
    return first;
  }
  @node("returned.code") returnedCode(code: string): string {
    return code;
  }
  /** Collects one error, beside all that. */
  @mapOver("failures", { onError: "collect" }) bad(failure: NodeError): Each<string | NodeError> {
    if (failure.element === 1) throw new RangeError("bad");
    return failure.node;
  }
  @mapOver("bad") afterBad(bad: string | NodeError): Each<string> {
    return typeof bad;
  }
  @node("bad") firstBad(bad: (string | NodeError)[]): NodeError {
    return bad.find((each) => each instanceof NodeError) as NodeError;
  }
  /** An error that was collected, and that a node has returned since, is an ordinary value. */
  @node("firstBad.code") badCode(code: string): string {
    return code;
  }
}

/** Prints from threads. */
export class Prints extends Pipeline {
  @input() xs!: number[];
  @input() size!: number;
  @mapOver("xs", "size") y(x: number, size: number): Each<number> {
    console.log(`line ${x} ${"x".repeat(size)}`);
    process.stderr.write(`err ${x} ${"x".repeat(size)}\n`);
    return x;
  }
  @node("xs", "size") once(xs: number[], size: number): number {
    for (const x of xs) console.log(`line ${x} ${"x".repeat(size)}`);
    return xs.length;
  }
}

class Never extends Pipeline {
  @input() x!: number;
  @node("x") ok(x: number): number {
    return x;
  }
  @node("ok") hangs(x: number): Promise<number> {
    return x === 2 ? new Promise(() => {}) : Promise.resolve(x);
  }
}
export class Stalls extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs", Never, { x: "xs" }, "hangs") ys!: Nested<number[]>;
}

/** Refuses to be made again of what it gives. */
@model()
export class Money {
  constructor(readonly cents: number) {}
  toJSON(): number {
    return this.cents;
  }
  static fromJSON(cents: number): Money {
    if (cents < 0) throw new RangeError("no debts");
    return new Money(cents);
  }
}
export class Debts extends Pipeline {
  @input() xs!: number[];
  @input() debts!: Money[];
  @mapOver("xs") given(x: number): Each<Money> {
    return new Money(x);
  }
  @mapOver("xs") givenDeep(x: number): Each<{ a: Money[] }> {
    return { a: [new Money(x)] };
  }
  @mapOver("debts") takenDeep(money: unknown): Each<number> {
    return (money as { a: Money[] }).a.length;
  }
  @mapOver("debts") taken(money: Money): Each<number> {
    return money.cents;
  }
  @mapOver("debts", { onError: "collect" }) collected(money: Money): Each<number> {
    return money.cents;
  }
  @mapOver(["debts", "xs"], { onError: "collect" }) both(money: Money, x: number): Each<number> {
    return money.cents + x;
  }
  @mapOver("xs", "debts") shared(x: number, debts: Money[]): Each<number> {
    return debts[0]!.cents + x;
  }
  @node("debts") sum(debts: Money[]): number {
    return debts.reduce((sum, { cents }) => sum + cents, 0);
  }
  @mapOver("collected", { onError: "collect" }) after(cents: number): Each<number> {
    return cents + 1;
  }
}
