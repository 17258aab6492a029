import type { PipelineClass } from "../dsl/members.js";
import { originOf } from "../dsl/origin.js";
import { remembered } from "../graph/remembered.js";
import { addedForms, formsToKeep, takeForms } from "./code/kept-forms.js";
import { fileOf, hashOf, placeOfFile } from "./code/packages.js";
import { FACT_OWNER } from "./facts.js";
import { keyOf } from "./keys.js";
import type { CacheSession } from "./session.js";
import type { Store } from "./store.js";

/** For each store the programs whose scripts were taken from it, and how many new ones had been read when they were kept last. */
const known = new WeakMap<Store, Map<string, number>>();

/** Takes the forms of a program's scripts from the store, where an earlier process kept them: parsing takes longest of all. */
export async function takeCode(pipeline: PipelineClass, store: Store, session: CacheSession): Promise<void> {
  const key = keyFor(pipeline);
  const programs = remembered(known, store, () => new Map<string, number>());
  if (programs.has(key)) return;
  programs.set(key, addedForms());
  const [found] = await session.read([key]);
  if (typeof found?.decoded === "string") takeForms(found.decoded);
}

/** It is kept for the next process, if anything of it is new. */
export function keepCode(pipeline: PipelineClass, store: Store, session: CacheSession): void {
  const key = keyFor(pipeline);
  const programs = known.get(store);
  if (programs === undefined || programs.get(key) === addedForms()) return;
  programs.set(key, addedForms());
  const value = formsToKeep();
  session.add({ key, owner: FACT_OWNER, kind: "fact", digest: hashOf(value), models: "", value });
}

function keyFor(pipeline: PipelineClass): string {
  const file = originOf(pipeline)?.file;
  return keyOf("scripts", file === undefined ? pipeline.name : placeOfFile(fileOf(file) ?? file));
}
