import { expect } from "chai";
import fc from "fast-check";
import { methodCheck } from "../../../src/engine/program/method-check.js";

/** Does work as where `--disallow-code-generation-from-strings` forbids to make code of text. */
function withoutGeneratedCode<R>(work: () => R): R {
  const { Function: original } = globalThis;
  globalThis.Function = (() => {
    throw new EvalError("Code generation from strings disallowed for this context");
  }) as never;
  try {
    return work();
  } finally {
    globalThis.Function = original;
  }
}

const WAYS = {
  "by a generated function": (work: () => unknown) => work(),
  "by a loop, where code must not be made of text": withoutGeneratedCode,
};

describe("the check of an object's methods before a run", () => {
  for (const [way, inWay] of Object.entries(WAYS)) {
    it(`finds any method that differs, of any number of methods of any names: ${way} (property)`, () => {
      const names = fc.uniqueArray(fc.oneof(fc.string(), fc.constantFrom('"', "\\", "\u2028", "constructor", "a b")), {
        minLength: 1,
        maxLength: 450,
        size: "max",
      });
      fc.assert(
        fc.property(names, fc.nat(), (all, at) => {
          const methods = all.map((name) => () => name);
          const check = inWay(() => methodCheck(all, methods)) as ReturnType<typeof methodCheck>;
          const object = Object.create(null) as Record<string, unknown>;
          for (const [i, name] of all.entries())
            Object.defineProperty(object, name, { value: methods[i], writable: true });
          expect(check(object)).to.equal(true);
          object[all[at % all.length]!] = () => "another";
          expect(check(object)).to.equal(false);
        }),
        { numRuns: 50 },
      );
    });
  }
});
