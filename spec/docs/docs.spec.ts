import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { built } from "../support/built.js";
import { embeddingApiInEnvironment } from "../support/embedding-api.js";
import { execute } from "../support/execute.js";
import { FAULTS } from "../support/faults.js";
import { loopback } from "../support/modal.js";
import { packedProject } from "../support/packed.js";
import { transpiled } from "../support/swc-hooks.mjs";
import { yardInEnvironment } from "../support/workers.js";

interface Block {
  readonly file: string;
  readonly line: number;
  readonly kind: string;
  readonly code: string;
  /** The block of text that follows: what the program prints, or what the compiler says. */
  readonly text: string | undefined;
}

/** A file that the document's commands alone run, because it imports others: `ts migrate.ts session`. */
function isOfSession(kind: string): boolean {
  return kind.endsWith(" session");
}

/** The TypeScript blocks of a document, each with the text block after it. */
function blocksOf(file: string): Block[] {
  const fences = [...readFileSync(file, "utf8").matchAll(/^```(.+)\n([\s\S]*?)^```$/gm)];
  return fences.flatMap((fence, i) => {
    const [, kind, code] = fence;
    if (!kind!.startsWith("ts") || isOfSession(kind!)) return [];
    const line = fence.input.slice(0, fence.index).split("\n").length;
    const after = fences[i + 1];
    return [{ file, line, kind: kind!, code: code!, text: after?.[1] === "text" ? after[2]! : undefined }];
  });
}

const documents = [
  "README.md",
  ...readdirSync("docs", { recursive: true }).map((name) => path.join("docs", String(name))),
];
const blocks = documents.filter((name) => name.endsWith(".md")).flatMap(blocksOf);

/** Every code block of the README and the docs is a program: it compiles, runs, and prints what stands below it. */
describe("the documents' code blocks @slow", () => {
  let folder: string;
  const fileOf = (block: Block) => path.join(folder, `block-${blocks.indexOf(block)}.ts`);
  /** What the compiler says of each block. It reads them all at once: each would read the whole library anew. */
  const said = new Map<Block, string>();
  const compile = async () => {
    const config = path.join(folder, "tsconfig.json");
    const files = blocks.map((block) => path.basename(fileOf(block)));
    const compilerOptions = { exactOptionalPropertyTypes: false };
    writeFileSync(config, JSON.stringify({ extends: "../tsconfig.json", compilerOptions, files, include: [] }));
    const compiler = ["node_modules/typescript-7/bin/tsc", "-p", config, "--pretty", "false"];
    const { stdout } = await execute(process.execPath, compiler);
    for (const part of stdout.split(/^(?=\S)/m)) {
      const block = blocks[Number(/block-(\d+)\.ts/.exec(part)?.[1])];
      expect(block, part).not.to.equal(undefined);
      said.set(block!, `${said.get(block!) ?? ""}${part}`);
    }
  };

  // What they send to Modal goes to a server on this machine, and what they send to workers to some here.
  loopback();
  const yard = yardInEnvironment("embedding");
  embeddingApiInEnvironment();

  before(async () => {
    folder = mkdtempSync(path.join(process.cwd(), "docs-blocks-"));
    for (const block of blocks)
      writeFileSync(fileOf(block), block.code.replace('from "hypernodes"', 'from "../src/index.js"'));
    await compile();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const block of blocks) {
    const place = `${block.file}:${block.line}`;
    if (block.kind === "ts rejected") {
      it(`${place} is rejected as it says`, () => {
        const errors = (said.get(block) ?? "").replaceAll(/^.*block-\d+\.ts/gm, "wrong.ts");
        for (const line of block.text!.trim().split("\n")) expect(errors).to.contain(line.trim());
        expect(errors.match(/^wrong\.ts/gm)).to.have.length(block.text!.match(/^wrong\.ts/gm)!.length);
      });
    } else {
      it(`${place} compiles, and prints what it says`, async function () {
        if (!yard.isThere && /bullmq\(|REDIS_URL/.test(block.code)) this.skip();
        const file = fileOf(block).replace(/ts$/, "mjs");
        const code = block.code.replace('from "hypernodes"', `from ${JSON.stringify(built("src/index.ts"))}`);
        writeFileSync(file, transpiled(code, file));
        const ran = await execute(process.execPath, [file]);
        expect(said.get(block)).to.equal(undefined);
        expect(ran.stderr).to.equal("");
        expect(ran.stdout).to.equal(block.text ?? "");
      });
    }
  }
});

/** A command as a document shows it, and what it prints. */
interface Shown {
  readonly command: string;
  readonly output: string;
}

/** The blocks of a document that show a terminal, and the files that its blocks are named for: `ts shout.ts`. */
function sessionOf(file: string): { readonly shown: readonly Shown[]; readonly files: ReadonlyMap<string, string> } {
  const fences = [...readFileSync(file, "utf8").matchAll(/^```(.+)\n([\s\S]*?)^```$/gm)];
  const named = fences.flatMap(([, kind, code]) => {
    const name = /^ts (\S+\.ts)(?: session)?$/.exec(kind!)?.[1];
    return name === undefined ? [] : [[name, code!] as const];
  });
  const shown = fences
    .filter(([, kind]) => kind === "console")
    .flatMap(([, , text]) => text!.split(/^\$ /m).slice(1))
    .map((part) => {
      const [command = "", ...output] = part.split("\n");
      return { command, output: output.join("\n") };
    });
  return { shown, files: new Map(named) };
}

/** The documents' commands run in a project that has installed the package, and print what stands below them. */
describe("the documents' commands @slow", () => {
  // How long things took, and how fast they were, is another each time.
  const timeless = (text: string) => text.replaceAll(/[\d.,]+ ?(?:[mµ]?s|\/s)\b/g, "T").trimEnd();

  /** npx takes most of a second to find what is installed: the first commands of a document show that it does. */
  const NPX_COMMANDS = 3;
  const quickNpx = (folder: string): string => {
    const found = path.join(folder, "quick");
    mkdirSync(found);
    writeFileSync(path.join(found, "npx"), '#!/bin/sh\nexec ../node_modules/.bin/"$@"\n', { mode: 0o755 });
    return found;
  };

  for (const document of documents.filter((name) => name.endsWith(".md"))) {
    const { shown, files } = sessionOf(document);
    if (shown.length === 0) continue;
    it(`${document} shows what its commands print`, async () => {
      const folder = path.join(await packedProject(), `docs-${path.basename(document, ".md")}`);
      mkdirSync(folder);
      for (const [name, code] of files) writeFileSync(path.join(folder, name), code);
      const direct = { PATH: `${quickNpx(folder)}${path.delimiter}${process.env.PATH}` };
      for (const [i, { command, output }] of shown.entries()) {
        const env = i < NPX_COMMANDS ? {} : direct;
        const { stdout, stderr } = await execute("sh", ["-c", command], { cwd: folder, env });
        expect(timeless(stderr + stdout), command).to.equal(timeless(output));
      }
    });
  }
});

describe("docs/recipes/README.md", () => {
  it("has a link to each recipe", () => {
    const linked = [...readFileSync("docs/recipes/README.md", "utf8").matchAll(/\]\(([\w-]+\.md)\)/g)].map(
      ([, to]) => to!,
    );
    const recipes = readdirSync("docs/recipes").filter((name) => name !== "README.md");
    expect(linked.sort()).to.deep.equal(recipes.sort());
  });
});

describe("docs/reliability.md", () => {
  it("has a row for each fault that specs inject, and no other: npm run reliability", () => {
    const rows = [
      ...readFileSync("docs/reliability.md", "utf8").matchAll(/^\| (.+?) \| \d+ \| \d+ \| as promised \| (.+) \|$/gm),
    ];
    const faults = Object.values(FAULTS).flatMap((faults) => Object.entries(faults));
    expect(rows.map(([, name, promised]) => [name, promised])).to.deep.equal(faults);
  });
});

describe("the documents' tables", () => {
  for (const document of documents.filter((name) => name.endsWith(".md"))) {
    it(`have as many cells in each row: ${document}`, () => {
      const text = readFileSync(document, "utf8").replaceAll(/^```[\s\S]*?^```/gm, "");
      const cellsOf = (row: string) =>
        row
          .replaceAll(/`[^`]*`/g, "x")
          .replaceAll("\\|", "x")
          .split("|").length;
      for (const [table] of text.matchAll(/(?:^\|.*\n)+/gm)) {
        const [head, ...rows] = table.trimEnd().split("\n");
        for (const row of rows) expect(cellsOf(row), row).to.equal(cellsOf(head!));
      }
    });
  }

  /** Texts in capitals that are no codes of errors. */
  const NO_CODES =
    /^(?:SIG[A-Z]+|ABORTED|SHARED_MISSING|ESRCH|ERR_UNKNOWN_FILE_EXTENSION|REDIS_URL|HYPERNODES_QUEUE_KEY|GET|EXISTS|HSET|P?EXPIRE|TIME|Z[A-Z]+)$/;
  for (const [document, fewest, ...folders] of [
    ["docs/modal.md", 9, "modal", "protocol", "runtime", "bundle", "chunks", "host"],
    ["docs/local-process.md", 3, "local-process"],
    ["docs/scaling.md", 9, "bullmq"],
  ] as const) {
    it(`have all codes that a run can end with: ${document}`, () => {
      const files = folders.flatMap((folder) =>
        readdirSync(path.join("src/placement", folder), { recursive: true }).map((name) =>
          path.join("src/placement", folder, String(name)),
        ),
      );
      const text = readFileSync(document, "utf8");
      const codes = files
        .filter((name) => name.endsWith(".ts"))
        .flatMap((name) =>
          [...readFileSync(name, "utf8").matchAll(/"([A-Z]{3,}(?:_[A-Z]+)*)"/g)].map(([, code]) => code!),
        )
        .filter((code) => !NO_CODES.test(code));
      expect([...new Set(codes)].filter((code) => !text.includes(`\`${code}\``))).to.deep.equal([]);
      expect(codes.length).to.be.at.least(fewest);
    });
  }
});
