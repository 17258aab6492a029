import { expect } from "chai";
import { IsInt, IsOptional } from "class-validator";
import { recordMember } from "../../src/dsl/metadata.js";
import {
  DefinitionError,
  type Each,
  input,
  mapOver,
  type Nested,
  nested,
  node,
  type Output,
  output,
  Pipeline,
  resource,
} from "../../src/index.js";

/** The error of making a pipeline. */
function defectsIn(make: () => unknown): DefinitionError {
  try {
    make();
  } catch (error) {
    expect(error).to.be.instanceOf(DefinitionError);
    return error as DefinitionError;
  }
  throw new Error("no defect was found");
}

class Child extends Pipeline {
  @input() text!: string;
  @input() scale!: number;
  @node("text") words(text: string): string[] {
    return text.split(" ");
  }
  @node("words", "scale") size(words: string[], scale: number): number {
    return words.length * scale;
  }
}

describe("a decorator", () => {
  type Decorate = (target: object, key: string, method: object) => void;
  const OPTIONS = 'the options {"retries":1} are not the decorator\'s last argument. Names come first, then';
  const NAME = "the decorator received";
  const methods: [what: string, decorate: unknown, says: string][] = [
    ...[node, output, resource].flatMap((decorator): [string, unknown, string][] => {
      const of = decorator as (...args: unknown[]) => unknown;
      return [
        [`${decorator.name}("x", null)`, of("x", null), `${NAME} null instead of a member's name`],
        [`${decorator.name}(undefined)`, of(undefined), `${NAME} undefined instead of`],
        [`${decorator.name}(options, "x")`, of({ retries: 1 }, "x"), OPTIONS],
        [`${decorator.name}("x", options, options)`, of("x", { retries: 1 }, {}), OPTIONS],
        [`${decorator.name}(["x"])`, of(["x"]), `${NAME} ["x"] instead of`],
        [`${decorator.name}(a function)`, of(() => 1), `${NAME} a function instead of`],
      ];
    }),
    ["mapOver()", (mapOver as (...args: unknown[]) => unknown)(), `${NAME} undefined instead of`],
    ["mapOver(null)", (mapOver as (...args: unknown[]) => unknown)(null), `${NAME} null instead of`],
    ["mapOver([])", (mapOver as (...args: unknown[]) => unknown)([]), "@mapOver has no list to iterate over. Name at"],
    ['mapOver(["x", 5n])', (mapOver as (...args: unknown[]) => unknown)(["x", 5n]), `${NAME} 5n instead of`],
    ['mapOver({}, "x")', (mapOver as (...args: unknown[]) => unknown)({ retries: 1 }, "x"), OPTIONS],
  ];
  for (const [what, decorate, says] of methods) {
    it(`says what is wrong with ${what}`, () => {
      class Wrong extends Pipeline {
        @input() x!: unknown;
        inner(x: unknown): unknown {
          return x;
        }
      }
      const method = Object.getOwnPropertyDescriptor(Wrong.prototype, "inner")!;
      (decorate as Decorate)(Wrong.prototype, "inner", method);
      const { message, defects } = defectsIn(() => new Wrong());
      expect(message).to.contain(says);
      expect(defects.find(({ code }) => code === "BAD_ARGUMENT")?.where).to.equal("Wrong.inner");
      expect(message).not.to.match(/\[object Object\]|is not a function/);
    });
  }

  const nest = nested as (...args: unknown[]) => unknown;
  const map = mapOver as (...args: unknown[]) => unknown;
  const WIRING = { text: "x", scale: "x" };
  const fields: [what: string, decorate: unknown, says: string][] = [
    ["a pick that is a number with options", nest(Child, WIRING, 5n), `${NAME} 5n instead of`],
    ["a pick that is null", nest(Child, WIRING, null), `${NAME} null instead of`],
    ["a pick that is a list", nest(Child, WIRING, ["size"]), `${NAME} ["size"] instead of`],
    ["a pick that is unknown", nest(Child, WIRING, "sizes"), 'has no node named "sizes". Did you mean "size"?'],
    ["a pick that is 5", nest(Child, WIRING, 5), 'has no node named "5"'],
    ["options before the pick", nest(Child, WIRING, { retries: 1 }, "size"), OPTIONS],
    ["no wiring but a name", nest(Child, "x"), 'its wiring is "x". It maps the inputs'],
    ["a wiring that is null", nest(Child, null), "its wiring is null. It maps the inputs"],
    ["a wiring with a value", nest(Child, { text: "x", scale: 5 }), 'its wiring has 5 for "scale"'],
    ["a mapped pick that is null", map("x", Child, WIRING, null), `${NAME} null instead of`],
    ["a mapped wiring with a value", map("x", Child, { text: "x", scale: [5] }), 'its wiring has [5] for "scale"'],
  ];
  for (const [what, decorate, says] of fields) {
    it(`of a nested pipeline says what is wrong with ${what}`, () => {
      class Wrong extends Pipeline {
        @input() x!: unknown;
        inner!: unknown;
      }
      (decorate as (target: object, key: string) => void)(Wrong.prototype, "inner");
      const { message } = defectsIn(() => new Wrong());
      expect(message).to.contain(says);
      expect(message).not.to.match(/\[object Object\]|is not a function/);
    });
  }
});

describe("the reflector", () => {
  it("names a cycle as a path, a long one and a node that waits for itself", () => {
    class Long extends Pipeline {
      @node("c") a(c: number): number {
        return c;
      }
      @node("a") b(a: number): number {
        return a;
      }
      @node("b") c(b: number): number {
        return b;
      }
      @node("d") d(d: number): number {
        return d;
      }
    }
    const { defects } = defectsIn(() => new Long());
    expect(defects.map((d) => d.problem)).to.deep.equal([
      "the nodes wait for each other: a -> b -> c -> a",
      "the nodes wait for each other: d -> d",
    ]);
    expect(defects[0]!.code).to.equal("CYCLE");
  });

  it("names an unknown dependency, with the nearest name", () => {
    class Misspelt extends Pipeline {
      @input() words!: string[];
      // @ts-expect-error no such name
      @node("wrods") count(words: string[]): number {
        return words.length;
      }
    }
    const error = defectsIn(() => new Misspelt());
    expect(error.code).to.equal("UNKNOWN_NAME");
    expect(error.message).to.equal(
      'Misspelt.count: it depends on "wrods", but no input or node is named "wrods". Did you mean "words"?',
    );
  });

  it("names a method that has no decorator", () => {
    class Undecorated extends Pipeline {
      helper(): number {
        return 1;
      }
      @node("helper") n(helper: number): number {
        return helper;
      }
    }
    expect(defectsIn(() => new Undecorated()).message).to.equal(
      'Undecorated.n: it depends on "helper", a method without a decorator. Put @node, @mapOver, @output or @resource on "helper".',
    );
  });

  it("refuses a map over a resource, or a part of one: it is built where a node takes it", () => {
    for (const list of ["texts", "texts.all"]) {
      class Over extends Pipeline {
        @input() x!: number;
        @resource("x") texts(_x: number): any {
          return ["a"];
        }
        length(text: string): Each<number> {
          return text.length;
        }
      }
      const decorate = (mapOver as (list: string) => unknown)(list) as (...target: unknown[]) => void;
      decorate(Over.prototype, "length", Object.getOwnPropertyDescriptor(Over.prototype, "length")!);
      const { code, message } = defectsIn(() => new Over());
      expect(code).to.equal("NOT_A_LIST");
      expect(message).to.contain(`it maps over "${list}", and "texts" is a resource`);
    }
  });

  it("compares emitted types with what is given", () => {
    class Typed extends Pipeline {
      @input() a!: number;
      @input() when!: Date;
      @node("a") text(a: number): string {
        return String(a);
      }
      // @ts-expect-error a number is no string
      @node("a") upper(a: string): string {
        return a;
      }
      // @ts-expect-error a string is no number
      @node("text") half(text: number): number {
        return text / 2;
      }
      // @ts-expect-error a date is no list
      @mapOver("when") days(when: Date): Each<number> {
        return when.getDay();
      }
    }
    expect(defectsIn(() => new Typed()).defects.map((d) => `${d.where}: ${d.problem}`)).to.deep.equal([
      'Typed.upper: its parameter 1 is String, but "a" is Number',
      'Typed.half: its parameter 1 is Number, but "text" is String',
      'Typed.days: it maps over "when", which is Date, not a list',
    ]);
  });

  it("lets a rest parameter take what is left, whatever the loader emits for it", async () => {
    class Rest extends Pipeline {
      @input() n!: number;
      @input() xs!: number[];
      @node("n", "n", "n") count(first: number, ...more: number[]): number {
        return first + more.length;
      }
      @mapOver("xs", "n") sums(...numbers: number[]): Each<number> {
        return numbers.reduce((sum, number) => sum + number);
      }
    }
    expect(await new Rest().run({ n: 1, xs: [1, 2] })).to.deep.equal({ count: 3, sums: [2, 3] });
  });

  it("lets classes fit by structure, as the compiler does", () => {
    abstract class Index {
      abstract search(): string[];
    }
    class Memory {
      search(): string[] {
        return [];
      }
    }
    class Structural extends Pipeline {
      @node() index(): Memory {
        return new Memory();
      }
      @node("index") hits(index: Index): string[] {
        return index.search();
      }
    }
    expect(() => new Structural()).not.to.throw();
  });

  it("names the inputs that a nested pipeline's wiring lacks, and those that it has too many", () => {
    class Wired extends Pipeline {
      @input() text!: string;
      @nested(Child, { text: "text" }, "words") enough!: Nested<string[]>;
      @nested(Child, { text: "text" }, "size") lacking!: Nested<number>;
      // @ts-expect-error no such input
      @nested(Child, { txt: "text", scale: "text" }, "words") unknown!: Nested<string[]>;
      // @ts-expect-error no such node
      @nested(Child, { text: "text" }, "wrods") pick!: Nested<string[]>;
    }
    expect(defectsIn(() => new Wired()).message).to.equal(
      [
        "Wired: 4 defects:",
        '  - Wired.lacking: Child needs "scale", which the wiring leaves out. Wire it to a member of this class, bind it on the child, or give it a default.',
        '  - Wired.unknown: Child has no input named "txt". Did you mean "text"?',
        '  - Wired.unknown: Child needs "text", which the wiring leaves out. Wire it to a member of this class, bind it on the child, or give it a default.',
        '  - Wired.pick: Child has no node named "wrods". Did you mean "words"?',
      ].join("\n"),
    );
  });

  it("asks the parent for no input that is bound on the child, or optional there", () => {
    class Optional extends Pipeline {
      @input() text!: string;
      @input() @IsOptional() @IsInt() a?: number;
      @input({ optional: true }) b?: number;
      @node("text", "a", "b") size(text: string, a: number | undefined, b: number | undefined): number {
        return text.length + (a ?? 0) + (b ?? 0);
      }
    }
    class Parent extends Pipeline {
      @input() text!: string;
      @nested(new Child().bind({ scale: 3 }), { text: "text" }, "size") size!: Nested<number>;
      @nested(Optional, { text: "text" }, "size") other!: Nested<number>;
    }
    expect(() => new Parent()).not.to.throw();
    expect(new Parent().missingInputs).to.deep.equal(["text"]);
  });

  it("refuses a pipeline that nests itself, directly or through another", () => {
    class A extends Pipeline {
      @input() x!: number;
    }
    class B extends Pipeline {
      @input() x!: number;
      @nested(A, { x: "x" }) a!: Nested<object>;
    }
    recordMember(A.prototype, "b", {
      role: "nested",
      dependencies: [],
      options: {},
      child: { pipeline: B, wiring: { x: "x" } },
    });
    expect(defectsIn(() => new B()).message).to.contain("the pipeline nests itself: B -> A -> B");
  });

  it("refuses what is not a pipeline class as a child", () => {
    class NoPipeline {}
    class Parent extends Pipeline {
      @input() x!: number;
      // @ts-expect-error no pipeline
      @nested(NoPipeline, {}) child!: Nested<object>;
    }
    expect(defectsIn(() => new Parent()).message).to.contain("Parent.child: NoPipeline is not a pipeline class");
  });

  it("gives the defects of a nested class with their own place", () => {
    class Broken extends Pipeline {
      // @ts-expect-error no such name
      @node("nothing") n(x: number): number {
        return x;
      }
    }
    class Parent extends Pipeline {
      @nested(Broken, {}, "n") child!: Nested<number>;
    }
    expect(defectsIn(() => new Parent()).message).to.contain("Broken.n: it depends on");
  });

  it("checks the values of options", () => {
    class Options extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs", { batch: 0.5 as number }) a(xs: number[]): any {
        return xs;
      }
      @node("xs", { retries: -1 }) b(xs: number[]): number {
        return xs.length;
      }
      @node("xs", { timeoutMs: 0 }) c(xs: number[]): number {
        return xs.length;
      }
      @node("xs", { onError: "ignore" as "throw" }) d(xs: number[]): number {
        return xs.length;
      }
      // @ts-expect-error no such mode
      @mapOver("xs", { mode: "cross" }) e(x: number): Each<number> {
        return x;
      }
      // @ts-expect-error no such option
      @node("xs", { retrys: 1 }) f(xs: number[]): number {
        return xs.length;
      }
    }
    expect(defectsIn(() => new Options()).defects.map((d) => `${d.where}: ${d.problem}. ${d.advice}`)).to.deep.equal([
      "Options.a: the option batch is 0.5. It takes a whole number from 1.",
      "Options.b: the option retries is -1. It takes a whole number from 0.",
      "Options.c: the option timeoutMs is 0. It takes milliseconds above 0.",
      'Options.d: the option onError is "ignore". It takes "throw" or "collect".',
      'Options.e: the option mode is "cross". It takes "zip" or "product".',
      'Options.f: @node has no option "retrys". Did you mean "retries"?',
    ]);
  });

  it("knows no options of a resource, and no pipeline that is not there", () => {
    class Optional extends Pipeline {
      @input() x!: number;
      @resource("x", { timeoutMs: 5 } as never) built(x: number): number {
        return x;
      }
      @output("built") out(built: number): Output<number> {
        return built;
      }
    }
    class Lacking extends Pipeline {
      // @ts-expect-error as where modules import each other
      @nested(undefined, {}) child!: Nested<number>;
    }
    const [option] = defectsIn(() => new Optional()).defects;
    expect(option!.problem).to.equal('@resource has no option "timeoutMs"');
    const [child] = defectsIn(() => new Lacking()).defects;
    expect(child).to.include({ code: "NO_PIPELINE", where: "Lacking.child", problem: "its pipeline is undefined" });
    expect(child!.advice).to.contain("Check for circular imports");
  });

  it("distinguishes fields from methods, and keeps its own names", () => {
    class Misplaced extends Pipeline {
      @input() xs!: number[];
      // @ts-expect-error an input is a field
      @input() method(): number {
        return 1;
      }
      // @ts-expect-error a node is a method
      @node("xs") field!: number;
      // @ts-expect-error a nested pipeline is needed on a field
      @mapOver("xs") mapped!: Nested<number[]>;
      // @ts-expect-error the child's input is not wired to the list
      @mapOver("xs", Child, { text: "xs", scale: "method" }, "words", { batch: 2 }) batched!: Nested<string[][]>;
      // @ts-expect-error nothing is wired to the list
      @mapOver("xs", Child, { scale: "method", text: "method" }, "words") unwired!: Nested<string[][]>;
    }
    recordMember(Misplaced.prototype, "bind", { role: "node", dependencies: [], options: {} });
    expect(defectsIn(() => new Misplaced()).defects.map((d) => `${d.where}: ${d.problem}`)).to.deep.equal([
      'Misplaced.bind: every pipeline has a member "bind" of its own',
      "Misplaced.method: @input is applied to a method",
      "Misplaced.field: @node is not applied to a method",
      "Misplaced.mapped: @mapOver is applied to a field, but names no pipeline",
      "Misplaced.batched: a nested pipeline takes one element at a time, not a batch",
      "Misplaced.unwired: none of the nested pipeline's inputs is wired to the list",
    ]);
  });

  it("refuses a method with more parameters than names: they would be undefined", async () => {
    class Unwired extends Pipeline {
      @input() xs!: number[];
      // @ts-expect-error nothing is named
      @node() none(xs: number[]): number {
        return xs.length;
      }
      // @ts-expect-error one name for two parameters
      @mapOver("xs") one(x: number, all: number[]): number {
        return x + all.length;
      }
      @output("xs") fits(xs: number[], ...others: number[][]): Output<number> {
        return xs.length + others.length;
      }
      // @ts-expect-error the method takes no parameter for it
      @output("xs") unused(): Output<number> {
        return 1;
      }
    }
    expect(defectsIn(() => new Unwired()).defects.map((d) => `${d.code} ${d.where}: ${d.problem}`)).to.deep.equal([
      "TOO_FEW_NAMES Unwired.none: it has 1 parameter, but @node names nothing",
      "TOO_FEW_NAMES Unwired.one: it has 2 parameters, but @mapOver names 1",
    ]);
  });

  it("refuses a constructor that takes arguments", () => {
    class Configured extends Pipeline {
      @input() x!: number;
      constructor(readonly factor: number) {
        super();
      }
      @node("x") y(x: number): number {
        return x;
      }
    }
    expect(defectsIn(() => new Configured(2)).message).to.equal(
      "Configured: its constructor takes 1 argument. Each thread, worker and container constructs the pipeline without arguments: use an @input or a subclass instead.",
    );
  });

  it("refuses a pipeline without nodes, and one without decorators", () => {
    class Inputs extends Pipeline {
      @input() x!: number;
    }
    class Nothing extends Pipeline {}
    expect(defectsIn(() => new Inputs()).message).to.contain("it has inputs, but no nodes");
    expect(defectsIn(() => new Nothing()).message).to.contain("it has no decorated members");
    const nameless = [class extends Pipeline {}][0]!;
    expect(defectsIn(() => new nameless()).message).to.match(/^\(anonymous class\): it has no decorated members/);
  });

  it("refuses decorators on static members, and standard decorators", () => {
    expect(() => recordMember(Child, "x", { role: "node", dependencies: [], options: {} })).to.throw(
      "Child.x: @node is applied to a static member",
    );
    expect(() =>
      recordMember(
        function method() {},
        { kind: "method", addInitializer() {} },
        { role: "node", dependencies: [], options: {} },
      ),
    ).to.throw('Set "experimentalDecorators": true in the tsconfig.json');
  });
});

describe("subclassing", () => {
  class Base extends Pipeline {
    @input() text!: string;
    @node("text") words(text: string): string[] {
      return text.split(" ");
    }
    @output("words") count(words: string[]): Output<number> {
      return words.length;
    }
  }

  it("adds, overrides and inherits members", async () => {
    class Sub extends Base {
      override words(text: string): string[] {
        return super.words(text).filter((word) => word !== "the");
      }
      @output("count") doubled(count: number): Output<number> {
        return count * 2;
      }
    }
    expect(await new Sub().run({ text: "the cat the hat" })).to.deep.equal({ count: 2, doubled: 4 });
    expect(await new Base().run({ text: "the cat the hat" })).to.deep.equal({ count: 4 });
  });

  it("may change the wiring of an overridden node", async () => {
    class Sub extends Base {
      @input() separator?: string = "-";
      // @ts-expect-error the method takes one parameter more than the one it overrides
      @node("text", "separator") override words(text: string, separator: string): string[] {
        return text.split(separator);
      }
    }
    expect(await new Sub().run({ text: "a-b c" })).to.deep.equal({ count: 2 });
  });

  it("leaves abstract nodes to subclasses", async () => {
    abstract class Abstract extends Pipeline {
      @input() text!: string;
      abstract words(text: string): string[];
      @output("words") count(words: string[]): Output<number> {
        return words.length;
      }
    }
    class Concrete extends Abstract {
      @node("text") words(text: string): string[] {
        return [...text];
      }
    }
    class Forgotten extends Abstract {
      words(text: string): string[] {
        return [...text];
      }
    }
    expect(await new Concrete().run({ text: "abc" })).to.deep.equal({ count: 3 });
    expect(defectsIn(() => new Forgotten()).message).to.contain('it depends on "words", a method without a decorator');
  });
});

describe("the graph", () => {
  class Drawn extends Pipeline {
    @input() texts!: string[];
    @input() scale?: number = 2;
    @resource() encoder(): object {
      return {};
    }
    @mapOver("texts", "encoder") encoded(text: string, encoder: object): Each<{ size: number }> {
      return { size: text.length + Object.keys(encoder).length };
    }
    @mapOver("texts", Child, { text: "texts", scale: "scale" }, "size") sizes!: Nested<number[]>;
    @output("encoded", "sizes") report(encoded: { size: number }[], sizes: number[]): Output<number> {
      return encoded.length + sizes.length;
    }
  }

  it("is plain, immutable data", () => {
    const graph = new Drawn().graph();
    expect(graph.pipeline).to.equal("Drawn");
    expect(graph.nodes.map((n) => `${n.role} ${n.name}`)).to.deep.equal([
      "input texts",
      "input scale",
      "resource encoder",
      "mapOver encoded",
      "mapOver sizes",
      "output report",
    ]);
    expect(graph.outputs).to.deep.equal(["report"]);
    expect(graph.edges.map((e) => `${e.from} -> ${e.to} (${e.as})`)).to.deep.equal([
      "texts -> encoded (element)",
      "encoder -> encoded (value)",
      "texts -> sizes (element)",
      "scale -> sizes (value)",
      "encoded -> report (value)",
      "sizes -> report (value)",
    ]);
    expect(graph.nodes[4]!.nested!.graph.pipeline).to.equal("Child");
    expect(graph.nodes[4]!.nested!.pick).to.equal("size");
    expect(JSON.parse(JSON.stringify(graph)))
      .to.have.property("edges")
      .with.length(6);
    expect(() => {
      (graph.nodes as unknown[]).push(1);
    }).to.throw(TypeError);
    expect(new Drawn().graph()).to.equal(graph);
  });
});
