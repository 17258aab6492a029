import { createRequire } from "node:module";
import type { HorizontalAlignment } from "cli-table3";

/** A table with only a line below its header, if it has one. */
const PLAIN = {
  ...{ top: "", "top-mid": "", "top-left": "", "top-right": "" },
  ...{ bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "" },
  ...{ left: "", "left-mid": "", mid: "─", "mid-mid": "─", right: "", "right-mid": "", middle: " " },
};

/**
 * Renders rows in columns, by display width.
 *
 * @param firstWidth maximum width of the first column; longer texts are cut off.
 */
export function renderColumns(
  rows: readonly (readonly string[])[],
  aligns: readonly HorizontalAlignment[],
  head?: readonly string[],
  firstWidth?: number,
): string {
  // Loaded when a table is rendered, so that runs, in every thread, do not load it.
  const Table = createRequire(import.meta.url)("cli-table3") as typeof import("cli-table3");
  const text = new Table({
    ...(head && { head: [...head] }),
    colAligns: [...aligns],
    ...(firstWidth !== undefined && { colWidths: [firstWidth] }),
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 1 },
    chars: PLAIN,
  });
  text.push(...rows.map((row) => [...row]));
  return text
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
