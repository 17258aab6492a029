import { type Each, input, mapOver, node, type Output, output, Pipeline } from "../../../src/index.js";

class Use extends Pipeline {
  @input() passages!: string[];
  @input() queries!: string[];
  @input() topK?: number = 5;
  @mapOver("passages") lengths(passage: string): Each<number> {
    return passage.length;
  }
  @node("queries", "topK") firsts(queries: string[], topK: number): string[] {
    return queries.slice(0, topK);
  }
  @output("lengths", "firsts") report(lengths: number[], firsts: string[]): Output<{ n: number }> {
    return { n: lengths.length };
  }
}
const use = new Use();
const given = { passages: ["a"], queries: ["b"] };

// error: Property 'queries' is missing
await use.run({ passages: [] });
// error: Expected 1-2 arguments, but got 0
await use.run();
// error: 'quries' does not exist
await use.run({ ...given, quries: [] });
// error: Type 'string' is not assignable to type 'number'
await use.run({ ...given, topK: "5" });
// error: 'lengths' does not exist
await use.run({ ...given, lengths: [1] });
// error: Property 'lengths' does not exist
(await use.run(given)).lengths;
// error: Property 'report' does not exist
(await use.run(given, { outputs: ["lengths"] })).report;
// error: Type '"length"' is not assignable to type 'NodesOf<Use>'. Did you mean '"lengths"'?
await use.run(given, { outputs: ["length"] });
// error: Type '"passages"' is not assignable to type 'NodesOf<Use>'
await use.run(given, { outputs: ["passages"] });
// error: Type 'number' is not assignable to type 'string'
await use.run(given, { given: { firsts: [1] } });
// error: 'first' does not exist
await use.run(given, { given: { first: [] } });
// error: 'outptus' does not exist
await use.run(given, { outptus: ["lengths"] });

// error: Type '"threads"' is not assignable to type
await use.run(given, { execution: { maps: "threads" } });

// error: 'topKK' does not exist
use.bind({ topKK: 3 });
// error: Type 'string' is not assignable to type 'number'
use.bind({ topK: "3" });
// error: Property 'passages' is missing
await use.bind({ queries: [] }).run({});
// error: Property 'queries' is missing
await use.bind({ queries: [] }).unbind("queries").run({ passages: [] });
// error: is not assignable to parameter of type '"queries"'
use.bind({ queries: [] }).unbind("passages");

// error: Type 'string[]' is not assignable to type 'Iterable<number
await use.map({ ...given, topK: ["5"], passages: [], queries: [] }, { over: "topK" });
// error: no input is named 'topk'
await use.map({ ...given, topK: 5 }, { over: "topk" });
// error: Type 'number' is not assignable to type 'Iterable<number
await use.map({ ...given, topK: 5 }, { over: "topK" });
// error: Property 'lengths' does not exist
(await use.map({ ...given, topK: [5] }, { over: "topK" }))[0]!.lengths;
