import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const cache = path.resolve("node_modules/.cache/specs");
let swc;
export async function resolve(specifier, context, next) {
  if (/^\.{0,2}\//.test(specifier) && specifier.endsWith(".js") && context.parentURL?.endsWith(".ts")) {
    const url = new URL(specifier.slice(0, -3) + ".ts", context.parentURL);
    if (existsSync(url)) return { url: url.href, format: "module", shortCircuit: true };
  }
  return next(specifier, context);
}
export async function load(url, context, next) {
  if (!url.endsWith(".ts") || url.includes("/node_modules/")) return next(url, context);
  const file = fileURLToPath(url);
  const source = readFileSync(file, "utf8");
  const held = path.join(cache, createHash("sha1").update(file).update(source).digest("hex") + ".js");
  let code;
  try {
    code = readFileSync(held, "utf8");
  } catch {
    swc ??= await import("@swc/core");
    code = swc.transformSync(source, {
      filename: file,
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
    }).code;
    mkdirSync(cache, { recursive: true });
    writeFileSync(held + process.pid, code);
    renameSync(held + process.pid, held);
  }
  return { format: "module", source: code, shortCircuit: true };
}
