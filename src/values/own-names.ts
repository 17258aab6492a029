import type { PipelineClass } from "../dsl/members.js";
import { InputError } from "../errors.js";
import { inputNames } from "../graph/graph.js";
import { graphOf } from "../graph/reflect.js";
import { didYouMean } from "../util/suggest.js";
import { ignoreRejection } from "../util/thenable.js";
import { assertRecord, readInputs } from "./inputs.js";
import { plainName } from "./plain-name.js";

/**
 * Returns inputs under their own names. Callers may use the names of `@Expose({ name })`.
 *
 * @throws {InputError} `UNKNOWN_INPUTS`, `INVALID_INPUTS`
 */
export function byOwnNames(
  type: PipelineClass,
  where: string,
  inputs: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  ignoreRejection(inputs);
  assertRecord(where, inputs);
  const known = inputNames(graphOf(type));
  const exposed = new Map(known.map((name) => [plainName(type, name), name]));
  const values = new Map<string, unknown>();
  const problems = new Map<string, string>();
  const given = readInputs(where, inputs, new Set([...known, ...exposed.keys()]));
  for (const [name, value] of Object.entries(given)) {
    const owner = known.includes(name) ? name : exposed.get(name);
    if (owner === undefined) problems.set(name, `no input is named "${name}". ${didYouMean(name, known)}`);
    else if (owner !== name && given[owner] !== undefined) {
      problems.set(name, `"${name}" is the input "${owner}", which is also given.`);
    } else values.set(owner, value);
  }
  if (problems.size === 0) return Object.fromEntries(values);
  throw new InputError({
    code: "UNKNOWN_INPUTS",
    where,
    problem: [...problems.values()].join(" "),
    violations: [...problems].map(([path, problem]) => ({ path, constraint: "unknown", problem })),
  });
}
