import { expect } from "chai";
import type { DetailsOf, EventInput } from "../../src/engine/lifecycle/events.js";
import { type Each, type EventOf, input, mapOver, node, Pipeline, type RunEvent, resource } from "../../src/index.js";

/** Compiles or does not: what a producer of events may emit. The compiler checks the comments. */
function emitted(): (EventInput | DetailsOf<"map">)[] {
  const about = { path: "P.a", name: "a" };
  return [
    { type: "node", phase: "end", ...about, durationMs: 1 },
    { type: "cache", phase: "hit", ...about, key: "k", bytes: 1 },
    { phase: "end", elements: 1, failed: 0, durationMs: 1 },
    // @ts-expect-error an end has a duration
    { type: "node", phase: "end", ...about },
    // @ts-expect-error which is a number
    { type: "node", phase: "end", ...about, durationMs: "1" },
    // @ts-expect-error a field is misspelt
    { type: "node", phase: "end", ...about, durationMs: 1, waitMs: 1 },
    // @ts-expect-error an element has an index
    { type: "element", phase: "start", ...about },
    // @ts-expect-error nodes do not have this phase
    { type: "node", phase: "disposed", ...about },
    // @ts-expect-error there is no such type
    { type: "step", phase: "start", ...about },
    // @ts-expect-error a failure is an error
    { type: "node", phase: "failed", ...about, error: "no", durationMs: 1 },
    // @ts-expect-error the end of a map says how many failed
    { phase: "end", elements: 1, durationMs: 1 },
  ];
}

class Parts extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs", { onError: "collect", retries: 1 }) halves(x: number): Each<number> {
    if (x === 3) throw new Error("three");
    return x / 2;
  }
  @node("xs", { retries: 1 }) count(xs: number[]): number {
    return xs.length;
  }
}

/** One resource for each way to have a label, or none. */
class Labels extends Pipeline {
  @resource() getter(): object {
    return new (class {
      get [Symbol.toStringTag]() {
        return "Encoder on cuda";
      }
    })();
  }
  @resource() async later(): Promise<object> {
    return { [Symbol.toStringTag]: "later" };
  }
  @resource() entries(): Map<string, number> {
    return new Map();
  }
  @resource() plain(): object {
    return {};
  }
  @resource() text(): object {
    return Object.create(null);
  }
  @resource() wrong(): object {
    return { [Symbol.toStringTag]: 7 };
  }
  @resource() throws(): object {
    return {
      get [Symbol.toStringTag]() {
        throw new Error("no label");
      },
    };
  }
  @node("getter", "later", "entries", "plain", "text", "wrong", "throws")
  used(..._all: object[]): number {
    return _all.length;
  }
}

describe("the events that the engine emits", () => {
  it("have the labels that resources give themselves, and none for the others", async () => {
    const labels: [string, string | undefined][] = [];
    await new Labels().run(
      {},
      {
        onEvent: (event) => {
          if (event.type === "resource" && event.phase === "end") labels.push([event.name, event.label]);
        },
      },
    );
    expect(Object.fromEntries(labels)).to.deep.equal({
      ...{ getter: "Encoder on cuda", later: "later", entries: "Map" },
      ...{ plain: undefined, text: undefined, wrong: undefined, throws: undefined },
    });
  });

  it("are checked by the compiler, field by field", () => {
    expect(emitted()).to.have.length(11);
  });

  it("have a type of their own for each phase", () => {
    const hit: EventOf<"cache", "hit">["bytes"] = 1;
    const id: EventOf<"container", "start">["id"] = "c";
    expect([hit, id]).to.deep.equal([1, "c"]);
  });

  it("have exactly their fields, of nodes and of elements, of those that end, fail and are tried again", async () => {
    const fields = new Map<string, string>();
    const onEvent = (event: RunEvent) => {
      const { run: _, at: __, type, phase, ...own } = event;
      fields.set(`${type} ${phase}`, Object.keys(own).sort().join(" "));
    };
    await new Parts().run({ xs: [1, 3] }, { onEvent, execution: { maps: "sequential" } });
    expect(Object.fromEntries(fields)).to.deep.equal({
      "run start": "inputs name path",
      "run end": "durationMs name outputs path",
      "map start": "elements name path",
      "map end": "durationMs elements failed name path",
      "node start": "name path queuedMs",
      "node end": "durationMs name path",
      "element start": "element name path",
      "element end": "durationMs element name path",
      "element retried": "attempt delayMs element error name path",
      "element failed": "durationMs element error name path",
    });
  });
});
