import type { Defect } from "../errors.js";
import { isRecord, readOptions } from "../util/options.js";
import { showValue } from "../util/show-value.js";
import type { MapOptions } from "./node-options.js";

/** A decorator's arguments: names, then an optional options object. */
interface DecoratorArgs {
  readonly dependencies: string[];
  readonly options: MapOptions;
  /** Problems with arguments that are neither a name nor the last argument. */
  readonly faults: readonly Omit<Defect, "where">[];
}

/** Separates a decorator's dependencies from its options. */
export function splitOptions(given: readonly unknown[]): DecoratorArgs {
  const last = given.at(-1);
  const hasOptions = isOptions(last);
  const { names, faults } = namesIn(hasOptions ? given.slice(0, -1) : given);
  const options = hasOptions ? readOptions(last, faults) : {};
  return { dependencies: names, options, faults };
}

/** Returns the names among some arguments, and the problems with the others. */
export function namesIn(given: readonly unknown[]): { names: string[]; faults: Omit<Defect, "where">[] } {
  const names: string[] = [];
  const faults: Omit<Defect, "where">[] = [];
  for (const argument of given) {
    if (typeof argument === "string" || typeof argument === "number") names.push(String(argument));
    else faults.push(faultOf(argument));
  }
  return { names, faults };
}

function faultOf(argument: unknown): Omit<Defect, "where"> {
  return isOptions(argument)
    ? {
        code: "BAD_ARGUMENT",
        problem: `the options ${showValue(argument)} are not the decorator's last argument`,
        advice: "Names come first, then one object with all options.",
      }
    : {
        code: "BAD_ARGUMENT",
        problem: `the decorator received ${showValue(argument)} instead of a member's name`,
        advice: 'Pass names as strings, such as "text", and an optional last object with options.',
      };
}

function isOptions(argument: unknown): argument is MapOptions {
  return isRecord(argument);
}
