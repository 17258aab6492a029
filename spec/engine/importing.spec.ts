import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { type Each, execution, input, mapOver, Pipeline } from "../../src/index.js";
import { built } from "../support/built.js";
import { newFolder } from "../support/caches.js";
import { type Executed, execute, LOADER } from "../support/execute.js";
import { rejection } from "../support/rejection.js";
import { transpiled } from "../support/swc-hooks.mjs";

/** Programs of their own, in files of a folder inside the project (so that its packages are found). */
describe("a thread imports the class's module", () => {
  let folder: string;
  /** A program that waits for long: it does so beside the others. */
  let idle: Promise<Executed>;
  before(() => {
    folder = newFolder("importing");
    idle = run(program("idle.mjs", IDLE));
  });
  after(async () => {
    await idle;
    rmSync(folder, { recursive: true, force: true });
  });

  const index = pathToFileURL(built("src/index.ts")).href;
  const HEAD = `import { appendFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { type Each, execution, input, mapOver, node, Pipeline, resource } from "${index}";
`;
  const DOUBLE = `@execution({ maps: "parallel" })
export class Double extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") doubled(x: number): Each<number> { return x * 2; }
}
`;
  const SAYS = `@execution({ nodes: "parallel" })
export class Says extends Pipeline {
  @input() text!: string;
  @node("text") said(text: string): number { console.log(text); return text.length; }
}
`;
  const IDLE = `
import { setTimeout as sleep } from "node:timers/promises";
import { readdirSync } from "node:fs";
@execution({ maps: "parallel", maxWorkers: 1 })
export class Uses extends Pipeline {
  @input() xs!: number[];
  @resource() costly(): Disposable { return { [Symbol.dispose]: () => console.log("disposed") }; }
  @mapOver("xs", "costly") used(x: number, _costly: Disposable): Each<number> { return x; }
}
if (isMainThread) {
  const tasks = () => readdirSync("/proc/self/task").length;
  await new Uses().run({ xs: [1, 2] });
  const before = tasks();
  for (let i = 0; i < 400 && tasks() >= before; i++) await sleep(50);
  console.log(tasks() < before ? "ended" : "still there");
  console.log((await new Uses().run({ xs: [3] })).used.join());
}`;
  /** As JavaScript, which needs no loader, if its name says so. */
  const program = (name: string, text: string) => {
    const file = path.resolve(folder, name);
    writeFileSync(file, name.endsWith(".ts") ? HEAD + text : transpiled(HEAD + text, file));
    return file;
  };
  const loaderFor = (file: string) => (file.endsWith(".ts") ? LOADER : []);
  const run = async (file: string, ...args: string[]) => {
    const { code, stdout, stderr } = await execute(process.execPath, [...loaderFor(file), file, ...args]);
    return { code, stdout, stderr };
  };

  it("and the process ends by itself when its work is done, with threads idle; what nodes print there is printed before", async () => {
    const file = program(
      "ends.mjs",
      `${DOUBLE}${SAYS}
if (isMainThread) {
  const { doubled } = await new Double().run({ xs: [1, 2] });
  console.log(doubled.join());
  await new Says().run({ text: "shalom" });
}`,
    );
    expect(await run(file)).to.deep.equal({ code: 0, stdout: "2,4\nshalom\n", stderr: "" });
  });

  it("which may run no pipeline: the error has advice, and nothing hangs", async () => {
    const file = program(
      "recursion.mjs",
      `${DOUBLE}
const { doubled } = await new Double().run({ xs: [1, 2] });
console.log(doubled.join());`,
    );
    const { code, stdout, stderr } = await run(file);
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: "" });
    expect(stderr).to.contain(
      "recursion.mjs, which is the program itself: each thread would import it and run the program again. Put the class",
    );
    const promise = program(
      "recursion-then.mjs",
      `${DOUBLE}
void new Double().map({ xs: [[1]] }, { over: "xs" }).catch((error) => { console.log(error.code); });`,
    );
    expect(await run(promise)).to.deep.equal({ code: 0, stdout: "RUN_AT_IMPORT\n", stderr: "" });
  });

  it("which may throw, end the thread, or not be known: the run fails with the reason, and does not wait for ever", async () => {
    program("throws.mjs", `if (!isMainThread) throw new Error("no threads, please");\n${DOUBLE}`);
    program("exits.mjs", `if (!isMainThread) process.exit(4);\n${DOUBLE}`);
    program("bare.mjs", `${DOUBLE}\nexport class Bare extends Double {}`);
    const file = program(
      "reasons.mjs",
      `
import { Double as Throws } from "./throws.mjs";
import { Double as Exits } from "./exits.mjs";
import { Bare } from "./bare.mjs";
for (const type of [Throws, Exits, Bare]) {
  await new type().run({ xs: [1] }).catch((error) => console.log(JSON.stringify(error.message)));
}`,
    );
    const { stdout } = await run(file);
    const [throws, exits, bare] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as string);
    expect(throws)
      .to.contain("a thread can't import")
      .and.to.contain("Error: no threads, please. Move the class into a module");
    expect(exits).to.contain("Double: 2 threads ended before they ran a node: its thread was ended with exit code 4");
    expect(bare).to.contain(
      "Bare: the class has no decorator, so its module is not known, and no thread can import it. Put a class decorator on it: @execution({}).",
    );
  });

  it("which may throw a text of Node with URLs of files: the error has their paths in the project", async () => {
    program("throws-url.mjs", `if (!isMainThread) throw new Error("not in " + import.meta.url);\n${DOUBLE}`);
    const file = program(
      "circles.mjs",
      `
import { Double } from "./throws-url.mjs";
await new Double().run({ xs: [1] }).catch((error) => console.log(error.message));`,
    );
    const shown = path.relative(process.cwd(), folder).split(path.sep).join("/");
    const { stdout } = await run(file);
    expect(stdout).to.contain(
      `Double: a thread can't import ${shown}/throws-url.mjs, which defines the class: Error: not in ${shown}/throws-url.mjs. Move`,
    );
  });

  it("where a loader that ends at once: the run fails, too", async () => {
    const file = program(
      "preloaded.mjs",
      `${DOUBLE}
if (isMainThread) await new Double().run({ xs: [1] }).catch((error) => console.log(String(error.message)));`,
    );
    const preload = path.resolve(folder, "preload.mjs");
    writeFileSync(
      preload,
      `import { isMainThread } from "node:worker_threads";\nif (!isMainThread) throw new Error("no loader");`,
    );
    const { code, stdout } = await execute(process.execPath, ["--import", preload, file]);
    expect(code).to.equal(0);
    expect(stdout).to.contain("no loader");
    const leaving = path.resolve(folder, "leaving.mjs");
    writeFileSync(leaving, `import { isMainThread } from "node:worker_threads";\nif (!isMainThread) process.exit(9);`);
    const left = await execute(process.execPath, ["--import", leaving, file]);
    expect(left.stdout).to.contain("threads end before they have started");
  });

  it("and disposes of what it keeps when the process ends", async () => {
    const log = path.resolve(folder, "log.txt");
    const file = program(
      "disposes.mjs",
      `
class Costly {
  constructor() { appendFileSync(${JSON.stringify(log)}, "built "); }
  async [Symbol.asyncDispose]() {
    await new Promise((resolve) => setTimeout(resolve, 20));
    appendFileSync(${JSON.stringify(log)}, "disposed ");
  }
}
@execution({ maps: "parallel", maxWorkers: 1 })
export class Uses extends Pipeline {
  @input() xs!: number[];
  @resource() costly(): Costly { return new Costly(); }
  @mapOver("xs", "costly") used(x: number, _costly: Costly): Each<number> { return x; }
}
if (isMainThread) for (let i = 0; i < 2; i++) console.log((await new Uses().run({ xs: [1, 2] })).used.join());`,
    );
    expect(await run(file)).to.deep.equal({ code: 0, stdout: "1,2\n1,2\n", stderr: "" });
    expect(readFileSync(log, "utf8")).to.equal("built disposed ");
  });

  it("and a thread that nobody needs ends, with what it keeps disposed of @slow", async function () {
    if (!existsSync("/proc/self/task")) this.skip();
    expect(await idle).to.deep.equal({ code: 0, stdout: "disposed\nended\n3\ndisposed\n", stderr: "" });
  });

  it("but can't reach a class that is inside a function", async () => {
    @execution({ maps: "parallel" })
    class Hidden extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs") same(x: number): Each<number> {
        return x;
      }
    }
    const error = await rejection(new Hidden().run({ xs: [1] }));
    expect(error.message).to.match(/^Hidden: a thread can't import .*importing\.spec\.ts/);
    expect(error.message).to.contain("is not defined. Move the class into a module that can be imported by itself.");
    const file = program(
      "inside.ts",
      `
export function make() {
${DOUBLE.replace("export ", "")}
  return Double;
}
if (isMainThread) await new (make())().run({ xs: [1] }).catch((error) => console.log(error.message));`,
    );
    const { stdout } = await run(file);
    expect(stdout).to.contain(
      "inside.ts, and that does not define the class. A class inside a function, a test or a condition",
    );
  });

  it("but can't import what was typed in or piped", async () => {
    const js = `
const { Pipeline, input, mapOver, execution } = await import(${JSON.stringify(index)});
class Typed extends Pipeline { same(x) { return x; } }
Reflect.decorate([input()], Typed.prototype, "xs");
Reflect.decorate([mapOver("xs")], Typed.prototype, "same", Object.getOwnPropertyDescriptor(Typed.prototype, "same"));
await new Typed().run({ xs: [1] }, { execution: { maps: "parallel" } }).catch((error) => console.log(error.message));`;
    const { stdout, stderr } = await execute(process.execPath, ["--input-type=module", "--eval", js]);
    expect(stdout, stderr).to.contain(
      "Typed: its code is not in a file (it was typed in, evaluated or piped), so no thread can import it. Put the class into a module",
    );
  });
});
