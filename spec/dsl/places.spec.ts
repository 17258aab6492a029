import { expect } from "chai";
import { classLocationOf } from "../../src/dsl/class-location.js";
import {
  cached,
  execution,
  input,
  local,
  mapOver,
  memory,
  model,
  nested,
  node,
  output,
  Pipeline,
  resource,
  runOn,
} from "../../src/index.js";

/** The error that a call throws. */
function thrown(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

class Child extends Pipeline {
  @input() x!: number;
  @node("x") y(x: number): number {
    return x;
  }
}
class P extends Pipeline {
  @input() x!: number;
  @node("x") y(x: number): number {
    return x;
  }
  get read(): number {
    return 1;
  }
  static shared(): void {}
  static constant = 1;
}

type Decorator = (...place: unknown[]) => unknown;
/** Every decorator, as it is and as its call makes it. */
const MEMBERS: Record<string, { factory: unknown; call: () => unknown; says: string }> = {
  "@input": { factory: input, call: () => input(), says: "@input()" },
  "@node": { factory: node, call: () => (node as Decorator)("x"), says: '@node("texts")' },
  "@output": { factory: output, call: () => (output as Decorator)("x"), says: '@output("hits")' },
  "@mapOver": { factory: mapOver, call: () => (mapOver as Decorator)("x"), says: '@mapOver("texts")' },
  "@resource": { factory: resource, call: () => resource(), says: "@resource()" },
  "@nested": {
    factory: nested,
    call: () => (nested as Decorator)(Child, { x: "x" }),
    says: '@nested(Child, { text: "document" })',
  },
};
const CLASSES: typeof MEMBERS = {
  "@execution": { factory: execution, call: () => execution({}), says: "@execution({ ... })" },
  "@cached": { factory: cached, call: () => cached(memory()), says: "@cached(memory())" },
  "@runOn": { factory: runOn, call: () => runOn(local()), says: "@runOn(local())" },
  "@model": { factory: model, call: () => model(), says: "@model()" },
};

/** What compilers hand to a decorator, by its place: tsc and swc, and esbuild, which leaves nothing out. */
const DESCRIPTOR = Object.getOwnPropertyDescriptor(P.prototype, "y")!;
const PLACES: Record<string, { place: unknown[]; at: string; is: string }> = {
  "a method": { place: [P.prototype, "y", DESCRIPTOR], at: "P.y", is: "a member" },
  "a field": { place: [P.prototype, "field", undefined], at: "P.field", is: "a member" },
  "a field, of old targets": { place: [P.prototype, "field"], at: "P.field", is: "a member" },
  "a getter": {
    place: [P.prototype, "read", Object.getOwnPropertyDescriptor(P.prototype, "read")],
    at: "P.read",
    is: "an accessor",
  },
  "a numeric name": { place: [P.prototype, 0, DESCRIPTOR], at: "P.0", is: "a member" },
  "a symbol": { place: [P.prototype, Symbol("s"), DESCRIPTOR], at: "P.Symbol(s)", is: "a symbol-named member" },
  "a static method": {
    place: [P, "shared", Object.getOwnPropertyDescriptor(P, "shared")],
    at: "P.shared",
    is: "a static member",
  },
  "a static field": { place: [P, "constant", undefined], at: "P.constant", is: "a static member" },
  "a parameter": { place: [P.prototype, "y", 0], at: "P.y", is: "a parameter" },
  "a parameter of the constructor": { place: [P, undefined, 0], at: "P", is: "a parameter" },
  "a class": { place: [P], at: "P", is: "a class" },
};
const STANDARD: Record<string, unknown[]> = {
  "a method": [() => 1, { kind: "method", name: "y", metadata: undefined, addInitializer() {} }],
  "a field": [undefined, { kind: "field", name: "x", metadata: undefined, addInitializer() {} }],
  "a class": [P, { kind: "class", name: "P", metadata: undefined, addInitializer() {} }],
};

for (const [decorator, { factory, call, says }] of Object.entries({ ...MEMBERS, ...CLASSES })) {
  describe(`${decorator} at run time`, () => {
    for (const [name, { place, at, is }] of Object.entries(PLACES)) {
      it(`says that it lacks its parentheses, on ${name}`, () => {
        const error = thrown(() => (factory as Decorator)(...place));
        expect(error.message).to.equal(
          `${at}: ${decorator} is written without parentheses. Write ${says}, with parentheses.`,
        );
      });

      const isClassDecorator = decorator in CLASSES;
      const isAllowed = isClassDecorator ? is === "a class" : is === "a member";
      it(`${isAllowed ? "stands on" : "refuses"} ${name}`, () => {
        // A class of its own: nothing is left on the one that all specs share.
        class Own extends Pipeline {}
        const [target, ...rest] = place;
        const own = target === P.prototype ? Own.prototype : Own;
        const apply = () => (call() as Decorator)(own, ...rest);
        if (isAllowed) expect(apply).not.to.throw();
        else {
          const { message } = thrown(apply);
          expect(message).to.match(new RegExp(`^${at.replace("P", "Own").replace(/[()]/g, "\\$&")}: `));
          expect(message).to.contain(
            isClassDecorator ? `${decorator} is applied to` : `${decorator} is applied to ${is}. Put it on`,
          );
        }
      });
    }

    for (const [name, place] of Object.entries(STANDARD)) {
      it(`names the setting, the file and its tsconfig.json where ${name} is compiled by the standard`, () => {
        const bare = thrown(() => (factory as Decorator)(...place));
        const { code, where, advice } = bare as unknown as { code: string; where: string; advice: string };
        expect({ code, where }).to.deep.equal({ code: "STANDARD_DECORATORS", where: "spec/dsl/places.spec.ts" });
        expect(advice).to.equal(
          'Set "experimentalDecorators": true in the tsconfig.json that your compiler or loader reads, and see that its "include" covers spec/dsl/places.spec.ts.',
        );
        const apply = () => (call() as Decorator)(...place);
        // It has no wiring that types would check.
        if (decorator === "@model" && name === "a class") expect(apply).not.to.throw();
        else expect(thrown(apply).message).to.equal(bare.message);
      });
    }
  });
}

describe("what only looks like a decorator's arguments", () => {
  it("is taken for what it is", () => {
    const calls: (() => unknown)[] = [
      () => (node as Decorator)("x", { retries: 1 }),
      () => (node as Decorator)({ retries: 1 }),
      () => (nested as Decorator)(Child, { x: "x" }, "y"),
      () => (nested as Decorator)(new Child().bind({ x: 1 }), {}, "y"),
      () => (mapOver as Decorator)(["x", "y"], Child, { x: "x" }, "y"),
      () => (input as Decorator)({ optional: true }),
      () => (cached as Decorator)(memory),
    ];
    for (const call of calls) expect(call).not.to.throw();
  });
});

describe("the file of a class", () => {
  it("is found in a program that has frozen Error", () => {
    const [limit, prepare] = ["stackTraceLimit", "prepareStackTrace"].map((key) =>
      Object.getOwnPropertyDescriptor(Error, key),
    );
    // As frozen, but not for ever.
    Object.defineProperty(Error, "stackTraceLimit", { writable: false });
    Object.defineProperty(Error, "prepareStackTrace", { value: undefined, writable: false, configurable: true });
    try {
      class Located extends Pipeline {
        @input() x!: number;
        @node("x") y(x: number): number {
          return x;
        }
      }
      expect(classLocationOf(Located)?.file).to.match(/places\.spec\.ts$/);
    } finally {
      Object.defineProperty(Error, "stackTraceLimit", limit!);
      if (prepare === undefined) Reflect.deleteProperty(Error, "prepareStackTrace");
      else Object.defineProperty(Error, "prepareStackTrace", prepare);
    }
  });
});
