import type { Command } from "commander";
import { type Cache, type Pipeline, sqlite } from "../../index.js";
import { escapeControls } from "../../util/control-characters.js";
import { formatBytes, formatCount } from "../../util/format.js";
import { isDirectory } from "../../util/is-directory.js";
import { EventsFile } from "../events-file.js";
import { usageError } from "../exit-codes.js";
import { asJson, write } from "../output.js";
import { bytesFrom, millisecondsFrom } from "../parse-args.js";
import { pipelineFrom } from "../pipeline-file.js";
import { type RunFlags, runWithFlags, withRunOptions } from "./run.js";

export function addCache(program: Command): void {
  const cache = program.command("cache");
  addStats(cache);
  addPrune(cache);
  addClear(cache);
  addExplain(cache);
}

/** @throws {HypernodesError} `USAGE` if the file does not exist: inspecting a store does not create one. */
function storeAt(path: string): Cache {
  const isFolder = isDirectory(path);
  const advice = "Pass the path of sqlite(path) or --cache.";
  if (isFolder === undefined) throw usageError(path, "there is no such file", advice);
  if (isFolder) throw usageError(path, "it is a directory, not a file", advice);
  return sqlite(path);
}

function addStats(cache: Command): void {
  cache
    .command("stats")
    .argument("<path>", "the SQLite file")
    .description("show the number and the size of its values, in total and for each node")
    .option("--json", "as JSON")
    .addHelpText("after", "\nExample:\n  $ hypernodes cache stats .cache/run.sqlite")
    .action(async (path: string, { json }: { readonly json?: boolean }) => {
      const stats = await storeAt(path).stats();
      if (json) return await write(asJson(stats), undefined);
      const lines = stats.nodes.map(({ pipeline, node, entries, bytes }) =>
        pipeline === "" && node === ""
          ? `  analyses of the code: ${formatBytes(bytes)}`
          : `  ${escapeControls(`${pipeline}.${node}`)}: ${formatCount(entries)}, ${formatBytes(bytes)}`,
      );
      await write(
        [`${formatCount(stats.entries)} values, ${formatBytes(stats.bytes)}`, ...lines].join("\n"),
        undefined,
      );
    });
}

function addPrune(cache: Command): void {
  cache
    .command("prune")
    .argument("<path>", "the SQLite file")
    .description("evict the least recently used values")
    .option("--max-bytes <bytes>", "maximum size of the remaining values, such as 500MiB")
    .option("--max-age <time>", "evict values that were not used for longer than this, such as 30d or 12h")
    .addHelpText("after", "\nExample:\n  $ hypernodes cache prune .cache/run.sqlite --max-bytes 2GiB --max-age 30d")
    .action(async (path: string, flags: { readonly maxBytes?: string; readonly maxAge?: string }) => {
      const { maxBytes, maxAge } = flags;
      if (maxBytes === undefined && maxAge === undefined) {
        throw usageError("cache prune", "it needs a limit", "Give --max-bytes, or --max-age, or both.");
      }
      const bounds = {
        ...(maxBytes !== undefined && { maxBytes: bytesFrom("--max-bytes", maxBytes) }),
        ...(maxAge !== undefined && { maxAge: millisecondsFrom("--max-age", maxAge) }),
      };
      const evicted = await storeAt(path).prune(bounds);
      await write(`removed: ${formatCount(evicted.entries)} values, ${formatBytes(evicted.bytes)}`, undefined);
    });
}

function addClear(cache: Command): void {
  cache
    .command("clear")
    .argument("<path>", "the SQLite file")
    .description("remove all values, or those of one pipeline and the pipelines nested in it")
    .option("--pipeline <file[#Class]>", "the pipeline")
    .addHelpText("after", "\nExample:\n  $ hypernodes cache clear .cache/run.sqlite --pipeline pipeline.ts#Retrieval")
    .action(async (path: string, { pipeline }: { readonly pipeline?: string }) => {
      const type = pipeline === undefined ? undefined : (await pipelineFrom(pipeline)).type;
      const store = storeAt(path);
      const evicted = await (type === undefined ? store.clear() : store.clear(type as new () => Pipeline));
      await write(`removed: ${formatCount(evicted.entries)} values, ${formatBytes(evicted.bytes)}`, undefined);
    });
}

function addExplain(cache: Command): void {
  withRunOptions(cache.command("explain").argument("<file[#Class]>", "the pipeline"))
    .description("run a pipeline, and explain for each node why it was or was not recomputed")
    .addHelpText(
      "after",
      "\nExample:\n  $ hypernodes cache explain pipeline.ts --input @inputs.json --cache .cache/run.sqlite",
    )
    .action(async (target: string, flags: RunFlags) => {
      const { type } = await pipelineFrom(target);
      await runWithFlags(new type(), { ...flags, quiet: true, explain: true }, [], new EventsFile(undefined));
    });
}
