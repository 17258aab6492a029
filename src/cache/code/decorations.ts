/// <reference path="../../values/class-transformer-storage.d.ts" />
import { defaultMetadataStorage } from "class-transformer/cjs/storage.js";
import { METADATA_FUNCTIONS } from "../../dsl/metadata.js";
import { recordedOn } from "../../graph/class-validator-metadata.js";
import { getFrom } from "../../util/primordials.js";
import { factsOf } from "./inspector.js";
import { packageOf } from "./packages.js";
import { isObject, read } from "./reflection.js";

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

type Metadata = ReadonlyMap<unknown, ReadonlyMap<unknown, unknown>>;

/** The metadata that `Reflect.defineMetadata` recorded on a class and its members, without that of hypernodes. */
export function metadataOf(
  type: Function,
): { readonly member: unknown; readonly key: unknown; readonly value: unknown }[] {
  const stores = metadataStores();
  const prototype: unknown = Object.getOwnPropertyDescriptor(type, "prototype")?.value;
  const found = [type, prototype]
    .filter(isObject)
    .flatMap((target) =>
      stores.flatMap((store) =>
        Array.from((getFrom.call(store, target) as Metadata | []) ?? [], ([member, all]) =>
          Array.from(all, ([key, value]) => ({ member, key, value })),
        ).flat(),
      ),
    );
  const isOurs = (key: unknown) => typeof key === "string" && key.startsWith("hypernodes:");
  // Of a pipeline the emitted types say what the wiring is checked by.
  const isPipeline = found.some(({ key }) => isOurs(key));
  return found.filter(({ key }) => !isOurs(key) && !(isPipeline && isDesign(key)));
}

/** True if it is what a compiler emits of types. */
export function isDesign(key: unknown): boolean {
  return typeof key === "string" && key.startsWith("design:");
}

const stores = new Map<Function, WeakMap<object, unknown> | undefined>();

/** The storage of copies of reflect-metadata: it is in closures, since no API lists the members that have records. */
function metadataStores(): WeakMap<object, unknown>[] {
  for (const define of [METADATA_FUNCTIONS.get("defineMetadata"), Reflect.defineMetadata]) {
    if (typeof define === "function" && !stores.has(define))
      stores.set(define, storeOf(define as typeof Reflect.defineMetadata));
  }
  return [...stores.values()].filter((store) => store !== undefined);
}

function storeOf(define: typeof Reflect.defineMetadata): WeakMap<object, unknown> | undefined {
  const [made] = factsOf([define]);
  const isCopys = made?.kind === "code" && packageOf(made.script.url)?.name === "reflect-metadata";
  // A program's own function in its place is not called.
  if (!isCopys && define !== METADATA_FUNCTIONS.get("defineMetadata")) return undefined;
  const probe = {};
  define("hypernodes:probe", true, probe);
  const registry = (Reflect as unknown as Record<symbol, Registry | undefined>)[
    Symbol.for("@reflect-metadata:registry")
  ];
  const keys = registry?.getProvider(probe, undefined)?.OrdinaryOwnMetadataKeys;
  const [facts] = keys === undefined ? [] : factsOf([keys]);
  const scopes = facts?.kind === "code" ? facts.scopes : [];
  // By what it holds, not by the variable's name: bundlers change that.
  return scopes
    .flatMap(({ variables }) => Object.keys(variables).map((name) => read(variables, name).value))
    .find(
      (value): value is WeakMap<object, unknown> =>
        value instanceof WeakMap && getFrom.call(value, probe) !== undefined,
    );
}

interface Registry {
  getProvider(target: object, key: undefined): { readonly OrdinaryOwnMetadataKeys: Function } | undefined;
}
