import { expect } from "chai";
import { DefinitionError, input, memory, model, node, Pipeline, type RunEvent } from "../../src/index.js";
import { members, ODD, OddInThreads, OddNesting, PIPELINES } from "./odd-names.js";

type Any = any;

/** Uses of a name, each with what it gives for the input 2. */
const USES: Readonly<Record<string, (name: string, made: () => Any) => Promise<void>>> = {
  "as an input, and as nodes": async (name, made) => {
    const { list, one, record } = members(name);
    const expected = { [list]: [2, 3], [one]: [4, 6], [record]: { [name]: [4, 6], other: "other" }, [`${name} 2`]: 2 };
    expect(await made().run({ [name]: 2 })).to.deep.equal(expected);
  },
  "as chosen outputs": async (name, made) => {
    const { list, one } = members(name);
    expect(await made().run({ [name]: 2 }, { outputs: [list] })).to.deep.equal({ [list]: [2, 3] });
    expect(await made().run({ [name]: 2 }, { outputs: [list, one] })).to.deep.equal({ [list]: [2, 3], [one]: [4, 6] });
  },
  "as given nodes": async (name, made) => {
    const { list, one } = members(name);
    expect(await made().run({ [name]: 2 }, { outputs: [one], given: { [list]: [5] } })).to.deep.equal({ [one]: [10] });
  },
  "bound and unbound": async (name, made) => {
    const { list } = members(name);
    const bound = made().bind({ [name]: 2 });
    expect(await bound.run({}, { outputs: [list] })).to.deep.equal({ [list]: [2, 3] });
    expect(bound.boundInputs).to.deep.equal({ [name]: 2 });
    expect(bound.missingInputs).to.deep.equal([]);
    expect(bound.unbind(name).missingInputs).to.deep.equal([name]);
  },
  "mapped over and streamed": async (name, made) => {
    const { list } = members(name);
    const options = { over: name, outputs: [list] };
    expect(await made().map({ [name]: [2, 3] }, options)).to.deep.equal([{ [list]: [2, 3] }, { [list]: [3, 4] }]);
    const streamed = [];
    for await (const result of made().stream({ [name]: [2] }, options)) streamed.push(result);
    expect(streamed).to.deep.equal([{ [list]: [2, 3] }]);
  },
  "in the cache": async (name, made) => {
    const cache = memory();
    const first = await made().run({ [name]: 2 }, { cache });
    const events: RunEvent[] = [];
    expect(await made().run({ [name]: 2 }, { cache, onEvent: (event: RunEvent) => events.push(event) })).to.deep.equal(
      first,
    );
  },
  "in events": async (name, made) => {
    const events: RunEvent[] = [];
    const { list } = members(name);
    await made().run({ [name]: 2 }, { outputs: [list], onEvent: (event: RunEvent) => events.push(event) });
    const ended = events.filter((event) => event.type === "node" && event.phase === "end");
    expect(ended.map((event) => (event as { name?: string }).name)).to.deep.equal([list]);
  },
  "in drawings": async (_, made) => {
    const graph = made().graph();
    for (const drawing of [graph.toMermaid(), graph.toDot()]) expect(drawing).to.be.a("string");
    expect(graph.nodes.map((node: { name: string }) => node.name)).to.have.length(5);
  },
};

describe("names of members", () => {
  for (const [use, check] of Object.entries(USES)) {
    for (const name of ODD) {
      it(`may be ${JSON.stringify(name)} ${use}`, () => check(name, () => new PIPELINES[name]!()));
    }
  }

  it("may be odd in threads, in nested pipelines and in paths", async () => {
    const expected = {
      "x y": [2, 3],
      use: { "p,q": 2, p: { q: -1 } },
      derive: [2, -1],
      both: [
        [2, -1],
        [2, -1],
      ],
    };
    const inputs = { "a,b": [1, 2] };
    expect(await new OddInThreads().run(inputs)).to.deep.equal(expected);
    expect(await new OddInThreads().run(inputs, { cache: memory() })).to.deep.equal(expected);
    const execution = { nodes: "threaded", maps: "threaded" } as const;
    expect(await new OddInThreads().run(inputs, { execution })).to.deep.equal(expected);
    const nesting = { "0": [[2, 3]], "n,m": [1, -1] };
    expect(await new OddNesting().run({ rows: [[1, 2]] })).to.deep.equal(nesting);
  });

  it("keep plans apart, however outputs are chosen", async () => {
    class Comma extends Pipeline {
      @input() x!: number;
      @node("x") a(_: number): string {
        return "a";
      }
      @node("x") b(_: number): string {
        return "b";
      }
      @node("x") "a,b"(_: number): string {
        return "both";
      }
    }
    expect(await new Comma().run({ x: 1 }, { outputs: ["a", "b"] })).to.deep.equal({ a: "a", b: "b" });
    expect(await new Comma().run({ x: 1 }, { outputs: ["a,b"] })).to.deep.equal({ "a,b": "both" });
    expect(await new Comma().run({ x: 1 }, { outputs: ["a"], given: { b: "b" } })).to.deep.equal({ a: "a" });
  });

  const ROLES: Readonly<Record<string, (name: string) => unknown>> = {
    "an input": (name) => {
      class Made extends Pipeline {
        @node() one(): number {
          return 1;
        }
      }
      input()(Made.prototype as never, name as never);
      return new Made();
    },
    "a node": (name) => {
      class Made extends Pipeline {}
      const descriptor = { value: () => 1, configurable: true, writable: true };
      // With the method in place of the base class's, as a class body has it; `constructor` has to stay for the class to be found.
      if (name !== "constructor") Object.defineProperty(Made.prototype, name, descriptor);
      node()(Made.prototype as never, name as never, descriptor as never);
      return new Made();
    },
  };
  const ofPipelines = Object.getOwnPropertyNames(Pipeline.prototype).filter((name) => name !== "constructor");
  const ofObjects = Object.getOwnPropertyNames(Object.prototype);
  const REFUSED: readonly [code: string, names: readonly string[], reason: (name: string) => string][] = [
    ["RESERVED_NAME", ofPipelines, (name) => `every pipeline has a member "${name}" of its own`],
    ["RESERVED_NAME", ofObjects, (name) => `every object has a member "${name}" of its own`],
    ["RESERVED_NAME", ["then"], () => 'an object with a member "then" is treated as a promise when it is awaited'],
    ["BAD_NAME", [""], () => "its name is empty"],
    ["BAD_NAME", ["a.b", ".", "a."], () => 'has a "."'],
    ["BAD_NAME", ["a[0]"], () => 'has a "["'],
  ];
  for (const [role, make] of Object.entries(ROLES)) {
    for (const [code, names, reason] of REFUSED) {
      it(`that ${role} can't have are refused with the reason: ${names
        .slice(0, 4)
        .map((n) => JSON.stringify(n))
        .join(", ")}`, () => {
        for (const name of names) {
          let error: unknown;
          try {
            make(name);
          } catch (thrown) {
            error = thrown;
          }
          expect(error, name).to.be.instanceOf(DefinitionError);
          const defect = (error as DefinitionError).defects.find((d) => d.code === code);
          expect(defect?.where, name).to.equal(`Made.${name}`);
          expect(defect?.problem, name).to.contain(reason(name));
          expect(defect?.advice).to.equal("Give this one another name.");
        }
      });
    }
  }

  it("are reserved as the base class is: nothing of it is missing, and its private parts are private", () => {
    expect(ofPipelines).to.have.members([
      ...["run", "map", "stream", "explain", "bind", "unbind", "with", "open", "graph", "boundInputs", "missingInputs"],
    ]);
  });

  it("are no symbols", () => {
    class Symbolic extends Pipeline {}
    expect(() => input()(Symbolic.prototype as never, Symbol("s") as never)).to.throw(DefinitionError, "symbol-named");
  });

  it("of models have no comma, which separates them in the cache", () => {
    expect(() => model({ name: "a,b" })(class Point {})).to.throw(DefinitionError, 'the name of the model is "a,b"');
  });

  it("is not constructor, in a class body that types were emitted for", () => {
    const declare = () => {
      class Made {}
      Object.defineProperty(Made.prototype, "constructor", { value: () => 1 });
      input()(Made.prototype as never, "x" as never);
    };
    expect(declare).to.throw(DefinitionError, 'every object has a member "constructor" of its own');
  });
});
