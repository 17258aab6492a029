/// <reference path="../../values/class-transformer-storage.d.ts" />
import { types } from "node:util";
import { defaultMetadataStorage } from "class-transformer/cjs/storage.js";
import { PIPELINE } from "../../dsl/members.js";
import { MEMBERS, METADATA_FUNCTIONS, MODEL } from "../../dsl/metadata.js";
import type { PipelineState } from "../../dsl/pipeline-options.js";
import { recordedOn } from "../../graph/class-validator-metadata.js";
import { forEachOf, getFrom, getOwnPropertyDescriptor } from "../../util/primordials.js";
import { factsOf } from "./inspector.js";
import { findDescriptor, isObject, read } from "./reflection.js";

const { _typeMetadatas, _transformMetadatas, _exposeMetadatas, _excludeMetadatas } = defaultMetadataStorage;
const TRANSFORMED = { _typeMetadatas, _transformMetadatas, _exposeMetadatas, _excludeMetadatas };

/** The records of class-validator's and class-transformer's decorators on a class: they are part of its behavior. */
export function decorationsOf(type: Function): (readonly [place: string, value: unknown])[] {
  const validated = recordedOn(type);
  const found: (readonly [string, unknown])[] = validated === undefined ? [] : [["validation", validated]];
  for (const [place, recorded] of Object.entries(TRANSFORMED)) {
    const value = recorded.get(type);
    if (value !== undefined) found.push([place, value]);
  }
  return found;
}

/** A record of reflect-metadata about a class, an object or a member of it. */
export interface MetadataRecord {
  readonly member: unknown;
  readonly key: unknown;
  readonly value: unknown;
}

/**
 * The metadata that `Reflect.defineMetadata` recorded on an object, a class or its members. Of that of hypernodes only what decides the
 * content of a model.
 */
export function metadataOf(object: object, stores: readonly MetadataStore[]): readonly MetadataRecord[] {
  const found = recordsOf(object, stores);
  // Of a pipeline the emitted types say what the wiring is checked by.
  const isPipeline = found.some(({ key }) => key !== MODEL && isOurs(key));
  return found.filter(({ key }) => key === MODEL || !(isOurs(key) || (isPipeline && isDesign(key))));
}

/** The declarations of the members of a pipeline class, and their emitted types, by which its inputs are converted. */
export function declarationsOf(type: Function, stores: readonly MetadataStore[]): readonly MetadataRecord[] {
  const found = recordsOf(type, stores);
  return found.some(({ key }) => key === MEMBERS) ? found.filter(({ key }) => key === MEMBERS || isDesign(key)) : [];
}

function recordsOf(object: object, stores: readonly MetadataStore[]): MetadataRecord[] {
  const prototype: unknown =
    typeof object === "function" ? getOwnPropertyDescriptor(object, "prototype")?.value : undefined;
  const found: MetadataRecord[] = [];
  for (const store of stores) {
    addRecords(store, object, found);
    if (isObject(prototype)) addRecords(store, prototype, found);
  }
  return found;
}

function isOurs(key: unknown): boolean {
  return typeof key === "string" && key.startsWith("hypernodes:");
}

/** The inputs that are bound to a pipeline object; undefined: it is none. */
export function boundTo(object: object): unknown {
  const descriptor = findDescriptor(object, PIPELINE);
  const get = typeof descriptor === "object" ? descriptor.get : undefined;
  return (get?.call(object) as PipelineState | undefined)?.bound;
}

function addRecords(store: MetadataStore, target: object, found: MetadataRecord[]): void {
  const members = getFrom.call(store, target) as unknown;
  if (!types.isMap(members)) return;
  forEachOf.Map(members, (all, member) => {
    if (types.isMap(all)) forEachOf.Map(all, (value, key) => found.push({ member, key, value }));
  });
}

/** True if it is what a compiler emits of types. */
export function isDesign(key: unknown): key is string {
  return typeof key === "string" && key.startsWith("design:");
}

/** Names of emitted types, but where a compiler records them beside a class; functions and options by which others read them. */
const READS_TYPES =
  /(?<!\b_(?:_|ts_)metadata\(\s*["'])\bdesign:|\b(?:getMetadataKeys|getOwnMetadataKeys|enableImplicitConversion)\b/;

/** True for a text of code that may read the types that a compiler emits. */
export function readsTypes(text: string): boolean {
  const mayRead = text.includes("design:") || text.includes("MetadataKeys") || text.includes("enableImplicit");
  return mayRead && READS_TYPES.test(text);
}

/** A copy of reflect-metadata's: Maps by object, member and key. */
type MetadataStore = WeakMap<object, unknown>;

let known: { readonly by: unknown; readonly stores: readonly MetadataStore[] } | undefined;

/** The storage of all copies of reflect-metadata. It is in closures: no API lists the members that have records. */
export function metadataStores(): readonly MetadataStore[] {
  const by = Reflect.getOwnMetadataKeys;
  // Each copy that is loaded replaces it.
  if (known?.by !== by) known = { by, stores: storesOfAll() };
  return known.stores;
}

function storesOfAll(): MetadataStore[] {
  const registry = (Reflect as { [REGISTRY]?: { readonly getProvider?: unknown } })[REGISTRY];
  const providers = heldBy([registry?.getProvider]).flatMap((value) => (types.isSet(value) ? [...value] : [value]));
  // Those of versions before 0.1.14 hold it themselves.
  const readers = [METADATA_FUNCTIONS.get("getOwnMetadataKeys"), Reflect.getOwnMetadataKeys];
  const ofProviders = providers.map(
    (provider) => isObject(provider) && read(provider, "OrdinaryOwnMetadataKeys").value,
  );
  return [...new Set(heldBy([...readers, ...ofProviders]))].filter((value) => types.isWeakMap(value));
}

const REGISTRY = Symbol.for("@reflect-metadata:registry");

/** The values of the variables around functions. */
function heldBy(functions: readonly unknown[]): unknown[] {
  return factsOf(functions.filter((each) => typeof each === "function"))
    .flatMap((facts) => (facts.kind === "code" ? facts.scopes : []))
    .flatMap(({ variables }) => Object.keys(variables).map((name) => read(variables, name).value));
}

/** True for a function that a copy of reflect-metadata has added to `Reflect`. */
export function readsMetadata(fn: Function, packageName: string): boolean {
  const { name } = fn;
  return (
    packageName === "reflect-metadata" &&
    METADATA_FUNCTIONS.has(name) &&
    getOwnPropertyDescriptor(Reflect, name)?.value === fn &&
    metadataStores().length > 0
  );
}
