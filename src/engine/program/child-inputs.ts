import { formatDependency, type GraphNode, mappedDependencies } from "../../graph/graph.js";
import type { Plan } from "../../graph/plan.js";
import type { CheckedInputs, InputChecks, InputRecord } from "../../values/input-checks.js";
import { inputError } from "../../values/inputs.js";

/** The inputs that the calls of one step share, and their record. */
interface SharedInputs {
  readonly values: readonly unknown[];
  readonly checked: CheckedInputs | Promise<CheckedInputs>;
}

/** The inputs of a nested pipeline as its calls make them, with their checks. */
export class ChildInputs {
  /** For each list, the inputs that get its element. */
  private readonly elements: readonly (readonly string[])[];
  /** For each further value of a call, the input that gets it; undefined: it stands for a node. */
  private readonly shared: readonly (string | undefined)[];
  /** Inputs that are given in any case: undefined is a value of them. An optional one may not be. */
  private readonly required: ReadonlySet<string>;
  /** By an object among the shared values, which lives as long as they do. */
  private readonly memo = new WeakMap<object, SharedInputs>();

  /**
   * @param constants what is bound on the child, and its defaults.
   * @param defaults the inputs whose values are defaults, though calls give them.
   */
  constructor(
    private readonly checks: InputChecks,
    node: GraphNode,
    private readonly plan: Plan,
    private readonly constants: InputRecord,
    private readonly defaults: ReadonlySet<string> = new Set(),
  ) {
    const names = new Set(checks.names);
    this.required = new Set(plan.inputs.filter(({ optional }) => !optional).map(({ name }) => name));
    const inputs = (dependencies: GraphNode["dependencies"]) => dependencies.map(({ input }) => input!);
    const elements = node.dependencies.filter(({ as }) => as === "element");
    this.elements = mappedDependencies(node).map((list) =>
      inputs(elements.filter((element) => formatDependency(element) === formatDependency(list))).filter((name) =>
        names.has(name),
      ),
    );
    this.shared = inputs(node.dependencies.filter(({ as }) => as === "value")).map((name) =>
      names.has(name) ? name : undefined,
    );
  }

  /** The inputs that are known before any call: for keys. */
  get known(): InputRecord & { readonly defaultNames: readonly string[] } {
    return { ...this.constants, defaultNames: [...this.defaults] };
  }

  /**
   * Checks the inputs of a call and puts them into their slots.
   *
   * @param inputs its elements, then what it shares with others.
   * @returns undefined if that is done.
   * @throws {InputError}
   */
  check(inputs: readonly unknown[], values: unknown[], where: string): Promise<void> | undefined {
    const put = ({ values: checked, violations, cause }: CheckedInputs): undefined => {
      if (violations.length > 0) throw inputError(where, violations, { cause });
      for (const { name, slot } of this.plan.inputs) values[slot] = checked.get(name);
    };
    const checking = this.checked(inputs);
    return checking instanceof Promise ? checking.then(put) : put(checking);
  }

  private checked(inputs: readonly unknown[]): CheckedInputs | Promise<CheckedInputs> {
    const { checks, elements } = this;
    const record = this.record(inputs);
    if (elements.length === 0) return checks.check(record);
    const shared = this.sharedOf(inputs.slice(elements.length), record);
    return shared instanceof Promise
      ? shared.then((shared) => this.siblings(shared, record))
      : this.siblings(shared, record);
  }

  private siblings(shared: CheckedInputs, record: InputRecord): CheckedInputs | Promise<CheckedInputs> {
    const { checks } = this;
    if (shared.readsHidden) return checks.check(record);
    const names = this.elements.flat();
    const joined = (checked: CheckedInputs): CheckedInputs => ({
      ...checked,
      violations: [...shared.violations, ...checked.violations],
      cause: shared.cause ?? checked.cause,
    });
    const checking = checks.check(record, { names, made: shared.values });
    return checking instanceof Promise ? checking.then(joined) : joined(checking);
  }

  /** Checks shared inputs once, as long as no rule reads an element. */
  private sharedOf(values: readonly unknown[], record: InputRecord): CheckedInputs | Promise<CheckedInputs> {
    const key = values.find((value): value is object => typeof value === "object" && value !== null);
    const known = key && this.memo.get(key);
    if (known !== undefined && values.every((value, i) => Object.is(value, known.values[i]))) return known.checked;
    const hidden = this.elements.flat();
    const names = this.checks.names.filter((name) => !hidden.includes(name));
    const checked = this.checks.check(record, { names, hidden });
    if (key !== undefined) this.memo.set(key, { values, checked });
    return checked;
  }

  private record(inputs: readonly unknown[]): InputRecord {
    const given = new Map(this.constants.given);
    const defaults = new Map(this.constants.defaults);
    const put = (name: string, value: unknown, isGiven: boolean) => {
      // An undefined value leaves the child its bound or default value. Without one, a decorator may convert it.
      if (value === undefined && (!isGiven || given.has(name) || defaults.has(name))) return;
      (this.defaults.has(name) ? defaults : given).set(name, value);
    };
    for (const [i, names] of this.elements.entries()) for (const name of names) put(name, inputs[i], true);
    for (const [i, name] of this.shared.entries()) {
      if (name !== undefined) put(name, inputs[this.elements.length + i], this.required.has(name));
    }
    return { given, defaults };
  }
}
