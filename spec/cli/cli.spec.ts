import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { built } from "../support/built.js";
import { newFolder } from "../support/caches.js";
import { commandLine } from "../support/command-line.js";
import { type Executed, execute } from "../support/execute.js";
import { loopback } from "../support/modal.js";
import { packedProject } from "../support/packed.js";
import { transpiled } from "../support/swc-hooks.mjs";

const SHOUT = `import { IsInt } from "class-validator";
import { cached, type Each, input, mapOver, node, type Output, output, Pipeline, sqlite } from "hypernodes";

@cached(sqlite("cache.sqlite"))
export class Shout extends Pipeline {
  @input() texts!: string[];
  @input() @IsInt() times?: number = 1;
  @mapOver("texts", "times") shouts(text: string, times: number): Each<string> {
    if (text === "bad") throw new RangeError("a bad text");
    return text.toUpperCase() + "!".repeat(times);
  }
  @node("texts") count(texts: string[]): bigint { return BigInt(texts.length); }
  @output("shouts") all(shouts: string[]): Output<string> { return shouts.join(" "); }
}
`;
const SLOW = `import { setTimeout as sleep } from "node:timers/promises";
import { currentRun, input, node, Pipeline } from "hypernodes";
export class Slow extends Pipeline {
  @input() code!: string;
  @node("code") async waited(code: string): Promise<string> {
    console.error("under way");
    await sleep(60_000, undefined, { signal: currentRun().signal });
    return code;
  }
}
`;
const WRONG = `import { input, node, Pipeline } from "hypernodes";
export class Round extends Pipeline {
  @input() x!: number;
  @node("b") a(b: number): number { return b; }
  @node("a") b(a: number): number { return a; }
}
export class Right extends Pipeline {
  @input() x!: number;
  @node("x") a(x: number): number { return x; }
}
`;

const IMPURE = `import { input, node, Pipeline } from "hypernodes";
export class Impure extends Pipeline {
  @input() xs!: number[];
  @node("xs") sorted(xs: number[]): number[] { return xs.sort(); }
}
`;

const index = pathToFileURL(path.resolve("src/index.ts")).href;

/** Writes what the commands are about into a folder. */
function project(folder: string, library: string): void {
  mkdirSync(folder, { recursive: true });
  const file = (name: string) => path.join(folder, name);
  const compilerOptions = {
    target: "ES2022",
    module: "NodeNext",
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  };
  writeFileSync(file("tsconfig.json"), JSON.stringify({ compilerOptions }));
  writeFileSync(file("package.json"), JSON.stringify({ type: "module" }));
  for (const [name, text] of Object.entries({ "shout.ts": SHOUT, "slow.ts": SLOW, "wrong.ts": WRONG })) {
    writeFileSync(file(name), text.replaceAll('"hypernodes"', JSON.stringify(library)));
  }
  writeFileSync(file("texts.jsonl"), '"a"\n"b"\n');
  writeFileSync(file("inputs.json"), '{ "texts": ["x"], "times": 3 }');
}

describe("the command line", () => {
  let folder: string;
  const file = (name: string) => path.join(folder, name);
  const hypernodes = (...args: string[]): Promise<Executed> => commandLine(folder, ...args);

  before(() => {
    folder = newFolder("command-line");
    project(folder, index);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("takes inputs from JSON, lines of JSON, and one object; prints JSON for programs", async () => {
    const json = async (...args: string[]) => {
      const { stdout, stderr } = await hypernodes("run", "shout.ts#Shout", "--quiet", "--json", ...args);
      expect(stderr).to.equal("");
      return JSON.parse(stdout) as unknown;
    };
    expect(await json("--input", "texts=@texts.jsonl", "--input", "times=2")).to.deep.equal({ all: "A!! B!!" });
    expect(await json("--input", "@inputs.json", "--outputs", "all,count")).to.deep.equal({ all: "X!!!", count: "1" });
    expect(await json("--input", "texts=[]", "--maps", "parallel", "--set", "maxWorkers=2")).to.deep.equal({ all: "" });
    const over = await json("--input", 'texts=[["p"],["q","r"]]', "--over", "texts");
    expect(over).to.deep.equal([{ all: "P!" }, { all: "Q! R!" }]);
  });

  it("says what a run waits for while its threads start", async () => {
    const args = ["--input", 'texts=["a"]', "--maps", "parallel", "--no-cache"];
    const { stderr, code } = await hypernodes("run", "shout.ts#Shout", ...args);
    expect(code).to.equal(0);
    expect(stderr).to.match(/^Shout: .*; (starting \d+ threads?; )?loading shout\.ts/m);
  });

  it("distinguishes faults of the call from those of the run by its exit code, without stacks unless they are wanted", async () => {
    const failing = await hypernodes("run", "shout.ts", "--quiet", "--input", 'texts=["bad"]');
    expect(failing.code).to.equal(1);
    expect(failing.stderr).to.equal(
      "Shout.shouts[0]: failed with RangeError: a bad text\n  given texts = 'bad'\n        times = 1\n" +
        "See https://github.com/hypernodes/hypernodes/blob/main/docs/troubleshooting.md#node_failed\n",
    );
    const verbose = await hypernodes("run", "shout.ts", "--verbose", "--quiet", "--input", 'texts=["bad"]');
    expect(verbose.stderr).to.match(/caused by: RangeError: a bad text\n {4}at .*shout\.ts:9/);
    writeFileSync(file("three.mjs"), "export default 3;");
    const cases: [args: string[], says: string][] = [
      [["run", "shout.ts", "--input", "txts=1"], 'Did you mean "texts"?'],
      [["run", "shout.ts", "--input", 'texts=["a"]', "--input", "times=x"], "times must be an integer number"],
      [["run", "shout.ts", "--input", "texts"], "it is not NAME=VALUE"],
      [["run", "shout.ts", "--input", "texts=@none.json"], "none.json can't be read"],
      [["run", "shout.ts", "--input", "texts=@shout.ts"], "it is not valid JSON"],
      [["run", "shout.ts", "--input", "texts=[]", "--outputs", "al"], 'Did you mean "all"?'],
      [["run", "shout.ts", "--input", "texts=[]", "--maps", "fast"], '"fast"'],
      [["run", "shout.ts", "--input", "texts=[]", "--on", "mars"], 'there is no placement "mars"'],
      [["run", "shout.ts#None"], "It exports Shout."],
      [["run", "wrong.ts"], "it exports several pipelines: Right, Round"],
      [["run", "none.ts"], "there is no such file"],
      [["run", "shout.ts", "--input", "texts=[]", "--on", "modal:containers=0"], "the option containers is 0"],
      [["worker", "--values", "none.mjs"], "--values none.mjs: it can't be imported"],
      [["worker", "--values", "three.mjs"], "its default export is not a Keyv"],
      [["rum"], "(Did you mean run?)"],
      [["run"], "missing required argument"],
      [["run", "shout.ts", "--sett"], "unknown option '--sett'"],
      [["report", "none.jsonl"], "none.jsonl: it can't be read"],
      [["report", "shout.ts"], "it is not an event log"],
      [["cache", "stats", "none.sqlite"], "there is no such file"],
      [["cache", "prune", "shout.ts"], "it needs a limit"],
      [["graph", "shout.ts", "--format", "jpeg"], "Allowed choices are mermaid, dot, svg, html"],
      [["graph", "shout.ts", "--depth", "no"], "it is not a number of levels"],
    ];
    const told = async ([args, says]: (typeof cases)[number]) => {
      const { code, stderr, stdout } = await hypernodes(...args);
      expect(stderr, args.join(" ")).to.contain(says);
      expect(stderr, args.join(" ")).not.to.match(/\n {4}at /);
      expect([code, stdout], args.join(" ")).to.deep.equal([2, ""]);
    };
    for (const one of cases) await told(one);
  });

  it("has help with examples", async () => {
    const { stdout, code } = await hypernodes("--help");
    expect(code).to.equal(0);
    expect(stdout).to.contain("Exit codes:").and.to.contain("$ hypernodes run pipeline.ts");
    for (const command of [["run"], ["graph"], ["check"], ["report"], ["cache", "prune"], ["cache", "explain"]]) {
      const help = await hypernodes(...command, "--help");
      expect(help.code).to.equal(0);
      expect(help.stdout).to.match(/Examples?:\n {2}\$ hypernodes /);
    }
  });

  it("checks graphs without running them", async () => {
    const fine = await hypernodes("check", "shout.ts");
    expect(fine).to.deep.equal({ code: 0, stdout: "Shout: 5 members, 4 edges, outputs all\n", stderr: "" });
    const wrong = await hypernodes("check", "wrong.ts");
    expect(wrong.stdout).to.contain("Right: 2 members, 1 edge, outputs a\n");
    expect(wrong.stderr).to.contain("Round").and.to.contain("a -> b -> a");
    expect(wrong.code).to.equal(1);
  });

  it("draws graphs, with a run's events, and reports on them", async () => {
    const run = await hypernodes(
      "run",
      "shout.ts",
      "-q",
      "--no-cache",
      "-i",
      "texts=@texts.jsonl",
      "--events",
      "run.jsonl",
    );
    expect(run.stderr).to.equal("");
    const text = await hypernodes("graph", "shout.ts");
    expect(text.stdout).to.contain('shouts[["shouts<br/>for each"]]').and.to.contain("texts ==> shouts");
    const dot = await hypernodes("graph", "shout.ts", "--format", "dot", "--direction", "right", "--no-types");
    expect(dot.stdout).to.contain('rankdir="LR"').and.not.to.contain("string");
    const svg = await hypernodes("graph", "shout.ts", "--format", "svg", "-o", "graph.svg");
    expect(svg.stdout).to.equal("");
    expect(readFileSync(file("graph.svg"), "utf8")).to.contain("<svg");
    const html = await hypernodes("graph", "shout.ts", "--format", "html", "--events", "run.jsonl");
    expect(html.stdout).to.contain("<!doctype html>").and.to.contain('"path":"Shout.shouts"');
    const report = await hypernodes("report", "run.jsonl");
    expect(report.stdout).to.match(/^Shout: done in .*\n\nnode +calls/);
    const rows = await hypernodes("report", "run.jsonl", "--format", "json");
    expect(JSON.parse(rows.stdout)[0]).to.include({ path: "Shout.shouts", calls: 2 });
  });

  it("says before a run what it would compute, and makes no file", async () => {
    const dry = ["run", "shout.ts", "--dry-run", "--input", 'texts=["a","b"]', "--cache", "dry.sqlite"];
    const before = await hypernodes(...dry);
    expect(before.stdout).to.equal(
      [
        "Shout.shouts: 2 of 2 computed: no earlier value of it is cached",
        "Shout.all: not known yet: no earlier value of it is cached, shouts is not known yet\n",
      ].join("\n"),
    );
    expect(before.stderr).to.equal("");
    expect(existsSync(file("dry.sqlite"))).to.equal(false);
    await hypernodes("run", "shout.ts", "--input", 'texts=["a"]', "--cache", "dry.sqlite");
    const over = await hypernodes(
      "run",
      "shout.ts",
      "--dry-run",
      "--json",
      "--cache",
      "dry.sqlite",
      "--over",
      "texts",
      "--input",
      'texts=[["a"],["a","b"]]',
    );
    expect(JSON.parse(over.stdout)[1]).to.deep.equal({
      ...{ path: "Shout.shouts", name: "shouts", computed: 1, cached: 2, unknown: 0 },
      because: "the cache has no entry of these inputs: they are new together, it failed, or the entry is gone",
    });
    const told = await hypernodes(...dry, "--events", "dry.jsonl");
    expect(told.code).to.equal(2);
    expect(told.stderr).to.contain("--dry-run --events: nothing runs");
    expect((await hypernodes(...dry, "--input", "times=x")).code).to.equal(2);
  });

  it("--check reports a node that changes its inputs", async () => {
    writeFileSync(file("impure.ts"), IMPURE.replaceAll('"hypernodes"', JSON.stringify(index)));
    const run = ["run", "impure.ts", "--input", "xs=[2,1]", "--json"];
    expect((await hypernodes(...run)).stdout).to.equal('{"sorted":[1,2]}\n');
    const checked = await hypernodes(...run, "--check");
    expect(checked.code).to.equal(1);
    expect(checked.stderr).to.contain("Impure.sorted: it changed the input xs of Impure, at [0]");
  });

  it("lists, prunes and clears a cache, and explains", async () => {
    const cache = ["--cache", "kept.sqlite"];
    const explain = ["cache", "explain", "shout.ts", "--input", 'texts=["a"]', ...cache];
    expect((await hypernodes(...explain)).stderr).to.contain(
      "Shout.shouts: computed: no earlier value of it is cached",
    );
    expect((await hypernodes(...explain)).stderr).to.contain("Shout.shouts: not computed: same code, same inputs");
    const stats = await hypernodes("cache", "stats", "kept.sqlite");
    expect(stats.stdout)
      .to.match(/^\d values, [\d.]+ \w+\n/)
      .and.to.contain("  Shout.shouts: 1, ");
    // Each row is of a node, or says of what else.
    for (const row of stats.stdout.trim().split("\n").slice(1)) {
      expect(row).to.match(/^ {2}(?:Shout\.\w+: \d+, [\d.]+ \w+|analyses of the code: [\d.]+ \w+)$/);
    }
    const few = await hypernodes("cache", "prune", "kept.sqlite", "--max-bytes", "1", "--max-age", "30d");
    expect(few.stdout).to.match(/^removed: \d values/);
    await hypernodes(...explain);
    const cleared = await hypernodes("cache", "clear", "kept.sqlite", "--pipeline", "shout.ts");
    expect(cleared.stdout).to.match(/^removed: \d values/);
    const json = await hypernodes("cache", "stats", "kept.sqlite", "--json");
    expect(JSON.parse(json.stdout)).to.include({ entries: 0 });
  });

  it("is a process with an exit code, and says so when nobody reads on", async () => {
    writeFileSync(
      file("shout.mjs"),
      transpiled(readFileSync(file("shout.ts"), "utf8"), file("shout.mjs")).replace(
        index,
        pathToFileURL(built("src/index.ts")).href,
      ),
    );
    const command = (args: string) => `"$NODE" "$MAIN" ${args}`;
    const env = { NODE: process.execPath, MAIN: built("src/cli/main.ts"), HYPERNODES_CLI_STARTED: "1" };
    const shell = (text: string) => execute("sh", ["-c", text], { cwd: folder, env });
    const run = "run shout.mjs --quiet --json --input";
    const done = await shell(
      `${command(`${run} 'texts=["a"]'`)}; echo $?; ${command(`${run} 'texts=["bad"]'`)}; echo $?`,
    );
    expect(done.stdout).to.equal('{"all":"A!"}\n0\n1\n');
    expect(done.stderr).to.contain("Shout.shouts[0]: failed with RangeError: a bad text");
    const wrong = await shell(command("run shout.mjs --input texts"));
    expect([wrong.code, wrong.stdout]).to.deep.equal([2, ""]);
    const cut = await shell(`${command("run --help")} | head -1`);
    expect(cut.code).to.equal(0);
    expect(cut.stderr).to.match(/^(?:standard output: the output is lost, .*: its reader has closed it\n)?$/);
  });
});

/** The real command, from the packed tarball. */
describe("the command line, installed @slow", () => {
  const held = loopback();
  let folder: string;
  const hypernodes = (...args: string[]): Promise<Executed> =>
    execute(path.join(folder, "..", "node_modules", ".bin", "hypernodes"), args, { cwd: folder });
  const shell = (command: string): Promise<Executed> =>
    execute("sh", ["-c", command], {
      cwd: folder,
      env: { PATH: `${path.join(folder, "..", "node_modules", ".bin")}${path.delimiter}${process.env.PATH}` },
    });

  before(async () => {
    folder = path.join(await packedProject(), "command-line");
    project(folder, "hypernodes");
    // As JavaScript, too, where the loader is not the point: it takes most of the time.
    for (const name of ["shout", "wrong"]) {
      const file = path.join(folder, `${name}.mjs`);
      writeFileSync(file, transpiled(readFileSync(path.join(folder, `${name}.ts`), "utf8"), file));
    }
  });

  it("runs TypeScript without a build, and prints the outputs", async () => {
    const { stdout, stderr, code } = await hypernodes("run", "shout.ts", "--input", 'texts=["a","b"]');
    expect(stdout).to.equal("{ all: 'A! B!' }\n");
    expect(stderr).to.match(/^Shout: done in .*; shouts 2\/2/m);
    expect(code).to.equal(0);
  });

  it("needs no tsconfig.json, and finds the one of the file from anywhere", async () => {
    const empty = path.join(folder, "..", "without-config");
    mkdirSync(empty);
    writeFileSync(path.join(empty, "shout.ts"), SHOUT);
    const command = path.join("..", "node_modules", ".bin", "hypernodes");
    const bare = await execute(command, ["run", "shout.ts", "-q", "-i", "texts=[1]", "-i", "times=0"], { cwd: empty });
    expect(bare).to.deep.include({ code: 1 });
    expect(bare.stderr).to.contain("text.toUpperCase is not a function");
    const other = path.join("..", "command-line", "shout.ts");
    const far = await execute(command, ["run", other, "-q", "--json", "-i", 'texts=["a"]'], { cwd: empty });
    expect(far).to.deep.equal({ code: 0, stdout: '{"all":"A!"}\n', stderr: "" });
    // No loader is installed for the working directory.
    const call = ["run", path.join(folder, "shout.ts"), "-q", "--json", "-i", 'texts=["a"]'];
    const outside = await execute(path.resolve(empty, command), call, { cwd: tmpdir() });
    expect(outside).to.deep.equal({ code: 0, stdout: '{"all":"A!"}\n', stderr: "" });
  });

  it("runs in a container", async () => {
    const project = ["dist/cli/main.js", "run", "spec/observe/pipelines/seen.ts#Words", "--input", "text=two words"];
    const { stdout, stderr } = await execute(process.execPath, [...project, "--json", "--on", "modal:gpu=A10G,cpu=2"]);
    expect(stdout).to.equal('{"counted":2}\n');
    expect(stderr).to.match(/^Words: done in /m);
    expect(held.server.living).to.deep.equal([]);
    const none = await hypernodes("run", "shout.ts", "--input", "texts=[]", "--on", "modal:gpus=A10G");
    expect(none.stderr).to.contain("gpus");
    expect(none.code).to.equal(2);
  });

  it("stops at Ctrl-C, and says so", async () => {
    const { stderr, code } = await shell(
      'hypernodes run slow.ts --quiet --input code=5 2>err & pid=$!; until grep -q "under way" err; do sleep 0.05; done; kill -INT $(pgrep -P $pid || echo $pid); wait $pid; code=$?; cat err >&2; exit $code',
    );
    expect(stderr).to.contain("Slow: the run was aborted");
    expect(code).to.equal(130);
  });

  it("takes inputs from a pipe", async () => {
    const piped = await shell("cat texts.jsonl | hypernodes run shout.ts --quiet --json --input texts=@- | cat");
    expect(piped).to.deep.equal({ code: 0, stdout: '{"all":"A! B!"}\n', stderr: "" });
  });

  it("distinguishes faults of the call from those of the run by its exit code", async () => {
    const codes = await Promise.all([
      hypernodes("run", "shout.ts", "--quiet", "--input", 'texts=["bad"]'),
      hypernodes("run", "shout.mjs", "--quiet", "--input", "txts=1"),
      hypernodes("check", "wrong.mjs"),
      hypernodes("rum"),
    ]);
    expect(codes.map(({ code }) => code)).to.deep.equal([1, 2, 1, 2]);
  });

  it("draws, and lists, prunes and clears a cache", async () => {
    expect((await hypernodes("graph", "shout.mjs")).stdout).to.contain('shouts[["shouts<br/>for each"]]');
    const cache = ["--cache", "kept.sqlite"];
    const explain = ["cache", "explain", "shout.mjs", "--input", 'texts=["a"]', ...cache];
    expect((await hypernodes(...explain)).stderr).to.contain(
      "Shout.shouts: computed: no earlier value of it is cached",
    );
    expect((await hypernodes(...explain)).stderr).to.contain("Shout.shouts: not computed: same code, same inputs");
    expect((await hypernodes("cache", "stats", "kept.sqlite")).stdout).to.contain("  Shout.shouts: 1, ");
  });
});
