import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { built } from "../support/built.js";
import { newFolder } from "../support/caches.js";
import { execute } from "../support/execute.js";
import { transpiled } from "../support/swc-hooks.mjs";

/** The files of a project that are changed while its process lives, with their content for a factor. */
const FILES = {
  "helper.js": (factor: number) => `export const helped = (x) => x * ${factor};`,
  "lazy.js": (factor: number) => `export const lazy = (x) => x * ${factor};`,
  "node_modules/packaged/inner.js": (factor: number) => `export const inner = (x) => x * ${factor};`,
};
type File = keyof typeof FILES;

const PIPELINE = `
import { type Each, execution, input, mapOver, type Nested, nested, node, Pipeline } from "LIBRARY";
import { packaged } from "packaged";
import { helped } from "./helper.js";
@execution({})
export class Inner extends Pipeline {
  @input() y!: number;
  @node("y") inner(y: number): number { return helped(y); }
}
@execution({})
export class P extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") each(x: number): Each<number> { return helped(x); }
  @node("xs") one(xs: number[]): number { return helped(xs[0]!); }
  @node("xs") async before(xs: number[]): Promise<number> {
    await (globalThis as { inTheMiddle?: () => void }).inTheMiddle?.();
    return xs.length;
  }
  @node("before") async late(before: number): Promise<number> { return (await import("./lazy.js")).lazy(before); }
  @node("before") ofPackage(before: number): number { return packaged(before); }
  @nested(Inner, { y: "before" }, "inner") nested!: Nested<number>;
}`;

const MAIN = `
import { writeFileSync } from "node:fs";
import { localProcess, sqlite } from "LIBRARY";
import { P } from "./pipeline.js";
const { how, cached, edit, when } = JSON.parse(process.argv[2]);
const threads = { nodes: "parallel", maps: "parallel", maxWorkers: 2 };
const options = {
  here: {}, threads: { execution: threads },
  host: { runOn: localProcess() }, hosts: { runOn: localProcess({ maxProcesses: 2 }) },
}[how];
const change = () => writeFileSync(edit.file, edit.content);
if (when === "before") change();
if (when === "within") globalThis.inTheMiddle = change;
const computed = [];
const onEvent = ({ type, phase, name }) => { if ((type === "node" || type === "element") && phase === "start") computed.push(name); };
const cache = cached ? sqlite("values.sqlite") : false;
const outputs = await new P().run({ xs: [1, 2, 3] }, { ...options, cache, onEvent });
console.log(JSON.stringify({ outputs, computed }));`;

interface Edit {
  readonly file: File;
  readonly when: "before" | "within";
}

describe("a file that changes while a process lives that may have loaded it", () => {
  let folder: string;
  before(() => {
    folder = newFolder("changed-files");
    const library = pathToFileURL(built("src/index.ts")).href;
    const write = (name: string, content: string) => {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), content.replaceAll("LIBRARY", library));
    };
    write("package.json", `{ "name": "changed-files", "type": "module" }`);
    write("node_modules/packaged/package.json", `{ "name": "packaged", "type": "module", "main": "index.js" }`);
    write(
      "node_modules/packaged/index.js",
      `import { inner } from "./inner.js"; export const packaged = (x) => inner(x);`,
    );
    write("pipeline.js", transpiled(PIPELINE, path.join(folder, "pipeline.ts")));
    write("main.js", MAIN);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const setAll = (factor: number) => {
    for (const [file, content] of Object.entries(FILES)) writeFileSync(path.join(folder, file), content(factor));
  };
  const run = async (how: string, cached: boolean, edit?: Edit) => {
    const args = { how, cached, when: edit?.when, edit: edit && { file: edit.file, content: FILES[edit.file](7) } };
    const { code, stdout, stderr } = await execute(process.execPath, ["main.js", JSON.stringify(args)], {
      cwd: folder,
    });
    expect({ code, stderr: code === 0 ? "" : stderr }).to.deep.equal({ code: 0, stderr: "" });
    return { ...(JSON.parse(stdout) as { outputs: unknown; computed: string[] }), stderr };
  };

  for (const [how, edit, node] of [
    ["threads", { file: "helper.js", when: "before" }, "each"],
    ["host", { file: "helper.js", when: "before" }, "each"],
    ["hosts", { file: "helper.js", when: "before" }, "each"],
    ["here", { file: "lazy.js", when: "before" }, "late"],
    ["here", { file: "lazy.js", when: "within" }, "late"],
    ["host", { file: "lazy.js", when: "before" }, "late"],
    ["here", { file: "node_modules/packaged/inner.js", when: "before" }, "ofPackage"],
    ["threads", { file: "node_modules/packaged/inner.js", when: "before" }, "ofPackage"],
  ] as const satisfies readonly (readonly [string, Edit, string])[]) {
    it(`has no values in the store: ${edit.file}, changed ${edit.when} the run, ${how} @slow`, async () => {
      rmSync(path.join(folder, "values.sqlite"), { force: true });
      setAll(2);
      const { stderr } = await run(how, true, edit);
      expect(stderr).to.match(
        new RegExp(`P\\.${node} is not cached: .*\\b${path.basename(edit.file)} was changed after`),
      );
      for (const factor of [2, 7]) {
        setAll(factor);
        expect((await run("here", true)).outputs, String(factor)).to.deep.equal((await run("here", false)).outputs);
      }
    });
  }

  for (const how of ["threads", "host", "hosts"]) {
    it(`does not if nothing changes: everything is known, ${how} @slow`, async () => {
      rmSync(path.join(folder, "values.sqlite"), { force: true });
      setAll(3);
      expect((await run(how, true)).stderr).to.equal("");
      expect(await run("here", true)).to.deep.include({ computed: [], stderr: "" });
    });
  }
});
