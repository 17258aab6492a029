import { NodeError, ValueError } from "../../errors.js";
import type { Step } from "../../graph/plan.js";
import { describeChain } from "../../util/describe.js";
import { printPath } from "../../values/object-kinds.js";
import { pathOf } from "../failures/node-errors.js";

const CODE = "UNSERIALISABLE";

/** Number of keys in a path into the lists of elements before those inside an element. */
const ELEMENT_DEPTH = 2;

/** The error of elements that can't be read where they are to be computed: a model's own code refuses them. */
export function unreadElement(step: Step, path: string, element: number | undefined, cause: unknown): NodeError {
  const inside = cause instanceof ValueError ? printPath(cause.path.slice(ELEMENT_DEPTH)) : "";
  const about = cause instanceof ValueError ? `${inside && `at ${inside}, `}${cause.problem}` : describeChain(cause);
  return new NodeError({
    ...{ code: CODE, where: pathOf(path, step.name, element), cause },
    problem: `its inputs can't be read in a thread: ${about}`,
    ...{ node: step.name, element, attempts: 0 },
  });
}

/** @returns true for one of these: no call has started. */
export function isUnread({ code, attempts }: NodeError): boolean {
  return code === CODE && attempts === 0;
}

/** The same, said of another step that takes the element. */
export function messageOf({ code, problem, advice, cause, element }: NodeError, step: Step, where: string): NodeError {
  return new NodeError({ code, where, problem, advice, cause, node: step.name, element, attempts: 0 });
}
