import { Pipeline, type PipelineOptions } from "../../src/index.js";

type Using = (inputs?: object, options?: PipelineOptions) => unknown;

/** In the specs around, runs look whether nodes change what they take. */
export function checkPurity(): void {
  const methods = ["run", "map", "stream"] as const;
  const prototype = Pipeline.prototype as unknown as Record<(typeof methods)[number], Using>;
  const before = methods.map((name) => prototype[name]);
  beforeEach(() => {
    for (const [i, name] of methods.entries()) {
      prototype[name] = function (this: Pipeline, inputs, options) {
        return before[i]!.call(this, inputs, { ...options, execution: { check: true, ...options?.execution } });
      };
    }
  });
  afterEach(() => {
    for (const [i, name] of methods.entries()) prototype[name] = before[i]!;
  });
}
