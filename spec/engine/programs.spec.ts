import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { built } from "../support/built.js";
import { newFolder } from "../support/caches.js";
import { type Executed, execute, LOADER } from "../support/execute.js";
import { transpiled } from "../support/swc-hooks.mjs";

/** A program whose class is in its own file. Its effect, a line in a file, comes before it runs anything. */
describe("a program whose class threads would import runs once", () => {
  let folder: string;
  const index = built("src/index.ts");
  const HEAD = `import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isMainThread, threadId, Worker } from "node:worker_threads";
import { type Each, execution, input, mapOver, Nested, nested, node, Pipeline } from "${pathToFileURL(index).href}";
`.replace("Nested, nested", "type Nested, nested");
  const DOUBLE = `@execution({ maps: "parallel" })
export class Double extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") doubled(x: number): Each<number> { return x * 2; }
}
`;
  /** Its elements are under way while a module goes on with what it does by itself. */
  const SLOW = DOUBLE.replace(
    "Each<number> { return x * 2; }",
    "Promise<Each<number>> { return sleep(500).then(() => x * 2); }",
  );
  const EFFECT = `appendFileSync(new URL("effects.txt", import.meta.url), "effect\\n");
`;
  const RUN = `console.log((await new Double().run({ xs: [1, 2, 3] })).doubled.join());
`;
  const CAUGHT = `await new Double().run({ xs: [1, 2, 3] }).catch((error) => console.log(error.code));
`;
  const MAIN = `async function main() {
  await sleep(1);
${EFFECT}${RUN}}
`;
  /** Writes it, as JavaScript if its name says so. */
  const write = (name: string, text: string) => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, name.endsWith(".ts") ? text : transpiled(text, file));
    return file;
  };
  const run = (file: string, ...options: string[]): Promise<Executed> =>
    execute(process.execPath, [...options, ...(file.endsWith(".ts") ? LOADER : []), file]);
  const effects = () => {
    const file = path.join(folder, "effects.txt");
    return existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0;
  };
  beforeEach(() => {
    folder = newFolder("programs");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** What is printed where the run is refused: nothing, and an error that says what to do. */
  const isRefused = ({ code, stdout, stderr }: Executed, file: string, pipeline = "Double") => {
    expect({ code, stdout }, stderr).to.deep.equal({ code: 1, stdout: "" });
    expect(stderr).to.contain(
      `${pipeline}: its class is in ${path.relative(process.cwd(), file).split(path.sep).join("/")}, which is the program itself: each thread would import it and run the program again. Put the class into a module of its own; or let the program continue only in the main thread: import { isMainThread } from "node:worker_threads" and if (isMainThread) await main().`,
    );
  };

  const UNGUARDED: Record<string, string> = {
    "awaits at top level": `await sleep(1);\n${EFFECT}${RUN}`,
    "calls main()": `${MAIN}void main();\n`,
    "calls main().catch": `${MAIN}main().catch((error) => { console.error(error.message); process.exitCode = 1; });\n`,
    "calls a function of another name, in a promise's then": `${MAIN.replace("main", "begin")}Promise.resolve().then(begin);\n`,
    "runs when a timer fires": `${MAIN}setTimeout(main, 5);\n`,
    "runs in an immediately called function": `(async () => {\n${EFFECT}${RUN}})();\n`,
    "runs what the class does not say, but the run": `${EFFECT}await new Double().with({ execution: { nodes: "threaded" } }).map({ xs: [[1]] }, { over: "xs" });\n`,
    streams: `${EFFECT}for await (const _ of new Double().stream({ xs: [[1]] }, { over: "xs" })) console.log("a result");\n`,
  };
  for (const [what, text] of Object.entries(UNGUARDED)) {
    it(`and is refused before a thread begins, where it ${what}`, async () => {
      const file = write("program.mjs", HEAD + DOUBLE + text);
      isRefused(await run(file), file);
      expect(effects()).to.equal(1);
    });
  }

  it("and is refused where it is TypeScript, or was started by a folder, a link or a name without its extension", async () => {
    const ts = write("program.ts", HEAD + DOUBLE + UNGUARDED["calls main()"]);
    isRefused(await run(ts), ts);
    writeFileSync(path.join(folder, "package.json"), JSON.stringify({ type: "module" }));
    const js = write("app/index.js", HEAD + DOUBLE + UNGUARDED["calls main()"]!.replace("effects", "../effects"));
    symlinkSync(js, path.join(folder, "link.mjs"));
    isRefused(await run(path.join(folder, "link.mjs")), js);
    writeFileSync(path.join(folder, "package.json"), "{}");
    const cjs = path.join(folder, "cjs", "index.js");
    mkdirSync(path.dirname(cjs));
    writeFileSync(
      cjs,
      commonJs(`void (async () => { ${EFFECT_CJS} console.log(await new Double().run({ xs: [1] })); })();`),
    );
    for (const name of [path.dirname(cjs), cjs.replace(".js", "")]) isRefused(await run(name), cjs);
    expect(effects()).to.equal(4);
  });

  const EFFECT_CJS = `require("node:fs").appendFileSync(require("node:path").join(__dirname, "../effects.txt"), "effect\\n");`;
  const commonJs = (text: string) => `const { Pipeline, input, mapOver, execution } = require(${JSON.stringify(index)});
class Double extends Pipeline { doubled(x) { return x * 2; } }
Reflect.decorate([input()], Double.prototype, "xs");
Reflect.decorate([mapOver("xs")], Double.prototype, "doubled", Object.getOwnPropertyDescriptor(Double.prototype, "doubled"));
Reflect.decorate([execution({ maps: "parallel" })], Double);
module.exports = { Double };
${text}`;

  it("and is refused where it is one file that esbuild made of many, or they are one file and it", async () => {
    const { build } = await import("esbuild");
    write("double.ts", HEAD + DOUBLE);
    const main = write("main.ts", `import { Double } from "./double.js";\n${HEAD}${UNGUARDED["calls main()"]}`);
    const tsconfigRaw = { compilerOptions: { experimentalDecorators: true } };
    for (const format of ["esm", "cjs"] as const) {
      const outfile = path.join(folder, format === "esm" ? "bundle.mjs" : "bundle.cjs");
      const define = format === "cjs" ? { "import.meta.url": "URL_HERE" } : {};
      const banner =
        format === "cjs" ? { js: 'const URL_HERE = require("node:url").pathToFileURL(__filename).href;' } : {};
      await build({
        ...{
          entryPoints: [main],
          outfile,
          bundle: true,
          platform: "node",
          format,
          tsconfigRaw,
          define,
          banner,
          logLevel: "error",
        },
        plugins: [
          {
            name: "external",
            setup: ({ onResolve }) => onResolve({ filter: /index\.js$/ }, () => ({ path: index, external: true })),
          },
        ],
      });
      isRefused(await run(outfile), outfile);
    }
    expect(effects()).to.equal(2);
  });

  it("and is refused where it is a server that runs it for each request", async () => {
    const file = write(
      "server.mjs",
      `${HEAD}import http from "node:http";
${DOUBLE}
${EFFECT}
const server = http.createServer(async (_, response) => {
  const text = await new Double().run({ xs: [1] }).then((result) => result.doubled.join(), (error) => error.code);
  response.end(text);
});
server.listen(0, "127.0.0.1", async () => {
  for (let i = 0; i < 2; i++) console.log(await (await fetch("http://127.0.0.1:" + server.address().port)).text());
  server.close();
  server.closeAllConnections();
});`,
    );
    const { code, stdout } = await run(file);
    expect({ code, stdout, effects: effects() }).to.deep.equal({
      code: 0,
      stdout: "RUN_AT_IMPORT\nRUN_AT_IMPORT\n",
      effects: 1,
    });
  });

  it("and is refused where it is the file of a worker of the program's own", async () => {
    const worker = write("worker.mjs", `${HEAD}${DOUBLE}${EFFECT}${CAUGHT}`);
    const file = write("program.mjs", `${HEAD}new Worker(${JSON.stringify(worker)});`);
    const { stdout, stderr } = await run(file);
    expect({ stdout, stderr, effects: effects() }).to.deep.equal({ stdout: "RUN_AT_IMPORT\n", stderr: "", effects: 1 });
  });

  it("and is refused where a nested pipeline needs threads, by its name; but not where nothing needs one", async () => {
    const file = write(
      "program.mjs",
      `${HEAD}${DOUBLE}
class Outer extends Pipeline {
  @input() xs!: number[];
  @nested(Double, { xs: "xs" }, "doubled") inner!: Nested<number[]>;
}
${EFFECT}
console.log((await new Outer().run({ xs: [1] }, { execution: { maps: "async" } }).catch((error) => error.message)).slice(0, 12));
console.log((await new Double().run({ xs: [4] }, { execution: { maps: "async" } })).doubled.join());
console.log((await new Double().explain({ xs: [4] })).length);`,
    );
    const { stdout, stderr } = await run(file);
    expect(stderr).to.equal("");
    expect(stdout).to.match(/^Outer|^Double/);
    expect(stdout.split("\n").slice(1)).to.deep.equal(["8", "1", ""]);
    expect(effects()).to.equal(1);
  });

  const GUARDS: Record<string, string> = {
    isMainThread: `if (isMainThread) {\n${EFFECT}${RUN}}\n`,
    "isMainThread, in main()": `async function main() { if (!isMainThread) return;\n${EFFECT}${RUN}}\nmain();\n`,
    "process.argv[1]": `if (process.argv[1] === (await import("node:url")).fileURLToPath(import.meta.url)) {\n${EFFECT}${RUN}}\n`,
  };
  for (const [what, text] of Object.entries(GUARDS)) {
    it(`and computes in threads where it asks ${what}`, async () => {
      const file = write("program.mjs", HEAD + DOUBLE + text);
      const { code, stdout, stderr } = await run(file);
      expect({ code, stdout, stderr, effects: effects() }).to.deep.equal({
        code: 0,
        stdout: "2,4,6\n",
        stderr: "",
        effects: 1,
      });
    });
  }

  it("and computes in threads where it asks require.main, and is CommonJS", async () => {
    mkdirSync(path.join(folder, "cjs"));
    const file = path.join(folder, "cjs", "program.cjs");
    const text = `if (require.main === module) { ${EFFECT_CJS} new Double().run({ xs: [1, 2] }).then(({ doubled }) => console.log(doubled.join())); }`;
    writeFileSync(file, commonJs(text));
    const { code, stdout } = await run(file);
    expect({ code, stdout, effects: effects() }).to.deep.equal({ code: 0, stdout: "2,4\n", effects: 1 });
  });

  describe("and what it runs in a thread is held there", () => {
    /** A module that does something where it is imported: nothing says that it is the program. */
    const app = (text: string) => {
      write(
        "app.mjs",
        `${HEAD}${SLOW}
export class Other extends Pipeline { @input() x!: number; @node("x") same(x: number): number { return x; } }
const say = (text) => appendFileSync(new URL("said.txt", import.meta.url), (threadId === 0 ? "main: " : "thread: ") + text + "\\n");
${text}`,
      );
    };
    const said = () => readFileSync(path.join(folder, "said.txt"), "utf8").trim().split("\n");

    const RUNS: Record<string, string> = {
      "at once": `const going = new Double().run({ xs: [1, 2, 3] }, { onEvent: () => say("event") }).then(() => say("done"), (error) => say(error.message));`,
      "after it was imported": `const going = sleep(50).then(() => new Double().run({ xs: [1, 2, 3] }, { onEvent: () => say("event") })).then(() => say("done"), (error) => say(error.message));`,
      "as a map": `const going = sleep(20).then(() => new Double().map({ xs: [[1, 2, 3]] }, { over: "xs" })).then(() => say("done"), (error) => say(error.message));`,
      "as a stream": `const going = sleep(20).then(async () => { for await (const _ of new Double().stream({ xs: [[1], [2]] }, { over: "xs" })) say("one"); }).then(() => say("done"), (error) => say(error.message));`,
    };
    for (const [when, text] of Object.entries(RUNS)) {
      it(`where a module that is not the program runs it ${when}: the run fails, with the module and what to do`, async () => {
        app(`${text}\nexport { going };`);
        const file = write("index.mjs", `import { going } from "./app.mjs";\nawait going;\n`);
        const { stderr, code } = await run(file);
        expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
        const lines = said().filter((line) => line !== "main: event");
        expect(lines).to.have.length(1);
        expect(lines[0]).to.match(
          /^main: Double: \S*app\.mjs, which a thread imports because it defines the class, runs it when it is imported\. Put the class into a module of its own;/,
        );
      });
    }

    it("where it explains", async () => {
      app(`export const going = sleep(20).then(() => new Double().explain({ xs: [1] })).then(() => say("explained"));
export const later = sleep(100).then(() => threadId === 0 && new Double().run({ xs: [1, 2] })).catch((error) => say(error.code));`);
      const file = write("index.mjs", `import { going, later } from "./app.mjs";\nawait going; await later;\n`);
      expect((await run(file)).code).to.equal(0);
      expect(said()).to.deep.equal(["main: explained", "main: RUN_AT_IMPORT"]);
    });

    it("and a run after that is refused before any thread imports the module again", async () => {
      app(`say("imported");
export const going = sleep(20).then(() => new Double().run({ xs: [1] })).then(() => say("done"), (error) => say(error.code));`);
      const file = write(
        "index.mjs",
        `import { going, Double } from "./app.mjs";
import { readFileSync } from "node:fs";
await going;
const before = readFileSync(new URL("said.txt", import.meta.url), "utf8");
for (let i = 0; i < 3; i++) await new Double().run({ xs: [1, 2] }).catch((error) => console.log(error.code));
console.log(before === readFileSync(new URL("said.txt", import.meta.url), "utf8"));`,
      );
      const { stdout, stderr } = await run(file);
      expect({ stdout, stderr }).to.deep.equal({ stdout: `${"RUN_AT_IMPORT\n".repeat(3)}true\n`, stderr: "" });
    });

    it("and is warned of where no run is left that would fail", async () => {
      app(`if (threadId > 0) void sleep(1500).then(() => new Other().run({ x: 1 })).then(() => say("done"));`);
      const file = write(
        "index.mjs",
        `import { Double } from "./app.mjs";
console.log((await new Double().run({ xs: [1] })).doubled.join());
await new Promise((resolve) => setTimeout(resolve, 2500));
await new Double().run({ xs: [1] }).catch((error) => console.log(error.code));`,
      );
      const { stdout, stderr } = await run(file);
      expect(stdout, stderr).to.equal("2\nRUN_AT_IMPORT\n");
      expect(stderr).to.contain("runs it when it is imported");
      expect(existsSync(path.join(folder, "said.txt"))).to.equal(false);
    });

    it("and nodes run pipelines as they like: at once, after a wait, in a callback", async () => {
      write(
        "nodes.mjs",
        `${HEAD}
class Inner extends Pipeline { @input() x!: number; @node("x") same(x: number): number { return x; } }
export const lazily = () => sleep(1).then(() => new Inner().run({ x: 3 }));
@execution({ maps: "parallel" })
export class Runs extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") now(x: number): Promise<Each<number>> { return new Inner().run({ x }).then(({ same }) => same); }
  @mapOver("xs") later(x: number): Promise<Each<number>> { return sleep(5).then(() => new Inner().run({ x })).then(({ same }) => same); }
  @mapOver("xs") timed(x: number): Promise<Each<number>> {
    return new Promise((resolve) => setTimeout(async () => resolve((await new Inner().run({ x })).same), 5));
  }
  @mapOver("xs") async helped(x: number): Promise<Each<number>> { return (await lazily()).same * x; }
}`,
      );
      const file = write(
        "index.mjs",
        `import { Runs } from "./nodes.mjs";
const { now, later, timed, helped } = await new Runs().run({ xs: [1, 2] });
console.log([now, later, timed, helped].join());`,
      );
      const { stdout, stderr } = await run(file);
      expect({ stdout, stderr }).to.deep.equal({ stdout: "1,2,1,2,1,2,3,6\n", stderr: "" });
    });

    it("and a module that calls main() is refused before a thread imports it", async () => {
      app(`async function main() { await sleep(1); ${EFFECT} ${CAUGHT} }\nmain();`);
      const { stdout, stderr } = await run(write("index.mjs", `import "./app.mjs";\n`));
      expect({ stdout, stderr, effects: effects() }).to.deep.equal({
        stdout: "RUN_AT_IMPORT\n",
        stderr: "",
        effects: 1,
      });
    });

    const REFUSED_ONCE = { stdout: "RUN_AT_IMPORT\n", stderr: "", effects: 1 };
    for (const [how, from] of [
      ["imports", "program.mjs"],
      ["imports, by way of another module,", "between.mjs"],
    ]) {
      it(`and a class's module that ${how} the program is refused before anything of that runs`, async () => {
        write("between.mjs", `export { factor } from "./program.mjs";`);
        write("double.mjs", `import { factor } from "./${from}";\n${HEAD}${DOUBLE.replace("x * 2", "x * factor")}`);
        const file = write(
          "program.mjs",
          `import { Double } from "./double.mjs";\n${HEAD}export const factor = 2;\nawait sleep(1);\n${EFFECT}${CAUGHT}`,
        );
        const { stdout, stderr } = await run(file);
        expect({ stdout, stderr, effects: effects() }).to.deep.equal(REFUSED_ONCE);
      });
    }

    it("and a class's module that requires the program is refused before anything of that runs", async () => {
      mkdirSync(path.join(folder, "cjs"));
      const file = path.join(folder, "cjs", "program.cjs");
      const double = commonJs("module.exports = { Double }; require('./program.cjs');");
      writeFileSync(path.join(folder, "cjs", "double.cjs"), double);
      writeFileSync(
        file,
        `const { appendFileSync } = require("node:fs");
const { Double } = require("./double.cjs");
setTimeout(async () => { ${EFFECT_CJS} ${CAUGHT} }, 1);`,
      );
      const { stdout, stderr } = await run(file);
      expect({ stdout, stderr, effects: effects() }).to.deep.equal(REFUSED_ONCE);
    });
  });
});
