import { parseArgs } from "node:util";
import { sqlite } from "../../src/index.js";
import { runCommand, UsageError } from "./command.js";
import { corpusFrom, declaration } from "./corpus.js";
import { report } from "./report.js";
import { HebrewRetrieval } from "./retrieval.js";

const USAGE = `Hebrew retrieval: hybrid search, evaluated.

  npm start                                            the Declaration of Human Rights, with questions
  npm start -- --passages FILE --queries FILE          any corpus, as JSON Lines:
                                                       {"id", "text"} and {"id", "text", "relevant": [id]}
  --top-k N     how many hits a query gets (10)
  --no-rerank   leave the order to rank fusion alone
  --cache FILE  remember what is computed in an SQLite file, and compute only what is new
  --explain     say of each node why it was computed, or was not (with --cache)
  --json        one JSON object on standard output: { metrics, predictions };
                npm's own lines stay off it with: npm start --silent -- --json, or npm start --json`;

async function main(): Promise<void> {
  const options = readOptions();
  if (options.help) return console.log(USAGE);
  const { passages: passagesFile, queries: queriesFile } = options;
  if ((passagesFile === undefined) !== (queriesFile === undefined)) {
    throw new UsageError("--passages and --queries go together: give both, or neither");
  }
  const topK = Number(options["top-k"]);
  if (!Number.isInteger(topK) || topK < 1) {
    throw new UsageError(`--top-k takes a whole number from 1, not "${options["top-k"]}"`);
  }
  const corpus = passagesFile === undefined ? declaration() : corpusFrom(passagesFile, queriesFile!);
  const cache = options.cache === undefined ? false : sqlite(options.cache);
  const retrieval = new HebrewRetrieval().with({ cache });
  const { metrics, predictions } = await retrieval.run(
    { ...corpus, topK, rerank: !options["no-rerank"] },
    { explain: options.explain },
  );
  // npm keeps a --json that stands before the -- for itself, and tells of it so.
  if (options.json || process.env.npm_config_json === "true") console.log(JSON.stringify({ metrics, predictions }));
  else console.log(report(corpus, predictions, metrics, passagesFile === undefined ? 3 : topK));
}

function readOptions() {
  return parseArgs({
    options: {
      passages: { type: "string" },
      queries: { type: "string" },
      "top-k": { type: "string", default: "10" },
      "no-rerank": { type: "boolean", default: false },
      cache: { type: "string" },
      explain: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  }).values;
}

await runCommand(USAGE, main);
