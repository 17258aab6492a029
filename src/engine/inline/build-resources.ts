import { NodeError } from "../../errors.js";
import type { Step } from "../../graph/plan.js";
import { describeChain } from "../../util/describe.js";
import { adopted, isPromise } from "../../util/thenable.js";
import type { RunningExecution } from "../executor.js";
import { hasChangedInput, pathOf } from "../failures/node-errors.js";
import { settle } from "../failures/settle.js";
import { now } from "../lifecycle/events.js";

/** Builds the resources that a step needs, where they are not yet there. @returns a promise if that takes waiting. */
export function buildResources(execution: RunningExecution, step: Step): Promise<void> | undefined {
  for (const index of step.resources) {
    const { slot } = execution.plan.resources[index]!;
    if (execution.values[slot] !== undefined) continue;
    const resource = buildResource(execution, index);
    if (isPromise(resource)) {
      return resource.then((value) => {
        execution.values[slot] = value;
        return buildResources(execution, step);
      });
    }
    execution.values[slot] = resource;
  }
  return undefined;
}

function buildResource(execution: RunningExecution, index: number): unknown {
  const { name, arguments: from } = execution.plan.resources[index]!;
  const { builders, self, pipeline } = execution.program;
  const { emit, resources } = execution.run;
  const about = { type: "resource", path: pathOf(execution.path, name), name } as const;
  const inputs = from.map((argument) => execution.input(argument));
  const call = () => adopted(builders[index]!.apply(self, inputs));
  const checked = execution.settings.check ? () => execution.run.purity.resource(execution, name, inputs, call) : call;
  const make = (): unknown => {
    const at = now();
    emit?.({ ...about, phase: "start" });
    return settle(
      checked,
      (value) => {
        const label = emit === undefined ? undefined : labelOf(value);
        emit?.({ ...about, phase: "end", durationMs: now() - at, ...(label !== undefined && { label }) });
        execution.resourceBuilt(index);
      },
      (cause) => {
        const error = hasChangedInput(cause) ? (cause as NodeError) : notBuilt(about.path, name, cause);
        emit?.({ ...about, phase: "failed", error, durationMs: now() - at });
        return error;
      },
    );
  };
  const ended = () => emit?.({ ...about, phase: "disposed" });
  return resources.acquire(pipeline, name, inputs, make, ended, () => execution.scope.hasSignalled);
}

function notBuilt(where: string, node: string, cause: unknown): NodeError {
  const problem = `the resource could not be built: ${describeChain(cause)}`;
  return new NodeError({ code: "RESOURCE_FAILED", where, problem, cause, node, attempts: 1 });
}

/** The text that a resource gives itself under `Symbol.toStringTag`; one that fails at it has none. */
function labelOf(resource: unknown): string | undefined {
  try {
    const label = (resource as { [Symbol.toStringTag]?: unknown } | null | undefined)?.[Symbol.toStringTag];
    return typeof label === "string" ? label : undefined;
  } catch {
    return undefined;
  }
}
