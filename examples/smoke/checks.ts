import assert from "node:assert/strict";
import { InputError, type PipelineOptions } from "../../src/index.js";
import type { Checks } from "../checks.js";
import { Bounded, type Document, Double, Doubles, Squares, Titles } from "./pipelines.js";

/** What works wherever pipelines run. */
export function smokeChecks(choices: Pick<PipelineOptions, "runOn">): Checks {
  return {
    "single node": async () => {
      assert.deepEqual(await new Double().run({ x: 21 }, choices), { doubled: 42 });
    },
    "map over a list": async () => {
      assert.deepEqual(await new Squares().run({ xs: [1, 2, 3] }, choices), { sum: 14 });
    },
    "nested pipeline mapped over a list": async () => {
      assert.deepEqual(await new Doubles().run({ xs: [1, 2, 3] }, choices), { doubles: [2, 4, 6] });
    },
    "class-validated models": async () => {
      const documents = [{ title: "a", text: "alpha" } as Document];
      assert.deepEqual(await new Titles().run({ documents }, choices), { report: ["a: 5"] });
      const untitled = [{ title: "", text: "x" } as Document];
      await assert.rejects(new Titles().run({ documents: untitled }, choices), InputError);
    },
    "execution options": async () => {
      assert.deepEqual(await new Bounded().run({ waits: [3, 3, 3, 3] }, choices), { atOnce: 2 });
    },
  };
}
