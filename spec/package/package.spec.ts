import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { expect } from "chai";
import { globSync } from "tinyglobby";
import { execute } from "../support/execute.js";
import { packedProject, packedTarball } from "../support/packed.js";

const require = createRequire(import.meta.url);
const root = process.cwd();

const PROGRAM = `
import { IsInt, Min } from "class-validator";
import { type Each, input, mapOver, type Nested, node, type Output, output, Pipeline, resource } from "hypernodes";

import { InThreads, Point } from "./in-threads.js";

class Child extends Pipeline {
  @input() text!: string;
  @input() tail?: string = "!";
  #secret = "-";
  @resource() quoter(): { quote: string } { return { quote: "'" }; }
  @node("text", "tail", "quoter") shout(text: string, tail: string, quoter: { quote: string }): string {
    return quoter.quote + this.upper(text) + this.#secret + tail + quoter.quote;
  }
  private upper(text: string): string { return text.toUpperCase(); }
}

class Parent extends Pipeline {
  @input() texts!: string[];
  @mapOver("texts", Child, { text: "texts" }, "shout") shouts!: Nested<string[]>;
}

class Squares extends Pipeline {
  @input() xs!: number[];
  @input() @IsInt() @Min(1) times?: number = 2;
  @mapOver("xs", "times") scaled(x: number, times: number): Each<number> { return x * times; }
  @output("scaled") sum(scaled: number[]): Output<number> { return scaled.reduce((a, b) => a + b, 0); }
}

const { sum } = await new Squares().run({ xs: [1, 2, 3] });
const types = typeof Reflect.getOwnMetadata("design:paramtypes", Squares.prototype, "scaled");
const wrong = await new Squares().run({ xs: [], times: 0 }).catch((error: Error) => error.message);
const { shouts } = await new Parent().run({ texts: ["a", "b"] });
const mapped = await new Parent().map({ texts: [["c"], []] }, { over: "texts" });
const { points, thread } = await new InThreads().run({ xs: [1, 2, 3] });
const away = [points.every((point) => point instanceof Point), points.map((point) => point.x), thread.every((t) => t > 0)];
const failed = await new InThreads().run({ xs: [1, -2] }).catch((error: Error) => error);
const at = /in-threads[.]ts:\\d+/.exec(((failed as Error).cause as Error).stack!)?.[0];
console.log(JSON.stringify({ sum, types, wrong, shouts, mapped, away, at, message: (failed as Error).message }));
`;
const IN_THREADS = `import { threadId } from "node:worker_threads";
import { type Each, execution, input, mapOver, model, Pipeline } from "hypernodes";

@model()
export class Point {
  constructor(readonly x: number) {}
}

@execution({ maps: "parallel" })
export class InThreads extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") points(x: number): Each<Point> {
    if (x < 0) throw new RangeError("no negative numbers");
    return new Point(x);
  }
  @mapOver("points") thread(_point: Point): Each<number> {
    return threadId;
  }
}
`;
const PRINTED = {
  sum: 12,
  wrong: "Squares: times: times must not be less than 1 (min)",
  shouts: ["'A-!'", "'B-!'"],
  mapped: [{ shouts: ["'C-!'"] }, { shouts: [] }],
  away: [true, [1, 2, 3], true],
  at: "in-threads.ts:13",
  message: "InThreads.points[1]: failed with RangeError: no negative numbers\n  given xs = -2",
};

/** Names what browsers and Node have, and the language has not. */
const NO_LIBRARY = `
import { currentRun, type Each, input, mapOver, Pipeline, sqlite } from "hypernodes";
class Words extends Pipeline {
  @input() texts!: string[];
  @mapOver("texts") length(text: string): Each<number> {
    return currentRun().signal.aborted ? 0 : text.length;
  }
}
await new Words().run({ texts: ["a"] }, { cache: sqlite("cache.sqlite"), signal: currentRun().signal });
`;

/** The packed tarball, installed in an empty folder: what a user gets. */
describe("the package @slow", () => {
  let folder: string;
  const inFolder = (command: string, ...args: string[]) => execute(command, args, { cwd: folder });
  const tool = (name: string) => path.join(root, "node_modules", ".bin", name);
  const config = (options: object) =>
    writeFileSync(
      path.join(folder, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          target: "ES2022",
          module: "NodeNext",
          strict: true,
          experimentalDecorators: true,
          emitDecoratorMetadata: true,
          outDir: "out",
          rootDir: ".",
          types: ["node"],
          typeRoots: [path.join(root, "node_modules", "@types")],
          sourceMap: true,
          lib: ["ES2023", "ESNext.Disposable", "DOM"],
          ...options,
        },
        include: ["main.ts", "in-threads.ts"],
      }),
    );

  before(async () => {
    // Others work in the same project: its folder has no tsconfig.json.
    folder = path.join(await packedProject(), "programs");
    mkdirSync(folder);
    writeFileSync(path.join(folder, "package.json"), JSON.stringify({ type: "module" }));
    writeFileSync(path.join(folder, "main.ts"), PROGRAM);
    writeFileSync(path.join(folder, "in-threads.ts"), IN_THREADS);
  });
  it("has only what it needs", () => {
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as Record<
      string,
      object
    >;
    expect(optionalDependencies).to.have.all.keys("@photostructure/sqlite", "@viz-js/viz");
    expect(dependencies).to.have.all.keys(
      "cli-table3",
      "commander",
      "get-tsconfig",
      "js-tokens",
      "leven",
      "log-update",
      "meriyah",
      "picocolors",
      "piscina",
      "string-width",
      "tinyglobby",
    );
  });

  it("names the pages of its source, its documents and its issues", async () => {
    const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Record<string, unknown>;
    const { url } = manifest.repository as { url: string };
    const site = /^git\+(https:\/\/.*)\.git$/.exec(url)![1];
    expect(manifest).to.include({ homepage: `${site}#readme`, bugs: `${site}/issues` });
    // The registry's page resolves them in the repository: each must be there.
    const links = [...readFileSync("README.md", "utf8").matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(
      ([, to]) => to!,
    );
    expect(links).to.include("docs/tutorial.md");
    expect(links.filter((link) => !existsSync(link))).to.deep.equal([]);
  });

  it("holds what it needs to run, and nothing else", async () => {
    const { stdout } = await execute("tar", ["-tzf", await packedTarball()]);
    const files = stdout
      .trim()
      .split("\n")
      .map((file) => file.replace(/^package\//, ""));
    const sources = globSync("src/**/*.ts", { ignore: ["src/view/client/**", "src/**/*.d.ts"] }).map((file) =>
      file.slice("src/".length, -".ts".length),
    );
    const declarations = sources.map((file) => `dist/${file}.d.ts`);
    expect(files).to.include.members([...declarations, "dist/chunks/core.js"]);
    const others = files.filter((file) => !declarations.includes(file) && !/^dist\/chunks\/[\w-]+\.js$/.test(file));
    expect(others.sort()).to.deep.equal([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      ...["cli/main", "engine/worker/thread-entry", "engine/worker/worker", "index"].map((file) => `dist/${file}.js`),
      ...["placement/runtime/supervisor", "placement/runtime/task-process"].map((file) => `dist/${file}.js`),
      "dist/require.cjs",
      "dist/view/page/client.js",
      "package.json",
      "tsconfig.pipeline.json",
    ]);
  });

  for (const useDefineForClassFields of [true, false]) {
    for (const compiler of ["typescript", "typescript-7"]) {
      it(`runs as plain ${compiler} output, useDefineForClassFields ${useDefineForClassFields}`, async () => {
        // The setting means nothing to declarations: they are checked once.
        config({ useDefineForClassFields, skipLibCheck: !useDefineForClassFields });
        const tsc = path.join(path.dirname(require.resolve(`${compiler}/package.json`)), "bin", "tsc");
        const compiled = await inFolder(process.execPath, tsc, "-p", ".");
        expect(compiled.stdout).to.equal("");
        const { stdout, stderr } = await inFolder(process.execPath, "--enable-source-maps", "out/main.js");
        expect(stderr).to.equal("");
        expect(JSON.parse(stdout)).to.deep.equal({ ...PRINTED, types: "object" });
      });
    }
  }

  for (const compiler of ["typescript", "typescript-7"]) {
    it(`has compiler options that the tsconfig.json of a project extends: ${compiler}`, async () => {
      const project = path.join(folder, `extends-${compiler}`);
      mkdirSync(project);
      writeFileSync(path.join(project, "tsconfig.json"), '{ "extends": "hypernodes/tsconfig.pipeline.json" }');
      const [, first] = /^```ts\n([\s\S]*?)^```$/m.exec(readFileSync("README.md", "utf8"))!;
      writeFileSync(path.join(project, "first.ts"), first!);
      const tsc = path.join(path.dirname(require.resolve(`${compiler}/package.json`)), "bin", "tsc");
      const { stdout } = await execute(process.execPath, [tsc, "-p", project]);
      expect(stdout).to.equal("");
      expect((await execute(process.execPath, [path.join(project, "first.js")])).stdout).to.equal("{ total: 5 }\n");
    });
  }

  it("has declarations that need no library but the language's, and go with each of them (table)", async () => {
    const project = path.join(folder, "libraries");
    mkdirSync(project);
    writeFileSync(path.join(project, "main.ts"), NO_LIBRARY);
    const tsc = path.join(path.dirname(require.resolve("typescript-7/package.json")), "bin", "tsc");
    for (const lib of [["ES2022"], ["ES2022", "DOM"], ["ESNext"], ["ESNext", "WebWorker"]]) {
      for (const types of [[], ["node"]]) {
        const typeRoots = [path.join(root, "node_modules", "@types")];
        const compilerOptions = {
          ...{ target: "ES2022", module: "NodeNext", strict: true, noEmit: true, lib, types },
          typeRoots,
        };
        const options = { ...compilerOptions, experimentalDecorators: true, emitDecoratorMetadata: true };
        writeFileSync(
          path.join(project, "tsconfig.json"),
          JSON.stringify({ compilerOptions: options, files: ["main.ts"] }),
        );
        expect((await execute(process.execPath, [tsc, "-p", project])).stdout, `${lib} ${types}`).to.equal("");
      }
    }
  });

  it("runs under swc, with metadata", async () => {
    config({});
    const { stdout, stderr } = await inFolder(
      process.execPath,
      "--enable-source-maps",
      "--import",
      "@swc-node/register/esm-register",
      "main.ts",
    );
    expect(stderr).to.equal("");
    expect(JSON.parse(stdout)).to.deep.equal({ ...PRINTED, types: "object" });
  });

  it("runs under tsx, which emits no metadata", async () => {
    config({});
    const { stdout, stderr } = await inFolder("npx", "tsx", "main.ts");
    expect(stderr).to.equal("");
    expect(JSON.parse(stdout)).to.deep.equal({ ...PRINTED, types: "undefined" });
  });

  it("runs on threads in a CommonJS project, under tsx and swc", async () => {
    const project = path.join(folder, "commonjs");
    mkdirSync(project);
    writeFileSync(path.join(project, "package.json"), JSON.stringify({ type: "commonjs" }));
    const compilerOptions = { target: "ES2022", module: "CommonJS", experimentalDecorators: true };
    writeFileSync(path.join(project, "tsconfig.json"), JSON.stringify({ compilerOptions }));
    writeFileSync(path.join(project, "in-threads.ts"), IN_THREADS);
    writeFileSync(
      path.join(project, "main.ts"),
      `import { InThreads, Point } from "./in-threads";
new InThreads().run({ xs: [1, 2] }).then(({ points, thread }) => {
  console.log(points.every((point) => point instanceof Point), thread.every((t) => t > 0));
});`,
    );
    for (const loader of [
      ["--import", "tsx"],
      ["--require", "@swc-node/register"],
    ]) {
      const { stdout, stderr } = await execute(process.execPath, [...loader, "main.ts"], { cwd: project });
      expect({ stdout, stderr }).to.deep.equal({ stdout: "true true\n", stderr: "" });
    }
  });

  it("says why a thread can't read what a test runner transforms in its own process", async () => {
    config({});
    writeFileSync(
      path.join(folder, "runner.mjs"),
      `import { register } from "node:module";
import { isMainThread } from "node:worker_threads";
if (isMainThread) register("@swc-node/register/esm", import.meta.url);
const { InThreads } = await import("./in-threads.ts");
await new InThreads().run({ xs: [1] }).catch((error) => console.log(error.message));`,
    );
    const { stdout } = await inFolder(process.execPath, "runner.mjs");
    expect(stdout).to.match(/^InThreads: a thread can't import .*in-threads.ts, which defines the class: \w*Error/);
    expect(stdout).to.contain("compile the module first, or start Node with its loader.");
  });

  it("says what to set where decorators are compiled by the standard", async () => {
    config({ experimentalDecorators: false, emitDecoratorMetadata: false });
    const { stderr, code } = await inFolder("npx", "tsx", "main.ts");
    expect(code).to.equal(1);
    expect(stderr).to.contain('Set "experimentalDecorators": true in the tsconfig.json');
  });

  it("passes publint and are-the-types-wrong", async () => {
    const tarball = await packedTarball();
    const linted = await execute(tool("publint"), ["--strict", tarball], { cwd: folder });
    expect(linted.code, linted.stdout).to.equal(0);
    // What require() gives is the ES module itself (src/require.cjs), as its types say.
    const ESM = ["--profile", "esm-only", "--ignore-rules", "false-esm"];
    const checked = await execute(tool("attw"), [tarball, ...ESM], { cwd: folder });
    expect(checked.code, checked.stdout).to.equal(0);
  });
});
