import { elementsFactKey, partFactKey } from "./cache-keys.js";
import type { ContentRef } from "./content-ref.js";
import type { CacheSession } from "./session.js";
import type { Owner } from "./store.js";

/** The owner of facts about a content or a script: they are true for every pipeline. */
export const FACT_OWNER: Owner = { pipeline: "", node: "", code: "" };
const DIGEST_LENGTH = 64;

/** Facts about contents whose values are not loaded: the contents of a list's elements, or of a part of a record. */
export class ContentFacts {
  constructor(private readonly session: CacheSession) {}

  async elements(list: ContentRef): Promise<ContentRef[] | undefined> {
    const [found] = await this.session.read([elementsFactKey(list.digest)]);
    const { digests, models } = (found?.decoded ?? {}) as {
      digests?: string;
      models?: readonly (readonly [string, number])[];
    };
    if (digests === undefined || models === undefined) return undefined;
    const refs: ContentRef[] = [];
    for (const [names, count] of models) {
      for (let i = 0; i < count; i++) {
        refs.push({
          digest: digests.slice(refs.length * DIGEST_LENGTH, (refs.length + 1) * DIGEST_LENGTH),
          models: names,
        });
      }
    }
    return refs;
  }

  saveElements(list: ContentRef, elements: readonly ContentRef[]): void {
    const models: [string, number][] = [];
    for (const { models: names } of elements) {
      if (models.at(-1)?.[0] === names) models.at(-1)![1]++;
      else models.push([names, 1]);
    }
    this.save(elementsFactKey(list.digest), list, {
      digests: elements.map(({ digest }) => digest).join(""),
      models,
    });
  }

  async part(whole: ContentRef, path: readonly string[]): Promise<ContentRef | undefined> {
    const [found] = await this.session.read([partFactKey(whole.digest, path)]);
    return found?.decoded as ContentRef | undefined;
  }

  savePart(whole: ContentRef, path: readonly string[], part: ContentRef): void {
    this.save(partFactKey(whole.digest, path), whole, {
      digest: part.digest,
      models: part.models,
    });
  }

  private save(key: string, { digest, models }: ContentRef, value: unknown): void {
    this.session.add({ key, owner: FACT_OWNER, kind: "fact", digest, models, value });
  }
}
