import type { Class } from "./class.js";
/**
 * Owner of the metadata that decorators record on a class. It writes with reflect-metadata, and merges own metadata
 * along the prototype chain.
 */
import "reflect-metadata";
import { type Defect, DefinitionError } from "../errors.js";
import { isRecord, withoutUndefined } from "../util/options.js";
import { recordClassLocation } from "./class-location.js";
import { memberTarget } from "./decorator-target.js";
import type { MapOptions } from "./node-options.js";
import type { PipelineOptions } from "./pipeline-options.js";

export type Role = "input" | "node" | "output" | "mapOver" | "resource" | "nested";

/** The declaration that one decorator made for one member. */
export interface Member {
  readonly name: string;
  readonly role: Role;
  /** The class whose body contains the decorator. */
  readonly declaredBy: Class;
  /** The names, or paths into records, that the method's parameters receive; with `over`, those after the lists. */
  readonly dependencies: readonly string[];
  /** The lists that are mapped over. */
  readonly over?: readonly string[];
  readonly child?: NestedDeclaration;
  readonly options: MapOptions;
  /** Marks an input that may be left out although it has no default. */
  readonly optional?: boolean;
  /** Problems with the decorator's arguments. */
  readonly faults?: readonly Omit<Defect, "where">[];
}

/** A nested pipeline as declared. */
interface NestedDeclaration {
  /** A pipeline class, or a pipeline object with bound inputs. */
  readonly pipeline: unknown;
  readonly wiring: Readonly<Record<string, string>>;
  readonly pick?: string | undefined;
}

/** The key of the members that the decorators of a class have declared. */
export const MEMBERS = "hypernodes:members";
const OPTIONS = "hypernodes:choices";
/** The key of the options of `@model`. */
export const MODEL = "hypernodes:model";

/** The functions that reflect-metadata has added to `Reflect`, as loaded by this module, by their keys. */
export const METADATA_FUNCTIONS: ReadonlyMap<string | symbol, unknown> = new Map(
  [
    ...["decorate", "metadata", "defineMetadata", "hasMetadata", "hasOwnMetadata", "getMetadata", "getOwnMetadata"],
    ...["getMetadataKeys", "getOwnMetadataKeys", "deleteMetadata", Symbol.for("@reflect-metadata:registry")],
  ].map((key) => [key, (Reflect as unknown as Record<string | symbol, unknown>)[key]]),
);

// A second copy of reflect-metadata, loaded later, replaces the global functions and with them the store. This module
// keeps its own.
const { defineMetadata, getOwnMetadata, hasOwnMetadata } = Reflect;

type MemberTable = Map<string, readonly Member[]>;

/**
 * Records a member on the class that `target` is the prototype of.
 *
 * @param third the descriptor, or a parameter's index, if the compiler passed one.
 * @throws {DefinitionError} if there can't be a member there.
 */
export function recordMember(
  target: object,
  key: unknown,
  member: Omit<Member, "name" | "declaredBy">,
  third?: unknown,
): void {
  const { name, declaredBy } = memberTarget(`@${member.role}`, [target, key, third]);
  recordClassLocation(declaredBy);
  recordEmittedTypes(declaredBy, name);
  let table: MemberTable | undefined = getOwnMetadata(MEMBERS, declaredBy);
  if (table === undefined) {
    table = new Map();
    defineMetadata(MEMBERS, table, declaredBy);
  }
  table.set(name, [...(table.get(name) ?? []), { ...member, name, declaredBy }]);
}

/**
 * Returns the members of a class, including inherited ones, in order of declaration: for each name, all declarations of
 * the nearest class.
 */
export function membersOf(pipeline: Class): ReadonlyMap<string, readonly Member[]> {
  const members: MemberTable = new Map();
  for (const owner of prototypeChain(pipeline)) {
    const ownMembers: MemberTable = getOwnMetadata(MEMBERS, owner) ?? new Map();
    for (const [name, declarations] of ownMembers) members.set(name, declarations);
  }
  return members;
}

/** Records the options that a class decorator sets. */
export function recordOptions(target: Class, options: PipelineOptions): void {
  recordClassLocation(target);
  defineMetadata(OPTIONS, { ...getOwnMetadata(OPTIONS, target), ...options }, target);
}

/** Returns the options set by the decorators of a class; the nearest class wins, option by option. */
export function optionsOf(pipeline: Class): PipelineOptions {
  return prototypeChain(pipeline).reduce<PipelineOptions>(
    (options, owner) => mergeOptions(options, getOwnMetadata(OPTIONS, owner)),
    {},
  );
}

/** Merges options: `nearer` wins over `farther`, option by option. */
export function mergeOptions(farther: PipelineOptions, nearer: PipelineOptions | undefined): PipelineOptions {
  if (nearer === undefined) return farther;
  const options = withoutUndefined(nearer);
  if (!isRecord(options.execution)) return { ...farther, ...options };
  const before = isRecord(farther.execution) ? farther.execution : {};
  return { ...farther, ...options, execution: { ...before, ...withoutUndefined(options.execution) } };
}

/**
 * Options of `@model`.
 *
 * @example
 * ```ts
 * const options: ModelOptions = { name: "Passage", key: ["id", "text"] };
 * @model(options) class Passage { id = ""; text = ""; fetchedAt = 0; }
 * ```
 */
export interface ModelOptions {
  /**
   * Name that identifies the class in serialized values.
   *
   * @default the class's own name
   */
  readonly name?: string;
  /**
   * Fields used when comparing instances by content.
   *
   * @default all public fields
   */
  readonly key?: readonly string[];
}

const models = new Set<Class>();

export function recordModel(target: Class, options: ModelOptions): void {
  const { name = target.name } = options;
  if (String(name).includes(",")) {
    throw new DefinitionError(target.name, [
      {
        code: "BAD_NAME",
        where: target.name || "@model",
        problem: `the name of the model is ${JSON.stringify(name)}: a comma separates names in the cache`,
        advice: 'Give it another one: @model({ name: "..." }).',
      },
    ]);
  }
  models.add(target);
  defineMetadata(MODEL, options, target);
}

/** Returns the classes decorated with `@model()`. */
export function modelClasses(): ReadonlySet<Class> {
  return models;
}

/** Returns the `@model()` options of the class itself. */
export function modelOf(target: Class): ModelOptions | undefined {
  return getOwnMetadata(MODEL, target);
}

/** Returns the types that the loader emitted for a member, if it emits any (swc and tsc do; esbuild and tsx do not). */
export function emittedType(kind: "type" | "paramtypes" | "returntype", declaredBy: Class, name: string): unknown {
  const key = `design:${kind}`;
  // The class may have been defined under another copy of reflect-metadata than this module.
  return hasOwnMetadata(key, declaredBy.prototype, name)
    ? getOwnMetadata(key, declaredBy.prototype, name)
    : Reflect.getOwnMetadata(key, declaredBy.prototype, name);
}

const emitted = new Set<Class>();

function recordEmittedTypes(declaredBy: Class, name: string): void {
  const types = [
    emittedType("type", declaredBy, name),
    emittedType("returntype", declaredBy, name),
    ...((emittedType("paramtypes", declaredBy, name) as unknown[] | undefined) ?? []),
  ];
  for (const type of types) {
    if (typeof type === "function" && typeof type.prototype === "object") emitted.add(type as Class);
  }
}

/**
 * Returns the classes named by the types of pipelines' members (inputs, parameters and results), if the loader emits
 * them.
 */
export function emittedClasses(): ReadonlySet<Class> {
  return emitted;
}

/** Returns the class and its base classes, the farthest first. */
function prototypeChain(pipeline: Class): Class[] {
  const classes: Class[] = [];
  for (let c: unknown = pipeline; typeof c === "function" && c !== Function.prototype; c = Object.getPrototypeOf(c)) {
    classes.unshift(c as Class);
  }
  return classes;
}
