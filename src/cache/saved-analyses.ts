import { classLocationOf } from "../dsl/class-location.js";
import type { PipelineClass } from "../dsl/members.js";
import { getOrCreate } from "../util/get-or-create.js";
import { sha256 } from "../util/sha256.js";
import { analysesKey } from "./cache-keys.js";
import { fileOf, placeOfFile } from "./code/packages.js";
import { addedCount, exportForms, importForms } from "./code/saved-forms.js";
import { FACT_OWNER } from "./content-facts.js";
import type { CacheSession } from "./session.js";
import type { Store } from "./store.js";

/** For each store the programs whose scripts were taken from it, and how many new ones had been read when they were kept last. */
const known = new WeakMap<Store, Map<string, number>>();

/** Takes the forms of a program's scripts from the store, where an earlier process kept them: parsing takes longest of all. */
export async function loadAnalyses(pipeline: PipelineClass, store: Store, session: CacheSession): Promise<void> {
  const key = keyFor(pipeline);
  const programs = getOrCreate(known, store, () => new Map<string, number>());
  if (programs.has(key)) return;
  programs.set(key, addedCount());
  const [found] = await session.read([key]);
  if (typeof found?.decoded === "string") importForms(found.decoded);
}

/** It is kept for the next process, if anything of it is new. */
export function saveAnalyses(pipeline: PipelineClass, store: Store, session: CacheSession): void {
  const key = keyFor(pipeline);
  const programs = known.get(store);
  if (programs === undefined || programs.get(key) === addedCount()) return;
  programs.set(key, addedCount());
  const value = exportForms();
  session.add({ key, owner: FACT_OWNER, kind: "fact", digest: sha256(value), models: "", value });
}

function keyFor(pipeline: PipelineClass): string {
  const file = classLocationOf(pipeline)?.file;
  return analysesKey(file === undefined ? pipeline.name : placeOfFile(fileOf(file) ?? file));
}
