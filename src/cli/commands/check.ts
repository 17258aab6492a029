import type { Command } from "commander";
import { counted } from "../../util/format.js";
import { EXIT, formatError } from "../exit-codes.js";
import { write } from "../output.js";
import { pipelinesFrom } from "../pipeline-file.js";

export function addCheck(program: Command): void {
  program
    .command("check")
    .argument("<file[#Class]>", "the module; one of its pipelines, or all of them")
    .addHelpText(
      "after",
      `
Examples:
  $ hypernodes check pipeline.ts
  $ hypernodes check pipeline.ts#Retrieval`,
    )
    .action(async (target: string) => {
      for (const pipeline of await pipelinesFrom(target)) {
        try {
          const { nodes, edges, outputs } = new pipeline.type().graph();
          const counts = [counted(nodes.length, "member"), counted(edges.length, "edge")];
          await write(`${pipeline.name}: ${counts.join(", ")}, outputs ${outputs.join(", ")}`, undefined);
        } catch (error) {
          process.stderr.write(`${formatError(error, false)}\n`);
          process.exitCode = EXIT.failed;
        }
      }
    });
}
