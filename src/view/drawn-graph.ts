import type { PipelineClass } from "../dsl/members.js";
import type { Graph } from "../graph/graph.js";
import { remembered } from "../graph/remembered.js";
import { dot } from "./dot.js";
import { mermaid } from "./mermaid.js";
import { graphPage, type PageOptions } from "./page/page.js";
import type { DrawOptions } from "./scene.js";
import { sketchOf } from "./sketch-of.js";
import { svg } from "./svg.js";

/** A graph that draws itself. */
export interface DrawnGraph extends Graph {
  /** As a Mermaid flowchart, for Markdown. */
  toMermaid(options?: DrawOptions): string;
  /** In Graphviz' language. */
  toDot(options?: DrawOptions): string;
  /** As a picture, drawn by Graphviz in WebAssembly. */
  toSvg(options?: DrawOptions): Promise<string>;
  /** As an interactive page, one HTML file: pan, zoom, search, open and close, source and times, replay of a run. */
  toHtml(options?: PageOptions): string;
}

class Drawn implements DrawnGraph {
  readonly pipeline: Graph["pipeline"];
  readonly nodes: Graph["nodes"];
  readonly edges: Graph["edges"];
  readonly outputs: Graph["outputs"];

  constructor({ pipeline, nodes, edges, outputs }: Graph) {
    this.pipeline = pipeline;
    this.nodes = nodes;
    this.edges = edges;
    this.outputs = outputs;
    Object.freeze(this);
  }

  toMermaid(options: DrawOptions = {}): string {
    return mermaid(sketchOf(this), options);
  }

  toDot(options: DrawOptions = {}): string {
    return dot(sketchOf(this), options);
  }

  toSvg(options: DrawOptions = {}): Promise<string> {
    return svg(sketchOf(this), options);
  }

  toHtml(options: PageOptions = {}): string {
    return graphPage(sketchOf(this, types.get(this)), options);
  }
}

const drawings = new WeakMap<Graph, DrawnGraph>();
const types = new WeakMap<DrawnGraph, PipelineClass>();

/** @param type the class, whose methods' code the page shows. */
export function drawn(graph: Graph, type: PipelineClass): DrawnGraph {
  return remembered(drawings, graph, () => {
    const made = new Drawn(graph);
    types.set(made, type);
    return made;
  });
}
