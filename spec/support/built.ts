import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { transformSync } from "@swc/core";

let folder: string | undefined;

/**
 * A source file as JavaScript, for a process that a spec starts: without a loader it is there in half the time. All of them
 * are made when the first one is asked for, from what is there now.
 *
 * @param file such as `src/cli/main.ts`.
 */
export function built(file: string): string {
  folder ??= buildAll();
  return path.join(folder, file.replace(/\.ts$/, ".js"));
}

function buildAll(): string {
  mkdirSync("coverage", { recursive: true });
  const made = mkdtempSync(path.resolve("coverage", "built-"));
  process.once("exit", () => rmSync(made, { recursive: true, force: true }));
  const sources = ["src", "spec/support"].flatMap((root) =>
    readdirSync(root, { recursive: true }).map((name) => path.join(root, String(name))),
  );
  for (const source of sources.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))) {
    const target = path.join(made, source.replace(/\.ts$/, ".js"));
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, transpiled(readFileSync(source, "utf8"), path.resolve(source)));
  }
  return made;
}

/** TypeScript as JavaScript, as `tsconfig.json` says. */
export function transpiled(source: string, filename: string): string {
  return transformSync(source, {
    filename,
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
}
