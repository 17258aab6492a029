import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { globSync } from "tinyglobby";

/** The files that mocha's configuration chooses for a command line. */
function chosenFor(...args: string[]): string[] {
  const program = `console.log(JSON.stringify(require(${JSON.stringify(path.resolve(".mocharc.cjs"))}).spec))`;
  return JSON.parse(execFileSync(process.execPath, ["-e", program, "--", ...args], { encoding: "utf8" })) as string[];
}

describe("the slow specs", () => {
  const all = globSync("spec/**/*.spec.ts");
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
  const argumentsOf = (script: string) => scripts[script]!.split(" ").map((word) => word.replaceAll(/\\"|"/g, ""));

  it("are in files that say so, or that import a module which does: those alone are loaded for them", () => {
    const chosen = chosenFor(...argumentsOf("test:slow"));
    const marked = all.filter((file) => /@slow|\bonLoopback\b/.test(readFileSync(file, "utf8")));
    expect(marked.length).to.be.above(40);
    expect(chosen).to.include.members(marked);
    expect(chosen.length).to.be.below(all.length);
  });

  it("are no reason to leave out a file where others run too", () => {
    for (const script of ["test", "test:all"]) {
      expect(chosenFor(...argumentsOf(script)), script).to.have.members(all);
    }
  });
});
