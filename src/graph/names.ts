import { PIPELINE, type PipelineClass } from "../dsl/members.js";
import type { Defect } from "../errors.js";

/** Returns the reason why a member can't have its name, if there is one. */
export function nameDefect(pipeline: PipelineClass, name: string): Pick<Defect, "code" | "problem"> | undefined {
  const quoted = JSON.stringify(name);
  if (name in Object.prototype) {
    return { code: "RESERVED_NAME", problem: `every object has a member ${quoted} of its own` };
  }
  if (name in baseOf(pipeline)) {
    return { code: "RESERVED_NAME", problem: `every pipeline has a member ${quoted} of its own` };
  }
  if (name === "then") {
    return {
      code: "RESERVED_NAME",
      problem: 'an object with a member "then" is treated as a promise when it is awaited',
    };
  }
  if (name === "") return { code: "BAD_NAME", problem: "its name is empty" };
  const sign = /[.[\]]/.exec(name)?.[0];
  if (sign === undefined) return undefined;
  return {
    code: "BAD_NAME",
    problem: `its name ${quoted} has a "${sign}", which has a meaning in paths: "split.train", "hits[3]"`,
  };
}

/** The prototype of `Pipeline` itself, at the root of every pipeline class. */
function baseOf(pipeline: PipelineClass): object {
  let base = pipeline.prototype as object;
  while (!Object.hasOwn(base, PIPELINE)) base = Object.getPrototypeOf(base) as object;
  return base;
}
