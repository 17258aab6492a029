import type { RunEvent } from "../../engine/lifecycle/events.js";
import { HypernodesError, NodeError } from "../../errors.js";

/** The number of calls that a message names. */
const MAX_NAMED = 5;

/** The calls on a host that have started and not ended, by the events that came from it. */
export class InFlightCalls {
  private readonly paths = new Set<string>();

  add({ type, phase, path }: RunEvent): void {
    if (type !== "node" && type !== "element" && type !== "resource") return;
    if (phase === "start") this.paths.add(path);
    else if (phase === "end" || phase === "failed") this.paths.delete(path);
  }

  /** The paths of the innermost calls: a nested pipeline's own calls instead of the call of the nested pipeline. */
  get innermost(): readonly string[] {
    const paths = [...this.paths];
    return paths.filter((path) => !paths.some((other) => other.startsWith(`${path}.`) || other.startsWith(`${path}[`)));
  }

  /** Names the calls in the error of a host that ended under them. Other errors are returned as they are. */
  name(error: unknown): unknown {
    const { innermost } = this;
    if (innermost.length === 0 || !(error instanceof HypernodesError) || error instanceof NodeError) return error;
    const { code, where, problem, advice, cause, stack } = error;
    const [only] = innermost.length === 1 ? innermost : [];
    const named = innermost.slice(0, MAX_NAMED).join(", ");
    const more = innermost.length > MAX_NAMED ? ` and ${innermost.length - MAX_NAMED} more` : "";
    const parts =
      only === undefined
        ? { where, problem: `while it computed ${named}${more}, ${problem}` }
        : { where: only, problem };
    return Object.assign(new HypernodesError({ code, advice, cause, ...parts }), { stack });
  }
}
