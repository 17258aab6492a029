// Runs the specs on each major version of Node that is supported, brought by the npm package `node`.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

const MAJORS = process.argv.length > 2 ? process.argv.slice(2) : ["20", "22", "24"];
/** The newest has all that could depend on Node, the others what is nearest to V8. */
const NEWEST = MAJORS.at(-1);
const CORE = [
  ...["--no-config", "--node-option", "import=@swc-node/register/esm-register", "--node-option", "enable-source-maps"],
  ...["--timeout", "60000", "spec/behaviours.spec.ts", "spec/values/**/*.spec.ts", "spec/engine/**/*.spec.ts"],
  ...["spec/placement/modal.spec.ts"],
];
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
  const env = { ...process.env, HYPERNODES_KILLS: "4", PATH: `${bin}${path.delimiter}${process.env.PATH}` };
  // What takes long and does not depend on Node: `npm test` runs it, and once is enough.
  const once = [
    ...["in a browser", "in a terminal", "the documents'", "the command line (?!runs)", "an editor completes"],
    ...["the compiler checks the wiring", "hebrew-retrieval", "the code digest"],
    ...["the package (?!runs under swc)", "the examples", "what goes wrong with a container"],
    ...["holds thousands of entries", "Redis goes away", "what is lost of", "maps on a queue's workers (?!give every)"],
  ];
  const specs = [
    "node_modules/mocha/bin/mocha.js",
    ...(major === NEWEST ? ["--invert", "--grep", once.join("|")] : CORE),
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
