import type { PipelineClass } from "../dsl/members.js";
import type { Graph } from "../graph/graph.js";
import { getOrCreate } from "../util/get-or-create.js";
import { callIt, checkNoMore, checkOptions, isFlag, isRecord, oneOf, type RulesOf, that } from "../util/options.js";
import { dot } from "./dot.js";
import { mermaid } from "./mermaid.js";
import { graphPage, type PageOptions } from "./page/page.js";
import type { DrawOptions } from "./scene.js";
import { svg } from "./svg.js";
import { toGraphModel } from "./to-graph-model.js";

/**
 * A graph with rendering methods.
 *
 * @example
 * ```ts
 * const graph: RenderableGraph = pipeline.graph();
 * await writeFile("graph.svg", await graph.toSvg());
 * ```
 */
export interface RenderableGraph extends Graph {
  /**
   * Renders a Mermaid flowchart, for Markdown.
   *
   * @param options see {@link DrawOptions}.
   * @returns the text of the flowchart.
   * @throws {HypernodesError} `UNKNOWN_OPTION` or `BAD_OPTION`, if an option is invalid.
   */
  toMermaid(options?: DrawOptions): string;
  /**
   * Renders the graph in Graphviz's language.
   *
   * @param options see {@link DrawOptions}.
   * @returns the text of the graph.
   * @throws {HypernodesError} `UNKNOWN_OPTION` or `BAD_OPTION`, if an option is invalid.
   */
  toDot(options?: DrawOptions): string;
  /**
   * Renders a picture with Graphviz in WebAssembly.
   *
   * @param options see {@link DrawOptions}.
   * @returns an SVG document.
   * @throws {HypernodesError} `UNKNOWN_OPTION` or `BAD_OPTION`, if an option is invalid; `MISSING_PACKAGE`, if `@viz-js/viz` is not installed.
   */
  toSvg(options?: DrawOptions): Promise<string>;
  /**
   * Renders an interactive page: pan, zoom, search, nested pipelines to open and close, source code, times, and the
   * replay of a run.
   *
   * @param options see {@link PageOptions}.
   * @returns a self-contained HTML document.
   * @throws {HypernodesError} `UNKNOWN_OPTION` or `BAD_OPTION`, if an option is invalid.
   */
  toHtml(options?: PageOptions): string;
}

const PAGE_RULES: RulesOf<PageOptions> = {
  depth: that(
    "a number of levels from 1",
    (value) => value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && (value as number) >= 1),
  ),
  direction: oneOf("down", "right"),
  theme: oneOf("light", "dark"),
  report: that(
    (value) => `a report of a run${callIt(value, "report()")}`,
    (value) => isRecord(value) && Array.isArray(value.rows),
  ),
};

const DRAW_RULES: RulesOf<DrawOptions> = { ...PAGE_RULES, groupInputs: isFlag, types: isFlag, resources: isFlag };

class Rendering implements RenderableGraph {
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

  toMermaid(options: DrawOptions = {}, ...more: unknown[]): string {
    checkNoMore("toMermaid(options)", more);
    checkOptions("toMermaid()", options, DRAW_RULES);
    return mermaid(toGraphModel(this), options);
  }

  toDot(options: DrawOptions = {}, ...more: unknown[]): string {
    checkNoMore("toDot(options)", more);
    checkOptions("toDot()", options, DRAW_RULES);
    return dot(toGraphModel(this), options);
  }

  async toSvg(options: DrawOptions = {}, ...more: unknown[]): Promise<string> {
    checkNoMore("toSvg(options)", more);
    checkOptions("toSvg()", options, DRAW_RULES);
    return svg(toGraphModel(this), options);
  }

  toHtml(options: PageOptions = {}, ...more: unknown[]): string {
    checkNoMore("toHtml(options)", more);
    checkOptions("toHtml()", options, PAGE_RULES);
    return graphPage(toGraphModel(this, types.get(this)), options);
  }
}

const drawings = new WeakMap<Graph, RenderableGraph>();
const types = new WeakMap<RenderableGraph, PipelineClass>();

/**
 * Adds the rendering methods to a graph.
 *
 * @param type the class, for the code of its methods on the page.
 */
export function withRendering(graph: Graph, type: PipelineClass): RenderableGraph {
  return getOrCreate(drawings, graph, () => {
    const rendering = new Rendering(graph);
    types.set(rendering, type);
    return rendering;
  });
}
