import type { AnyNode, Class as ClassNode, Node } from "acorn";
import { PIPELINE } from "../../dsl/members.js";
import { remembered } from "../../graph/remembered.js";
import { classAt, functionAt, type ModuleCode, moduleCode } from "./module-code.js";
import { nameOf } from "./references.js";
import { closureOf, inspecting, locationOf } from "./scripts.js";
import { hashOf, sourceUnit, type Unit, unitOf, unitOfVariable, unitsOf } from "./units.js";

/** The code that something can reach. */
export interface Code {
  /** SHA-256 of all of it, 64 hexadecimal digits. */
  readonly digest: string;
  readonly parts: readonly Part[];
  /** The names of the object's fields that it reads: their values count as well. Undefined: it may read any. */
  readonly fields: readonly string[] | undefined;
}

/** A piece of that code: what a reader calls it, where it is, and the hash of its normal form. */
export interface Part {
  readonly name: string;
  readonly file: string;
  readonly hash: string;
}

type Type = abstract new (...args: never[]) => object;

const ofMethods = new WeakMap<Type, Map<string, Code>>();
const ofClasses = new WeakMap<Type, Code>();
const ofFunctions = new WeakMap<Function, Code>();

/**
 * The code that a pipeline's method can reach: itself, the members it reads of `this`, and the functions, classes and
 * constants it names, across the project's files; of packages their versions. Comments, formatting and local names do not
 * count. Looked at once per process.
 */
export function codeOfMethod(pipeline: Type, name: string): Code {
  const known = remembered(ofMethods, pipeline, () => new Map<string, Code>());
  return remembered(known, name, () => inspecting(() => new MemberReach(pipeline).code(name)));
}

/** The code that a function can reach. */
export function codeOfFunction(fn: Function): Code {
  return remembered(ofFunctions, fn, () =>
    inspecting(() => codeOf(closed([unitOfFunction(fn, fn.name)]), fn, undefined)),
  );
}

/** The code of a class as a whole, with what decorators add to it. */
export function codeOfClass(type: Type): Code {
  return remembered(ofClasses, type, () =>
    inspecting(() => {
      const found = classNodeOf(type);
      if (found === undefined) return codeOf([textUnit(type.name, String(type))], type, undefined);
      const variable = found.module.declaring.get(found.node);
      const unit = variable
        ? unitOfVariable(found.module, variable)
        : unitOf(found.module, found.node, `class ${type.name}`);
      return codeOf(closed([unit]), type, undefined);
    }),
  );
}

/** What is reached from a member of a pipeline, members by way of `this` among it. */
class MemberReach {
  private readonly names = new Set<string>();
  private readonly fields = new Set<string>();
  private readonly owners: { readonly prototype: object; readonly node: ReturnType<typeof classNodeOf> }[] = [];
  private handsOn = false;

  constructor(private readonly pipeline: Type) {
    for (
      let p = pipeline.prototype as object;
      !Object.hasOwn(p, PIPELINE) && p !== Object.prototype;
      p = Object.getPrototypeOf(p)
    ) {
      this.owners.push({ prototype: p, node: classNodeOf(p.constructor as Type) });
    }
  }

  code(name: string): Code {
    const members: Unit[] = [];
    this.add(name, members);
    const fields = this.handsOn ? undefined : [...this.fields].sort();
    return codeOf(closed(members), this.methodOf(name), fields);
  }

  private methodOf(name: string): Function {
    return (this.pipeline.prototype as Record<string, Function>)[name]!;
  }

  private add(name: string, into: Unit[]): void {
    if (this.names.has(name)) return;
    this.names.add(name);
    // By way of its class, any static member may be read.
    if (name === "constructor") this.addAll(into);
    for (const unit of this.unitsNamed(name)) {
      into.push(unit);
      if (unit.members === undefined) this.addAll(into);
      else for (const member of unit.members) this.add(member, into);
    }
  }

  /** `this` is handed on: any member may be read. */
  private addAll(into: Unit[]): void {
    if (this.handsOn) return;
    this.handsOn = true;
    for (const { node } of this.owners)
      if (node) into.push(unitOf(node.module, node.node, `class ${nameOf(node.node.id ?? node.node)}`));
  }

  private unitsNamed(name: string): Unit[] {
    const isSuper = name.startsWith("super.");
    const own = isSuper ? name.slice("super.".length) : name;
    const definers = this.owners.filter(
      ({ prototype, node }) => Object.hasOwn(prototype, own) || (node && isPrivateIn(node.node, own)),
    );
    // A method that calls `super` may be any but the last one.
    const found = isSuper ? definers.slice(1) : definers.slice(0, 1);
    const units = found.flatMap(({ prototype, node }) => [
      ...functionsNamed(prototype, own),
      ...(node ? membersNamed(node, own, true) : []),
    ]);
    if (units.length > 0 || isSuper) return [...new Set(units)];
    this.fields.add(own);
    return this.owners.flatMap(({ node }) => (node ? membersNamed(node, own, false) : []));
  }
}

function functionsNamed(prototype: object, name: string): Unit[] {
  const { value, get, set } = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
  return [value, get, set].flatMap((fn) => (typeof fn === "function" ? unitOfFunction(fn, name) : []));
}

function unitOfFunction(fn: Function, name: string): Unit {
  const location = locationOf(fn);
  const module = location && moduleCode(location.script);
  if (location === undefined) return textUnit(`${name}()`, String(fn));
  if (module === undefined) return sourceUnit(location.script);
  const node = functionAt(module, location.offset);
  return node === undefined ? sourceUnit(location.script) : unitOf(module, node, `${name}()`);
}

interface ClassCode {
  readonly module: ModuleCode;
  readonly node: ClassNode;
}

/** What a class's body says of a member: a method, though another function may have taken its place, or a field. */
function membersNamed({ module, node }: ClassCode, name: string, isMethod: boolean): Unit[] {
  return node.body.body.flatMap((member: AnyNode): Unit[] => {
    if (member.type !== "MethodDefinition" && member.type !== "PropertyDefinition") return [];
    if (member.static) return [];
    const isIt = keyOf(member) === name;
    if (isMethod) return isIt && member.value ? [unitOf(module, member.value, `${name}()`)] : [];
    if (member.type === "PropertyDefinition") return isIt && member.value ? [unitOf(module, member.value, name)] : [];
    return member.kind === "constructor" ? [unitOf(module, member.value, "constructor()")] : [];
  });
}

function isPrivateIn(node: ClassNode, name: string): boolean {
  return name.startsWith("#") && node.body.body.some((member) => keyOf(member) === name);
}

function keyOf(member: AnyNode): string | undefined {
  if (member.type !== "MethodDefinition" && member.type !== "PropertyDefinition") return undefined;
  if (member.computed && member.key.type !== "Literal") return undefined;
  return member.key.type === "PrivateIdentifier" ? `#${member.key.name}` : nameOf(member.key);
}

const classNodes = new WeakMap<Type, { readonly found: ClassCode | undefined }>();

function classNodeOf(type: Type): ClassCode | undefined {
  return remembered(classNodes, type, () => {
    const location = locationOf(type);
    const module = location && moduleCode(location.script);
    const node = module && classAt(module, location!.offset);
    return { found: node && { module, node } };
  }).found;
}

/** Some units, and all that can be reached from them, in the order of being reached. */
function closed(first: readonly Unit[]): Unit[] {
  const found = new Set<Unit>();
  const add = (unit: Unit): void => {
    if (found.has(unit)) return;
    found.add(unit);
    for (const reach of unit.reaches) for (const next of unitsOf(reach)) add(next);
  };
  for (const unit of first) add(unit);
  return [...found];
}

/** @param around a function that is inside of whatever the captured variables belong to. */
function codeOf(units: readonly Unit[], around: Function, fields: readonly string[] | undefined): Code {
  const values = capturedValues(units, around);
  const parts = units.map((unit): Part => {
    const value = values.get(unit);
    const hash = remembered(hashes, unit, () => hashOf(unit.text));
    return { name: unit.name, file: unit.file, hash: value === undefined ? hash : hashOf(`${hash} = ${value}`) };
  });
  return { digest: hashOf(parts.map(({ hash }) => hash).join()), parts, fields };
}

const hashes = new WeakMap<Unit, string>();

/** The values of the variables around a function that are not all in the code: primitive ones. Others can't be known. */
function capturedValues(units: readonly Unit[], around: Function): ReadonlyMap<Unit, string> {
  const values = new Map<Unit, string>();
  const captured = units.filter((unit) => unit.captured !== undefined);
  if (captured.length === 0) return values;
  const location = locationOf(around);
  const closure = closureOf(around);
  for (const unit of captured) {
    const { module, variable } = unit.captured!;
    const { start, end } = variable.scope.block as unknown as Node;
    const isAround = module.script === location?.script && start <= location.offset && location.offset < end;
    if (!isAround || !closure.has(variable.name)) continue;
    const value = closure.get(variable.name);
    values.set(unit, `${typeof value} ${String(value)}`);
  }
  return values;
}

function textUnit(name: string, text: string): Unit {
  return { name, file: "", text, reaches: [], members: new Set() };
}
