// Runs the specs on each major version of Node that is supported, brought by the npm package `node`; with --quick those that depend on
// Node the most.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { bundledSources } from "./sources.mjs";

const named = process.argv.slice(2).filter((word) => word !== "--quick");
const MAJORS = named.length > 0 ? named : ["20", "22", "24"];
const isQuick = process.argv.includes("--quick");
/** The specs that depend on Node the most: on V8's codec, threads and SQLite. */
const NEAREST = [
  "spec/pipeline/*",
  "spec/values/**/*",
  "spec/engine/threads",
  "spec/engine/thenables",
  "spec/cache/stores",
];
/** All that depend on V8, threads and processes. */
const CORE = ["spec/pipeline/*", "spec/values/**/*", "spec/engine/**/*", "spec/cache/*", "spec/placement/modal"];
/** What `npm test` has shown, and does not depend on Node; of loaders and of ends of threads the newest has most to say. */
const ONCE = ["holds thousands of entries", "whose Redis ends in the middle"];
const ONCE_BUT_NEWEST = [
  ...ONCE,
  "a thread imports",
  "a program whose class threads",
  "when threads end",
  "cold, half warm",
];
/** Servers and loaders, of which the quick run leaves much to the whole one. */
const WHOLE_RUN = ["classes that modules export are sent to (?:workers|containers)"];
const WHOLE_RUN_BUT_NEWEST = ["classes that modules export are"];
const root = process.cwd();
const results = [];

for (const major of MAJORS) {
  const folder = path.join(root, "node_modules", ".cache", `node-${major}`);
  const bin = path.join(folder, "node_modules", "node", "bin");
  const node = path.join(bin, "node");
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, "package.json"), JSON.stringify({ private: true }));
    run("npm", ["install", "--no-audit", "--no-fund", "--no-save", `node@${major}`], { cwd: folder });
  }
  const version = run(node, ["--version"], { stdio: "pipe" }).trim();
  console.log(`\n=== Node ${version} ===`);
  // What there is to lose does not depend on Node, but who writes it does: a few kills show that.
  const env = {
    ...process.env,
    HYPERNODES_KILLS: "4",
    HYPERNODES_BUNDLED: bundledSources(),
    PATH: `${bin}${path.delimiter}${process.env.PATH}`,
  };
  const isNewest = major === MAJORS.at(-1);
  const leftOut = [
    ...(isNewest ? ONCE : ONCE_BUT_NEWEST),
    ...(isQuick ? (isNewest ? WHOLE_RUN : WHOLE_RUN_BUT_NEWEST) : []),
  ];
  const specs = [
    ...["node_modules/mocha/bin/mocha.js", "--parallel", "--jobs", "2", "--invert", "--grep", leftOut.join("|")],
    ...(isQuick ? NEAREST : CORE).map((name) => `${name}.spec.ts`),
  ];
  const { status } = spawnSync(node, specs, { stdio: "inherit", env });
  results.push({ version, status });
}

console.log("");
for (const { version, status } of results) console.log(`Node ${version}: ${status === 0 ? "passed" : "FAILED"}`);
process.exitCode = results.every(({ status }) => status === 0) ? 0 : 1;

function run(command, args, options) {
  const { status, stdout, error } = spawnSync(command, args, { stdio: "inherit", encoding: "utf8", ...options });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${error?.message ?? `exit code ${status}`}`);
  return stdout ?? "";
}
