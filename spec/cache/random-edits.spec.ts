import { expect } from "chai";
import { LOADERS, type Loader, runEdited } from "../support/edited-projects.js";
import { randomProjects } from "../support/random-projects.js";

/** For each loader. Starting its two processes takes as long as ten of them. */
const PROJECTS = 25;

async function differences(loader: Loader, seed: number): Promise<string[]> {
  const projects = randomProjects(seed, PROJECTS);
  const outcomes = await runEdited(loader, projects);
  return projects.flatMap(({ name, change, before, after }) =>
    Object.entries(outcomes.get(name)!).flatMap(([when, { failure, wrong, warnings, computed }]) => {
      const isNeedless = when === "after" && change.what === "comment" && computed?.length !== 0;
      if (failure === undefined && wrong.length === 0 && warnings.length === 0 && !isNeedless) return [];
      const edited = Object.keys(before).filter((file) => before[file] !== after[file]);
      const texts = edited.map((file) => `${file}:\n${before[file]}\nbecomes:\n${after[file]}`);
      const said = failure ?? `wrong: ${wrong}; computed: ${computed}; warned: ${warnings}`;
      return [`seed ${seed}, ${name}, ${when} the edit "${change.what}": ${said}\n${texts.join("\n")}`];
    }),
  );
}

describe("after a random edit of a random project, each value from the cache is the value without one (property)", () => {
  for (const loader of LOADERS) {
    const title = loader === "esm" ? `with ${loader}` : `with ${loader} @slow`;
    it(title, async () => {
      expect(await differences(loader, Math.floor(Math.random() * 2 ** 31))).to.deep.equal([]);
    }).timeout(600_000);
  }
});
