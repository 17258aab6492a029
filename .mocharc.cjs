const { execFileSync } = require("node:child_process");
const { readdirSync, readFileSync } = require("node:fs");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

/** What takes longest begins first: no job is left alone with it at the end. */
const LONGEST = [
  "package/tools",
  "cache/edits",
  "placement/interrupted-network",
  "placement/bullmq/redis-faults",
  "placement/modal-life",
  "engine/caching/same-results",
  "placement/modal-failures",
  "values/exported-classes",
  "docs/docs",
  "examples/neural-container",
  "cache/changed-constants",
  "cache/changed-files",
  "cache/bad-disks",
  "package/package",
  "placement/bullmq/queue",
  "cache/durability",
  "placement/bullmq/lost",
  "placement/bullmq/strangers-data",
  "cache/stores",
  "cli/cli",
  "engine/modes",
  "placement/containers",
  "placement/local-process",
  "placement/bullmq/presence",
  "view/page",
  "observe/progress",
  "placement/bullmq/closing",
  "placement/modal",
  "placement/contract",
  "cache/random-edits",
  "cache/code",
  "placement/modal-image",
  "placement/bullmq/keys",
  "engine/importing",
  "engine/programs",
  "engine/threads",
  "types/wiring",
  "examples/examples",
].map((name) => `spec/${name}.spec.ts`);

const modules = readdirSync(path.join(__dirname, "spec"), { recursive: true })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => path.posix.join("spec", ...name.split(path.sep)))
  .sort();
const rank = (file) => (LONGEST.includes(file) ? LONGEST.indexOf(file) : LONGEST.length);
const words = process.argv.slice(2);
// mocha would run them all beside the files that a command line names.
const named = words.some((word) => word.endsWith(".spec.ts"));
const isSlowOnly =
  words.some((word) => word.includes("@slow")) && !words.some((word) => /^(?:--invert|-i)$/.test(word));

/** The modules that write `@slow` into a title, or that import one which does: no other can have a slow spec. */
function slowModules() {
  const texts = new Map(modules.map((file) => [file, readFileSync(path.join(__dirname, file), "utf8")]));
  const slow = new Set(modules.filter((file) => texts.get(file).includes("@slow")));
  for (let before = 0; before < slow.size; ) {
    before = slow.size;
    for (const [file, text] of texts) {
      const imported = Array.from(text.matchAll(/\bfrom "(\.[^"]+)\.js"/g), ([, name]) =>
        path.posix.join(path.posix.dirname(file), `${name}.ts`),
      );
      if (imported.some((name) => slow.has(name))) slow.add(file);
    }
  }
  return slow;
}

const looked = isSlowOnly ? slowModules() : new Set(modules);
const files = modules.filter((file) => file.endsWith(".spec.ts") && looked.has(file));

// Whoever works on a spec names it, and sees the lines of the sources; coverage is that of the sources, too.
if (!named && process.env.NODE_V8_COVERAGE === undefined) {
  const sources = path.join(__dirname, "spec", "support", "sources.mjs");
  process.env.HYPERNODES_BUNDLED ??= execFileSync(process.execPath, [sources], { encoding: "utf8" });
}

module.exports = {
  spec: named ? [] : files.sort((a, b) => rank(a) - rank(b)),
  require: [path.join(__dirname, "spec", "support", "setup.ts")],
  "node-option": [`import=${pathToFileURL(path.join(__dirname, "spec", "support", "swc.mjs"))}`, "enable-source-maps"],
  // It ends what hangs; on a busy machine nothing else comes near it.
  timeout: 240_000,
};
