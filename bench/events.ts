import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { RunEvent } from "../src/index.js";
import { measure, printTable } from "./measure.js";

const ELEMENTS = 10_000;
const xs = Array.from({ length: ELEMENTS }, (_, i) => i);
const FOLDER = path.resolve("node_modules", ".cache", "bench-events");

/** The code of the build that emits events or asks if there is a listener, and its replacement without events. */
const CUTS: readonly [RegExp, string][] = [
  [/\b(?:\w+\.)*run\.emit === (?:undefined|void 0)/g, "true"],
  [/\b(?:\w+\.)*run\.emit !== (?:undefined|void 0)/g, "false"],
  [/\b(?:\w+\.)*run\.emit\?\.\(/g, "undefined?.("],
];

/** The cost of events: without a listener, beside the same build without the code that emits them; and with listeners. */
export async function events(): Promise<void> {
  if (!existsSync("dist/index.js")) throw new Error("dist is not there: npm run build");
  const whole = trivialOf(await copy("whole", []));
  const cut = trivialOf(await copy("cut", CUTS));
  const api = await copy("heard", []);
  const heard = trivialOf(api);
  const { report, progress } = api;
  let count = 0;
  const results = await measure([
    { name: "no events in the engine", operations: ELEMENTS, runs: 20, run: () => cut.run({ xs }) },
    { name: "no listener", operations: ELEMENTS, runs: 20, run: () => whole.run({ xs }) },
    {
      name: "a function",
      operations: ELEMENTS,
      run: () => heard.run({ xs }, { onEvent: (_: RunEvent) => count++ }),
    },
    { name: "report()", operations: ELEMENTS, run: () => heard.run({ xs }, { onEvent: report() }) },
    {
      name: "progress(), to a null stream",
      operations: ELEMENTS,
      run: () => heard.run({ xs }, { onEvent: progress({ stream: { write: () => true } }) }),
    },
  ]);
  printTable(`Events of a map over ${ELEMENTS} trivial elements`, "element", results, "no events in the engine");
  console.log("\nThe first contender is the same build without the code that emits events.");
  rmSync(FOLDER, { recursive: true });
}

/** A copy of the build, with some of its text replaced. */
async function copy(name: string, cuts: typeof CUTS): Promise<any> {
  const folder = path.join(FOLDER, name);
  cpSync("dist", folder, { recursive: true });
  cpSync("package.json", path.join(FOLDER, "package.json"));
  let made = 0;
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".js")) continue;
    const full = path.join(folder, file);
    let text = readFileSync(full, "utf8");
    for (const [found, put] of cuts) {
      text = text.replace(found, () => {
        made++;
        return put;
      });
    }
    writeFileSync(full, text);
  }
  if (cuts.length > 0 && made < 10)
    throw new Error(`only ${made} places were cut: the engine is written otherwise now`);
  return import(pathToFileURL(path.join(folder, "index.js")).href);
}

/** The trivial map, made with one copy's decorators. */
function trivialOf({ Pipeline, input, mapOver }: any): any {
  class Trivial extends Pipeline {
    next(x: number): number {
      return x + 1;
    }
  }
  input()(Trivial.prototype, "xs");
  mapOver("xs")(Trivial.prototype, "next");
  return new Trivial();
}
