import { partsOf, partsOfModels } from "../../cache/codes.js";
import { changesSince, type Past, PROCESS, pastKey } from "../../cache/history.js";
import type { Ref } from "../../cache/keys.js";
import { type Dependency, mappedLists, written } from "../../graph/graph.js";
import type { Step } from "../../graph/plan.js";
import type { Explained } from "../events.js";
import type { Program } from "../program.js";
import { type CachedExecution, placeWithoutIndices } from "./cached-execution.js";

/** What became of one step in a run. */
interface StepAccount {
  computed: number;
  cached: number;
  /** What was known of its inputs, by name. */
  inputs: readonly (readonly [name: string, ref: Ref])[];
  /** Why it can't be remembered. */
  problem: string | undefined;
}

/** What became of a pipeline's steps, in all its executions of a run. */
export class Account {
  executions = 1;
  private readonly steps: StepAccount[] = [];

  constructor(readonly cached: CachedExecution) {}

  of(step: Step): StepAccount {
    this.steps[step.index] ??= { computed: 0, cached: 0, inputs: [], problem: undefined };
    return this.steps[step.index]!;
  }

  get hasComputed(): boolean {
    return this.steps.some((step) => step.computed > 0);
  }

  /** What counted of a step's inputs: its lists, then what every call gets. */
  took(step: Step, lists: readonly Ref[], shared: readonly Ref[]): void {
    if (this.executions > 1) return;
    const { resources } = this.cached.execution.plan;
    const values = step.node.dependencies.filter(({ as }) => as === "value");
    const named = (dependencies: readonly Dependency[], refs: readonly Ref[]) =>
      dependencies.map((dependency, i) => [written(dependency), refs[i]!] as const);
    // What a resource is made of is told of by its code.
    const inputs = [...named(mappedLists(step.node), lists), ...named(values, shared)];
    this.of(step).inputs = inputs.filter(([name]) => !resources.some((resource) => resource.name === name));
  }
}

/** What a run remembers of how it went, and tells whoever wants an explanation. */
export class Accounts {
  private readonly accounts = new Map<Program, Account>();

  begin(cached: CachedExecution): Account {
    const { program } = cached.execution;
    const known = this.accounts.get(program);
    if (known !== undefined) {
      known.executions++;
      return known;
    }
    const account = new Account(cached);
    this.accounts.set(program, account);
    return account;
  }

  /** Whether any node has run. */
  get hasComputed(): boolean {
    return [...this.accounts.values()].some((account) => account.hasComputed);
  }

  /**
   * Keeps what was computed from what, for the next run's explanation.
   *
   * @param explain gets each node's explanation: why it was computed, or was not.
   */
  async end(explain: ((why: Explained) => void) | undefined): Promise<void> {
    for (const account of this.accounts.values()) {
      for (const step of account.cached.execution.plan.steps) await this.endStep(account, step, explain);
    }
  }

  private async endStep(account: Account, step: Step, explain: ((why: Explained) => void) | undefined): Promise<void> {
    const { cached } = account;
    const { execution, session, codes } = cached;
    const found = account.of(step);
    if (found.computed === 0 && (explain === undefined || found.cached === 0)) return;
    const path = placeWithoutIndices(execution, step);
    const tell = (because: string) =>
      explain?.({
        ...{ type: "cache", phase: "explained", path, name: step.name },
        ...{ computed: found.computed, cached: found.cached, because },
      });
    if (found.problem !== undefined) return tell(`it can't be remembered: ${found.problem}`);
    if (!cached.isKept(step)) {
      const says = step.node.options.cache === false;
      return tell(says ? "it says cache: false" : "something nested in it is not remembered here");
    }
    if (found.computed === 0) return tell("same code, same inputs");
    const key = pastKey(path);
    let past: Past = {
      process: PROCESS,
      code: codes.steps[step.index]!.code,
      version: step.node.options.version,
      parts: [...partsOf(execution.program, step), ...partsOfModels(found.inputs.map(([, { models }]) => models))],
      inputs: account.executions > 1 ? [] : found.inputs.map(([name, { digest }]) => [name, digest]),
    };
    if (explain !== undefined) {
      const [before] = await session.read([key]);
      const changes = before && changesSince(before.decoded as Past, past);
      if (changes === undefined) tell("nothing was remembered of it");
      else {
        const { clauses, values } = changes;
        if (values.length > 0) past = { ...past, changed: values };
        tell(clauses.length > 0 ? clauses.join(", ") : "what was remembered of it is gone");
      }
    }
    session.add({ key, owner: cached.ownerOf(step), kind: "fact", digest: "", models: "", value: past });
  }
}
