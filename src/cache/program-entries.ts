import type { Step } from "../graph/plan.js";
import { getOrCreate } from "../util/get-or-create.js";
import { isThrownClass } from "../values/content.js";
import { codeOfModels, type ModelSource } from "./model-codes.js";
import type { CacheSession, NewEntry } from "./session.js";
import type { EntryMeta } from "./store.js";

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

  /** An entry of a step that was found; undefined if a name of its models stands for other code by now. */
  current<E extends EntryMeta>(step: Step, entry: E): E | undefined {
    if (entry.models === "" || isVersioned(step)) return entry;
    const models = modelNames(entry);
    return entry.models === this.sealedIfKnown(models) ? { ...entry, models } : undefined;
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

/** The names of the models in a stored entry. One that an earlier version has stored has no code before them. */
export function modelNames({ models }: EntryMeta): string {
  return models.slice(models.indexOf(" ") + 1);
}

function isVersioned({ node }: Step): boolean {
  return node.options.version !== undefined;
}
