import { createRequire } from "node:module";
import type { HorizontalAlignment } from "cli-table3";

/** A line under the head, if there is one, and nothing else. */
const PLAIN = {
  ...{ top: "", "top-mid": "", "top-left": "", "top-right": "" },
  ...{ bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "" },
  ...{ left: "", "left-mid": "", mid: "─", "mid-mid": "─", right: "", "right-mid": "", middle: " " },
};

/** Rows in columns, by display width. */
export function renderColumns(
  rows: readonly (readonly string[])[],
  aligns: readonly HorizontalAlignment[],
  head?: readonly string[],
): string {
  // Loaded when a table is asked for: whoever runs pipelines, in every thread, does not wait for it.
  const Table = createRequire(import.meta.url)("cli-table3") as typeof import("cli-table3");
  const drawn = new Table({
    ...(head && { head: [...head] }),
    colAligns: [...aligns],
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 1 },
    chars: PLAIN,
  });
  drawn.push(...rows.map((row) => [...row]));
  return drawn
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
