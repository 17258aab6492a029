// Compares what `npm run bench` printed on two commits: the rows of hypernodes, as multiples of the peer in the same run.
//   node .github/scripts/compare-benches.mjs BASE.txt HEAD.txt
import { readFileSync } from "node:fs";

/** A change below this says nothing: the machines of CI are shared. */
const NOISE = 0.15;

/** @returns {Map<string, { table: string, name: string, microseconds: number, multiple: number }>} */
function rowsOf(file) {
  const rows = new Map();
  let table = "";
  for (const line of readFileSync(file, "utf8").split(/\r?\n/)) {
    table = /^### (.+)$/.exec(line)?.[1] ?? table;
    const [, name, microseconds, multiple] = /^\| (.+?) \| ([\d.]+) \| ([\d.]+) \|$/.exec(line) ?? [];
    if (name === undefined) continue;
    rows.set(`${table}: ${name}`, { table, name, microseconds: Number(microseconds), multiple: Number(multiple) });
  }
  return rows;
}

const [base, head] = process.argv.slice(2).map(rowsOf);
const lines = [];
for (const [key, now] of head) {
  const before = base.get(key);
  // Peers do not change with a pull request, and each table's own measure is always 1.
  if (before === undefined || !now.name.startsWith("hypernodes")) continue;
  const isMeasure = now.multiple === 1 && before.multiple === 1;
  const ratio = isMeasure ? now.microseconds / before.microseconds : now.multiple / before.multiple;
  const mark = ratio > 1 + NOISE ? "slower" : ratio < 1 - NOISE ? "faster" : "";
  lines.push(
    `| ${now.table} | ${now.name} | ${before.microseconds} | ${now.microseconds} | ${ratio.toFixed(2)} | ${mark} |`,
  );
}

console.log("### Bench against the base\n");
console.log(
  `Microseconds per operation on one machine of CI. The ratio is that of the multiples of the peer in the same run; within ${NOISE * 100} % it is noise.\n`,
);
if (lines.length === 0) console.log("No bench has a row of hypernodes on both sides.");
else
  console.log(["| bench | contender | base | this | ratio | |", "|---|---|---:|---:|---:|---|", ...lines].join("\n"));
