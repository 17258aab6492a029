import path from "node:path";
import type { Command } from "commander";
import { mergeOptions, optionsOf } from "../../dsl/metadata.js";
import { EXECUTION_MODES } from "../../dsl/pipeline-option-rules.js";
import { explanationLine } from "../../engine/run-cache/cache-explainer.js";
import {
  type Cache,
  type ExecutionOptions,
  type Graph,
  type Listener,
  type PipelineOptions,
  progress,
  type RunEvent,
  type RunObserver,
  sqlite,
} from "../../index.js";
import { listUnfinished } from "../../placement/bullmq/run-journal.js";
import { ORDERED_RESULTS } from "../../run-options.js";
import { escapeControlsInLines } from "../../util/control-characters.js";
import { isDirectory } from "../../util/is-directory.js";
import { EventsFile } from "../events-file.js";
import { usageError } from "../exit-codes.js";
import { trackInFlight } from "../in-flight.js";
import { parseInputs } from "../inputs.js";
import { asJson, asText, checkOutput, write } from "../output.js";
import { parseMaps, parsePlacement, parseSettings } from "../parse-args.js";
import { type AnyPipeline, pipelineFrom } from "../pipeline-file.js";
import { ResultList } from "../result-list.js";
import { withInterrupt } from "../with-interrupt.js";
import { withReport } from "../with-report.js";

/** Options for the output of a run, shared by all commands that run a pipeline. */
export interface RunFlags {
  readonly input?: readonly string[];
  readonly set?: readonly string[];
  readonly outputs?: string;
  readonly over?: string;
  readonly mode?: "zip" | "product";
  readonly maps?: string;
  readonly nodes?: string;
  readonly check?: boolean;
  readonly cache?: string | false;
  readonly on?: string;
  readonly events?: string;
  readonly json?: boolean;
  readonly report?: boolean;
  readonly explain?: boolean;
  readonly dryRun?: boolean;
  readonly quiet?: boolean;
  readonly output?: string;
}

export function addRun(program: Command): void {
  withRunOptions(
    program.command("run").argument("<file[#Class]>", "the module, and the pipeline if it exports several"),
  )
    .option("--outputs <names>", "the nodes to compute: a,b (default: the pipeline's outputs)")
    .option("--over <names>", "run it for each element of these inputs, and print a list of results")
    .option("--mode <mode>", "how several of them are combined: zip or product")
    .option("--events <file>", "write the run's events to a file, for report and graph")
    .option("--json", "print the outputs as one line of JSON")
    .option("--report", "print a table of times at the end, on standard error")
    .option("--explain", "explain for each cached node why it was or was not recomputed")
    .option("--dry-run", "run nothing: print how much would be computed, how much is cached, and why")
    .option("-o, --output <file>", "write the outputs to this file instead of standard output")
    .addHelpText(
      "after",
      `
Examples:
  $ hypernodes run pipeline.ts --input text="shalom olam"
  $ hypernodes run pipeline.ts#Retrieval --input passages=@passages.jsonl --input topK=3 --json
  $ cat passages.jsonl | hypernodes run pipeline.ts --input passages=@- --outputs hits
  $ hypernodes run pipeline.ts --input @inputs.json --maps parallel --cache .cache/run.sqlite
  $ hypernodes run pipeline.ts --input @inputs.json --cache .cache/run.sqlite --dry-run
  $ hypernodes run pipeline.ts --input @inputs.json --on modal:gpu=A10G --events run.jsonl
  $ hypernodes run pipeline.ts --input text=@texts.json --over text --set maxWorkers=4`,
    )
    .action(async (target: string, flags: RunFlags) => {
      checkOutput(flags.output);
      if (
        flags.output !== undefined &&
        flags.events !== undefined &&
        path.resolve(flags.output) === path.resolve(flags.events)
      ) {
        throw usageError(`--output ${flags.output}`, "--events writes to the same file", "Name two files.");
      }
      if (flags.mode !== undefined && flags.over === undefined) {
        throw usageError(`--mode ${flags.mode}`, "it needs --over", "Give --over a,b, or leave it out.");
      }
      const { type } = await pipelineFrom(target);
      refuseOutputName(flags, new type().graph());
      if (flags.dryRun) return await explain(new type(), flags);
      const events = new EventsFile(flags.events);
      const results = new ResultList(flags.json === true && flags.over !== undefined);
      await withReport(flags.report, async (observers) => {
        try {
          const outputs = await runWithFlags(new type(), flags, observers, events, results);
          if (outputs === results) await results.write(flags.output);
          else await write(flags.json ? asJson(outputs) : asText(outputs, flags.output !== undefined), flags.output);
        } finally {
          results.close();
        }
      });
      events.check();
    });
}

/** @throws {HypernodesError} `USAGE` for an `--output` that names nodes: one letter less than `--outputs`. */
function refuseOutputName({ output, outputs }: RunFlags, graph: Graph): void {
  if (output === undefined || outputs !== undefined) return;
  const nodes = graph.nodes.filter(({ role }) => role !== "input" && role !== "resource").map(({ name }) => name);
  if (!names(output).every((name) => nodes.includes(name))) return;
  throw usageError(
    `--output ${output}`,
    `it takes a file, and ${output.includes(",") ? "these are nodes" : "this is a node"} of ${graph.pipeline}`,
    `Did you mean --outputs ${output}? To write a file of that name: --output ./${output}`,
  );
}

/** Prints what the run would compute. */
async function explain(pipeline: AnyPipeline, flags: RunFlags): Promise<void> {
  const { events, report, output } = flags;
  const missing = { "--events": [events, "events"], "--report": [report, "events"], "--output": [output, "outputs"] };
  for (const [option, [value, what]] of Object.entries(missing)) {
    if (value === undefined) continue;
    throw usageError(`--dry-run ${option}`, `nothing runs, so there are no ${what}`, `Leave ${option} out.`);
  }
  const over = flags.over === undefined ? [] : names(flags.over);
  const inputs = await parseInputs(flags.input ?? [], { type: pipeline.constructor, graph: pipeline.graph(), over });
  const options = {
    ...parsePipelineOptions(flags, declaredOptions(pipeline)),
    ...(flags.outputs !== undefined && { outputs: names(flags.outputs) }),
  };
  const explanations = await pipeline.explain(
    inputs,
    over.length === 0 ? options : { ...options, over, ...(flags.mode && { mode: flags.mode }) },
  );
  const text = flags.json ? asJson(explanations) : escapeControlsInLines(explanations.map(explanationLine).join("\n"));
  await write(text);
}

/** Adds the options for a run's inputs and for its pipeline options. */
export function withRunOptions(command: Command): Command {
  const collect = (value: string, before: readonly string[] = []) => [...before, value];
  return command
    .option(
      "-i, --input <name=value>",
      "an input: a JSON value or a text, @file.json, @file.jsonl (a JSON value a line), @- for standard input, @jsonl:- for JSON lines from it; @@text is the text @text; or @file.json with all inputs",
      collect,
    )
    .option("--set <option=value>", "an option of @execution, such as maxWorkers=8", collect)
    .option(
      "--maps <mode>",
      `how elements of maps are run: ${EXECUTION_MODES.join(", ")}; bullmq, bullmq:queue=NAME,connection=URL`,
    )
    .option("--nodes <mode>", `how independent nodes are run: ${EXECUTION_MODES.join(", ")}`)
    .option("--check", "fail if a node modifies its arguments")
    .option("--cache <path>", "cache results in this SQLite file")
    .option("--no-cache", "cache nothing, even if the class has @cached")
    .option("--on <place>", "the placement: local, local-process:memoryMiB=512, modal, modal:gpu=A10G,cpu=4")
    .option("-q, --quiet", "no progress");
}

/**
 * Runs a pipeline with the options of the command line; Ctrl-C aborts it.
 *
 * @param results collects the results of elements that are read from a pipe or from JSON lines, one by one, and is
 * returned; if undefined, all elements are held in memory.
 */
export async function runWithFlags(
  pipeline: AnyPipeline,
  flags: RunFlags,
  observers: readonly (RunObserver | Listener)[],
  events: EventsFile,
  results?: ResultList,
): Promise<unknown> {
  const graph = pipeline.graph();
  const over = flags.over === undefined ? [] : names(flags.over);
  const declared = declaredOptions(pipeline);
  const pipelineOptions = parsePipelineOptions(flags, declared);
  const streams = results !== undefined && isInProcess(mergeOptions(declared, pipelineOptions));
  const inputs = await parseInputs(flags.input ?? [], { type: pipeline.constructor, graph, over, streams });
  let run: string | undefined;
  let hasExplained = false;
  const recordEvent = (event: RunEvent) => {
    run = event.run;
    hasExplained ||= event.type === "cache";
  };
  const options = {
    ...pipelineOptions,
    ...(flags.outputs !== undefined && { outputs: names(flags.outputs) }),
    ...(flags.explain && { explain: true }),
    onEvent: [progress({ quiet: flags.quiet === true }), ...events.observers, recordEvent, trackInFlight, ...observers],
  };
  try {
    const outputs = await withInterrupt(async (signal) => {
      if (flags.over === undefined) return pipeline.run(inputs, { ...options, signal });
      const overOptions = { ...options, over, ...(flags.mode && { mode: flags.mode }), signal };
      if (!streams || !isStream(inputs[over[0]!])) return pipeline.map(inputs, overOptions);
      for await (const result of pipeline.stream(inputs, { ...overOptions, [ORDERED_RESULTS]: true }))
        results.add(result);
      return results;
    });
    if (flags.explain && !hasExplained) {
      const advice = "Give --cache PATH, or the class @cached(sqlite(path)).";
      process.stderr.write(`${graph.pipeline}: nothing is explained: no node that ran has a cache. ${advice}\n`);
    }
    return outputs;
  } catch (error) {
    if (listUnfinished(".hypernodes").some((each) => each.run === run)) {
      process.stderr.write(`hypernodes resume ${run} continues this run\n`);
    }
    throw error;
  }
}

/**
 * Tells if a run's elements go no further than threads: on other hosts, a run that ends early may be resumed, or has no
 * order.
 */
function isInProcess({ runOn, execution }: PipelineOptions): boolean {
  return (runOn === undefined || runOn.kind === "local") && typeof execution?.maps !== "object";
}

function isStream(value: unknown): boolean {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

function names(list: string): string[] {
  return list.split(",").map((name) => name.trim());
}

function sqliteAt(file: string): Cache {
  if (!isDirectory(file)) return sqlite(file);
  throw usageError(`--cache ${file}`, "it is a directory, not a file", `Write ${path.join(file, "cache.sqlite")}`);
}

/** The options that decorators give a pipeline's class. */
function declaredOptions(pipeline: AnyPipeline): PipelineOptions {
  return optionsOf(pipeline.constructor as new () => object);
}

function parsePipelineOptions(
  { set, maps, nodes, check, cache, on }: RunFlags,
  declared: PipelineOptions,
): PipelineOptions {
  const execution = {
    ...parseSettings(set ?? []),
    ...(maps && { maps: parseMaps(maps) }),
    ...(nodes && { nodes }),
    ...(check && { check }),
  } as ExecutionOptions;
  return {
    ...(Object.keys(execution).length > 0 && { execution }),
    ...(on !== undefined && { runOn: parsePlacement(on, declared.runOn) }),
    // commander passes true for a --no-cache that was not given.
    ...(typeof cache === "string" && { cache: sqliteAt(cache) }),
    ...(cache === false && { cache: false as const }),
  };
}
