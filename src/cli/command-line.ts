import { createRequire } from "node:module";
import { Command, CommanderError } from "commander";
import { addCache } from "./commands/cache.js";
import { addCheck } from "./commands/check.js";
import { addGraph } from "./commands/graph.js";
import { addReport } from "./commands/report.js";
import { addResume, fileOfRun } from "./commands/resume.js";
import { addRun } from "./commands/run.js";
import { addWorker } from "./commands/worker.js";
import { EXIT, exitCodeOf, printed, safeText, usage } from "./failure.js";
import { elsewhere } from "./loader.js";

const { version } = createRequire(import.meta.url)("hypernodes/package.json") as { readonly version: string };

/**
 * Runs a command. What it prints goes to the standard streams of this process.
 *
 * @param args what follows the command's name.
 * @returns the exit code.
 */
export async function runCommand(args: readonly string[]): Promise<number> {
  const program = createProgram(args);
  try {
    await program.parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
    process.stderr.write(`${printed(error, program.opts<{ verbose?: boolean }>().verbose === true)}\n`);
    return exitCodeOf(error);
  }
}

function createProgram(args: readonly string[]): Command {
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

Exit codes: 0 done; 1 a run failed, a check found something, or output was lost; 2 the call was wrong, or its inputs were;
13 a node never ended; 130 stopped by Ctrl-C; 143 ended by SIGTERM.`,
    );
  for (const add of [addRun, addGraph, addCheck, addCache, addReport, addWorker, addResume]) add(program);

  /** The file that a command is about is imported: perhaps by another process, with a loader. */
  program.hook("preAction", async (_, command) => {
    refuseEmptyOptions(command);
    const file = fileOf(command);
    if (file === undefined || ["stats", "prune", "report"].includes(command.name())) return;
    const code = await elsewhere(file, args);
    if (code !== undefined) process.exit(code);
  });
  exitOverride(program);
  return program;
}

/** A variable of a shell that is not set leaves an empty text: it is no value, and does not stand for the default. */
function refuseEmptyOptions(command: Command): void {
  for (const option of command.options) {
    if (command.getOptionValue(option.attributeName()) !== "") continue;
    throw usage(option.long ?? option.flags, "its value is empty", "Give it one, or leave the option out.");
  }
}

/** The file that a command is about, if there is one. */
function fileOf(command: Command): string | undefined {
  const { pipeline, journal = "" } = command.opts<{ pipeline?: string; journal?: string }>();
  if (command.name() === "clear") return pipeline;
  return command.name() === "resume" ? fileOfRun(command.args[0], journal) : command.args[0];
}

function exitOverride(command: Command): void {
  command.exitOverride();
  command.configureOutput({ outputError: (text, write) => write(safeText(text)) });
  for (const inner of command.commands) exitOverride(inner);
}
