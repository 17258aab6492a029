import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect } from "chai";
import { type HypernodesError, type ModalOptions, modal, type Pipeline } from "../../src/index.js";
import { missingSiblings } from "../../src/placement/bundle/sibling-files.js";
import { loopback, onLoopback } from "../support/modal.js";
import { rejection } from "../support/rejection.js";
import { warningsOf } from "../support/warnings.js";

const INDEX = fileURLToPath(new URL("../../src/index.ts", import.meta.url));

/** Ways of a module to read `words.txt` and the project's package.json. */
const READERS = {
  "import.meta.url": `
    const url = new URL("./data/words.txt", import.meta.url);
    export const read = () => [readFileSync(url, "utf8"), readFileSync(new URL("../../package.json", import.meta.url), "utf8")];`,
  "a folder of its own": `
    const here = path.dirname(fileURLToPath(import.meta.url));
    export const read = () => [readFileSync(path.join(here, "data/words.txt"), "utf8"), readFileSync(here + "/../../package.json", "utf8")];`,
  CommonJS: "",
};
const COMMON = `
  const { readFileSync } = require("node:fs");
  const { join } = require("node:path");
  exports.read = () => [readFileSync(join(__dirname, "data", "words.txt"), "utf8"), readFileSync(require("node:path").resolve(__filename, "../../../package.json"), "utf8")];`;

describe("files that modules read beside themselves @slow", () => {
  const held = loopback();
  let count = 0;

  /** A project with a pipeline whose module reads files. */
  async function project(reader: string): Promise<{ pipeline: Pipeline; folder: string }> {
    const folder = mkdtempSync(path.join(process.cwd(), "files-"));
    const source = path.join(folder, "src/deep");
    mkdirSync(path.join(source, "data"), { recursive: true });
    writeFileSync(path.join(folder, "package.json"), '{"name":"reading","type":"module"}');
    writeFileSync(path.join(source, "data/words.txt"), "words\0 and שלום");
    const module = reader === "" ? "reads.cjs" : "reads.js";
    const imports = `import { readFileSync } from "node:fs"; import path from "node:path"; import { fileURLToPath } from "node:url";`;
    writeFileSync(path.join(source, module), reader === "" ? COMMON : imports + reader);
    const file = path.join(source, `pipeline${count++}.mjs`);
    writeFileSync(
      file,
      `import { Pipeline, node } from ${JSON.stringify(INDEX)};
import * as reads from "./${module}";
export class Reading extends Pipeline { read() { return (reads.read ?? reads.default.read)(); } }
node()(Reading.prototype, "read", Object.getOwnPropertyDescriptor(Reading.prototype, "read"));`,
    );
    const { Reading } = (await import(pathToFileURL(file).href)) as { Reading: new () => Pipeline };
    return { pipeline: new Reading(), folder };
  }

  const runs = (pipeline: Pipeline, options: ModalOptions) =>
    pipeline.run({} as never, { runOn: modal(options) } as never);

  for (const [title, reader] of Object.entries(READERS)) {
    onLoopback(`are there as they are here, if they are named: ${title}`, async () => {
      const { pipeline, folder } = await project(reader);
      try {
        const here = await pipeline.run({} as never);
        let there: unknown;
        const warnings = await warningsOf(async () => {
          there = await runs(pipeline, { files: ["src/**/*.txt", "package.json"] });
        });
        expect(there).to.deep.equal(here);
        expect(warnings).to.deep.equal([]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    onLoopback(`are warned of if they are not: ${title}`, async () => {
      const { pipeline, folder } = await project(reader);
      try {
        let error: HypernodesError | undefined;
        const warnings = await warningsOf(async () => {
          error = await rejection(runs(pipeline, {}));
        });
        expect(error!.message).to.contain("ENOENT");
        expect(warnings).to.have.length(1);
        expect(warnings[0]).to.match(
          /^HypernodesWarning: src\/deep\/reads\.c?js reads .* name them in modal\(\{ files: \[".*"\] \}\)/,
        );
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }

  onLoopback("are looked for before anything is asked for", async () => {
    const { pipeline, folder } = await project(READERS["import.meta.url"]);
    try {
      held.server.forget();
      const missing = await rejection<HypernodesError>(runs(pipeline, { files: ["src/**", "nowhere/**"] }));
      expect(missing.code).to.equal("NO_SUCH_FILES");
      expect(missing.message).to.contain('modal({ files }): "nowhere/**" matches no file');
      writeFileSync(path.join(folder, "large.bin"), Buffer.alloc(33 * 1024 * 1024));
      const large = await rejection<HypernodesError>(runs(pipeline, { files: ["*.bin"] }));
      expect(large.code).to.equal("FILES_TOO_LARGE");
      expect(held.server.calls).to.deep.equal([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("are in the project", () => {
    modal({ files: ["data/**", "!data/raw", "a..b", "src/*.{txt,json}"] });
    for (const files of [["/etc/passwd"], ["../other/**"], ["a/../../b"], ["!"], [""], "data/**", [1]]) {
      expect(() => modal({ files } as ModalOptions), JSON.stringify(files)).to.throw("the option files is");
    }
  });
});

describe("what a module reads beside itself", () => {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const file = path.join(root, "src/index.ts");
  const fs = 'import{readFileSync}from"node:fs";';
  const cases: [string, readonly string[], RegExp | undefined][] = [
    [
      'new URL("./errors.ts",import.meta.url),new URL("./dsl",import.meta.url)',
      [],
      /reads "src\/errors\.ts" and "src\/dsl", .*\["src\/errors\.ts","src\/dsl\/\*\*"\]/,
    ],
    [
      'new URL("./errors.ts",import.meta.url)',
      [],
      /^src\/index\.ts reads "src\/errors\.ts", .*files: \["src\/errors\.ts"\]/,
    ],
    ['new URL("./errors.ts",import.meta.url)', ["src/errors.ts"], undefined],
    ['new URL("../docs",import.meta.url)', [], /files: \["docs\/\*\*"\]/],
    ['new URL("../docs/",import.meta.url)', ["docs/modal.md"], undefined],
    ['new URL("./not-there.ts",import.meta.url)', [], undefined],
    [`${fs}path.join(__dirname,"..","docs/modal.md")`, [], /reads "docs\/modal\.md"/],
    [`${fs}path.join(import.meta.dirname,"errors.ts")`, ["src/errors.ts"], undefined],
    [`${fs}const h=dirname(fileURLToPath(import.meta.url))`, [], /^src\/index\.ts reads files by import\.meta\.url/],
    [`${fs}const h=dirname(fileURLToPath(import.meta.url))`, ["a.txt"], undefined],
    ["const h=dirname(fileURLToPath(import.meta.url))", [], undefined],
    [`${fs}const require=createRequire(import.meta.url)`, [], undefined],
    [`${fs}if(process.argv[1]===fileURLToPath(import.meta.url))main()`, [], undefined],
    [`${fs}if(import.meta.filename===process.argv[1])main()`, [], undefined],
    [fs, [], undefined],
  ];
  for (const [code, files, says] of cases) {
    it(`${code} with ${JSON.stringify(files)}: ${says ?? "nothing"}`, () => {
      const warning = missingSiblings(code, file, root, files);
      if (says === undefined) expect(warning).to.equal(undefined);
      else expect(warning).to.match(says);
    });
  }
});
