import { expect } from "chai";
import {
  type Each,
  input,
  keyv,
  mapOver,
  type Nested,
  nested,
  node,
  type Output,
  output,
  Pipeline,
  resource,
} from "../../../src/index.js";

/** What the impure nodes return. The version keeps it out of their keys. */
let state = "up";
const IMPURE = { version: 1 } as const;

class Node extends Pipeline {
  @input() x!: number;
  @node("x", IMPURE) state(x: number): string {
    return state + x;
  }
  @output("state") said(now: string): Output<string> {
    return `it is ${now}`;
  }
}

class Part extends Pipeline {
  @input() x!: number;
  @node("x", IMPURE) state(x: number): { now: { text: string } } {
    return { now: { text: state + x } };
  }
  @output("state.now.text") said(now: string): Output<string> {
    return `it is ${now}`;
  }
}

class Chain extends Pipeline {
  @input() x!: number;
  @node("x", IMPURE) state(x: number): string {
    return state + x;
  }
  @node("state") longer(now: string): string {
    return `${now}!`;
  }
  @output("longer") said(longer: string): Output<string> {
    return `it is ${longer}`;
  }
}

class Mapped extends Pipeline {
  @input() x!: number;
  @node("x") xs(x: number): number[] {
    return [x, x + 1, x];
  }
  @mapOver("xs", IMPURE) state(x: number): Each<string> {
    return (state + x) as Each<string>;
  }
  @mapOver("state") said(now: string): Each<string> {
    return `it is ${now}` as Each<string>;
  }
  @output("said") all(said: string[]): Output<string> {
    return said.join();
  }
}

class Shared extends Pipeline {
  @input() x!: number;
  @node("x") xs(x: number): number[] {
    return [x, x + 1];
  }
  @node("x", IMPURE) state(x: number): string {
    return state + x;
  }
  @mapOver("xs", "state") said(x: number, now: string): Each<string> {
    return `${x} is ${now}` as Each<string>;
  }
  @output("said") all(said: string[]): Output<string> {
    return said.join();
  }
}

class List extends Pipeline {
  @input() x!: number;
  @node("x", IMPURE) state(x: number): string[] {
    return [state, `${state}${x}`];
  }
  @mapOver("state") said(now: string): Each<string> {
    return `it is ${now}` as Each<string>;
  }
  @output("said") all(said: string[]): Output<string> {
    return said.join();
  }
}

class Built extends Pipeline {
  @input() x!: number;
  @node("x", IMPURE) state(x: number): string {
    return state + x;
  }
  @resource("state") speaker(now: string): { now: string } {
    return { now };
  }
  @output("x", "speaker") said(x: number, speaker: { now: string }): Output<string> {
    return `${x} is ${speaker.now}`;
  }
}

class Inner extends Pipeline {
  @input() x!: number;
  @output("x", IMPURE) state(x: number): Output<string> {
    return state + x;
  }
}

class Picked extends Pipeline {
  @input() x!: number;
  @nested(Inner, { x: "x" }, "state") state!: Nested<string>;
  @output("state") said(now: string): Output<string> {
    return `it is ${now}`;
  }
}

class Around extends Pipeline {
  @input() x!: number;
  @nested(Node, { x: "x" }, "said") inside!: Nested<string>;
  @output("inside") outside(inside: string): Output<string> {
    return `${inside}, they say`;
  }
}

/** A Keyv whose entries may be lost, or be others than before, between two looks at them. */
function losingKeyv() {
  const held = new Map<string, unknown>();
  const store = keyv({
    get: async (key) => held.get(key),
    set: async (key, value) => held.set(key, value),
    delete: async (key) => held.delete(key),
  });
  const nodeOf = (key: string) => (held.get(key.replace(/:value$/, "")) as { node?: string } | undefined)?.node;
  /** Removes the entries of some nodes, or their values only. */
  const lose = (isLost: (node: string | undefined) => boolean, ending: string) => {
    const lost = [...held.keys()].filter((key) => key.endsWith(ending) && isLost(nodeOf(key)));
    for (const key of lost) held.delete(key);
  };
  return { store, held, lose };
}

const isImpure = (name: string | undefined) => name === "state" || name === "inside";

describe("of a node that gives another value when it is computed again,", () => {
  for (const type of [Node, Part, Chain, Mapped, Shared, List, Built, Picked, Around]) {
    for (const [what, lose] of [
      ["was lost", undefined],
      ["was written over", "others"],
    ] as const) {
      it(`those after it never have what was made of another value, if its own ${what}: ${type.name}`, async () => {
        const { store, held, lose: loseEntries } = losingKeyv();
        const pipeline = new (type as typeof Node)();
        const computed = async (cache: typeof store | false) => JSON.stringify(await pipeline.run({ x: 1 }, { cache }));
        state = "up";
        const up = await computed(false);
        expect(await computed(store)).to.equal(up);
        // Those after it are to be computed, and what is known of the value itself is there.
        loseEntries((name) => name !== undefined && !isImpure(name), "");
        if (lose === undefined) loseEntries(isImpure, ":value");
        else {
          const other = losingKeyv();
          state = "down";
          await computed(other.store);
          for (const [key, value] of other.held) if (key.endsWith(":value") && held.has(key)) held.set(key, value);
        }
        state = "down";
        await computed(store);
        loseEntries(isImpure, "");
        state = "up";
        expect(await computed(store)).to.equal(up);
      });
    }
  }
});
