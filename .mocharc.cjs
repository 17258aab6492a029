const { readdirSync } = require("node:fs");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

/** What takes longest begins first: no job is left alone with it at the end. */
const LONGEST = [
  ...["package/tools", "cache/edits", "placement/interrupted-network", "package/package", "queue/redis-faults"],
  ...["docs/docs", "placement/modal-failures", "queue/queue", "view/page", "cli/cli", "queue/lost"],
  ...["placement/containers", "cache/code", "engine/importing", "engine/programs", "engine/threads", "types/wiring"],
  ...["cache/random-edits", "placement/modal-life", "queue/presence", "cache/durability", "placement/local-process"],
  ...["placement/contract", "engine/caching/same-results", "cache/bad-disks", "examples/neural-container"],
  ...["examples/examples"],
].map((name) => `spec/${name}.spec.ts`);

const files = readdirSync(path.join(__dirname, "spec"), { recursive: true })
  .filter((name) => name.endsWith(".spec.ts"))
  .map((name) => path.posix.join("spec", ...name.split(path.sep)))
  .sort();
const rank = (file) => (LONGEST.includes(file) ? LONGEST.indexOf(file) : LONGEST.length);
// mocha would run them all beside the files that a command line names.
const named = process.argv.slice(2).some((word) => word.endsWith(".spec.ts"));

module.exports = {
  spec: named ? [] : files.sort((a, b) => rank(a) - rank(b)),
  require: [path.join(__dirname, "spec", "support", "setup.ts")],
  "node-option": [`import=${pathToFileURL(path.join(__dirname, "spec", "support", "swc.mjs"))}`, "enable-source-maps"],
  // It ends what hangs; on a busy machine nothing else comes near it.
  timeout: 240_000,
};
