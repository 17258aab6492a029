/** A tool that runs programs, and what works under it. Each is run by a spec, and the README's table is made of them. */
interface Tool {
  readonly name: string;
  /** The versions that the spec brings. */
  readonly version: string;
  /** Maps and nodes in threads: `yes`, or why not. */
  readonly threads: string;
  readonly cache: string;
}

const IN_TESTS = "no: [the error names the line to write](docs/testing.md)";

const TOOLS = {
  tsc: {
    name: "tsc and Node, ES modules or CommonJS",
    version: "TypeScript 6, 7; Node 20.19",
    threads: "yes",
    cache: "yes",
  },
  tsx: { name: "tsx", version: "4.23", threads: "yes", cache: "yes" },
  swc: { name: "@swc-node/register", version: "1.12; TypeScript 6 (it refuses 7)", threads: "yes", cache: "yes" },
  esbuild: {
    name: "esbuild, one file (`--packages=external`)",
    version: "0.28",
    threads: "yes, where the program asks `isMainThread`",
    cache: "yes",
  },
  vitest: { name: "vitest: forks, threads, vmForks, vmThreads", version: "4", threads: IN_TESTS, cache: "yes" },
  vitestSwc: { name: "vitest with unplugin-swc, the same", version: "4", threads: IN_TESTS, cache: "yes" },
  jest: { name: "jest, ES modules", version: "30", threads: IN_TESTS, cache: "yes" },
  jestCommonJs: {
    name: "jest, CommonJS, `--experimental-vm-modules`",
    version: "30; Node 24.9",
    threads: IN_TESTS,
    cache: "yes",
  },
  pnpm: { name: "pnpm", version: "9", threads: "yes", cache: "yes" },
  yarn: { name: "yarn: node-modules and PnP", version: "4", threads: "yes", cache: "yes" },
  deno: { name: "Deno", version: "2.9", threads: "yes", cache: "no: no inspector" },
  bun: { name: "Bun", version: "1.4", threads: "no: no serializer", cache: "no: no serializer" },
} as const satisfies Record<string, Tool>;

/** The table in the README. */
export function toolTable(): string {
  const rows: string[][] = Object.values(TOOLS).map(({ name, version, threads, cache }) => [
    name,
    version,
    threads,
    cache,
  ]);
  const lines = [["tool", "version", "threads", "cache"], ["---", "---", "---", "---"], ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
