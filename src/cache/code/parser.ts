import type { Program } from "acorn";
import { parse, version } from "meriyah";

/** Another version may give another tree. */
export const PARSER_VERSION = version;

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
  return parse(source, {
    sourceType: isModule ? "module" : "commonjs",
    webcompat: !isModule,
    ranges: { start: true, end: true },
  }) as unknown as Program;
}
