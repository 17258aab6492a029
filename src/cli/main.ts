#!/usr/bin/env node
import { createRequire } from "node:module";
import { Command, CommanderError } from "commander";
import { addCache } from "./commands/cache.js";
import { addCheck } from "./commands/check.js";
import { addGraph } from "./commands/graph.js";
import { addReport } from "./commands/report.js";
import { addResume, fileOfRun } from "./commands/resume.js";
import { addRun } from "./commands/run.js";
import { addWorker } from "./commands/worker.js";
import { EXIT, exitCodeOf, printed } from "./failure.js";
import { elsewhere } from "./loader.js";
import { watchForStall } from "./under-way.js";

const { version } = createRequire(import.meta.url)("hypernodes/package.json") as { readonly version: string };

const program = new Command("hypernodes")
  .description("Run, draw and check data pipelines.")
  .version(version)
  .option("--verbose", "errors with their stacks and causes")
  .showSuggestionAfterError()
  .configureHelp({ showGlobalOptions: true })
  .addHelpText(
    "after",
    `
Examples:
  $ hypernodes run pipeline.ts --input text=shalom
  $ hypernodes graph pipeline.ts --format html -o graph.html
  $ hypernodes check pipeline.ts

Exit codes: 0 done; 1 a run failed, or a check found something; 2 the call was wrong, or its inputs were; 13 a node never ended; 130 stopped.`,
  );
for (const add of [addRun, addGraph, addCheck, addCache, addReport, addWorker, addResume]) add(program);

/** The file that a command is about, if there is one. */
function fileOf(command: Command): string | undefined {
  const { pipeline, journal = "" } = command.opts<{ pipeline?: string; journal?: string }>();
  if (command.name() === "clear") return pipeline;
  return command.name() === "resume" ? fileOfRun(command.args[0], journal) : command.args[0];
}

/** The file that a command is about is imported: perhaps by another process, with a loader. */
program.hook("preAction", async (_, command) => {
  const file = fileOf(command);
  if (file === undefined || ["stats", "prune", "report"].includes(command.name())) return;
  const code = await elsewhere(file, process.argv.slice(2));
  if (code !== undefined) process.exit(code);
});
exitOverride(program);

// Who reads the output may have had enough of it.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : EXIT.failed));

const ended = watchForStall();
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT.usage;
  else {
    process.stderr.write(`${printed(error, program.opts<{ verbose?: boolean }>().verbose === true)}\n`);
    process.exitCode = exitCodeOf(error);
  }
} finally {
  ended();
}

function exitOverride(command: Command): void {
  command.exitOverride();
  for (const inner of command.commands) exitOverride(inner);
}
