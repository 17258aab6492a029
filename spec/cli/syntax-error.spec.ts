import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { transformSync as swc } from "@swc/core";
import { expect } from "chai";
import { transformSync as esbuild } from "esbuild";
import { syntaxErrorIn } from "../../src/cli/syntax-error.js";

const SOURCE = "export class A {\n  a() {\n    return 1;\n  }\n  b() {\n    return 1 +;\n  }\n}\n";

describe("a syntax error of a pipeline's file", () => {
  let folder: string;
  let file: string;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), "hypernodes-syntax-"));
    file = path.join(folder, "wrong.mjs");
    writeFileSync(file, SOURCE);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const compilers: [name: string, compile: () => unknown][] = [
    ["swc", () => swc(SOURCE, { filename: file, jsc: { parser: { syntax: "typescript" } } })],
    ["esbuild", () => esbuild(SOURCE, { sourcefile: file, loader: "ts" })],
    ["Node", () => import(pathToFileURL(file).href)],
  ];
  for (const [name, compile] of compilers) {
    it(`is reported with its file, its line and the mistake, by ${name}, and nothing else is printed`, async () => {
      const error = await Promise.resolve()
        .then(compile)
        .then(
          () => expect.fail("it compiles"),
          (error: unknown) => error,
        );
      expect(syntaxErrorIn(error, file)).to.match(/^syntax error in \S+wrong\.mjs, line 6: .+$/);
    });
  }

  it("is none where a module throws what looks like one", () => {
    for (const text of ["{bad", ""]) {
      try {
        JSON.parse(text);
      } catch (error) {
        writeFileSync(path.join(folder, "right.mjs"), "");
        expect(syntaxErrorIn(error, path.join(folder, "right.mjs"))).to.equal(undefined);
      }
    }
    for (const thrown of [new Error("bad"), "bad", undefined, { message: "bad" }]) {
      expect(syntaxErrorIn(thrown, file)).to.equal(undefined);
    }
  });
});
