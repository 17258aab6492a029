import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";

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

for (const [compiler, name] of [
  ["typescript", "TypeScript 6"],
  ["typescript-7", "TypeScript 7"],
] as const) {
  describe(`the compiler checks the wiring: ${name}`, () => {
    it("accepts the right programs", async () => {
      expect([...(await complaints(compiler, path.join(here, "accepted")))]).to.deep.equal([]);
    });

    describe("rejects, with a sentence that names the culprit", () => {
      const folder = path.join(here, "rejected");
      const expected = expectations(folder);
      let found: Map<string, string>;
      before(async () => {
        found = await complaints(compiler, folder);
      });

      for (const [place, text] of expected) {
        it(`${place}: ${text}`, () => expect(found.get(place) ?? "nothing").to.contain(text));
      }
      it("nothing else", () => {
        expect([...found.keys()].filter((place) => !expected.has(place))).to.deep.equal([]);
      });
    });
  });
}
