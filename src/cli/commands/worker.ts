import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { type Command, InvalidArgumentError } from "commander";
import { isKeyv, type KeyvValues, resolveBullmqOptions } from "../../placement/bullmq/options.js";
import { redisUrlForDisplay } from "../../placement/bullmq/redis-connection.js";
import { QueueWorker } from "../../placement/bullmq/worker/queue-worker.js";
import { isDirectory } from "../../util/is-directory.js";
import { usageError } from "../exit-codes.js";
import { millisecondsFrom } from "../parse-args.js";

interface WorkerFlags {
  readonly queue?: string;
  readonly connection?: string;
  readonly prefix?: string;
  readonly values?: string;
  readonly concurrency: number;
  readonly stall: number;
  readonly patience: number;
}

export function addWorker(program: Command): void {
  program
    .command("worker")
    .option("--queue <name>", "the queue's name (default: hypernodes)")
    .option(
      "--connection <url>",
      "Redis or Valkey: redis://user:password@host:6379/0, rediss:// for TLS (default: REDIS_URL, else this machine)",
    )
    .option("--prefix <name>", "prefix of the names of all keys (default: hypernodes)")
    .option("--values <file>", "a module whose default export is the Keyv that clients name: bullmq({ values })")
    .option("--concurrency <n>", "number of chunks that it runs at once", count, os.availableParallelism())
    .option(
      "--stall <time>",
      "time without a heartbeat after which other workers take over a chunk, such as 10s",
      stallFrom,
      10_000,
    )
    .option(
      "--patience <time>",
      "how long it waits for a Redis that is lost or refuses it work",
      patienceFrom,
      3_600_000,
    )
    .addHelpText(
      "after",
      `
A worker runs chunks of any pipeline: the code is sent with them. Anyone who can write to Redis can run code on the worker,
unless HYPERNODES_QUEUE_KEY is set to a secret, on the worker and where pipelines run. Pass passwords in the environment
(REDIS_URL): other users can see the arguments of a command. Ctrl-C lets it finish its chunks; a second one stops it at once.

Examples, with REDIS_URL and HYPERNODES_QUEUE_KEY in the environment:
  $ hypernodes worker --queue embedding
  $ hypernodes worker --queue embedding --concurrency 8 --patience 10m`,
    )
    .action(async ({ queue, connection, prefix, values: file, concurrency, stall, patience }: WorkerFlags) => {
      const values = file === undefined ? undefined : await keyvIn(file);
      const named = { ...(queue && { queue }), ...(prefix && { prefix }) };
      const checked = resolveBullmqOptions({ connection, values, patienceMs: patience, ...named });
      const log = (text: string) => void process.stderr.write(`${text}\n`);
      const worker = await QueueWorker.start(checked, concurrency, stall, log);
      // Before it says that it works: a signal after that is not the end of the process, but of its work.
      const stopping = stopped();
      if (checked.key === undefined)
        log("HYPERNODES_QUEUE_KEY is not set: anyone who can write to this Redis can run code on this machine");
      const chunkCount = concurrency === 1 ? "one chunk" : `${concurrency} chunks`;
      const place = redisUrlForDisplay(checked.connection);
      log(`${worker.id} takes work from the queue ${checked.queue} at ${place}, ${chunkCount} at once`);
      try {
        await Promise.race([stopping, worker.failed]);
        log(`${worker.id} stops when its chunks are done`);
        process.once("SIGINT", () => process.exit(130));
      } finally {
        await worker.close();
      }
      process.exit(0);
    });
}

async function keyvIn(file: string): Promise<KeyvValues> {
  if (isDirectory(file)) {
    throw usageError(`--values ${file}`, "it is a directory, not a file", "Name a JavaScript module.");
  }
  const module = (await import(pathToFileURL(path.resolve(file)).href).catch((error: Error) => {
    throw usageError(`--values ${file}`, `it can't be imported: ${error.message}`, "Name a JavaScript module.", error);
  })) as { readonly default?: unknown };
  if (isKeyv(module.default)) return module.default;
  throw usageError(`--values ${file}`, "its default export is not a Keyv", "Write: export default new Keyv(...).");
}

function count(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("It takes a whole number from 1.");
}

const stallFrom = (text: string) => atLeastOneMs("--stall", text);
const patienceFrom = (text: string) => atLeastOneMs("--patience", text);

function atLeastOneMs(option: string, text: string): number {
  const ms = millisecondsFrom(option, text);
  if (ms >= 1) return Math.ceil(ms);
  throw usageError(`${option} ${text}`, "it is shorter than 1ms", `Write for example ${option} 10s`);
}

function stopped(): Promise<void> {
  return new Promise((resolve) => {
    // SIGBREAK is Ctrl-Break on Windows; other systems have none.
    for (const signal of ["SIGINT", "SIGTERM", "SIGBREAK"] as const) process.once(signal, () => resolve());
  });
}
