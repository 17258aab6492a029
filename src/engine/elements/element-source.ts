import type { Step } from "../../graph/plan.js";
import { describeValue } from "../../util/describe.js";
import { adopted, isPromise } from "../../util/thenable.js";
import { notAList, unequalLengths } from "./lists.js";

/** A list whose elements may come over time. */
type Source = Iterable<unknown> | AsyncIterable<unknown>;

/** The values of an element, one from each list. */
export type PulledElement = IteratorResult<unknown[], unknown>;

/** Elements as they come: each with a value from each list. */
export interface ElementSource {
  next(): PulledElement | Promise<PulledElement>;
  return?(): unknown;
}

/** The elements of one or more lists, each with one value from each list. Only a product holds lists in memory. */
export function openElementSource(step: Step, values: readonly unknown[], where: string): ElementSource {
  const names = step.map!.lists.map(({ slot }) => step.node.dependencies[slot]!.on);
  const sources = step.map!.lists.map(({ slot }, i) => sourceOf(values[slot], names[i]!, where));
  if (step.map!.product && sources.length > 1) return product(sources);
  if (sources.length === 1) return single(iteratorOf(sources[0]!));
  return zip(sources.map(iteratorOf), names, where);
}

function sourceOf(value: unknown, name: string, where: string): Source {
  const isSource =
    typeof value === "object" && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);
  if (isSource) return value as Source;
  throw notAList(name, value, where, "streams", "Give an array, another iterable, or an async iterable.");
}

function iteratorOf(source: Source): Iterator<unknown> | AsyncIterator<unknown> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}

function single(iterator: Iterator<unknown> | AsyncIterator<unknown>): ElementSource {
  const wrap = (pulled: IteratorResult<unknown>): PulledElement => {
    const next = resultOf(pulled);
    return next.done ? next : { done: false, value: [next.value] };
  };
  return {
    next: () => {
      const next = adopted(iterator.next()) as IteratorResult<unknown> | Promise<IteratorResult<unknown>>;
      return isPromise(next) ? next.then(wrap as never) : wrap(next);
    },
    return: () => iterator.return?.(),
  };
}

/** As `for await` takes what an iterator gives. */
function resultOf(next: IteratorResult<unknown>): IteratorResult<unknown> {
  if ((typeof next === "object" && next !== null) || typeof next === "function") return next;
  throw new TypeError(`Iterator result ${describeValue(next)} is not an object`);
}

async function* zip(
  iterators: readonly (Iterator<unknown> | AsyncIterator<unknown>)[],
  names: readonly string[],
  where: string,
): AsyncGenerator<unknown[], void> {
  try {
    for (let count = 0; ; count++) {
      const next = (await Promise.all(iterators.map((iterator) => iterator.next()))).map(resultOf);
      if (next.every(({ done }) => done)) return;
      if (next.some(({ done }) => done)) {
        const lengths = next.map(({ done }) => (done ? String(count) : `more than ${count}`));
        throw unequalLengths(names, lengths, where, "streams");
      }
      yield next.map(({ value }) => value);
    }
  } finally {
    for (const iterator of iterators) await iterator.return?.();
  }
}

async function* product([first, ...others]: readonly Source[]): AsyncGenerator<unknown[], void> {
  const lists: unknown[][] = [];
  for (const source of others) {
    const list: unknown[] = [];
    for await (const element of source) list.push(element);
    lists.push(list);
  }
  for await (const element of first!) yield* combinations([element], lists);
}

function* combinations(chosen: readonly unknown[], [list, ...rest]: readonly unknown[][]): Generator<unknown[]> {
  if (list === undefined) yield [...chosen];
  else for (const element of list) yield* combinations([...chosen, element], rest);
}
