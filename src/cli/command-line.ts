import { Command, CommanderError, Help } from "commander";
import { formatDocsUrls } from "../util/docs-url.js";
import { ownVersion } from "../util/own-files.js";
import { EXIT, exitCodeOf, formatError, safeText, usageError } from "./exit-codes.js";
import { respawnIfNeeded } from "./respawn.js";

interface CommandEntry {
  /** The command in the list of commands. */
  readonly usage: string;
  readonly description: string;
  /**
   * Loads the function that adds the command to the program. Only the called command is loaded, so that --help is
   * quick.
   */
  load(): Promise<(program: Command) => void>;
}

const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  run: {
    usage: "run [options] <file[#Class]>",
    description: "run a pipeline and print its outputs",
    load: async () => (await import("./commands/run.js")).addRun,
  },
  graph: {
    usage: "graph [options] <file[#Class]>",
    description: "draw a pipeline",
    load: async () => (await import("./commands/graph.js")).addGraph,
  },
  check: {
    usage: "check <file[#Class]>",
    description: "check the graphs of pipelines without running anything",
    load: async () => (await import("./commands/check.js")).addCheck,
  },
  cache: {
    usage: "cache",
    description: "show, prune and clear a cache of computed values",
    load: async () => (await import("./commands/cache.js")).addCache,
  },
  report: {
    usage: "report [options] <events.jsonl>",
    description: "report on a run: a table of its steps, and the times at which each was computing",
    load: async () => (await import("./commands/report.js")).addReport,
  },
  worker: {
    usage: "worker [options]",
    description: "run elements of mapped nodes from a queue: @execution({ maps: bullmq({ queue }) })",
    load: async () => (await import("./commands/worker.js")).addWorker,
  },
  resume: {
    usage: "resume [options] [run]",
    description: "resume a run that was killed or failed while its maps ran on a queue",
    load: async () => (await import("./commands/resume.js")).addResume,
  },
};

/**
 * Runs a command. Its output goes to the standard streams of this process.
 *
 * @param args the arguments, from the command's name on.
 * @returns the exit code.
 */
export async function runCommand(args: readonly string[]): Promise<number> {
  const program = await createProgram(args);
  try {
    await program.parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
    process.stderr.write(`${formatError(error, program.opts<{ verbose?: boolean }>().verbose === true)}\n`);
    return exitCodeOf(error);
  }
}

async function createProgram(args: readonly string[]): Promise<Command> {
  const program = new Command("hypernodes")
    .description("Run, draw and check data pipelines.")
    .version(ownVersion())
    .option("--verbose", "print errors with their stacks and causes")
    .showSuggestionAfterError()
    .configureHelp({
      showGlobalOptions: true,
      subcommandTerm: (command) => COMMANDS[command.name()]?.usage ?? termOf(command),
    })
    .addHelpText(
      "after",
      `
Examples:
  $ hypernodes run pipeline.ts --input text=shalom
  $ hypernodes graph pipeline.ts --format html -o graph.html
  $ hypernodes check pipeline.ts

Exit codes: 0 done; 1 a run failed, a check found a problem, or output was lost; 2 the call or its inputs were invalid;
13 a node never ended; 130 stopped by Ctrl-C; 143 ended by SIGTERM.`,
    );
  const called = calledIn(args);
  for (const [name, { description, load }] of Object.entries(COMMANDS)) {
    if (name === called) (await load())(program);
    else program.command(name);
    program.commands.find((command) => command.name() === name)!.description(description);
  }

  /** The file of a command is imported, perhaps by a child process with a loader. */
  program.hook("preAction", async (_, command) => {
    refuseEmpty(command);
    const file = await fileOf(command);
    if (file === undefined || ["stats", "prune", "report"].includes(command.name())) return;
    const code = await respawnIfNeeded(file, args);
    if (code !== undefined) process.exit(code);
  });
  exitOverride(program);
  return program;
}

/** An unset variable of a shell results in an empty text: it is not a value, and does not select the default. */
function refuseEmpty(command: Command): void {
  for (const option of command.options) {
    if (command.getOptionValue(option.attributeName()) !== "") continue;
    throw usageError(option.long ?? option.flags, "its value is empty", "Give it one, or leave the option out.");
  }
  for (const [i, argument] of command.registeredArguments.entries()) {
    if (command.args[i] === "") throw usageError(`<${argument.name()}>`, "its value is empty", "Give it one.");
  }
}

/** Returns the file that a command needs, if there is one. */
async function fileOf(command: Command): Promise<string | undefined> {
  const { pipeline, journal = "" } = command.opts<{ pipeline?: string; journal?: string }>();
  if (command.name() === "clear") return pipeline;
  if (command.name() !== "resume") return command.args[0];
  const { fileOfRun } = await import("./commands/resume.js");
  return fileOfRun(command.args[0], journal);
}

/** Returns the name of the command that is called, or whose help is requested. */
function calledIn(args: readonly string[]): string | undefined {
  const [first, second] = args.filter((arg) => !arg.startsWith("-"));
  return first === "help" ? second : first;
}

/** Formats a command for a list of commands, as commander does. */
function termOf(command: Command): string {
  return new Help().subcommandTerm(command);
}

/** The lines that follow an error of commander's, as they follow ours: what to do, and the address of the documentation. */
function adviceOn(command: Command): string {
  const path: string[] = [];
  for (let each: Command | null = command; each !== null; each = each.parent) path.unshift(each.name());
  return [`Run ${path.join(" ")} --help for its arguments and options.`, ...formatDocsUrls(["USAGE"]), ""].join("\n");
}

function exitOverride(command: Command): void {
  command.exitOverride();
  command.configureOutput({ outputError: (text, write) => write(safeText(`${text}${adviceOn(command)}`)) });
  for (const inner of command.commands) exitOverride(inner);
}
