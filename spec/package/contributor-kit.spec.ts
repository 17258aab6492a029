import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { APPENDIX, recordBench } from "../../bench/record.js";
import { execute, LOADER } from "../support/execute.js";

interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Job {
  readonly "runs-on": string;
  readonly "timeout-minutes"?: number;
  readonly steps: readonly Step[];
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix: { readonly os?: readonly string[]; readonly node?: readonly number[] } };
}
interface Workflow {
  readonly name: string;
  readonly on: object;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const FOLDER = ".github/workflows";
const workflows = Object.fromEntries(
  readdirSync(FOLDER).map((name) => [name, parse(readFileSync(path.join(FOLDER, name), "utf8")) as Workflow]),
);
const jobs = Object.entries(workflows).flatMap(([name, workflow]) =>
  Object.entries(workflow.jobs).map(([id, job]) => ({ place: `${name}: ${id}`, workflow, job })),
);
const commands = jobs.flatMap(({ place, job }) =>
  job.steps.flatMap(({ run, with: options = {} }) =>
    [run, options.version, options.publish]
      .filter((command) => typeof command === "string" && /\s/.test(command))
      .map((command) => ({ place, command: command as string })),
  ),
);
const manifest = JSON.parse(readFileSync("package.json", "utf8")) as {
  scripts: Record<string, string>;
  engines: { node: string };
};

describe("the workflows", () => {
  it("are there: check, bench and release", () => {
    expect(Object.keys(workflows).sort()).to.deep.equal(["bench.yml", "check.yml", "release.yml"]);
    for (const { place, job } of jobs) {
      expect(job["runs-on"], place).to.be.a("string");
      expect(job["timeout-minutes"], place).to.be.within(1, 60);
      expect(
        job.steps.every(({ run, uses }) => (run === undefined) !== (uses === undefined)),
        place,
      ).to.equal(true);
    }
  });

  it("name scripts and benches that exist", () => {
    const scripts = commands.flatMap(({ command }) =>
      [...command.matchAll(/npm run (?:--\S+ )*([\w:-]+)|npm (test|start)\b/g)].map(
        ([, script, word]) => script ?? word!,
      ),
    );
    expect(scripts).to.include.members(["check", "test", "bench", "test:slow"]);
    expect(scripts.filter((script) => manifest.scripts[script] === undefined)).to.deep.equal([]);
    const [, benches] = /for bench in (.+?);/.exec(commands.map(({ command }) => command).join("\n"))!;
    const main = readFileSync("bench/main.ts", "utf8");
    expect(benches!.split(" ").filter((bench) => !new RegExp(`^  ${bench}[,:]`, "m").test(main))).to.deep.equal([]);
  });

  it("name files that exist", () => {
    const files = commands.flatMap(({ command }) => [...command.matchAll(/\bhead\/(\S+)/g)].map(([, file]) => file!));
    expect(files).to.have.lengthOf.at.least(1);
    expect(files.filter((file) => !existsSync(file))).to.deep.equal([]);
  });

  it("test on each system, with the versions of Node that the package supports", () => {
    const { os: systems, node: versions } = workflows["check.yml"]!.jobs.test!.strategy!.matrix;
    expect(systems).to.deep.equal(["ubuntu-latest", "macos-latest", "windows-latest"]);
    expect(versions).to.deep.equal([20, 22, 24]);
    const oldest = Number(/^>=(\d+)\./.exec(manifest.engines.node)![1]);
    for (const { place, job } of jobs) {
      const nodes = job.steps
        .filter(({ uses }) => uses?.startsWith("actions/setup-node@"))
        .flatMap(({ with: options }) => {
          const version = options!["node-version"];
          return String(version).includes("matrix.node") ? job.strategy!.matrix.node! : [version as number];
        });
      expect(nodes, place).to.have.lengthOf.at.least(1);
      for (const node of nodes) expect(node, place).to.be.a("number").and.at.least(oldest);
    }
    expect(Math.min(...versions!)).to.equal(oldest);
  });

  it("may write only where they have to, and publish with provenance", () => {
    for (const { place, workflow, job } of jobs) {
      const permissions = job.permissions ?? workflow.permissions;
      expect(permissions, place).not.to.equal(undefined);
      if (place === "release.yml: release") {
        expect(permissions).to.deep.equal({ contents: "write", "pull-requests": "write", "id-token": "write" });
      } else expect(permissions!.contents, place).to.equal("read");
    }
    expect(readFileSync(path.join(FOLDER, "release.yml"), "utf8")).to.contain('NPM_CONFIG_PROVENANCE: "true"');
    // A workflow that runs the code of forks has no secrets.
    for (const [name, { on }] of Object.entries(workflows)) {
      expect(Object.keys(on), name).not.to.include("pull_request_target");
      if ("pull_request" in on) expect(readFileSync(path.join(FOLDER, name), "utf8"), name).not.to.contain("secrets.");
    }
  });
});

describe("the comparison of benches", () => {
  const table = (...rows: string[]) =>
    ["", "### Chain", "", "| contender | us per node | x bare await |", "|---|---:|---:|", ...rows, ""].join("\n");
  const compare = async (base: string, head: string) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "benches-"));
    const files = [path.join(folder, "base.txt"), path.join(folder, "head.txt")];
    writeFileSync(files[0]!, base);
    writeFileSync(files[1]!, head);
    return execute(process.execPath, [".github/scripts/compare-benches.mjs", ...files]);
  };

  it("compares multiples of a peer in the same run, not times", async () => {
    const { stdout, stderr } = await compare(
      table("| bare await | 0.10 | 1.00 |", "| hypernodes | 0.20 | 2.00 |", "| hypernodes, cached | 0.10 | 1.00 |"),
      table("| bare await | 0.20 | 1.00 |", "| hypernodes | 0.40 | 2.00 |", "| hypernodes, cached | 0.26 | 1.30 |"),
    );
    expect(stderr).to.equal("");
    expect(stdout).to.contain("| Chain | hypernodes | 0.2 | 0.4 | 1.00 |  |\n");
    expect(stdout).to.contain("| Chain | hypernodes, cached | 0.1 | 0.26 | 1.30 | slower |\n");
    expect(stdout).not.to.contain("| bare await |");
  });

  it("compares times where hypernodes is the measure", async () => {
    const { stdout } = await compare(
      table("| hypernodes | 1.00 | 1.00 |", "| p-map | 2.00 | 2.00 |"),
      table("| hypernodes | 0.50 | 1.00 |", "| p-map | 2.00 | 4.00 |", "| hypernodes, new | 1.00 | 2.00 |"),
    );
    expect(stdout).to.contain("| Chain | hypernodes | 1 | 0.5 | 0.50 | faster |\n");
    expect(stdout).not.to.contain("hypernodes, new");
  });

  it("says so where there is nothing to compare", async () => {
    expect((await compare("", table("| hypernodes | 1.00 | 1.00 |"))).stdout).to.contain("No bench has a row");
  });
});

describe("the record of benches: npm run bench -- --record", () => {
  const appendix = readFileSync(APPENDIX, "utf8");
  const sections = [...appendix.matchAll(/^## (.+)$/gm)].map(([, name]) => name!);
  const printed = "\n### A title\n\n| a | b |\n|---|---:|\n| c | 1 |\n\nA sentence.\n";
  const section = (name: string) => `## ${name}\n\nthe machine\n\n${remarks(name)}${printed.trim()}\n`;
  const remarks = (name: string) => {
    const [, found = ""] = new RegExp(`^## ${name}\n\n.+\n\n((?:>.*\n)+\n)`, "m").exec(appendix) ?? [];
    return found;
  };
  const record = (document: string, name: string, text = printed) => recordBench(document, name, text, "the machine");

  it("has a section for each bench that it names, once, with the date and the machine", () => {
    expect(sections).to.have.lengthOf.at.least(10);
    expect(new Set(sections).size).to.equal(sections.length);
    const main = readFileSync("bench/main.ts", "utf8");
    expect(sections.filter((name) => !new RegExp(`^  ${name}[,:]`, "m").test(main))).to.deep.equal([]);
    const dated = appendix.match(/^## .+\n\n\d{4}-\d\d-\d\d, Node v[\d.]+, \d+ cores \(.+\), \d+ GiB\n\n/gm);
    expect(dated).to.have.lengthOf(sections.length);
  });

  for (const name of sections) {
    it(`replaces the section of one bench and nothing else: ${name}`, () => {
      const [before, after] = appendix.split(new RegExp(`^## ${name}\n[^]*?(?=^## |(?![^]))`, "m"));
      const expected = after === "" ? before + section(name) : `${before}${section(name)}\n${after}`;
      expect(record(appendix, name)).to.equal(expected);
      expect(record(expected, name)).to.equal(expected);
    });
  }

  it("keeps the remarks of a section, and nothing else that was written into it", () => {
    const remark = "> A remark\n> of two lines.\n\n";
    const plain = "# Title\n\n## a\n\nthe machine\n\n";
    const old = "### T\n\nA sentence by hand.\n\n| x |\n|---|\n\n> Not below the machine.\n";
    expect(record(`${plain}${remark}${old}`, "a")).to.equal(`${plain}${remark}${printed.trim()}\n`);
    expect(record(`${plain}${old}`, "a")).to.equal(`${plain}${printed.trim()}\n`);
    expect(remarks("cache")).to.contain("26 November");
  });

  it("adds a section at the end for a bench that has none", () => {
    expect(record(appendix, "another")).to.equal(`${appendix}\n${section("another")}`);
    // The name of another bench may begin with it.
    expect(record(appendix, "st")).to.equal(`${appendix}\n${section("st")}`);
  });

  it("refuses the output of a bench that was left out", () => {
    for (const text of ["", "\nSkipped: there is no redis-server.\n"])
      expect(() => record(appendix, "queue", text)).to.throw("queue: it printed no table");
  });

  it("runs a bench and writes what it printed @slow", async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "record-"));
    const file = path.join(folder, APPENDIX);
    mkdirSync(path.dirname(file));
    writeFileSync(file, appendix);
    const main = path.resolve("bench/main.ts");
    const { code, stdout, stderr } = await execute(process.execPath, [...LOADER, main, "--record", "stream"], {
      cwd: folder,
    });
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
    const [machine, ...lines] = stdout.split("\n");
    expect(readFileSync(file, "utf8")).to.equal(recordBench(appendix, "stream", lines.join("\n"), machine!));
    const wrong = await execute(process.execPath, [...LOADER, main, "--record", "stream", "straem"], { cwd: folder });
    expect(wrong).to.include({ code: 1, stdout: "" });
    expect(wrong.stderr).to.contain("no bench is named straem");
  });
});

describe("the forms of issues", () => {
  const folder = ".github/ISSUE_TEMPLATE";
  for (const name of ["bug.yml", "feature.yml"]) {
    it(`ask for what is needed: ${name}`, () => {
      const form = parse(readFileSync(path.join(folder, name), "utf8")) as {
        readonly name: string;
        readonly description: string;
        readonly body: readonly { readonly id: string; readonly attributes: { readonly label: string } }[];
      };
      expect(form.name && form.description).to.be.a("string");
      const ids = form.body.map(({ id }) => id);
      expect(ids).to.include("program");
      expect(new Set(ids).size).to.equal(ids.length);
      expect(form.body.every(({ attributes }) => attributes.label.length > 0)).to.equal(true);
    });
  }

  it("lead reports of vulnerabilities to the private form, as SECURITY.md does", () => {
    const { contact_links: links } = parse(readFileSync(path.join(folder, "config.yml"), "utf8")) as {
      readonly contact_links: readonly { readonly url: string }[];
    };
    expect(readFileSync("SECURITY.md", "utf8")).to.contain(`(${links[0]!.url})`);
  });
});

describe("the settings of changesets and editors", () => {
  it("are as the project is", () => {
    const changesets = JSON.parse(readFileSync(".changeset/config.json", "utf8")) as Record<string, unknown>;
    expect(changesets).to.include({ access: "public", baseBranch: "main" });
    const { formatter } = JSON.parse(readFileSync("biome.json", "utf8")) as { formatter: Record<string, unknown> };
    const editor = readFileSync(".editorconfig", "utf8");
    expect(editor).to.contain(`indent_style = ${formatter.indentStyle}`);
    expect(editor).to.contain(`indent_size = ${formatter.indentWidth}`);
    expect(editor).to.contain(`max_line_length = ${formatter.lineWidth}`);
  });
});
