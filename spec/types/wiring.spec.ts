import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import ts from "typescript";
import { packedProject } from "../support/packed.js";

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/** What tsc says of a folder: for each `file:line`, the whole text of its errors. */
async function complaints(compiler: string, folder: string): Promise<Map<string, string>> {
  const tsc = path.join(path.dirname(require.resolve(`${compiler}/package.json`)), "bin", "tsc");
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, "-p", folder, "--pretty", "false"], {
    maxBuffer: 1e8,
  }).catch((failed: { stdout: string }) => failed);
  const found = new Map<string, string>();
  let at = "";
  for (const line of stdout.split("\n")) {
    const start = /^(.+?)\((\d+),\d+\): error (.*)$/.exec(line);
    if (start) at = `${path.basename(start[1]!)}:${start[2]}`;
    if (line !== "") found.set(at, `${found.get(at) ?? ""}${start?.[3] ?? line}\n`);
  }
  return found;
}

/** Files are read once for all programs: their options differ in nothing that counts while a file is read. */
const read = new Map<string, ts.SourceFile | undefined>();

/** What TypeScript 6 says of a folder's own files. That it says nothing of the library, a slow spec shows. */
async function complaintsOfCases(folder: string): Promise<Map<string, string>> {
  const config = path.join(folder, "tsconfig.json");
  const { options, fileNames } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, ts.sys.readFile).config,
    ts.sys,
    folder,
  );
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (name, ...how) => {
    if (!read.has(name)) read.set(name, getSourceFile(name, ...how));
    return read.get(name);
  };
  const program = ts.createProgram(fileNames, options, host);
  const files = fileNames.map((name) => program.getSourceFile(name)!);
  const found = new Map<string, string>();
  for (const { file, start, code, messageText } of [
    ...program.getConfigFileParsingDiagnostics(),
    ...program.getOptionsDiagnostics(),
    ...program.getSyntacticDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...files.flatMap((file) => [...program.getSemanticDiagnostics(file)]),
  ]) {
    const line = file && ts.getLineAndCharacterOfPosition(file, start!).line + 1;
    const at = file ? `${path.basename(file.fileName)}:${line}` : "";
    found.set(at, `${found.get(at) ?? ""}TS${code}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}\n`);
  }
  return found;
}

/** What the case files say that tsc must say. */
function expectations(folder: string): Map<string, string> {
  const expected = new Map<string, string>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".ts"))) {
    readFileSync(path.join(folder, file), "utf8")
      .split("\n")
      .forEach((line, index) => {
        const text = /^\s*\/\/ error: (.*)$/.exec(line)?.[1];
        if (text !== undefined) expected.set(`${file}:${index + 2}`, text);
      });
  }
  return expected;
}

for (const [name, complaintsOf] of [
  ["TypeScript 6", complaintsOfCases],
  ["TypeScript 7", (folder: string) => complaints("typescript-7", folder)],
] as const) {
  describe(`the compiler checks the wiring: ${name}`, () => {
    it("accepts the right programs", async () => {
      expect([...(await complaintsOf(path.join(here, "accepted")))]).to.deep.equal([]);
    });

    for (const kind of ["rejected", "standard"]) {
      describe(`rejects, with a sentence that names the culprit: ${kind}`, () => {
        const folder = path.join(here, kind);
        const expected = expectations(folder);
        let found: Map<string, string>;
        before(async () => {
          found = await complaintsOf(folder);
        });

        for (const [place, text] of expected) {
          it(`${place}: ${text}`, () => expect(found.get(place) ?? "nothing").to.contain(text));
        }
        it("with no other advice, if a setting is missing", () => {
          if (kind !== "standard") return;
          for (const [place, text] of found) expect(text, place).to.not.match(/\bpublic\b/);
        });
        it("nothing else", () => {
          expect([...found.keys()].filter((place) => !expected.has(place))).to.deep.equal([]);
        });
      });
    }
  });
}

describe("the compiler checks the wiring: TypeScript 6, as a command @slow", () => {
  it("accepts the right programs and rejects the others, by the declarations of the package", async () => {
    const project = await packedProject();
    for (const kind of ["accepted", "rejected", "standard"]) {
      const [from, folder] = [path.join(here, kind), path.join(project, `wiring-${kind}`)];
      mkdirSync(folder);
      for (const name of readdirSync(from).filter((name) => name.endsWith(".ts"))) {
        const text = readFileSync(path.join(from, name), "utf8");
        writeFileSync(path.join(folder, name), text.replace('from "../../../src/index.js"', 'from "hypernodes"'));
      }
      const compilerOptions = { typeRoots: [path.resolve("node_modules/@types")] };
      const config = { extends: path.join(from, "tsconfig.json"), compilerOptions, include: ["."] };
      writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify(config));
      const [found, expected] = [await complaints("typescript", folder), expectations(folder)];
      for (const [place, text] of expected) expect(found.get(place) ?? "nothing", place).to.contain(text);
      expect([...found.keys()].filter((place) => !expected.has(place))).to.deep.equal([]);
    }
  });
});
