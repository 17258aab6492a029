/**
 * `npm run reliability`: runs the specs that inject faults, and writes docs/reliability.md from what they recorded.
 * `npm run reliability -- FILE` takes what a run of all specs recorded: HYPERNODES_FAULTS=FILE npm run test:all
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { FAULTS, type Fault } from "./faults.js";

interface FaultRecord {
  readonly spec: string;
  readonly hasPassed: boolean;
  readonly faults: readonly (readonly [Fault, number])[];
}

const [recorded] = process.argv.slice(2);
const records = (recorded === undefined ? recordsOfRun() : readFileSync(recorded, "utf8"))
  .split("\n")
  .filter(Boolean)
  .map((line) => JSON.parse(line) as FaultRecord);

const missing = Object.values(FAULTS).flatMap((faults) =>
  Object.keys(faults).filter((name) => !records.some((record) => record.faults.some(([fault]) => fault === name))),
);
if (missing.length > 0) {
  console.error(`No spec that ran injects: ${missing.join("; ")}`);
  process.exit(1);
}

const rows = Object.entries(FAULTS).flatMap(([area, faults]) => [
  `## ${area}`,
  "",
  "| fault | injected | specs | outcome | promise |",
  "|---|---:|---:|---|---|",
  ...Object.entries(faults).map(([name, promised]) => row(name as Fault, promised)),
  "",
]);
const text = readFileSync("docs/reliability.md", "utf8");
const [head] = text.split(/^## /m);
writeFileSync("docs/reliability.md", `${[head!.trimEnd(), "", ...rows].join("\n").trimEnd()}\n`);

function row(name: Fault, promised: string): string {
  const own = records.filter(({ faults }) => faults.some(([fault]) => fault === name));
  const times = own.flatMap(({ faults }) => faults).reduce((sum, [fault, n]) => (fault === name ? sum + n : sum), 0);
  const kept = own.filter(({ hasPassed }) => hasPassed).length;
  const outcome = kept === own.length ? "as promised" : `${own.length - kept} specs failed`;
  return `| ${name} | ${times} | ${own.length} | ${outcome} | ${promised} |`;
}

/** Runs the specs that inject faults. @returns what they recorded. */
function recordsOfRun(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hypernodes-faults-"));
  const file = path.join(folder, "faults.jsonl");
  writeFileSync(file, "");
  const specs = readdirSync("spec", { recursive: true })
    .map((name) => path.join("spec", String(name)))
    .filter((name) => name.endsWith(".spec.ts") && /\binject\(/.test(readFileSync(name, "utf8")));
  const { status } = spawnSync("npx", ["mocha", "--parallel", "--jobs", "2", ...specs], {
    stdio: "inherit",
    env: { ...process.env, HYPERNODES_FAULTS: file },
  });
  const text = readFileSync(file, "utf8");
  rmSync(folder, { recursive: true });
  if (status !== 0) process.exit(1);
  return text;
}
