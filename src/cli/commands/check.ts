import type { Command } from "commander";
import { EXIT, printed, usage } from "../failure.js";
import { pipelinesIn, targetOf } from "../pipeline-file.js";

export function addCheck(program: Command): void {
  program
    .command("check")
    .argument("<file[#Class]>", "the module; one of its pipelines, or all of them")
    .description("check the graphs of pipelines without running anything")
    .addHelpText(
      "after",
      `
Examples:
  $ hypernodes check pipeline.ts
  $ hypernodes check pipeline.ts#Retrieval`,
    )
    .action(async (target: string) => {
      const [file, name] = targetOf(target);
      const all = await pipelinesIn(file);
      const chosen = name === undefined ? all : all.filter((pipeline) => pipeline.name === name);
      if (chosen.length === 0) {
        const names = all.map((pipeline) => pipeline.name).join(", ");
        const what =
          name === undefined ? "it exports no class that extends Pipeline" : `it exports no pipeline "${name}"`;
        throw usage(target, what, names === "" ? "Write export before the class." : `It exports ${names}.`);
      }
      for (const pipeline of chosen) {
        try {
          const { nodes, edges, outputs } = new pipeline.type().graph();
          const told = [`${nodes.length} members`, `${edges.length} edges`, `gives ${outputs.join(", ")}`];
          process.stdout.write(`${pipeline.name}: ${told.join(", ")}\n`);
        } catch (error) {
          process.stderr.write(`${printed(error, false)}\n`);
          process.exitCode = EXIT.failed;
        }
      }
    });
}
