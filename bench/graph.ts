import type { PipelineClass } from "../src/dsl/members.js";
import { planFor } from "../src/graph/compile-plan.js";
import { graphOf } from "../src/graph/reflect.js";
import { median } from "./measure.js";
import { chainOf, latticeOf } from "./pipelines.js";

const SIZES = [1000, 10_000];

/** How long it takes to reflect, check and plan a graph: is it linear? */
export async function graph(): Promise<void> {
  console.log("\n### A graph is reflected, checked and planned\n");
  console.log("| graph | nodes | ms | us per node |");
  console.log("|---|---:|---:|---:|");
  for (const [name, make] of Object.entries({ chain: chainOf, "lattice, 3 dependencies a node": latticeOf })) {
    for (const size of SIZES) {
      const times = Array.from({ length: 7 }, () => {
        const pipeline = make(size) as unknown as PipelineClass;
        const start = performance.now();
        planFor(graphOf(pipeline));
        return performance.now() - start;
      });
      const ms = median(times);
      console.log(`| ${name} | ${size} | ${ms.toFixed(1)} | ${((ms / size) * 1000).toFixed(2)} |`);
    }
  }
}
