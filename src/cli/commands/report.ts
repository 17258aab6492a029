import { type Command, Option } from "commander";
import { readEvents, reportOf } from "../../index.js";
import { namingOption } from "../events-file.js";
import { asJson, checkOutput, write } from "../output.js";

interface ReportFlags {
  readonly format: "text" | "html" | "json";
  readonly output?: string;
}

export function addReport(program: Command): void {
  program
    .command("report")
    .argument("<events.jsonl>", "the event log that run --events or eventLog(file) wrote")
    .addOption(new Option("-f, --format <format>").choices(["text", "html", "json"]).default("text"))
    .option("-o, --output <file>", "write to this file instead of standard output")
    .addHelpText(
      "after",
      `
Examples:
  $ hypernodes report run.jsonl
  $ hypernodes report run.jsonl --format html -o run.html`,
    )
    .action(async (file: string, { format, output }: ReportFlags) => {
      checkOutput(output);
      const read = reportOf(namingOption("report", () => readEvents(file)));
      const text = {
        text: () => read.toString(output === undefined ? undefined : Number.POSITIVE_INFINITY),
        html: () => read.toHtml(),
        json: () => asJson(read.rows),
      };
      await write(text[format](), output);
    });
}
