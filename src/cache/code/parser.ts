import type { Program } from "acorn";

// Node's own: those that test runners put in its place do not load all that it loads.
const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);

// Loaded when a text is parsed, in 12 to 17 ms: a process whose scripts an earlier one has read parses none.
let meriyah: typeof import("meriyah") | undefined;

/** The parser's file. Another version may give another tree. */
export function parserFile(): string {
  return require.resolve("meriyah");
}

/**
 * Parses a script's text. The tree is ESTree, with the offsets of each node: acorn's types describe it, as meriyah's own leave
 * the offsets open.
 *
 * Proposals, as decorators, are errors: their nodes have no normal form.
 *
 * @param isModule false: CommonJS, or a script.
 * @throws {SyntaxError} with `loc`.
 */
export function parseScript(source: string, isModule: boolean): Program {
  meriyah ??= require("meriyah") as typeof import("meriyah");
  return meriyah.parse(source, {
    sourceType: isModule ? "module" : "commonjs",
    webcompat: !isModule,
    ranges: { start: true, end: true },
  }) as unknown as Program;
}
