import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

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

/** TypeScript imports `./name.js` and means `./name.ts`. */
export function resolve(specifier, context, next) {
  if (/^\.\.?\/.*\.js$/.test(specifier) && /\.ts(?:\?|$)/.test(context.parentURL ?? "")) {
    const url = new URL(specifier.replace(/js$/, "ts"), context.parentURL);
    if (existsSync(url)) return { url: url.href, format: "module", shortCircuit: true };
  }
  return next(specifier, context);
}

export function load(url, context, next) {
  if (!url.startsWith("file:") || !/\.ts(?:\?|$)/.test(url) || url.includes("/node_modules/"))
    return next(url, context);
  const file = fileURLToPath(url);
  return { format: "module", source: transpiled(readFileSync(file, "utf8"), file), shortCircuit: true };
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
    writeFileSync(`${kept}.${process.pid}`, code);
    renameSync(`${kept}.${process.pid}`, kept);
    return code;
  }
}
