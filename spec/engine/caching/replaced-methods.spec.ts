import { expect } from "chai";
import {
  type Each,
  input,
  mapOver,
  memory,
  type Nested,
  nested,
  node,
  Pipeline,
  resource,
} from "../../../src/index.js";

/** Pipelines whose result is made by one method, and how that is replaced. */
function cases(): Record<string, { make: () => Pipeline; replace: () => void }> {
  class OfNode extends Pipeline {
    @input() x!: number;
    @node("x") y(x: number): string {
      return `old ${x}`;
    }
  }
  class OfElements extends Pipeline {
    @input() x!: number;
    @node("x") list(x: number): number[] {
      return [x, x + 1];
    }
    @mapOver("list") y(each: number): Each<string> {
      return `old ${each}`;
    }
  }
  class OfResource extends Pipeline {
    @input() x!: number;
    @resource() label(): { text: string } {
      return { text: "old" };
    }
    @node("x", "label") y(x: number, label: { text: string }): string {
      return `${label.text} ${x}`;
    }
  }
  class OfNested extends Pipeline {
    @input() x!: number;
    @nested(OfNode, { x: "x" }, "y") y!: Nested<string>;
  }
  const replaceIn = (type: typeof Pipeline, name: string, by: (...args: never[]) => unknown) => () => {
    (type.prototype as unknown as Record<string, unknown>)[name] = by;
  };
  return {
    "of a node": { make: () => new OfNode(), replace: replaceIn(OfNode, "y", (x: number) => `new ${x}`) },
    "of a map": { make: () => new OfElements(), replace: replaceIn(OfElements, "y", (x: number) => `new ${x}`) },
    "of a resource": {
      make: () => new OfResource(),
      replace: replaceIn(OfResource, "label", () => ({ text: "new" })),
    },
    "of a nested pipeline": {
      make: () => new OfNested(),
      replace: replaceIn(OfNode, "y", (x: number) => `new ${x}`),
    },
  };
}

describe("a method that is replaced while a run begins", () => {
  for (const what of Object.keys(cases()))
    for (const type of ["run", "node", "element"])
      it(`is none that has computed what is cached: ${what}, at the start of a ${type}`, async () => {
        const { make, replace } = cases()[what]!;
        const cache = memory();
        const run = async (options: object) =>
          (
            await (make() as unknown as { run(given: object, options: object): Promise<{ y: unknown }> }).run(
              { x: 1 },
              options,
            )
          ).y;
        const onEvent = (event: { type: string; phase?: string }) => {
          if (event.type === type && event.phase === "start") replace();
        };
        await run({ cache, onEvent });
        replace();
        expect(await run({ cache })).to.deep.equal(await run({ cache: false }));
        expect(JSON.stringify(await run({ cache }))).to.contain("new");
      });
});
