import ts from "typescript";
import { diagnose, type Edited } from "../spec/support/edited-pipeline.js";
import { median } from "./measure.js";

const SIZES = [30, 100];
const EDITS = 7;

/** What an editor waits for after each edit: all diagnostics of a file with one pipeline, beside those of the class without decorators. */
export async function diagnostics(): Promise<void> {
  console.log(`\n### An editor's diagnostics after an edit: TypeScript ${ts.version}, the median of ${EDITS} edits\n`);
  console.log("| nodes | class | ms | x without decorators | instantiations | a node |");
  console.log("|---:|---|---:|---:|---:|---:|");
  for (const size of SIZES) {
    const without = diagnose(size, false, EDITS);
    const row = (name: string, { times, instantiations }: Edited) => {
      const perNode = Math.round((instantiations - without.instantiations) / size);
      console.log(
        `| ${size} | ${name} | ${median(times).toFixed(1)} | ${(median(times) / median(without.times)).toFixed(1)} | ${instantiations} | ${perNode} |`,
      );
    };
    row("without decorators", without);
    row("the pipeline", diagnose(size, true, EDITS));
  }
}
