import { corpusFrom } from "../examples/hebrew-retrieval/corpus.js";
import { HebrewRetrieval } from "../examples/hebrew-retrieval/retrieval.js";
import { encode } from "../src/index.js";
const corpus = corpusFrom("../shared/data/heq-val.passages.jsonl", "../shared/data/heq-val.queries.jsonl");
const r = new HebrewRetrieval();
const maps = process.argv[2] as any;
for (let i=0;i<6;i++) await r.run(corpus, { execution: { maps } });
const t0 = performance.timeOrigin + performance.now();
const c = process.cpuUsage(), e = performance.eventLoopUtilization();
const out: any = await r.run(corpus, { execution: { maps }, onEvent: maps === "sequential" ? (e) => { if (e.type === "map" || e.type === "node") console.log((e.at - t0).toFixed(1), e.path, e.phase) } : undefined as any });
const c2 = process.cpuUsage(c); console.log("wall", (performance.timeOrigin + performance.now() - t0).toFixed(1), "cpu", (c2.user+c2.system)/1000, "main", performance.eventLoopUtilization(e).active);
const all: any = await r.run(corpus, { outputs: ["terms", "wordIndex", "encoded", "vectorIndex", "byWords", "encodedQueries", "byVectors", "fused", "reranked"] });
for (const [k, v] of Object.entries(all)) { const t = performance.now(); const b = encode(v); console.log(k, b.length, (performance.now()-t).toFixed(1)+"ms"); }
process.exit();
