import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { type Executed, execute } from "../support/execute.js";
import { packedTarball } from "../support/packed.js";
import { outsideFolder } from "../support/run-folder.js";
import { toolTable } from "../support/tools.js";

/** Four lines of a pipeline: an input with a rule, a map in threads, an output, a cache. */
const PIPELINE = `import { threadId } from "node:worker_threads";
import { IsInt } from "class-validator";
import { cached, type Each, execution, input, mapOver, type Output, output, Pipeline, sqlite } from "hypernodes";

@execution({ maps: "parallel" })
@cached(sqlite("values.sqlite"))
export class Squares extends Pipeline {
  @input() @IsInt({ each: true }) xs!: number[];
  @mapOver("xs") squares(x: number): Each<{ square: number; thread: number }> { return { square: x * x, thread: threadId }; }
  @output("squares") sum(squares: { square: number }[]): Output<number> { return squares.reduce((sum, { square }) => sum + square, 0); }
}
`;
/** Runs it twice, and with a wrong input. The choices for it come from outside. */
const REPORT = `import { Squares } from "./pipeline.js";
import { threadId } from "node:worker_threads";

export async function report() {
  const pipeline = new Squares().with(JSON.parse(process.env.CHOICES ?? "{}"));
  let computed = 0;
  const onEvent = (event: { type: string; phase: string }) => { if (event.type === "element" && event.phase === "start") computed++; };
  try {
    const { sum, squares } = await pipeline.run({ xs: [1, 2, 3] }, { outputs: ["sum", "squares"] });
    const again = await pipeline.run({ xs: [1, 2, 3] }, { onEvent });
    const wrong = await pipeline.run({ xs: ["one" as never] }).catch((error: Error) => error.message);
    return { sum, again: again.sum, computed, inThreads: squares.every(({ thread }) => thread !== threadId), wrong };
  } catch (error) {
    return { code: (error as { code?: string }).code, message: (error as Error).message };
  }
}
`;
const PROGRAM = `import { report } from "./report.js";
report().then((found) => console.log(JSON.stringify(found)));
`;
const TEST = `import { report } from "./report.js";
it("runs", async () => { process.stdout.write(JSON.stringify(await report()) + "\\n"); });
`;
/** tsx takes the options only for files that the configuration names. */
const SOURCES = ["pipeline.ts", "report.ts", "program.ts"];
const ASYNC = { execution: { maps: "async" } };
const RIGHT = {
  sum: 14,
  again: 14,
  wrong: "Squares: xs: each value in xs must be an integer number: xs[0] is 'one' (isInt)",
};
const IN_THREADS = { ...RIGHT, computed: 0, inThreads: true };
const HERE = { ...RIGHT, computed: 0, inThreads: false };
const UNCACHED = { ...RIGHT, computed: 3 };
const COMPILER = {
  target: "ES2022",
  module: "NodeNext",
  strict: true,
  experimentalDecorators: true,
  outDir: "out",
  rootDir: ".",
};

/** A new project for each tool, that has installed the packed tarball, runs the same pipeline. */
describe("a project of each tool of the README's table @slow @tools", function () {
  this.timeout(900_000);
  const folders: string[] = [];
  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  /** Makes a project; if what it needs can't be had, its specs are skipped. */
  async function project(context: Mocha.Context, name: string, packages: readonly string[]): Promise<string> {
    const folder = path.join(outsideFolder(), `tool-${name}`);
    mkdirSync(folder, { recursive: true });
    folders.push(folder);
    write(folder, { "package.json": JSON.stringify({ private: true, type: "module" }), ...PLAIN });
    const given = [await packedTarball(), "class-validator", "class-transformer", "reflect-metadata", ...packages];
    const installed = await execute("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", ...given], {
      cwd: folder,
    });
    if (installed.code !== 0) skip(context, `${packages.join(", ")} can't be installed`);
    return folder;
  }
  const skip = (context: Mocha.Context, reason: string) => {
    console.log(`      skipped: ${reason}`);
    context.skip();
  };
  const PLAIN = {
    "pipeline.ts": PIPELINE,
    "report.ts": REPORT,
    "program.ts": PROGRAM,
    "tsconfig.json": JSON.stringify({ compilerOptions: COMPILER, files: SOURCES }),
  };
  const write = (folder: string, files: Record<string, string>) => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    }
  };
  const run = async (folder: string, choices: object, command: string, ...args: string[]) => {
    rmSync(path.join(folder, "values.sqlite"), { force: true });
    const env = { CHOICES: JSON.stringify(choices), NO_COLOR: "1", CI: "1", VITEST: undefined };
    return reported(await execute(command, args, { cwd: folder, env }));
  };
  const reported = ({ stdout, stderr }: Executed): Record<string, unknown> => {
    const line = stdout.split("\n").find((text) => text.startsWith("{"));
    expect(line, stdout + stderr).to.be.a("string");
    return JSON.parse(line!) as Record<string, unknown>;
  };

  it("which says what runs there", () => {
    const spaces = (text: string) => text.replace(/ +/g, " ").replace(/-{3,}/g, "---");
    expect(spaces(readFileSync("README.md", "utf8"))).to.contain(toolTable());
  });

  describe("Node with loaders and compilers", () => {
    let folder: string;
    before(async function () {
      const packages = ["typescript@6", "@types/node@20", "tsx@4", "@swc-node/register", "@swc/core", "esbuild"];
      folder = await project(this, "node", packages);
    });

    it("tsc, with skipLibCheck off, as ES modules and as CommonJS", async () => {
      for (const module of ["NodeNext", "CommonJS"]) {
        const type = module === "CommonJS" ? "commonjs" : "module";
        write(folder, {
          "package.json": readFileSync(path.join(folder, "package.json"), "utf8").replace(
            /"type":\s*"\w+"/,
            `"type": "${type}"`,
          ),
        });
        const options = { ...COMPILER, module: "Node20", types: ["node"], skipLibCheck: false };
        write(folder, { "tsconfig.json": JSON.stringify({ compilerOptions: options, files: SOURCES }) });
        const compiled = await execute("npx", ["tsc", "-p", "."], { cwd: folder });
        expect(compiled.stdout).to.equal("");
        expect(await run(folder, {}, process.execPath, "out/program.js"), module).to.deep.equal(IN_THREADS);
      }
      write(folder, {
        "package.json": readFileSync(path.join(folder, "package.json"), "utf8").replace(
          /"type":\s*"\w+"/,
          '"type": "module"',
        ),
      });
    });

    it("tsc, where a user has neither Node's types nor esnext.disposable", async () => {
      const user = `import { type Each, input, mapOver, Pipeline, progress, report, tracing } from "hypernodes";
export class Doubled extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") doubled(x: number): Each<number> { return 2 * x; }
}
export const opened = new Doubled().open();
export const doubled: Promise<{ doubled: number[] }> = opened.run({ xs: [1] }, { onEvent: [progress(), report(), tracing()] });
`;
      const options = { ...COMPILER, types: [], noEmit: true, skipLibCheck: false };
      write(folder, { "user.ts": user, "user.json": JSON.stringify({ compilerOptions: options, files: ["user.ts"] }) });
      expect((await execute("npx", ["tsc", "-p", "user.json"], { cwd: folder })).stdout).to.equal("");
    });

    it("tsx", async () => {
      expect(await run(folder, {}, "npx", "tsx", "program.ts")).to.deep.equal(IN_THREADS);
    });

    it("swc", async () => {
      const loader = ["--import", "@swc-node/register/esm-register"];
      expect(await run(folder, {}, process.execPath, ...loader, "program.ts")).to.deep.equal(IN_THREADS);
    });

    it("esbuild, one file: with a guard in threads, without one refused", async () => {
      write(folder, {
        "guarded.ts": `import { isMainThread } from "node:worker_threads";\nimport { report } from "./report.js";\nif (isMainThread) console.log(JSON.stringify(await report()));\n`,
      });
      for (const name of ["guarded", "program"]) {
        const bundling = [
          "esbuild",
          `${name}.ts`,
          "--bundle",
          "--platform=node",
          "--format=esm",
          "--packages=external",
          `--outfile=${name}.mjs`,
        ];
        const bundled = await execute("npx", bundling, { cwd: folder });
        expect(bundled.code, bundled.stderr).to.equal(0);
      }
      expect(await run(folder, {}, process.execPath, "guarded.mjs")).to.deep.equal(IN_THREADS);
      expect(await run(folder, {}, process.execPath, "program.mjs")).to.include({ code: "RUN_AT_IMPORT" });
      expect(await run(folder, ASYNC, process.execPath, "program.mjs")).to.deep.equal(HERE);
    });
  });

  describe("vitest 4", () => {
    let folder: string;
    before(async function () {
      folder = await project(this, "vitest", ["vitest@4", "unplugin-swc", "@swc/core"]);
      write(folder, {
        "squares.test.ts": `import { it } from "vitest";\n${TEST}`,
        "plain.config.ts": `export default {};\n`,
        // As in docs/testing.md.
        "setup.ts": `import { beforeEach } from "vitest";
beforeEach(({ onTestFailed }) => onTestFailed(({ task }) => task.result?.errors?.forEach((e) => e.docsUrl && console.error("See", e.docsUrl))));
`,
        "setup.config.ts": `export default { test: { setupFiles: "setup.ts", include: ["failing.ts"] } };\n`,
        "failing.ts": `import { it } from "vitest";
import { Squares } from "./pipeline.js";
it("fails", async () => { await new Squares().run({} as never); });
`,
        "swc.config.ts": `import swc from "unplugin-swc";\nexport default { plugins: [swc.vite()] };\n`,
      });
    });
    it("prints the address of an error's entry, with the setup file of the page Testing", async () => {
      const { stdout, stderr } = await execute("npx", ["vitest", "run", "--config", "setup.config.ts"], {
        cwd: folder,
      });
      expect(stdout + stderr).to.contain(
        "See https://github.com/hypernodes/hypernodes/blob/main/docs/troubleshooting.md#missing_inputs",
      );
    });
    for (const config of ["plain", "swc"]) {
      for (const pool of ["forks", "threads", "vmForks", "vmThreads"]) {
        it(`${pool}${config === "swc" ? ", with unplugin-swc" : ""}: async, cached; threads are an error that names the line`, async () => {
          const args = ["vitest", "run", "--config", `${config}.config.ts`, "--pool", pool, "--testTimeout", "60000"];
          expect(await run(folder, ASYNC, "npx", ...args)).to.deep.equal(HERE);
          isOfRunner(await run(folder, {}, "npx", ...args), "vitest");
        });
      }
    }
  });

  const isOfRunner = ({ code, message }: Record<string, unknown>, runner: string) => {
    expect(code).to.equal("NOT_IMPORTABLE");
    expect(message).to.contain(
      `${runner} transforms modules for its tests, and not for threads: in tests, keep maps and nodes in the main thread: new Squares().with({ execution: { nodes: "async", maps: "async" } })`,
    );
  };

  describe("jest 30", () => {
    let folder: string;
    const jest = (config: string, node = process.execPath, flags = ["--experimental-vm-modules"]) =>
      [node, ...flags, "node_modules/jest/bin/jest.js", "--testTimeout=60000", "--config", `${config}.json`] as const;
    before(async function () {
      folder = await project(this, "jest", ["jest@30", "@swc/jest", "@swc/core", "node@24"]);
      const transform = { "^.+\\.ts$": "@swc/jest" };
      const moduleNameMapper = { "^(\\./.*)\\.js$": "$1" };
      const jsc = {
        parser: { syntax: "typescript", decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true },
        target: "es2022",
      };
      write(folder, {
        ".swcrc": JSON.stringify({ jsc }),
        "squares.test.ts": TEST,
        "esm.json": JSON.stringify({ transform, moduleNameMapper, extensionsToTreatAsEsm: [".ts"] }),
        "cjs.json": JSON.stringify({ transform, moduleNameMapper }),
      });
    });

    it("ES modules: async, cached; threads are an error that names the line", async () => {
      expect(await run(folder, ASYNC, ...jest("esm"))).to.deep.equal(HERE);
      isOfRunner(await run(folder, {}, ...jest("esm")), "jest");
    });

    it("CommonJS, from Node 24.9 on; before, the error is ours", async () => {
      const node = path.join(folder, "node_modules", "node", "bin", "node");
      expect(await run(folder, ASYNC, ...jest("cjs", node))).to.deep.equal(HERE);
      isOfRunner(await run(folder, {}, ...jest("cjs", node)), "jest");
      const [command, ...args] = jest("cjs", node, []);
      const { code, stderr } = await execute(command, args, { cwd: folder });
      expect(code).to.equal(1);
      expect(stderr).to.contain(
        "hypernodes is an ES module, which jest can't require like this. Run it by node --experimental-vm-modules",
      );
    });
  });

  describe("package managers", () => {
    let folder: string;
    let tarball: string;
    before(async function () {
      folder = await project(this, "managers", ["pnpm@9", "@yarnpkg/cli-dist@4", "typescript@6", "@types/node@20"]);
      tarball = await packedTarball();
      expect((await execute("npx", ["tsc", "-p", ".", "--types", "node"], { cwd: folder })).stdout).to.equal("");
    });
    const MANAGERS: Record<string, { readonly tool: string; readonly rc?: string; readonly run?: readonly string[] }> =
      {
        pnpm: { tool: "pnpm/bin/pnpm.cjs" },
        "yarn, node-modules": { tool: "@yarnpkg/cli-dist/bin/yarn.js", rc: "nodeLinker: node-modules\n" },
        "yarn, PnP": { tool: "@yarnpkg/cli-dist/bin/yarn.js", rc: "nodeLinker: pnp\n", run: ["node"] },
      };
    for (const [name, { tool, rc, run: through }] of Object.entries(MANAGERS)) {
      it(name, async () => {
        const own = path.join(outsideFolder(), `tool-${name.replace(/\W+/g, "-")}`);
        folders.push(own);
        const dependencies = {
          hypernodes: `file:${tarball}`,
          "class-validator": "*",
          "class-transformer": "*",
          "reflect-metadata": "*",
        };
        write(own, { "package.json": JSON.stringify({ name: "user", private: true, type: "module", dependencies }) });
        for (const file of ["pipeline.js", "report.js", "program.js"])
          write(own, { [file]: readFileSync(path.join(folder, "out", file), "utf8") });
        if (rc !== undefined) write(own, { ".yarnrc.yml": `enableTelemetry: false\n${rc}`, "yarn.lock": "" });
        const manager = path.join(folder, "node_modules", tool);
        const registry = (await execute("npm", ["config", "get", "registry"])).stdout.trim().replace(/\/$/, "");
        const env = { YARN_NPM_REGISTRY_SERVER: registry, YARN_ENABLE_IMMUTABLE_INSTALLS: "false" };
        const installed = await execute(process.execPath, [manager, "install"], { cwd: own, env });
        expect(installed.code, installed.stdout + installed.stderr).to.equal(0);
        const args = through === undefined ? [] : [manager, ...through];
        expect(await run(own, {}, process.execPath, ...args, "program.js")).to.deep.equal(IN_THREADS);
      });
    }
  });

  for (const [name, args, tells] of [
    ["deno", ["deno", "run", "-A", "--quiet", "program.ts"], "V8's inspector, which reads the code of nodes"],
    ["bun", ["bun", "program.ts"], "V8's serializer, which the cache needs"],
  ] as const) {
    it(`${name}: async; what it lacks is one error before anything runs`, async function () {
      const folder = await project(this, name, [name]);
      const extensions = (text: string) => text.replace(/(from "\.\/\w+)\.js"/g, '$1.ts"');
      write(folder, {
        "report.ts": extensions(REPORT),
        "program.ts": extensions(PROGRAM),
        "deno.json": JSON.stringify({ nodeModulesDir: "manual", compilerOptions: { experimentalDecorators: true } }),
      });
      if ((await execute("npx", [name, "--version"], { cwd: folder })).code !== 0)
        skip(this, `${name} does not start here`);
      const uncached = { cache: false };
      expect(await run(folder, { ...uncached, ...ASYNC }, "npx", ...args)).to.deep.equal({
        ...UNCACHED,
        inThreads: false,
      });
      const refused = await run(folder, ASYNC, "npx", ...args);
      expect(refused.code).to.equal("NOT_SUPPORTED");
      expect(refused.message).to.contain(tells).and.to.contain("Run it without: { cache: false }, or under Node.");
      const threads = await run(folder, uncached, "npx", ...args);
      if (name === "deno") expect(threads).to.deep.equal({ ...UNCACHED, inThreads: true });
      else expect(threads.message).to.contain("it needs threads, and Bun").and.to.contain("V8's serializer");
    });
  }
});
