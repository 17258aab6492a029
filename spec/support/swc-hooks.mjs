import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { threadId } from "node:worker_threads";

const require = createRequire(import.meta.url);
const cache = fileURLToPath(new URL("../../node_modules/.cache/specs", import.meta.url));

/** As tsconfig.json says. */
const OPTIONS = {
  configFile: false,
  swcrc: false,
  sourceMaps: "inline",
  jsc: {
    parser: { syntax: "typescript", decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
    target: "es2022",
    keepClassNames: true,
  },
  module: { type: "es6" },
};
const version = createHash("sha1")
  .update(JSON.stringify(OPTIONS))
  .update(require("@swc/core/package.json").version)
  .digest("hex");

const SOURCES = new URL("../../src/", import.meta.url).href;
/** The folder that has the sources' modules bundled, if the specs run with these: see sources.mjs. */
const BUNDLED = process.env.HYPERNODES_BUNDLED;
const RELATIVE = /^\.\.?\/.*\.js$/;

/** The module of a bundle that is loaded under the name of one of the sources. */
function bundledFile(url) {
  if (BUNDLED === undefined || !url.startsWith(SOURCES) || !url.endsWith(".ts")) return undefined;
  return path.join(BUNDLED, "src", `${url.slice(SOURCES.length, -"ts".length)}js`);
}

/** TypeScript imports `./name.js` and means `./name.ts`. What the modules of a bundle have in common is in no file of the sources. */
export function resolve(specifier, context, next) {
  if (RELATIVE.test(specifier) && /\.ts(?:\?|$)/.test(context.parentURL ?? "")) {
    const url = new URL(specifier.replace(/js$/, "ts"), context.parentURL);
    if (existsSync(url) || bundledFile(context.parentURL) !== undefined)
      return { url: url.href, format: "module", shortCircuit: true };
  }
  return next(specifier, context);
}

export function load(url, context, next) {
  if (!url.startsWith("file:") || !/\.ts(?:\?|$)/.test(url) || url.includes("/node_modules/"))
    return next(url, context);
  const bundled = bundledFile(url);
  const file = fileURLToPath(url);
  const source = bundled ? readFileSync(bundled, "utf8") : transpiled(readFileSync(file, "utf8"), file);
  return { format: "module", source, shortCircuit: true };
}

/**
 * TypeScript as JavaScript, which is kept from run to run.
 *
 * @param {string} source
 * @param {string} filename its absolute path, for the source map.
 */
export function transpiled(source, filename) {
  const name = createHash("sha1").update(version).update(filename).update("\0").update(source).digest("hex");
  const kept = path.join(cache, `${name}.js`);
  try {
    return readFileSync(kept, "utf8");
  } catch {
    // Loaded only where something is new.
    const { code } = require("@swc/core").transformSync(source, { filename, ...OPTIONS });
    mkdirSync(cache, { recursive: true });
    // Threads of one process read modules at the same time.
    const part = `${kept}.${process.pid}-${threadId}`;
    writeFileSync(part, code);
    renameSync(part, kept);
    return code;
  }
}
