import type { Command } from "commander";
import { optionsOf } from "../../dsl/metadata.js";
import { type BullmqQueue, bullmq, type ExecutionOptions, progress } from "../../index.js";
import { findRun, listUnfinished, readRun } from "../../placement/bullmq/run-journal.js";
import { RESUME_RUN_ID } from "../../run-options.js";
import { escapeControls } from "../../util/control-characters.js";
import { isDirectory } from "../../util/is-directory.js";
import { EventsFile } from "../events-file.js";
import { usageError } from "../exit-codes.js";
import { asJson, asText, checkOutput, write } from "../output.js";
import { pipelineFrom } from "../pipeline-file.js";
import { withInterrupt } from "../with-interrupt.js";
import { withReport } from "../with-report.js";

interface ResumeFlags {
  readonly journal: string;
  readonly connection?: string;
  readonly events?: string;
  readonly json?: boolean;
  readonly report?: boolean;
  readonly quiet?: boolean;
  readonly output?: string;
}

export function addResume(program: Command): void {
  program
    .command("resume")
    .argument("[run]", "the run's id, or its beginning (default: list the runs)")
    .option("--journal <folder>", "folder of the run journals", ".hypernodes")
    .option("--connection <url>", "Redis or Valkey (default: that of the class, else REDIS_URL, else this machine)")
    .option("--events <file>", "write the run's events to a file, for report and graph")
    .option("--json", "print the outputs as one line of JSON")
    .option("--report", "print a table of times at the end, on standard error")
    .option("-o, --output <file>", "write the outputs to this file instead of standard output")
    .option("-q, --quiet", "no progress")
    .addHelpText(
      "after",
      `
Results of its maps are not computed again; other nodes are, unless they are cached.

Examples:
  $ hypernodes resume
  $ hypernodes resume 3f0c --json`,
    )
    .action(async (run: string | undefined, flags: ResumeFlags) => {
      if (run === undefined) await listRuns(flags.journal);
      else await resume(run, flags);
    });
}

/** Returns the file of a resumed run's pipeline; undefined if it is not known. */
export function fileOfRun(run: string | undefined, journal: string): string | undefined {
  if (isDirectory(journal) === false) {
    throw usageError(
      `--journal ${journal}`,
      "it is a file, not a directory",
      "Name the folder in which the run was started.",
    );
  }
  if (run === undefined) return undefined;
  try {
    const { file, name } = findRun(journal, run);
    return `${file}#${name}`;
  } catch {
    // The error is reported when the run is resumed.
    return undefined;
  }
}

async function listRuns(journal: string): Promise<void> {
  const runs = listUnfinished(journal);
  for (const { run, name, startedAt, queue } of runs) {
    const about = [run, name, `queue ${queue}`, `started ${new Date(startedAt).toISOString()}`];
    await write(escapeControls(about.join("  ")), undefined);
  }
  if (runs.length === 0) process.stderr.write(`there is nothing to resume in ${journal}\n`);
}

async function resume(runId: string, { journal, connection, ...flags }: ResumeFlags): Promise<void> {
  checkOutput(flags.output);
  const { run, file, name } = findRun(journal, runId);
  // Used if the class does not define it.
  if (connection !== undefined) process.env.REDIS_URL = connection;
  const { type } = await pipelineFrom(`${file}#${name}`);
  const { fields, inputs, over, chosen, execution: before, outputs: wanted, given: values } = readRun(journal, run);
  const pipeline = Object.assign(new type(), fields);
  // The recorded connection overrides that of the class; the option of this command overrides both.
  const classMaps = optionsOf(type).execution?.maps;
  const queue = chosen ?? (typeof classMaps === "object" ? (classMaps as BullmqQueue).options : undefined);
  const maps = queue && bullmq({ ...queue, journal, ...(connection !== undefined && { connection }) });
  const execution: ExecutionOptions = { ...before, ...(maps && { maps }) };
  const events = new EventsFile(flags.events);
  await withReport(flags.report, async (observers) => {
    const outputs = await withInterrupt((signal) => {
      const onEvent = [progress({ quiet: flags.quiet === true }), ...events.observers, ...observers];
      const options = { outputs: wanted, given: values, execution, onEvent, signal, [RESUME_RUN_ID]: run };
      return over === undefined ? pipeline.run(inputs, options) : pipeline.map(inputs, { ...options, ...over });
    });
    await write(flags.json ? asJson(outputs) : asText(outputs, flags.output !== undefined), flags.output);
  });
  events.check();
}
