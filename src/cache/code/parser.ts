import type { Program } from "acorn";
import { parse } from "meriyah";

/**
 * Parses a script's text. The tree is ESTree, with the offsets of each node: acorn's types describe it, as meriyah's own leave
 * the offsets open.
 *
 * @param isModule false: CommonJS, or a script.
 * @throws {SyntaxError} with `loc`.
 */
export function parseScript(source: string, isModule: boolean): Program {
  return parse(source, {
    sourceType: isModule ? "module" : "commonjs",
    // What is not in all engines yet, as import attributes: the code has been compiled by this one.
    next: true,
    webcompat: !isModule,
    ranges: { start: true, end: true },
  }) as unknown as Program;
}
