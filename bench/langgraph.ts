import { Annotation, Send, StateGraph } from "@langchain/langgraph";
import { measure, printTable } from "./measure.js";
import { chainOf, Trivial } from "./pipelines.js";

const NODES = 100;
const ELEMENTS = 1000;
const xs = Array.from({ length: ELEMENTS }, (_, i) => i);
const next = (value: number) => value + 1;

/** LangGraph.js has a process of its own: its AsyncLocalStorage slows every await around it. */
export async function langgraph(): Promise<void> {
  const Chain = chainOf(NODES);
  const pipeline = new Chain() as unknown as { run(inputs: object): Promise<unknown> };
  const chain = await measure(
    [
      { name: "hypernodes", operations: NODES, runs: 100, run: () => pipeline.run({ x: 1 }) },
      { name: "LangGraph.js", operations: NODES, run: chainGraph() },
    ],
    5,
  );
  printTable(`Chain of ${NODES} nodes in LangGraph.js`, "node", chain, "hypernodes");
  const trivial = new Trivial();
  const map = await measure(
    [
      { name: "hypernodes", operations: ELEMENTS, runs: 100, run: () => trivial.run({ xs }) },
      { name: "LangGraph.js Send", operations: ELEMENTS, run: sendGraph() },
    ],
    5,
  );
  printTable(`Map over ${ELEMENTS} elements in LangGraph.js`, "element", map, "hypernodes");
}

function chainGraph(): () => Promise<unknown> {
  const State = Annotation.Root({ value: Annotation<number> });
  const graph = new StateGraph(State) as unknown as {
    addNode(name: string, node: (state: { value: number }) => object): void;
    addEdge(from: string, to: string): void;
    compile(): { invoke(input: object, options: object): Promise<unknown> };
  };
  for (let i = 0; i < NODES; i++) graph.addNode(`n${i}`, ({ value }) => ({ value: next(value) }));
  graph.addEdge("__start__", "n0");
  for (let i = 1; i < NODES; i++) graph.addEdge(`n${i - 1}`, `n${i}`);
  graph.addEdge(`n${NODES - 1}`, "__end__");
  const compiled = graph.compile();
  return () => compiled.invoke({ value: 1 }, { recursionLimit: NODES + 10 });
}

function sendGraph(): () => Promise<unknown> {
  const State = Annotation.Root({
    x: Annotation<number>,
    results: Annotation<number[]>({ reducer: (a, b) => a.concat(b), default: () => [] }),
  });
  const compiled = new StateGraph(State)
    .addNode("next", ({ x }: { x: number }) => ({ results: [next(x)] }))
    .addConditionalEdges("__start__", () => xs.map((x) => new Send("next", { x })))
    .addEdge("next", "__end__")
    .compile();
  return () => compiled.invoke({}, { maxConcurrency: 16 } as object);
}
