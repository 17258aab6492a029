import type { Step } from "../graph/plan.js";
import { getOrCreate } from "../util/get-or-create.js";
import { isThrownClass } from "../values/content.js";
import { codeOfModels, type ModelSource } from "./model-codes.js";
import type { CacheSession, Found, NewEntry } from "./session.js";
import type { EntryMeta } from "./store.js";

/** Receives the models in an entry that was not found, because a name of them stands for other code by now. */
export type OnOtherModels = (models: string) => void;

/**
 * The entries of a program in a store. Instances are stored by the names of their models: an entry says which code these had, and is
 * found only by that code. For a node with a `version` only their names count.
 */
export class ProgramEntries {
  /** By the models of an entry, what it says of them. */
  private readonly known = new Map<string, string | undefined>();

  constructor(
    private readonly session: CacheSession,
    private readonly codes: ModelSource,
  ) {}

  /** The heads of a step's entries, without their values. */
  async heads(step: Step, keys: readonly string[], onOther: OnOtherModels): Promise<(EntryMeta | undefined)[]> {
    return this.current(step, await this.session.heads(keys), onOther);
  }

  /** A step's entries with their values. */
  async read(step: Step, keys: readonly string[], onOther: OnOtherModels): Promise<(Found | undefined)[]> {
    return this.current(step, await this.session.read(keys), onOther);
  }

  /**
   * Takes a value of a step.
   *
   * @returns its size in bytes; undefined if it is not cached: nothing is any more, or the nodes of a nested pipeline that made it say
   * why they are not, or have a `version`.
   * @throws {ValueError} if it can't be encoded, or the code of its models can't be known.
   */
  add(step: Step, entry: NewEntry): number | undefined {
    const { models } = entry;
    if (models === "" || isVersioned(step)) return this.session.add(entry);
    if (step.child !== undefined && this.sealedIfKnown(models) === undefined) return undefined;
    return this.session.add({ ...entry, models: this.sealed(models) });
  }

  private current<E extends EntryMeta>(
    step: Step,
    entries: (E | undefined)[],
    onOther: OnOtherModels,
  ): (E | undefined)[] {
    if (isVersioned(step)) return entries;
    return entries.map((entry) => {
      if (entry === undefined || entry.models === "") return entry;
      // A class that another version has stored has no code before its name.
      const models = entry.models.slice(entry.models.indexOf(" ") + 1);
      if (entry.models === this.sealedIfKnown(models)) return { ...entry, models };
      onOther(models);
      return undefined;
    });
  }

  private sealed(models: string): string {
    const own = models.split(",").filter((name) => !isThrownClass(name));
    return `${own.length === 0 ? "" : codeOfModels(this.codes, own.join())} ${models}`;
  }

  private sealedIfKnown(models: string): string | undefined {
    return getOrCreate(this.known, models, () => {
      try {
        return this.sealed(models);
      } catch {
        return undefined;
      }
    });
  }
}

function isVersioned({ node }: Step): boolean {
  return node.options.version !== undefined;
}
