import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { expect } from "chai";
import { input, node, Pipeline } from "../../src/index.js";
import { warningsOf } from "../support/warnings.js";

const require = createRequire(import.meta.url);
const installed = (name: string) => path.dirname(require.resolve(`${name}/package.json`));

describe("a second copy", () => {
  let folder: string;
  before(() => {
    // Inside of the project: the packages that the copies need are found there.
    mkdirSync(".cache", { recursive: true });
    folder = mkdtempSync(path.resolve(".cache/second-copies-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  const copyOf = (name: string) => {
    const copy = path.join(folder, "node_modules", name);
    for (const part of ["package.json", "cjs"]) {
      cpSync(path.join(installed(name), part), path.join(copy, part), { recursive: true });
    }
    return createRequire(path.join(folder, "pipeline.js"))(name) as Record<
      string,
      (...about: any[]) => PropertyDecorator
    >;
  };
  /** A new class each time: the first run of a class looks. */
  const run = (decorators: readonly PropertyDecorator[]) => {
    class Copied extends Pipeline {
      @input() x!: number;
      @node("x") y(x: number): number {
        return x;
      }
    }
    for (const decorate of decorators) decorate(Copied.prototype, "x");
    return warningsOf(() => new Copied().run({ x: 1 }));
  };
  const place = (name: string) => `${path.relative(process.cwd(), folder)}/node_modules/${name} (`;

  it("of class-transformer or class-validator is one warning, with name and place", async () => {
    expect(await run([])).to.deep.equal([]);
    const { Type } = copyOf("class-transformer");
    expect(await run([])).to.deep.equal([]);
    const [warning, ...others] = await run([Type!(() => Number)]);
    expect(others).to.deep.equal([]);
    expect(warning).to.match(
      /^HypernodesWarning: class-transformer is installed twice: hypernodes uses node_modules\/class-transformer \(/,
    );
    expect(warning).to.contain(`the project ${place("class-transformer")}`);
    expect(await run([Type!(() => Number)])).to.deep.equal([]);
    const { IsInt } = copyOf("class-validator");
    expect((await run([IsInt!()])).join("\n")).to.contain(`class-validator is installed twice`);
    expect(await run([IsInt!()])).to.deep.equal([]);
  });
});
