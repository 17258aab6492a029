/// <reference path="./class-transformer-storage.d.ts" />
import { defaultMetadataStorage } from "class-transformer/cjs/storage.js";
import { type Class, designedClasses, modelClasses, modelOf } from "../dsl/metadata.js";
import {
  AbortError,
  DefinitionError,
  HypernodesError,
  InputError,
  NodeError,
  TimeoutError,
  ValueError,
} from "../errors.js";
import { remembered } from "../graph/remembered.js";
import { validatedClasses, validatedCount } from "../graph/validators.js";
import { CannotTravel, ofOtherRealm } from "./cannot-travel.js";
import { builtIn, otherRealmType } from "./kinds.js";
import { hasPrivateMembers } from "./private-members.js";

/** A class whose instances travel. */
export interface Model {
  readonly type: Class;
  readonly name: string;
  /** The fields that count by content; all public ones if undefined. */
  readonly key: readonly string[] | undefined;
  /** Whether it has `toJSON()` and a static `fromJSON(data)`: then what the first gives travels, and the other makes the instance. */
  readonly hooked: boolean;
}

/** What a name stands for: a model, or several classes that can't be told apart. */
type Known = Model | readonly Class[];

let byName = new Map<string, Known>();
let byPrototype = new Map<object, Model>();
const models = new WeakMap<Class, Model>();

/**
 * The model that instances with a prototype travel as.
 *
 * @throws {CannotTravel}
 */
export function travellingModel(prototype: object): Model {
  const model = knownModel(prototype);
  if (model === undefined) throw unknownClass(prototype);
  if (!model.hooked && hasPrivateMembers(model.type)) {
    throw new CannotTravel(
      `it is an instance of ${classNameOf(prototype)}, whose #private members can't be read`,
      "Give the class toJSON() and static fromJSON(data), or keep its data in public fields.",
    );
  }
  return model;
}

export function unknownClass(prototype: object): CannotTravel {
  const type = otherRealmType(prototype);
  if (type !== undefined) return ofOtherRealm(type);
  return new CannotTravel(
    `it is an instance of ${classNameOf(prototype)}, which is not known where it would go`,
    "Put @model() on the class; or give plain data; or build it in a @resource, which never travels.",
  );
}

export function classNameOf(prototype: object): string {
  return (prototype.constructor as Function | undefined)?.name || "a class without a name";
}

/**
 * The model that an object's prototype belongs to, if its class is known: by `@model()`, class-validator,
 * class-transformer, or the types that the loader emitted of pipelines' members.
 *
 * @throws {CannotTravel} if another class has the same name.
 */
export function knownModel(prototype: object): Model | undefined {
  if (!byPrototype.has(prototype)) look();
  const model = byPrototype.get(prototype);
  if (model === undefined) return undefined;
  const known = byName.get(model.name)!;
  if (Array.isArray(known)) throw new CannotTravel(ambiguous(model.name, known), "");
  return model;
}

/**
 * The model with a name.
 *
 * @throws a sentence, if there is none, or more than one.
 */
export function modelNamed(name: string): Model {
  if (!byName.has(name)) look();
  const known = byName.get(name);
  if (known === undefined) {
    throw new Error(`no class named ${name} is known here: import the module that defines it, with @model() on it`);
  }
  if (Array.isArray(known)) throw new Error(ambiguous(name, known));
  return known as Model;
}

/** All models of the program that have a name to themselves. */
export function knownModels(): Model[] {
  look();
  return [...byName.values()].filter(
    (known): known is Model => !Array.isArray(known) && !OURS.has((known as Model).type),
  );
}

function ambiguous(name: string, types: readonly Class[]): string {
  return `${types.length} classes are named ${name}: give all but one another name, @model({ name: "..." })`;
}

/** Looks again, if any class has been decorated since: that happens whenever a module is loaded. */
function look(): void {
  const count = recordCount();
  if (count === looked) return;
  looked = count;
  byName = new Map();
  byPrototype = new Map();
  for (const type of new Set(knownClasses())) {
    if (builtIn(type.prototype) !== undefined) continue;
    const model = remembered(models, type, () => modelFor(type));
    byPrototype.set(type.prototype, model);
    const same = byName.get(model.name);
    if (same === undefined) byName.set(model.name, model);
    else byName.set(model.name, [...(Array.isArray(same) ? same : [(same as Model).type]), type]);
  }
}

function modelFor(type: Class): Model {
  const said = modelOf(type);
  const own = OURS.has(type) ? `hypernodes/${type.name}` : type.name;
  return {
    type,
    name: said?.name ?? own,
    key: said?.key,
    hooked:
      typeof (type.prototype as { toJSON?: unknown }).toJSON === "function" &&
      typeof (type as unknown as { fromJSON?: unknown }).fromJSON === "function",
  };
}

/** How many classes there were when it was looked last. */
let looked = -1;

function recordCount(): number {
  const transformed = TRANSFORMED.reduce((sum, { size }) => sum + size, 0);
  return modelClasses().size + designedClasses().size + validatedCount() + transformed;
}

const { _typeMetadatas, _transformMetadatas, _exposeMetadatas, _excludeMetadatas } = defaultMetadataStorage;
/** What class-transformer's decorators recorded, by class. */
const TRANSFORMED = [_typeMetadatas, _transformMetadatas, _exposeMetadatas, _excludeMetadatas];

const OURS = new Set<Class>([
  HypernodesError,
  DefinitionError,
  InputError,
  NodeError,
  ValueError,
  TimeoutError,
  AbortError,
] as unknown as Class[]);

/** Whether instances are failures of hypernodes: their `cause` is whatever user code threw. */
export function isFailure(model: Model | undefined): boolean {
  return model !== undefined && OURS.has(model.type);
}

function* knownClasses(): Generator<Class> {
  yield* OURS;
  yield* modelClasses();
  yield* designedClasses();
  for (const [type] of validatedClasses()) yield type as Class;
  for (const recorded of TRANSFORMED) yield* recorded.keys() as Iterable<Class>;
  for (const properties of _typeMetadatas.values()) {
    for (const { typeFunction } of properties.values()) {
      const type = typeOf(typeFunction);
      if (type !== undefined) yield type;
    }
  }
}

/** What `@Type(() => X)` names. One that chooses by the value has no answer without one. */
function typeOf(typeFunction: (help?: object) => unknown): Class | undefined {
  try {
    const type = typeFunction({ newObject: undefined, object: {}, property: "" });
    return typeof type === "function" && typeof type.prototype === "object" ? (type as unknown as Class) : undefined;
  } catch {
    // It may name a class that is defined further down: then it has to be asked again.
    looked = -1;
    return undefined;
  }
}
