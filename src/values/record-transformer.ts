/// <reference path="./class-transformer-storage.d.ts" />
import { isDeepStrictEqual } from "node:util";
import { defaultOptions } from "class-transformer/cjs/constants/default-options.constant.js";
import { defaultMetadataStorage, type TypeOptions } from "class-transformer/cjs/storage.js";
import { TransformOperationExecutor } from "class-transformer/cjs/TransformOperationExecutor.js";
import { getOrCreate } from "../util/get-or-create.js";
import { plainName } from "./plain-name.js";
import { isDecorated, PLAIN_TO_CLASS } from "./transformed-properties.js";

/**
 * Transforms some properties of a record as `plainToInstance(type, record)` does. `obj` in `@Transform` has the others,
 * too.
 *
 * @param record an object of the caller: its properties may be replaced, the values in them are not changed.
 * @param names the properties' names in the record.
 * @returns an object of the class with the transformed properties.
 */
export function transform(type: Function, record: object, names: ReadonlySet<string>): Record<string, unknown> {
  // The shell replaces `new type()`, so that initializers do not run for each record.
  const shell = Object.create(type.prototype as object) as object;
  return new RecordTransformer(record, names).transform(shell, record, type) as Record<string, unknown>;
}

/**
 * The walk of `plainToInstance`, without four things that it does to values: it deletes discriminators from them; it
 * copies instances into their declared class; it converts Sets to arrays and drops the values of Maps; it empties typed
 * arrays.
 */
class RecordTransformer extends TransformOperationExecutor {
  /** The instances that contain the current value. */
  private readonly inProgress = new Set<object>();
  /** Those of them that refer to themselves, directly or not. */
  private readonly cyclic = new Set<object>();

  constructor(
    private readonly record: object,
    private readonly names: ReadonlySet<string>,
  ) {
    super(PLAIN_TO_CLASS, defaultOptions);
  }

  override getKeys(target: Function, object: object, isMap: boolean): string[] {
    const keys = super.getKeys(target, object, isMap);
    return object === this.record ? keys.filter((key) => this.names.has(key)) : keys;
  }

  override transform(
    source: unknown,
    value: unknown,
    targetType: unknown,
    arrayType?: unknown,
    isMap?: boolean,
    level = 0,
  ): unknown {
    if (typeof value !== "object" || value === null) {
      return super.transform(source, value, targetType, arrayType, isMap, level);
    }
    if (Array.isArray(value) || value instanceof Set) {
      const kind = value instanceof Set || formerSets.has(value) ? Set : arrayType;
      return super.transform(source, withDiscriminators(value, targetType), targetType, kind, isMap, level);
    }
    if (isMap) return this.mapOf(value, targetType, level);
    if (value === this.record) {
      prepare(value as Record<string, unknown>, targetType as Function);
      return super.transform(source, value, targetType, arrayType, isMap, level);
    }
    const type = classOf(value);
    if (type === Date || value instanceof Date || Buffer.isBuffer(value) || value instanceof Promise) {
      return super.transform(source, value, targetType, arrayType, isMap, level);
    }
    if (type !== Object && (typeof targetType !== "function" || value instanceof targetType)) {
      return this.instance(value, type, level);
    }
    const plain = prepared(value as Record<string, unknown>, targetType);
    return super.transform(source, plain, targetType, arrayType, isMap, level);
  }

  /**
   * Keeps an instance unless the decorators of its own class, which may be a subclass of the declared one, change its
   * content.
   */
  private instance(value: object, type: unknown, level: number): unknown {
    if (typeof type !== "function" || !isDecorated(type)) return value;
    if (this.inProgress.has(value)) {
      // It stays this instance, unless its decorators change it.
      this.cyclic.add(value);
      return value;
    }
    let made: unknown;
    this.inProgress.add(value);
    try {
      made = super.transform(
        undefined,
        prepared(value as Record<string, unknown>, type),
        type,
        undefined,
        false,
        level,
      );
    } catch (error) {
      if (!isConstructible(type)) return value;
      throw error;
    } finally {
      this.inProgress.delete(value);
    }
    if (isDeepStrictEqual(made, value)) return value;
    if (!this.cyclic.has(value)) return made;
    throw new Error(
      `an instance of ${type.name} refers to itself, and its decorators change it: nothing can refer to the changed one`,
    );
  }

  private mapOf(value: object, targetType: unknown, level: number): Map<unknown, unknown> {
    const entries = value instanceof Map ? value : Object.entries(value);
    const made = new Map<unknown, unknown>();
    for (const [key, inner] of entries) {
      made.set(key, this.transform(undefined, inner, targetType, undefined, inner instanceof Map, level + 1));
    }
    return made;
  }
}

/** Returns `Object` for plain objects, and nothing for values without a class. */
function classOf(value: object): unknown {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || prototype === Object.prototype ? Object : prototype.constructor;
}

function isConstructible(type: Function): boolean {
  try {
    new (type as new () => object)();
    return true;
  } catch {
    return false;
  }
}

/** A property whose value has to be prepared before class-transformer reads it. */
interface Watched {
  readonly name: string;
  /** True if the class of each value depends on one of its properties. */
  readonly isDiscriminated: boolean;
  /** That property, if class-transformer would delete it. */
  readonly deletes: string | undefined;
  /** True if it is declared as an array: then a Set is converted. */
  readonly isArray: boolean;
}

const watched = new WeakMap<Function, readonly Watched[]>();

function watchedOf(type: Function): readonly Watched[] {
  return getOrCreate(watched, type, () => {
    const found: Watched[] = [];
    for (let c: unknown = type; typeof c === "function"; c = Object.getPrototypeOf(c)) {
      for (const [property, { reflectedType, options }] of defaultMetadataStorage._typeMetadatas.get(c) ?? []) {
        const isArray = reflectedType === Array;
        const isDiscriminated = options?.discriminator?.subTypes !== undefined;
        if (!isDiscriminated && !isArray) continue;
        found.push({ name: plainName(type, property), isDiscriminated, deletes: deletedBy(options), isArray });
      }
    }
    return found;
  });
}

function deletedBy(options: TypeOptions | undefined): string | undefined {
  return options?.keepDiscriminatorProperty ? undefined : options?.discriminator?.property;
}

/** Returns a plain object, or a copy if class-transformer would change its content. */
function prepared(value: Record<string, unknown>, targetType: unknown): object {
  if (typeof targetType !== "function") return value;
  if (!watchedOf(targetType).some((property) => replacementOf(value, property) !== undefined)) return value;
  const copy = copyOf(value) as Record<string, unknown>;
  prepare(copy, targetType);
  return copy;
}

function prepare(value: Record<string, unknown>, type: Function): void {
  for (const property of watchedOf(type)) {
    const replacement = replacementOf(value, property);
    if (replacement !== undefined) value[property.name] = replacement;
  }
}

function replacementOf(value: Record<string, unknown>, property: Watched): object | undefined {
  const { name, isDiscriminated, deletes, isArray } = property;
  if (!Object.hasOwn(value, name)) return undefined;
  const inner = value[name];
  if (inner instanceof Set) {
    const list = [...inner];
    if (isArray) return list;
    // class-transformer only determines the class of each element in arrays.
    formerSets.add(list);
    return isDiscriminated ? list : undefined;
  }
  return deletes !== undefined && !Array.isArray(inner) && hasOwn(inner, deletes) ? copyOf(inner) : undefined;
}

/** Arrays that replace Sets while they are transformed. */
const formerSets = new WeakSet<object>();

/** Returns the elements of a list, copied if class-transformer would delete their discriminator. */
function withDiscriminators(list: unknown[] | Set<unknown>, targetType: unknown): unknown[] | Set<unknown> {
  if (typeof targetType !== "object" || targetType === null) return list;
  const property = deletedBy((targetType as { options?: TypeOptions }).options);
  if (property === undefined) return list;
  return [...list].map((element) => (hasOwn(element, property) ? copyOf(element) : element));
}

function hasOwn(value: unknown, property: string): value is object {
  return typeof value === "object" && value !== null && Object.hasOwn(value, property);
}

function copyOf(value: object): object {
  const copy = { ...value };
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === Object.prototype ? copy : Object.setPrototypeOf(copy, prototype);
}
