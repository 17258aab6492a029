import type { Violation } from "../errors.js";
import type { CheckedInputs, InputChecks, InputRecord } from "./input-checks.js";

/** Lists of elements after their validation. */
export interface CheckedElements {
  readonly violations: readonly Violation[];
  readonly cause?: unknown;
  /** The elements; undefined if an input depends on other elements than its own: then each call computes its values. */
  readonly lists: readonly ArrayLike<unknown>[] | undefined;
}

/** Inputs whose values change together from run to run. */
interface InputGroup {
  readonly names: readonly string[];
  readonly lists: readonly ArrayLike<unknown>[];
}

/**
 * Validates the elements of inputs that are mapped over, each together with the shared inputs. If no rule reads more
 * than its own input, each element is validated once, and the shared inputs are not validated again.
 *
 * @param shared the validated shared inputs.
 */
export async function checkElements(
  checks: InputChecks,
  record: InputRecord,
  shared: CheckedInputs,
  { names, lists }: InputGroup,
  isProduct: boolean,
): Promise<CheckedElements> {
  const groups = isProduct ? names.map((name, i) => ({ names: [name], lists: [lists[i]!] })) : [{ names, lists }];
  if (shared.readsHidden) return checkCombinations(checks, record, groups);
  const found = new ViolationList(0);
  const validated: (readonly ArrayLike<unknown>[])[] = [];
  for (const group of groups) {
    if (!checks.concern(group.names)) {
      validated.push(group.lists);
      continue;
    }
    const hidden = names.filter((name) => !group.names.includes(name));
    const elements: unknown[][] = group.names.map(() => []);
    for (let i = 0; i < group.lists[0]!.length; i++) {
      const given = withElements(record, [group], [i]);
      const checking = checks.check(given, { names: group.names, made: shared.values, hidden });
      const checked = checking instanceof Promise ? await checking : checking;
      if (checked.readsHidden) return checkCombinations(checks, record, groups);
      found.add(checked, new Map(group.names.map((name) => [name, i])));
      for (const [k, name] of group.names.entries()) elements[k]!.push(checked.values.get(name));
    }
    validated.push(elements);
  }
  return { ...found.described(), lists: validated.flat() };
}

/** Validates whole records: one for each combination of elements that is run. */
async function checkCombinations(
  checks: InputChecks,
  record: InputRecord,
  groups: readonly InputGroup[],
): Promise<CheckedElements> {
  const lengths = groups.map(({ lists }) => lists[0]!.length);
  const count = lengths.reduce((product, length) => product * length, 1);
  const found = new ViolationList(count);
  for (let run = 0; run < count; run++) {
    const indices = indicesOf(run, lengths);
    const checking = checks.check(withElements(record, groups, indices));
    const checked = checking instanceof Promise ? await checking : checking;
    found.add(checked, new Map(groups.flatMap(({ names }, g) => names.map((name) => [name, indices[g]!] as const))));
  }
  return { ...found.described(), lists: undefined };
}

/** Returns the indices of a run; the first list varies slowest. */
function indicesOf(run: number, lengths: readonly number[]): number[] {
  const indices: number[] = [];
  for (let rest = run, g = lengths.length - 1; g >= 0; g--) {
    indices.unshift(rest % lengths[g]!);
    rest = Math.floor(rest / lengths[g]!);
  }
  return indices;
}

function withElements({ given, defaults }: InputRecord, groups: readonly InputGroup[], indices: readonly number[]) {
  const all = new Map(given);
  for (const [g, { names, lists }] of groups.entries()) {
    for (const [k, name] of names.entries()) {
      const element = lists[k]![indices[g]!];
      // For an undefined element, the input has its default.
      if (element !== undefined || !defaults.has(name)) all.set(name, element);
      else all.delete(name);
    }
  }
  return { given: all, defaults };
}

/** Violations of many runs, each reported once: those of a shared input with the elements that cause them. */
class ViolationList {
  private readonly byText = new Map<string, { violation: Violation; runs: number; with: string }>();
  private cause: unknown;

  /** @param runs number of runs. */
  constructor(private readonly runs: number) {}

  add({ violations, cause }: CheckedInputs, indices: ReadonlyMap<string, number>): void {
    this.cause ??= cause;
    const elements = [...indices].map(([name, index]) => `${name}[${index}]`).join(", ");
    for (const violation of violations) {
      const inElement = elementPath(violation.path, indices);
      const path = inElement ?? violation.path;
      const key = JSON.stringify([path, violation.constraint, violation.problem]);
      const earlier = this.byText.get(key);
      if (earlier !== undefined) earlier.runs++;
      else
        this.byText.set(key, {
          violation: { ...violation, path },
          runs: 1,
          with: inElement === undefined ? elements : "",
        });
    }
  }

  described(): { violations: Violation[]; cause?: unknown } {
    const violations = [...this.byText.values()].map(({ violation, runs, with: elements }) =>
      elements === "" || runs === this.runs
        ? violation
        : { ...violation, problem: `${violation.problem}, with ${elements}` },
    );
    return { violations, cause: this.cause };
  }
}

/**
 * Returns the path of a violation with the index of its element: `texts[3].title`; undefined if it is of a shared input.
 *
 * @param path the path in the inputs of one run.
 * @param indices the element's index in each list, by the names of the inputs.
 */
export function elementPath(path: string, indices: ReadonlyMap<string, number>): string | undefined {
  const name = [...indices.keys()].find((name) => isWithin(path, name));
  return name === undefined ? undefined : `${name}[${indices.get(name)}]${path.slice(name.length)}`;
}

function isWithin(path: string, name: string): boolean {
  return (
    path.startsWith(name) && (path.length === name.length || path[name.length] === "." || path[name.length] === "[")
  );
}
