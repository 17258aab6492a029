import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";

const ROUNDS = 21;

/** What users wait for before their own code runs: an import, the smallest run, the command's help. And what they install. */
export async function start(): Promise<void> {
  if (!existsSync("dist/index.js")) throw new Error("dist is not there: npm run build");
  const folder = mkdtempSync(path.join(os.tmpdir(), "bench-start-"));
  try {
    mkdirSync(path.join(folder, "node_modules"));
    for (const [name, target] of [
      ["hypernodes", "."],
      ["class-validator", "node_modules/class-validator"],
    ] as const) {
      symlinkSync(path.resolve(target), path.join(folder, "node_modules", name));
    }
    times(folder);
    sizes(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const SMALLEST = `import { input, output, Pipeline } from "hypernodes";
class Smallest extends Pipeline { more(x) { return x + 1; } }
input()(Smallest.prototype, "x");
output("x")(Smallest.prototype, "more", Object.getOwnPropertyDescriptor(Smallest.prototype, "more"));
await new Smallest().run({ x: 41 });
`;

function times(folder: string): void {
  const program = (name: string, text: string) => {
    writeFileSync(path.join(folder, name), text);
    return [path.join(folder, name)];
  };
  const programs = {
    "bare Node": program("bare.mjs", ""),
    'import "class-validator"': program("validator.mjs", 'import "class-validator";'),
    'import "hypernodes"': program("import.mjs", 'import "hypernodes";'),
    "the smallest run": program("smallest.mjs", SMALLEST),
    "hypernodes --help": [path.resolve("dist/cli/main.js"), "--help"],
  };
  const taken = new Map<string, number[]>(Object.keys(programs).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, args] of Object.entries(programs)) {
      const from = process.hrtime.bigint();
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      if (status !== 0) throw new Error(`${name}: ${stderr}`);
      taken.get(name)!.push(Number(process.hrtime.bigint() - from) / 1e6);
    }
  }
  // Whatever else the machine does makes a process slower, never faster.
  const least = (name: string) => Math.min(...taken.get(name)!);
  const bare = least("bare Node");
  const validator = least('import "class-validator"') - bare;
  console.log("\n### Start of a process\n");
  console.log(`The least of ${ROUNDS} starts each, in turns.\n`);
  console.log("| program | ms | ms over bare Node | x class-validator's | x bare Node |");
  console.log("|---|---:|---:|---:|---:|");
  for (const name of taken.keys()) {
    const ms = least(name);
    const cells = [ms.toFixed(0), (ms - bare).toFixed(0), ((ms - bare) / validator).toFixed(2), (ms / bare).toFixed(2)];
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
}

function sizes(folder: string): void {
  const packed = execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], {
    encoding: "utf8",
  }).trim();
  console.log("\n### Installed size\n");
  console.log("With required peers; SQLite and Graphviz are optional.\n");
  console.log("| install | MB | of which class-validator and what it needs |");
  console.log("|---|---:|---:|");
  for (const flags of [[], ["--omit=optional"]]) {
    const project = path.join(folder, `project${flags.length}`);
    mkdirSync(project);
    writeFileSync(path.join(project, "package.json"), '{ "private": true }');
    const args = ["install", "--no-audit", "--no-fund", "--ignore-scripts", ...flags, path.join(folder, packed)];
    execFileSync("npm", args, { cwd: project, stdio: "ignore" });
    const modules = path.join(project, "node_modules");
    const validator = ["class-validator", "validator", "libphonenumber-js"];
    const sizeOfValidator = validator.reduce((sum, name) => sum + sizeOf(path.join(modules, name)), 0);
    console.log(`| npm install ${flags.join(" ")} | ${megabytes(sizeOf(modules))} | ${megabytes(sizeOfValidator)} |`);
  }
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

/** Bytes of all files below a folder. */
function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => lstatSync(path.join(folder, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
}
