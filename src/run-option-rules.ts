import { MAP_RULES } from "./dsl/node-options.js";
import { EXECUTION_RULES, PIPELINE_RULES } from "./dsl/pipeline-option-rules.js";
import { ON_EVENT_RULE } from "./observe/run-observer.js";
import type { MapRunOptions, RunOptions } from "./run-options.js";
import { hasMethods, isFlag, isRecord, isTexts, oneOf, type RulesOf, that } from "./util/options.js";
import { nearest } from "./util/suggest.js";

/** The checks of the options of `run`. */
export const RUN_RULES: RulesOf<RunOptions<unknown>> = {
  ...PIPELINE_RULES,
  outputs: that('a list of names of nodes, each once: ["hits"]', isNames),
  given: that("values by the names of nodes: { index }", isRecord),
  signal: that(
    (value) => `an AbortSignal${value instanceof AbortController ? ": that of the controller, controller.signal" : ""}`,
    (value) => hasMethods(value, "addEventListener") && typeof value.aborted === "boolean",
  ),
  onEvent: ON_EVENT_RULE,
  explain: isFlag,
};

/** The checks of the options of `map` and `stream`. */
export const MAP_RUN_RULES: RulesOf<MapRunOptions<unknown, unknown>> = {
  ...RUN_RULES,
  over: that("the name of an input, or several", (value) => typeof value === "string" || isTexts(value)),
  mode: oneOf("zip", "product"),
  onError: oneOf("throw", "collect"),
};

function isNames(value: unknown): boolean {
  return isTexts(value) && (value.length < 2 || new Set(value).size === value.length);
}

/** Advises where an option belongs that `run` does not have. */
export function placeOfOption(name: string): string | undefined {
  const among = (rules: object) => Object.keys(rules).find((known) => known.toLowerCase() === name.toLowerCase());
  const execution = among(EXECUTION_RULES);
  if (execution !== undefined) return `It is one of execution: { execution: { ${execution} } }.`;
  if (name === "over" || name === "mode") return "It is one of map() and stream().";
  const node = among(MAP_RULES);
  if (node === undefined && nearest(name, Object.keys(MAP_RUN_RULES)) === undefined) {
    const near = nearest(name, Object.keys(EXECUTION_RULES));
    if (near !== undefined) return `Did you mean { execution: { ${near} } }?`;
  }
  return node === undefined || among(RUN_RULES) !== undefined
    ? undefined
    : `It is one of nodes: @node(..., { ${node} }).`;
}
