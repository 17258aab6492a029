import assert from "node:assert/strict";
import { InputError } from "../../src/index.js";
import { Bounded, type Document, Double, Doubles, Squares, Titles } from "./pipelines.js";

const checks: Record<string, () => Promise<void>> = {
  "single node": async () => {
    assert.deepEqual(await new Double().run({ x: 21 }), { doubled: 42 });
  },
  "map over a list": async () => {
    assert.deepEqual(await new Squares().run({ xs: [1, 2, 3] }), { sum: 14 });
  },
  "nested pipeline mapped over a list": async () => {
    assert.deepEqual(await new Doubles().run({ xs: [1, 2, 3] }), { doubles: [2, 4, 6] });
  },
  "class-validated models": async () => {
    const documents = [{ title: "a", text: "alpha" } as Document];
    assert.deepEqual(await new Titles().run({ documents }), { report: ["a: 5"] });
    await assert.rejects(new Titles().run({ documents: [{ title: "", text: "x" } as Document] }), InputError);
  },
  "execution options": async () => {
    assert.deepEqual(await new Bounded().run({ waits: [3, 3, 3, 3] }), { atOnce: 2 });
  },
};

let passed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    passed++;
    console.log(`ok      ${name}`);
  } catch (error) {
    console.log(`FAILED  ${name}: ${error}`);
  }
}
console.log(`Passed: ${passed}/${Object.keys(checks).length}`);
if (passed < Object.keys(checks).length) process.exitCode = 1;
