import { ValueError } from "../errors.js";
import { printPath } from "./kinds.js";

/** Found on the way down; each level adds its key on the way up. */
export class CannotTravel {
  readonly path: (string | number)[] = [];
  constructor(
    readonly problem: string,
    readonly advice: string,
  ) {}
}

export function valueError({ path, problem, advice }: CannotTravel): ValueError {
  path.reverse();
  return new ValueError({ code: "UNSERIALISABLE", where: `value${printPath(path)}`, problem, advice, path });
}

export function tooDeep(thrown: unknown): unknown {
  if (!(thrown instanceof RangeError)) return thrown;
  return new ValueError({
    code: "UNSERIALISABLE",
    where: "value",
    problem: "it is nested too deeply",
    advice: "Give a flat structure, such as an array of nodes that refer to each other by index.",
    path: [],
    cause: thrown,
  });
}

/** What lives in one process only. */
export function foreign(value: Function | symbol | object): CannotTravel {
  if (typeof value === "symbol") return new CannotTravel(`it is a symbol, ${String(value)}`, "Use a string.");
  if (typeof value === "function") {
    return new CannotTravel(
      `it is a function${value.name ? `, ${value.name}` : ""}`,
      "Functions don't travel: name what is to be done by a string, or build the object in a @resource.",
    );
  }
  const type = Object.prototype.toString.call(value).slice(8, -1);
  return new CannotTravel(
    `it is a ${type === "Object" ? "Proxy" : type}`,
    type === "SharedArrayBuffer"
      ? "Give a typed array over it: its bytes travel."
      : "It lives in one process only: give what can be made from it, or build it in a @resource.",
  );
}
