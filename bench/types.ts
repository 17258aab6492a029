import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { median } from "./measure.js";

const require = createRequire(import.meta.url);
const SIZES = [0, 1, 100, 200, 400];

/** What the checks of the wiring cost the compiler, for a class of many nodes. */
export async function types(): Promise<void> {
  console.log(
    "\n### tsc on a class of many nodes (each names three members; the library's own types are in all rows)\n",
  );
  console.log("| compiler | nodes | check time, s | instantiations |");
  console.log("|---|---:|---:|---:|");
  for (const compiler of ["typescript", "typescript-7"]) {
    for (const size of SIZES) {
      const { seconds, instantiations } = check(compiler, program(size));
      console.log(`| ${compiler} | ${size} | ${seconds.toFixed(2)} | ${instantiations} |`);
    }
  }
}

function program(size: number): string {
  const nodes = Array.from({ length: size }, (_, i) => {
    const names = i < 3 ? '"x", "xs", "k"' : `"n${i - 3}", "n${i - 2}", "n${i - 1}"`;
    const parameters = i < 3 ? "x: number, xs: number[], k: number" : "a: number, b: number, c: number";
    return `  @node(${names}) n${i}(${parameters}): number { return ${i}; }`;
  });
  return `import { input, node, Pipeline } from "../src/index.js";
export class Many extends Pipeline {
  @input() x!: number;
  @input() xs!: number[];
  @input() k!: number;
${nodes.join("\n")}
}
${size === 0 ? "" : "export const { n0 } = await new Many().run({ x: 1, xs: [], k: 1 });"}
`;
}

function check(compiler: string, text: string): { seconds: number; instantiations: string } {
  const folder = mkdtempSync(path.join(process.cwd(), "bench-types-"));
  try {
    writeFileSync(path.join(folder, "many.ts"), text);
    writeFileSync(
      path.join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: "../tsconfig.json",
        include: ["many.ts"],
        exclude: [],
        compilerOptions: { noEmit: true },
      }),
    );
    const tsc = path.join(path.dirname(require.resolve(`${compiler}/package.json`)), "bin", "tsc");
    const runs = Array.from({ length: 3 }, () => {
      const { stdout } = spawnSync(process.execPath, [tsc, "-p", folder, "--extendedDiagnostics"], {
        encoding: "utf8",
      });
      const read = (label: string) => new RegExp(`^${label}: +([\\d.]+)`, "m").exec(stdout)?.[1] ?? "?";
      return { seconds: Number(read("Check time")), instantiations: read("Instantiations") };
    });
    return { seconds: median(runs.map((run) => run.seconds)), instantiations: runs[0]!.instantiations };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
