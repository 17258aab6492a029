import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { inspect } from "node:util";
import { expect } from "chai";
import ts from "typescript";
import { formatError } from "../../src/cli/exit-codes.js";
import { ERROR_CODES, WARNINGS } from "../../src/error-codes.js";
import {
  AbortError,
  type Defect,
  DefinitionError,
  HypernodesError,
  InputError,
  input,
  NodeError,
  node,
  type Output,
  output,
  Pipeline,
  TimeoutError,
  ValueError,
} from "../../src/index.js";
import { built } from "../support/built.js";
import { execute } from "../support/execute.js";
import { ownFiles, sourceProgram } from "../support/messages.js";
import { runFolder } from "../support/run-folder.js";
import { TROUBLESHOOTING, troubleshootingPage } from "../support/troubleshooting.js";

const CODES = Object.keys(ERROR_CODES);
const PAGE = "https://github.com/hypernodes/hypernodes/blob/main/docs/troubleshooting.md";

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => path.join(folder, name))
    .filter((name) => /\.(?:ts|mts|mjs)$/.test(name));

/** The texts that stand in a file between quotes, with the code of the object that they are part of. */
function literalsOfCodes(program: ts.Program): Map<string, Set<string>> {
  const pieces = new Map<string, Set<string>>();
  const codesIn = (node: ts.Node): string[] => {
    const found: string[] = [];
    const walk = (each: ts.Node) => {
      if (ts.isStringLiteral(each) && CODES.includes(each.text)) found.push(each.text);
      ts.forEachChild(each, walk);
    };
    walk(node);
    return found;
  };
  const textsIn = (node: ts.Node, add: (text: string) => void): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node))
      add(node.text);
    ts.forEachChild(node, (each) => textsIn(each, add));
  };
  const visit = (node: ts.Node): void => {
    const isError = ts.isObjectLiteralExpression(node) || ts.isCallExpression(node) || ts.isNewExpression(node);
    if (isError) {
      const codes = new Set(codesIn(node));
      if (codes.size === 1) {
        const [code] = codes;
        if (!pieces.has(code!)) pieces.set(code!, new Set());
        textsIn(node, (text) => pieces.get(code!)!.add(text));
      }
    }
    ts.forEachChild(node, visit);
  };
  for (const file of ownFiles(program)) visit(file);
  return pieces;
}

describe("the table of error codes", () => {
  it("makes docs/troubleshooting.md: npm run docs:codes", () => {
    expect(readFileSync(TROUBLESHOOTING, "utf8")).to.equal(troubleshootingPage());
  });

  it("has only codes that the source uses", () => {
    const source = filesIn("src")
      .filter((name) => name !== path.join("src", "error-codes.ts"))
      .map((name) => readFileSync(name, "utf8"))
      .join("\n");
    expect(CODES.filter((code) => !source.includes(`"${code}"`))).to.deep.equal([]);
  });

  it("has complete sentences", () => {
    for (const [code, { summary, causes, fix }] of Object.entries(ERROR_CODES)) {
      expect(causes.length * fix.length, code).to.be.at.least(1);
      for (const text of [summary, ...causes, ...fix])
        expect(text, code).to.match(/^(?:[A-Z`]|hypernodes |esbuild ).*[.]$/);
    }
  });

  it("is loaded by no module of the package: imports of it are types", () => {
    const imports = filesIn("src").flatMap((name) =>
      [...readFileSync(name, "utf8").matchAll(/^.*from "[./]+error-codes\.js";$/gm)].map(([line]) => line),
    );
    expect(imports).to.have.length.above(3);
    for (const line of imports) expect(line).to.match(/^(?:import|export) type /);
  });

  /** A part of the message by which specs see an error whose message is made of other modules' texts. */
  const SEEN_AS: Readonly<Record<string, string>> = {
    CANT_LIST: "this Keyv has no iterator",
    DUPLICATE_ROLE: "roles: @node and @output",
    INVALID_EVENTS: "it is not an event log",
    NOT_IMPORTED: "it can't be imported",
    OUTPUT_LOST: "the output is lost",
    RESOURCE_FAILED: "the resource could not be built",
    UNKNOWN_INPUTS: "unknown input",
    USAGE: "it is not NAME=VALUE",
  };

  /** Codes whose errors no spec sees, and why. */
  const UNSEEN: Readonly<Record<string, string>> = {
    IN_THREAD: "a store that a thread opens is not given to nodes",
    MODAL_SILENT: "its shortest limit is a minute",
    NO_SQLITE: "the project's own dependencies include the package",
    NOT_BUILT: "specs run from a build that has the script",
    NOT_IN_REDIS: "the client sends again what is missing, up to a number of times",
  };

  it("has codes that specs see, by their name or a part of their message, or says why not", () => {
    const specs = filesIn("spec")
      .filter((name) => name !== path.join("spec", "docs", "error-codes.spec.ts"))
      .map((name) => readFileSync(name, "utf8"))
      .join("\n");
    const below = readFileSync(path.join("spec", "docs", "error-codes.spec.ts"), "utf8");
    const pieces = literalsOfCodes(sourceProgram());
    const isSeen = (code: string) =>
      new RegExp(`\\b${code}\\b`).test(specs) ||
      below.includes(`it("${code}:`) ||
      (code in SEEN_AS && specs.includes(SEEN_AS[code]!)) ||
      [...(pieces.get(code) ?? [])].some((piece) => piece.trim().length > 9 && specs.includes(piece.trim()));
    expect(CODES.filter((code) => !isSeen(code)).sort()).to.deep.equal(Object.keys(UNSEEN).sort());
  });
});

describe("the table of warnings", () => {
  const source = filesIn("src")
    .filter((name) => name !== path.join("src", "error-codes.ts"))
    .map((name) => readFileSync(name, "utf8"))
    .join("\n");

  it("has only texts that the source emits", () => {
    expect(WARNINGS.filter(({ text }) => !source.includes(text))).to.deep.equal([]);
  });

  it("has an entry for each warning that is written where it is emitted", () => {
    const emitted = [...source.matchAll(/emitWarning\(\s*`([^\n]*)`/g)].map(([, text]) => text!);
    expect(emitted).to.have.length.above(8);
    const isListed = (text: string) =>
      /^\$\{what\}: /.test(text) || WARNINGS.some((warning) => text.includes(warning.text));
    expect(emitted.filter((text) => !isListed(text))).to.deep.equal([]);
  });
});

describe("codes that no other spec sees", () => {
  class Changing extends Pipeline {
    @input() seen = 0;

    @node()
    count(): number {
      this.seen = 1;
      return 1;
    }

    @output("count")
    text(count: number): Output<string> {
      return `${count}`;
    }
  }

  it("STATE_IN_NODE: a node assigns to a property of the pipeline", async () => {
    const error = await new Changing().run({ seen: 0 }).then(
      () => undefined,
      (error: NodeError) => error,
    );
    expect(error?.cause).to.include({ code: "STATE_IN_NODE" });
  });

  it("UNKNOWN_GIVEN: given names no node", async () => {
    const error = await new Changing().run({ seen: 0 }, { given: { cuont: 1 } as object }).then(
      () => undefined,
      (error: HypernodesError) => error,
    );
    expect(error?.code).to.equal("UNKNOWN_GIVEN");
    expect(error?.advice).to.equal('Did you mean "count"?');
  });
});

describe("the address of an error's documentation", () => {
  const place = { where: "A", problem: "it failed" };
  const defects: [Defect, Defect, Defect] = [
    { code: "CYCLE", ...place },
    { code: "EMPTY", ...place },
    { code: "CYCLE", ...place },
  ];
  const errors: readonly HypernodesError[] = [
    new HypernodesError({ code: "BAD_OPTION", ...place }),
    new DefinitionError("A", defects),
    new InputError({ code: "MISSING_INPUTS", ...place, violations: [] }),
    new NodeError({ code: "NODE_FAILED", ...place, node: "a", attempts: 1, cause: new RangeError("no") }),
    new ValueError({ code: "UNSERIALISABLE", ...place, path: [] }),
    new TimeoutError({ code: "TIMEOUT", ...place, advice: "Wait.\nOr do not." }),
    new AbortError({ code: "ABORTED", ...place }),
  ];

  it("is that of the code's entry in the page of the package's repository", () => {
    const { repository } = JSON.parse(readFileSync("package.json", "utf8")) as { repository: { url: string } };
    expect(PAGE).to.equal(`${repository.url.replace(/^git\+|\.git$/g, "")}/blob/main/${TROUBLESHOOTING}`);
    const headings = [...readFileSync(TROUBLESHOOTING, "utf8").matchAll(/^### (.+)$/gm)].map(([, code]) => code!);
    expect(headings.sort()).to.deep.equal([...CODES].sort());
    for (const error of errors) expect(error.docsUrl).to.equal(`${PAGE}#${error.code.toLowerCase()}`);
  });

  for (const error of errors) {
    it(`stands behind the message where Node prints the error, once: ${error.name}`, () => {
      for (const _ of [1, 2]) {
        const [printed] = inspect(error).split("\n    at ");
        const codes = error instanceof DefinitionError ? ["cycle", "empty"] : [error.code.toLowerCase()];
        const addresses = codes.map((code) => `\n  See ${PAGE}#${code}`).join("");
        expect(printed).to.equal(`${error.name}: ${error.message}${addresses}`);
      }
    });
  }

  it("is in the stack of errors that are created once a call: runners of tests print it", () => {
    for (const create of [
      () => new HypernodesError({ code: "BAD_OPTION", ...place }),
      () => new DefinitionError("A", [defects[0]]),
      () => new InputError({ code: "MISSING_INPUTS", ...place, violations: [] }),
    ]) {
      const error = create();
      expect(error.stack).to.match(new RegExp(`^${error.name}: A: it failed\n  See ${PAGE}#\\w+\n    at `));
      expect(error.message).to.equal("A: it failed");
      expect(Object.keys(error)).not.to.include("stack");
    }
  });

  it("is printed by the command once, for the innermost error that has a code", () => {
    const cause = new TimeoutError({ code: "TIMEOUT", where: "B", problem: "it was late" });
    const failed = new NodeError({ code: "NODE_FAILED", ...place, node: "a", attempts: 1, cause });
    expect(formatError(failed, false)).to.equal(
      `A: it failed\n  caused by TimeoutError: B: it was late\nSee ${PAGE}#timeout`,
    );
    expect(formatError(new Error("other"), false)).to.equal("other");
    expect(formatError(errors[1], false)).to.match(/#cycle\nSee \S+#empty$/);
  });

  it("is printed where an error ends a process", async () => {
    const file = path.join(runFolder(), "ends.mjs");
    const from = JSON.stringify(built("src/index.ts"));
    const endsWith = async (code: string) => {
      writeFileSync(file, code);
      return (await execute(process.execPath, [file])).stderr;
    };
    const decoding = await endsWith(`import { decode } from ${from}; decode(new Uint8Array(3));`);
    expect(decoding).to.match(new RegExp(`\nValueError: .*\n  See ${PAGE}#bad_bytes\n    at `));
    const failing = await endsWith(`import { node, Pipeline } from ${from};
      class Failing extends Pipeline { fails() { throw new RangeError("it is too much"); } }
      node()(Failing.prototype, "fails");
      await new Failing().run({});`);
    expect(failing).to.match(new RegExp(`\nNodeError: .*it is too much\n  See ${PAGE}#node_failed\n    at `));
  });

  it("is printed by mocha and by node:test for a test that fails", async () => {
    const file = path.join(runFolder(), "fails.spec.mjs");
    const from = JSON.stringify(built("src/index.ts"));
    const code = `import { mapOver } from ${from}; it("fails", () => { mapOver("a")(class {}, "constructor"); });`;
    writeFileSync(file, code);
    const mocha = await execute(process.execPath, ["node_modules/mocha/bin/mocha.js", "--no-config", file]);
    expect(mocha.stdout).to.contain(`See ${PAGE}#`);
    writeFileSync(file, `import { it } from "node:test"; ${code}`);
    const node = await execute(process.execPath, ["--test", "--test-reporter", "spec", file]);
    expect(node.stdout).to.contain(`See ${PAGE}#`);
  });
});
