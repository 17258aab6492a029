import type { Command } from "commander";
import { Option } from "commander";
import { type DrawOptions, readEvents, reportOf } from "../../index.js";
import { namingOption } from "../events-file.js";
import { usageError } from "../exit-codes.js";
import { checkOutput, write } from "../output.js";
import { pipelineFrom } from "../pipeline-file.js";

interface GraphFlags {
  readonly format: "mermaid" | "dot" | "svg" | "html";
  readonly depth?: number;
  readonly direction: "down" | "right";
  readonly theme?: "light" | "dark";
  readonly groupInputs?: boolean;
  readonly types: boolean;
  readonly resources: boolean;
  readonly events?: string;
  readonly output?: string;
}

export function addGraph(program: Command): void {
  program
    .command("graph")
    .argument("<file[#Class]>", "the module, and the pipeline if it exports several")
    .addOption(new Option("-f, --format <format>").choices(["mermaid", "dot", "svg", "html"]).default("mermaid"))
    .option("--depth <levels>", 'levels of nested pipelines that are open: 1, 2, ..., or "all"', depthFrom)
    .addOption(new Option("--direction <direction>", "where edges point").choices(["down", "right"]).default("down"))
    .addOption(new Option("--theme <theme>").choices(["light", "dark"]))
    .option("--group-inputs", "inputs that the same nodes take in one box")
    .option("--no-types", "no types on the edges")
    .option("--no-resources", "no resources")
    .option("--events <file>", "a run's events (run --events): its times and failures as colors; html replays it")
    .option("-o, --output <file>", "write to this file instead of standard output")
    .addHelpText(
      "after",
      `
Examples:
  $ hypernodes graph pipeline.ts
  $ hypernodes graph pipeline.ts --format svg --depth all --output graph.svg
  $ hypernodes graph pipeline.ts#Retrieval --format html --events run.jsonl -o graph.html`,
    )
    .action(async (target: string, { format, output, events, types, resources, groupInputs, ...flags }: GraphFlags) => {
      checkOutput(output);
      const { type } = await pipelineFrom(target);
      const graph = new type().graph();
      const report =
        events === undefined ? {} : { report: reportOf(namingOption("--events", () => readEvents(events))) };
      // Users of the page select the rest.
      const page = { ...flags, ...report };
      const options: DrawOptions = { ...page, types, resources, ...(groupInputs && { groupInputs }) };
      if (format === "svg") await write(await graph.toSvg(options), output);
      else if (format === "html") await write(graph.toHtml(page), output);
      else await write(format === "dot" ? graph.toDot(options) : graph.toMermaid(options), output);
    });
}

function depthFrom(text: string): number {
  const depth = text === "all" ? Number.POSITIVE_INFINITY : Number(text);
  if (!(depth >= 1)) throw usageError(`--depth ${text}`, "it is not a number of levels", 'Write 1, 2, ..., or "all".');
  return depth;
}
