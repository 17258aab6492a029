import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { formatFile, formatFilesIn } from "../../src/dsl/format-file.js";

const full = path.resolve("lib/a b.ts");
const url = pathToFileURL(full).href;
const outside = path.resolve("..", "other", "x.mjs");

describe("the files in messages", () => {
  const files: Record<string, string> = {
    [full]: "lib/a b.ts",
    [url]: "lib/a b.ts",
    [`${url}?v=1#x`]: "lib/a b.ts",
    [outside]: outside,
    [pathToFileURL(outside).href]: outside,
    "bundle:lib/a.ts": "lib/a.ts",
  };
  for (const [file, shown] of Object.entries(files)) {
    it(`are relative to the project: ${shown}`, () => expect(formatFile(file)).to.equal(shown));
  }

  const a = path.resolve("a.mjs");
  const texts: [text: string, shown: string][] = [
    [
      `Cannot import Module ${pathToFileURL(a).href} in a cycle. (from ${url})`,
      "Cannot import Module a.mjs in a cycle. (from lib/a b.ts)",
    ],
    [`Cannot find module '${a}' imported from ${full}`, "Cannot find module 'a.mjs' imported from lib/a b.ts"],
    [`Error: boom at ${pathToFileURL(a).href}.`, "Error: boom at a.mjs."],
    [`Module "${pathToFileURL(a).href}" needs an import attribute`, 'Module "a.mjs" needs an import attribute'],
    [`${a}\n${a}`, "a.mjs\na.mjs"],
    [`Require stack:\n- ${a}`, "Require stack:\n- a.mjs"],
    [`in ${pathToFileURL(outside).href}`, `in ${outside}`],
    [`in ${outside}, /mnt${a} and ${process.cwd()}2/a.mjs`, `in ${outside}, /mnt${a} and ${process.cwd()}2/a.mjs`],
    ["GET http://host/a: file://, file://host/%", "GET http://host/a: file://, file://host/%"],
  ];
  for (const [text, shown] of texts) {
    it(`are relative in a text of Node: ${shown.split("\n")[0]}`, () => expect(formatFilesIn(text)).to.equal(shown));
  }
});
