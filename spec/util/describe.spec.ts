import { inspect } from "node:util";
import { expect } from "chai";
import { HypernodesError, NodeError } from "../../src/index.js";
import { describeCauses, describeChain, describeError, describeValue } from "../../src/util/describe.js";
import { formatErrorChain } from "../../src/util/error-chain.js";
import { revoked } from "../support/revoked.js";

function throwing(key: string): Error {
  return Object.defineProperty(new RangeError("seen"), key, {
    get() {
      throw new Error(`no ${key}`);
    },
  });
}

function circular(): Error {
  const [a, b] = [new Error("a"), new Error("b")];
  a.cause = b;
  b.cause = a;
  return a;
}

function chain(length: number): Error {
  let error = new Error("0");
  for (let i = 1; i < length; i++) error = new Error(String(i), { cause: error });
  return error;
}

/** Whatever can be thrown, with a word that its description has. */
const THROWN: Readonly<Record<string, readonly [thrown: unknown, word: string]>> = {
  "an error": [new RangeError("not counted"), "RangeError: not counted"],
  "an error whose name is a Symbol": [Object.assign(new Error("odd"), { name: Symbol("n") }), "Symbol(n): odd"],
  "an error without a message": [Object.assign(new Error(), { code: "ECONNREFUSED" }), "ECONNREFUSED"],
  "an error whose message is none": [Object.assign(new Error("x"), { message: { toString: null } }), "Error"],
  "an error whose message throws": [throwing("message"), "can't be read"],
  "an error whose name throws": [throwing("name"), "seen"],
  "an error whose stack throws": [throwing("stack"), "seen"],
  "an error whose cause throws": [throwing("cause"), "seen"],
  "an error whose errors throw": [throwing("errors"), "seen"],
  "an error whose own printing throws": [
    Object.assign(new Error("own"), {
      [inspect.custom]() {
        throw new Error("inspector");
      },
    }),
    "own",
  ],
  "an error that says too much": [new Error("x".repeat(10_000_000)), "more characters"],
  "an error that causes itself": [circular(), "Error: a"],
  "a long chain": [chain(10_000), "Error: 9999"],
  "several errors": [new AggregateError([new Error("one"), new Error("two")], "both"), "Error: one; Error: two"],
  "very many errors": [new AggregateError(Array.from({ length: 1e5 }, (_, i) => new Error(`${i}`))), "99997 more"],
  "several errors that are one": [
    (() => {
      const errors: unknown[] = [];
      const error = new AggregateError(errors, "it");
      error.errors.push(error);
      return error;
    })(),
    "it",
  ],
  "a Symbol": [Symbol("boom"), "a thrown Symbol(boom)"],
  undefined: [undefined, "a thrown undefined"],
  null: [null, "a thrown null"],
  "a function": [function boom() {}, "a thrown [Function: boom]"],
  "a revoked proxy": [revoked(), "a thrown"],
  "a proxy that throws": [
    new Proxy(new Error("inside"), {
      get: () => {
        throw new Error("trap");
      },
      getPrototypeOf: () => {
        throw new Error("trap");
      },
    }),
    "a thrown",
  ],
  "a value that prints itself badly": [
    {
      [inspect.custom]() {
        throw new Error("not me");
      },
    },
    "can't be printed",
  ],
  "an object of no class": [Object.create(null), "a thrown"],
};

describe("describing what was thrown", () => {
  for (const [kind, [thrown, word]] of Object.entries(THROWN)) {
    it(`can't fail, and is bounded, for ${kind}`, () => {
      const text = describeError(thrown);
      expect(text).to.contain(word);
      for (const each of [text, describeChain(thrown), describeValue(thrown), formatErrorChain(thrown)]) {
        expect(each.length).to.be.below(100_000);
      }
    });

    it(`goes into a NodeError that prints, for ${kind}`, () => {
      const error = new NodeError({
        code: "NODE_FAILED",
        where: "A.b",
        problem: "failed",
        cause: thrown,
        node: "b",
        attempts: 1,
      });
      expect(inspect(error)).to.contain("A.b: failed");
      expect(inspect({ deep: [error] })).to.contain("A.b: failed");
    });
  }

  it("prints the causes of an AggregateError's errors, and ends where these lead back", () => {
    const refused = new Error("fetch failed", { cause: new Error("connect ECONNREFUSED") });
    const all = new AggregateError([refused, new Error("late")], "all failed");
    expect(describeError(all)).to.equal(
      "AggregateError: all failed (Error: fetch failed, caused by Error: connect ECONNREFUSED; Error: late)",
    );
    refused.cause = all;
    expect(describeError(all)).to.equal("AggregateError: all failed (Error: fetch failed; Error: late)");
  });

  it("prints an error that is several times among those of an AggregateError once", () => {
    const shared = new Error("shared");
    const all = new AggregateError([shared, shared, new Error("other"), shared], "all", { cause: shared });
    expect(describeError(all)).to.equal("AggregateError: all (Error: shared; Error: other)");
    const many = new AggregateError(Array.from({ length: 9 }, () => shared));
    expect(describeError(many)).to.equal("AggregateError (Error: shared)");
  });

  it("prints a cause that several errors of an AggregateError share once", () => {
    const cause = new Error("connect ECONNREFUSED", { cause: new Error("no route") });
    const all = new AggregateError([new Error("a", { cause }), new Error("b", { cause }), new Error("c")], "all");
    expect(describeError(all)).to.equal(
      "AggregateError: all (Error: a, caused by Error: connect ECONNREFUSED, caused by Error: no route; Error: b; Error: c)",
    );
  });

  it("has one article for a thrown value that can't be printed", () => {
    expect(describeError(revoked())).to.equal("a thrown value of type object that can't be printed");
  });

  it("prints an AggregateError that is one of its own errors once", () => {
    const error = new AggregateError([new Error("other")], "me");
    error.errors.push(error);
    expect(describeError(error)).to.equal("AggregateError: me (Error: other)");
  });

  it("prints causes once each, the nearest first, and none that was printed already", () => {
    const refused = new Error("connect ECONNREFUSED 127.0.0.1:9");
    const failed = new TypeError("fetch failed", { cause: refused });
    expect(describeChain(failed)).to.equal(
      "TypeError: fetch failed, caused by Error: connect ECONNREFUSED 127.0.0.1:9",
    );
    const around = new HypernodesError({
      code: "NODE_FAILED",
      where: "A",
      problem: "it failed with Error: same",
      cause: new Error("same"),
    });
    expect(describeCauses(around, describeError(around))).to.deep.equal([]);
    expect(describeCauses(circular(), "Error: a")).to.deep.equal(["Error: b"]);
    expect(describeCauses(new Error("x", { cause: 404 }), "Error: x")).to.deep.equal(["404"]);
  });

  it("prints stacks once each, those of several errors too", () => {
    const shared = new Error("shared");
    const all = new AggregateError([new Error("one", { cause: shared }), new Error("two", { cause: shared })], "all");
    const text = formatErrorChain(new Error("top", { cause: all }));
    for (const word of ["top", "all", "one", "two", "shared"]) expect(text).to.contain(`Error: ${word}\n`);
    expect(text.split("Error: shared").length).to.equal(2);
    expect(formatErrorChain(circular()).split("Error: a\n").length).to.equal(2);
  });
});
