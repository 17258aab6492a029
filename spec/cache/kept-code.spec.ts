import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { DatabaseSync } from "@photostructure/sqlite";
import { expect } from "chai";
import { READING_MODULES } from "../../src/cache/code/saved-forms.js";
import { built } from "../support/built.js";
import { newFolder } from "../support/caches.js";
import { execute } from "../support/execute.js";

describe("what scripts say", () => {
  let folder: string;
  before(() => {
    folder = newFolder("kept-code");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("is read once, and kept beside the values for the next process, which comes to the same keys", async () => {
    const file = path.join(folder, "values.sqlite");
    const run = async () => {
      const { stdout, stderr } = await execute(process.execPath, [built("spec/support/kept-code-client.ts"), file]);
      expect(stderr).to.equal("");
      return JSON.parse(stdout) as { y: number; computed: number; read: number };
    };
    // A callback, which it keeps, is read when it is asked for.
    expect(await run()).to.deep.equal({ y: 42, computed: 1, read: 2 });
    expect(await run()).to.deep.equal({ y: 42, computed: 0, read: 0 });
    // Of another hypernodes, it is read anew, to the same keys.
    const database = new DatabaseSync(file);
    const { changes } = database.prepare("DELETE FROM entries WHERE kind = 4").run();
    database.close();
    expect(changes).to.be.greaterThan(0);
    expect(await run()).to.deep.equal({ y: 42, computed: 0, read: 2 });
    expect(await run()).to.deep.equal({ y: 42, computed: 0, read: 0 });
  });
});

describe("the hash of the code that reads scripts", () => {
  it("covers each module that the analysis is made of", () => {
    const found = new Set<string>();
    const add = (name: string): void => {
      if (found.has(name)) return;
      found.add(name);
      const text = readFileSync(`src/cache/code/${name}.ts`, "utf8");
      for (const [, imported] of text.matchAll(/from "\.\/([\w-]+)\.js"/g)) add(imported!);
      expect(text).to.not.match(/from "\.\.\//);
    };
    add("analysis");
    expect([...found].sort()).to.deep.equal(READING_MODULES);
  });
});

describe("code in a realm of its own, as jest and vitest have it", () => {
  it("is read there, with what it has of the first realm, and functions of modules in a wrapper are found", async () => {
    const store = path.join(newFolder("realm"), "values.sqlite");
    const index = pathToFileURL(built("src/index.ts")).href;
    const run = async (scale: number, ...patch: string[]) => {
      const flags = ["--experimental-vm-modules", "--no-warnings=ExperimentalWarning"];
      const { stdout, stderr } = await execute(process.execPath, [
        ...flags,
        "spec/support/realm.mjs",
        index,
        store,
        `${scale}`,
        ...patch,
      ]);
      expect(stderr).to.not.contain("HypernodesWarning");
      return JSON.parse(stdout) as unknown;
    };
    expect(await run(2)).to.deep.equal({ y: 42, computed: 1 });
    expect(await run(2)).to.deep.equal({ y: 42, computed: 0 });
    expect(await run(3)).to.deep.equal({ y: 63, computed: 1 });
    expect(await run(2)).to.deep.equal({ y: 42, computed: 0 });
    expect(await run(2, "1")).to.deep.equal({ y: 43, computed: 1 });
    expect(await run(2, "1")).to.deep.equal({ y: 43, computed: 0 });
    expect(await run(2, "2")).to.deep.equal({ y: 44, computed: 1 });
  });
});
