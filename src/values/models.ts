/// <reference path="./class-transformer-storage.d.ts" />
import { defaultMetadataStorage } from "class-transformer/cjs/storage.js";
import type { Class } from "../dsl/class.js";
import { emittedClasses, modelClasses, modelOf } from "../dsl/metadata.js";
import {
  AbortError,
  DefinitionError,
  HypernodesError,
  InputError,
  NodeError,
  TimeoutError,
  ValueError,
} from "../errors.js";
import { validatedClasses, validatedCount } from "../graph/class-validator-metadata.js";
import { getOrCreate } from "../util/get-or-create.js";
import { hasField } from "../util/has-field.js";
import {
  definingModule,
  type ExportedClass,
  exportedClasses,
  exportedClassesNamed,
  exportedClassOf,
} from "./exported-classes.js";
import { builtIn, otherRealmType } from "./object-kinds.js";
import { hasPrivateMembers } from "./private-members.js";
import { ofOtherRealm, UnserialisableError } from "./unserialisable.js";

/** A class whose instances can be serialized. */
export interface Model {
  readonly type: Class;
  readonly name: string;
  /** The fields that count by content; all public ones if undefined. */
  readonly key: readonly string[] | undefined;
  /** True if it has `@model()`: then its public fields are its content, whatever else it keeps. */
  readonly isDeclared: boolean;
  /**
   * True if it has `toJSON()` and a static `fromJSON(data)`: then the result of the first is serialized, and the second
   * creates the instance.
   */
  readonly usesJsonHooks: boolean;
}

/** The meaning of a name: a model, or several classes that can't be distinguished. */
type NameEntry = Model | readonly Class[];

let byName = new Map<string, NameEntry>();
let byPrototype = new Map<object, Model>();
const models = new WeakMap<Class, Model>();

/**
 * Returns the model for instances with a prototype.
 *
 * @throws {UnserialisableError}
 */
export function requireModel(prototype: object): Model {
  const model = findModel(prototype);
  if (model === undefined) throw unknownClass(prototype);
  assertPublic(model, "Give the class toJSON() and static fromJSON(data), or keep its data in public fields.");
  return model;
}

/** @throws {UnserialisableError} if instances have content that can't be read, and their class does not say that it is none. */
export function assertNoHidden(model: Model): void {
  if (!model.isDeclared)
    assertPublic(
      model,
      "Give the class toJSON() and static fromJSON(data); or put @model() on it if its public fields alone decide results.",
    );
}

function assertPublic({ type, usesJsonHooks }: Model, advice: string): void {
  if (usesJsonHooks || !hasPrivateMembers(type)) return;
  throw new UnserialisableError(
    `it is an instance of ${classNameOf(type.prototype)}, whose #private members can't be read`,
    advice,
  );
}

/** @throws {UnserialisableError} if an instance lacks a field of its model's key: it would equal all others without it. */
export function assertHasKey(value: object, { key = [], name }: Model): void {
  const field = key.find((each) => !hasField(value, each));
  if (field === undefined) return;
  throw new UnserialisableError(
    `it is an instance of ${name} without the field "${field}", which is in the key of its @model()`,
    `Assign this.${field} in the constructor, or name a field that instances have: @model({ key: [...] }).`,
  );
}

export function unknownClass(prototype: object): UnserialisableError {
  const type = otherRealmType(prototype);
  if (type !== undefined) return ofOtherRealm(type);
  const model: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  if (typeof model !== "function" || model.prototype !== prototype) {
    const kind: unknown = Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag)?.value;
    const found =
      typeof kind === "string" ? `it is an object of the kind "${kind}"` : "its prototype is an object of no class";
    return new UnserialisableError(`${found}, which would be lost`, `Give plain data; or ${IN_A_RESOURCE}`);
  }
  const found = `it is an instance of ${classNameOf(prototype)}`;
  if (Object.getOwnPropertyDescriptor(globalThis, model.name)?.value === model)
    return new UnserialisableError(
      `${found}, which can't be serialized`,
      `Give plain data, such as its text; or ${IN_A_RESOURCE}`,
    );
  const [problem, advice] = whyUnknown(definingModule(model));
  return new UnserialisableError(
    `${found}, ${problem}`,
    `${advice}; or put @model() on the class; or give plain data; or ${IN_A_RESOURCE}`,
  );
}

const IN_A_RESOURCE = "build it in a @resource, which is never serialized.";

function whyUnknown(defined: ReturnType<typeof definingModule>): readonly [problem: string, advice: string] {
  if (defined === undefined) {
    return [
      "which is not known to a cache, a thread or another process",
      "Export the class from the pipeline's module, or from one that it imports",
    ];
  }
  const { module, isImported } = defined;
  if (isImported) return [`which ${module} does not export`, "Export the class there, at the top of its module"];
  return [
    `of ${module}, of which the pipeline's modules import no class and no function`,
    "Import it there, as a value (import type does not count), and export it",
  ];
}

export function classNameOf(prototype: object): string {
  return (prototype.constructor as Function | undefined)?.name || "a class without a name";
}

/**
 * Returns the model of an object's prototype, if its class is known by decorators or by its export.
 *
 * @throws {UnserialisableError} if another class has the same name.
 */
export function findModel(prototype: object): Model | undefined {
  const model = decoratedModel(prototype);
  if (model === undefined) {
    const exported = exportedClassOf(prototype);
    return exported && exportedModel(exported);
  }
  const known = byName.get(model.name)!;
  if (Array.isArray(known)) throw new UnserialisableError(ambiguous(model.name, known), "");
  return model;
}

/**
 * Returns the model of a class that is known by `@model()`, class-validator, class-transformer, or the emitted types of
 * pipelines' members. Another class may have the same name.
 */
export function decoratedModel(prototype: object): Model | undefined {
  if (!byPrototype.has(prototype)) refreshIndex();
  return byPrototype.get(prototype);
}

/** @throws {UnserialisableError} if another class has the same name. */
function exportedModel(exported: ExportedClass): Model {
  const { name, type } = exported;
  const isShared = exportedClassesNamed(name).length > 1 && undecorated(name).length > 1;
  if (isShared || byName.has(name)) throw new UnserialisableError(sameName(name), GIVE_ANOTHER);
  return getOrCreate(models, type, () => modelFor(type, name));
}

/** Returns the exported classes with a name that no decorator registers, also under a different name. */
function undecorated(name: string): ExportedClass[] {
  return exportedClassesNamed(name).filter(({ type }) => decoratedModel(type.prototype) === undefined);
}

const GIVE_ANOTHER = 'Give one of them another name: @model({ name: "..." }).';

/** Describes classes of one name, of which at least one is known by its export. */
function sameName(name: string): string {
  const decorated = [...byPrototype.values()].filter((model) => model.name === name);
  const places = [
    ...decorated.map(({ type }) => definingModule(type)?.module ?? "one with a decorator"),
    ...undecorated(name).map(({ module }) => module),
  ];
  return `${places.length} classes are named ${name}, those of ${places.join(" and ")}`;
}

/**
 * Returns the model with a name.
 *
 * @throws a sentence, if there is none, or more than one.
 */
export function modelNamed(name: string): Model {
  if (!byName.has(name)) refreshIndex();
  const known = byName.get(name);
  if (known === undefined) {
    const [exported, ...others] = undecorated(name);
    if (others.length > 0) throw new Error(`${sameName(name)}. ${GIVE_ANOTHER}`);
    if (exported !== undefined) return exportedModel(exported);
    throw new Error(
      `no class named ${name} is known in this process: export it from a module that the pipeline's imports, or import one that defines it with @model()`,
    );
  }
  if (Array.isArray(known)) throw new Error(ambiguous(name, known));
  return known as Model;
}

/** Returns all models of the program whose names are unique. */
export function knownModels(): Model[] {
  refreshIndex();
  const decorated = [...byName.values()].filter(
    (known): known is Model => !Array.isArray(known) && !BUILT_IN_ERRORS.has((known as Model).type),
  );
  const exported = [...exportedClasses()].filter(
    ({ name, type }) => !byName.has(name) && !byPrototype.has(type.prototype) && undecorated(name).length === 1,
  );
  return [...decorated, ...exported.map((each) => exportedModel(each))];
}

function ambiguous(name: string, types: readonly Class[]): string {
  return `${types.length} classes are named ${name}: give all but one another name, @model({ name: "..." })`;
}

/** Updates the index if a class has been decorated since, which happens whenever a module is loaded. */
function refreshIndex(): void {
  const count = recordCount();
  if (count === indexedCount) return;
  indexedCount = count;
  byName = new Map();
  byPrototype = new Map();
  for (const type of new Set(knownClasses())) {
    if (builtIn(type.prototype) !== undefined) continue;
    const model = getOrCreate(models, type, () => modelFor(type, nameOf(type)));
    byPrototype.set(type.prototype, model);
    const same = byName.get(model.name);
    if (same === undefined) byName.set(model.name, model);
    else byName.set(model.name, [...(Array.isArray(same) ? same : [(same as Model).type]), type]);
  }
}

function nameOf(type: Class): string {
  return modelOf(type)?.name ?? (BUILT_IN_ERRORS.has(type) ? `hypernodes/${type.name}` : type.name);
}

function modelFor(type: Class, name: string): Model {
  return {
    type,
    name,
    key: modelOf(type)?.key,
    isDeclared: modelOf(type) !== undefined,
    usesJsonHooks:
      typeof (type.prototype as { toJSON?: unknown }).toJSON === "function" &&
      typeof (type as unknown as { fromJSON?: unknown }).fromJSON === "function",
  };
}

/** Number of classes in the index. */
let indexedCount = -1;

function recordCount(): number {
  const transformed = TRANSFORMED.reduce((sum, { size }) => sum + size, 0);
  return modelClasses().size + emittedClasses().size + validatedCount() + transformed;
}

const { _typeMetadatas, _transformMetadatas, _exposeMetadatas, _excludeMetadatas } = defaultMetadataStorage;
/** The metadata recorded by class-transformer's decorators, by class. */
const TRANSFORMED = [_typeMetadatas, _transformMetadatas, _exposeMetadatas, _excludeMetadatas];

const BUILT_IN_ERRORS = new Set<Class>([
  HypernodesError,
  DefinitionError,
  InputError,
  NodeError,
  ValueError,
  TimeoutError,
  AbortError,
] as unknown as Class[]);

/** Tells if instances are failures of hypernodes: their `cause` is any value that user code threw. */
export function isFailure(model: Model | undefined): boolean {
  return model !== undefined && BUILT_IN_ERRORS.has(model.type);
}

function* knownClasses(): Generator<Class> {
  yield* BUILT_IN_ERRORS;
  yield* modelClasses();
  yield* emittedClasses();
  for (const [type] of validatedClasses()) yield type as Class;
  for (const recorded of TRANSFORMED) yield* recorded.keys() as Iterable<Class>;
  for (const properties of _typeMetadatas.values()) {
    for (const { typeFunction } of properties.values()) {
      const type = typeOf(typeFunction);
      if (type !== undefined) yield type;
    }
  }
}

/** Returns the class of `@Type(() => X)`. A function that selects by the value has no result without one. */
function typeOf(typeFunction: (help?: object) => unknown): Class | undefined {
  try {
    const type = typeFunction({ newObject: undefined, object: {}, property: "" });
    return typeof type === "function" && typeof type.prototype === "object" ? (type as unknown as Class) : undefined;
  } catch {
    // It may name a class that is defined further down, so it has to be called again.
    indexedCount = -1;
    return undefined;
  }
}
