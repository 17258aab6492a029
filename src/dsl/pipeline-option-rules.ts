import {
  callIt,
  isFlag,
  isRecord,
  numberFrom,
  type OptionRule,
  oneOf,
  type RulesOf,
  that,
  wholeFrom,
} from "../util/options.js";
import type { ExecutionMode, ExecutionOptions, PipelineOptions, ThreadLimits } from "./pipeline-options.js";

/** The words of the execution modes. */
export const EXECUTION_MODES = Object.keys({
  sequential: 0,
  async: 0,
  threaded: 0,
  parallel: 0,
} satisfies Record<ExecutionMode, 0>);
const MODE = oneOf(...EXECUTION_MODES);

const MEBIBYTES = that("mebibytes from 1", (value) => typeof value === "number" && value > 0 && Number.isFinite(value));

const THREAD_LIMITS: RulesOf<ThreadLimits> = {
  maxOldGenerationSizeMb: MEBIBYTES,
  maxYoungGenerationSizeMb: MEBIBYTES,
  codeRangeSizeMb: MEBIBYTES,
  stackSizeMb: MEBIBYTES,
};

/** Rules for the options of `@execution`. */
export const EXECUTION_RULES: RulesOf<ExecutionOptions> = {
  nodes: MODE,
  maps: that(
    (value) => `${MODE.takes as string}, or bullmq({ ... })${callIt(value, "maps: bullmq({ ... })")}`,
    (value) => MODE.is(value) || (isKind(value) && MODE.is(value.mode)),
  ),
  maxWorkers: wholeFrom(1),
  graceMs: numberFrom(0, "milliseconds from 0"),
  check: isFlag,
  resourceLimits: { ...that("limits in mebibytes: { maxOldGenerationSizeMb }", isRecord), inner: THREAD_LIMITS },
};

const PLACEMENT = that(
  (value) => `a placement, such as local() or modal({ ... })${callIt(value, "runOn: modal({ ... })")}`,
  isKind,
);
/** The values that are caches, in words. */
export const STORE = "sqlite(path), memory() or keyv(store)";

/** Rules for the options of `with`, which `run` accepts, too. */
export const PIPELINE_RULES: RulesOf<PipelineOptions> = {
  runOn: PLACEMENT,
  execution: {
    ...that("options as { maps, nodes, maxWorkers }", isRecord),
    ...{ inner: EXECUTION_RULES, innerNoun: "execution option" },
  },
  cache: that(
    (value) => `${STORE}, or false${callIt(value, "cache: memory()")}`,
    (value) => value === false || isKind(value),
  ),
};

/** Rules for the arguments of class decorators. */
export const DECORATOR_RULES: { readonly [K in keyof PipelineOptions]-?: OptionRule } = {
  ...PIPELINE_RULES,
  cache: that((value) => `${STORE}${callIt(value, "@cached(memory())")}`, isKind),
};

function isKind(value: unknown): value is { readonly kind: string; readonly mode?: unknown } {
  return isRecord(value) && typeof value.kind === "string";
}
