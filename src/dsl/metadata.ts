import type { Class } from "./class.js";
/**
 * The one owner of what decorators leave on a class: it writes with reflect-metadata, and merges own
 * metadata along the prototype chain.
 */
import "reflect-metadata";
import { type Defect, DefinitionError } from "../errors.js";
import { isRecord, withoutUndefined } from "../util/options.js";
import { recordClassLocation } from "./class-location.js";
import { memberTarget } from "./decorator-target.js";
import type { MapOptions } from "./options.js";
import type { PipelineOptions } from "./pipeline-options.js";

export type Role = "input" | "node" | "output" | "mapOver" | "resource" | "nested";

/** What one decorator said of one member. */
export interface Member {
  readonly name: string;
  readonly role: Role;
  /** The class whose body has the decorator. */
  readonly declaredBy: Class;
  /** The names, or paths into records, that the method's parameters get; with `over`, those after the lists. */
  readonly dependencies: readonly string[];
  /** The lists that are mapped over. */
  readonly over?: readonly string[];
  readonly child?: NestedDeclaration;
  readonly options: MapOptions;
  /** An input that may be left out though it has no default. */
  readonly optional?: boolean;
  /** What is wrong with what the decorator was given. */
  readonly faults?: readonly Omit<Defect, "where">[];
}

/** A nested pipeline as declared. */
interface NestedDeclaration {
  /** A pipeline class, or a pipeline object with bound inputs. */
  readonly pipeline: unknown;
  readonly wiring: Readonly<Record<string, string>>;
  readonly pick?: string | undefined;
}

const MEMBERS = "hypernodes:members";
const OPTIONS = "hypernodes:choices";
const MODEL = "hypernodes:model";

/** What reflect-metadata has put on `Reflect`, as it was loaded here, by its key. */
export const METADATA_FUNCTIONS: ReadonlyMap<string | symbol, unknown> = new Map(
  [
    ...["decorate", "metadata", "defineMetadata", "hasMetadata", "hasOwnMetadata", "getMetadata", "getOwnMetadata"],
    ...["getMetadataKeys", "getOwnMetadataKeys", "deleteMetadata", Symbol.for("@reflect-metadata:registry")],
  ].map((key) => [key, (Reflect as unknown as Record<string | symbol, unknown>)[key]]),
);

// A second copy of reflect-metadata, loaded later, replaces the global functions and with them the store. Ours stays.
const { defineMetadata, getOwnMetadata, hasOwnMetadata } = Reflect;

type MemberTable = Map<string, readonly Member[]>;

/**
 * Records a member on the class that `target` is the prototype of.
 *
 * @param third the descriptor, or a parameter's index, if the decorator was handed one.
 * @throws {DefinitionError} if there can be no member there.
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

/** The members of a class, inherited ones too, in order of declaration: for each name, all that the nearest class says of it. */
export function membersOf(pipeline: Class): ReadonlyMap<string, readonly Member[]> {
  const members: MemberTable = new Map();
  for (const owner of prototypeChain(pipeline)) {
    const own: MemberTable = getOwnMetadata(MEMBERS, owner) ?? new Map();
    for (const [name, said] of own) members.set(name, said);
  }
  return members;
}

/** Records what a class decorator chose. */
export function recordOptions(target: Class, chosen: PipelineOptions): void {
  recordClassLocation(target);
  defineMetadata(OPTIONS, { ...getOwnMetadata(OPTIONS, target), ...chosen }, target);
}

/** What the decorators of a class chose; the nearest class wins, option by option. */
export function optionsOf(pipeline: Class): PipelineOptions {
  return prototypeChain(pipeline).reduce<PipelineOptions>(
    (chosen, owner) => mergeOptions(chosen, getOwnMetadata(OPTIONS, owner)),
    {},
  );
}

/** `nearer` wins over `farther`, option by option. */
export function mergeOptions(farther: PipelineOptions, nearer: PipelineOptions | undefined): PipelineOptions {
  if (nearer === undefined) return farther;
  const chosen = withoutUndefined(nearer);
  if (!isRecord(chosen.execution)) return { ...farther, ...chosen };
  const before = isRecord(farther.execution) ? farther.execution : {};
  return { ...farther, ...chosen, execution: { ...before, ...withoutUndefined(chosen.execution) } };
}

/** What `@model` is told. */
export interface ModelOptions {
  /** The name by which values of the class are known where they travel. Default: the class's own name. */
  readonly name?: string;
  /** The fields that count when two values are compared by content. Default: all public ones. */
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

/** The classes that `@model()` stands on. */
export function modelClasses(): ReadonlySet<Class> {
  return models;
}

/** What `@model()` said of the class itself. */
export function modelOf(target: Class): ModelOptions | undefined {
  return getOwnMetadata(MODEL, target);
}

/** What the loader emitted of a member's types, if it emits any (swc and tsc do; esbuild and tsx do not). */
export function emittedType(kind: "type" | "paramtypes" | "returntype", declaredBy: Class, name: string): unknown {
  const key = `design:${kind}`;
  // The class may have been defined under another copy of reflect-metadata than this module was.
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

/** The classes that the types of pipelines' members name, where the loader emits them: inputs, parameters and results. */
export function emittedClasses(): ReadonlySet<Class> {
  return emitted;
}

/** The class and those it extends, the farthest first. */
function prototypeChain(pipeline: Class): Class[] {
  const classes: Class[] = [];
  for (let c: unknown = pipeline; typeof c === "function" && c !== Function.prototype; c = Object.getPrototypeOf(c)) {
    classes.unshift(c as Class);
  }
  return classes;
}
