import { types } from "node:util";
import { PIPELINE } from "../../dsl/members.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { getOwnPropertyDescriptor, getPrototypeOf, ownKeys } from "../../util/primordials.js";
import { hiddenOf } from "../../util/v8-inspector.js";
import type { Classes } from "./classes.js";
import type { ClassForm, Form, Way } from "./forms.js";
import { type Code, placeIn, type Shape } from "./functions.js";
import { scriptForms } from "./inspector.js";
import type { References } from "./references.js";
import { findDescriptor, hasMember, homeOf, isClassText, isObject, nameOf, read } from "./reflection.js";
import { resolveVariable, valueAt } from "./variables.js";
import type { Walk } from "./walk.js";
import type { WeakEntries } from "./weak-entries.js";
import type { Use } from "./writes.js";

/** The members that methods read of their object, through `this` and `super`. */
export class ThisMembers {
  /** Functions that say `super`, of which it is not known yet where that begins. */
  readonly homeless: {
    readonly id: number;
    readonly fn: Function;
    readonly form: Form;
    readonly facts: Code;
  }[] = [];
  /** The classes that were reached. */
  readonly described: { readonly type: Function; readonly form: ClassForm; readonly facts: Code }[] = [];
  /** The start of the lookup, for methods that were reached through an object. */
  private readonly homes = new Map<Function, object>();
  private readonly byPrivate = new Map<object, Map<readonly Form[], number>>();

  constructor(
    private readonly walk: Walk,
    private readonly references: References,
    private readonly classes: Classes,
    private readonly weak: WeakEntries,
  ) {}

  /** The members that a method reads of its object. */
  read(id: number, fn: Function, form: Shape, holder: object, facts: Code, skips: (name: string) => boolean): void {
    const piece = this.walk.pieces[id]!;
    // An arrow that is a field's value has the object's own `this`.
    if (form.handsThisOn) piece.next.push(this.whole(holder, skips));
    this.members(id, fn, form, holder, facts, skips);
    for (const number of form.sharesThis ?? []) {
      const reference = form.references[number]!;
      const found = resolveVariable(reference.name, facts);
      if (found.isThere && typeof found.value === "function" && reference.path.length === 0) {
        piece.next.push(this.walk.method(found.value, holder, reference.name, skips));
      } else piece.next.push(this.whole(holder, skips));
    }
    if (form.supers !== undefined) this.supers(id, fn, form, holder, skips);
  }

  /** The members that a function reads of `this`, and assigns. */
  members(id: number, fn: Function, form: Shape, holder: object, facts: Code, skips: (name: string) => boolean): void {
    for (const way of form.members ?? []) {
      const [first] = way.path;
      if (skips(first!)) continue;
      if (first!.startsWith("#")) this.privateMember(id, fn, first!, holder, facts);
      else if (way.isAssigned === true) {
        const on = valueAt(holder, way.path.slice(0, -1));
        if (isObject(on) && !types.isProxy(on)) this.references.assigned(id, on, way.path.at(-1)!, on);
        else {
          const use: Use = { steps: [], isAssigned: true, isHandedOn: true };
          this.references.use(id, this.references.along(holder, way, "this", use), use);
          this.references.handsOn(id, use);
        }
      } else {
        const use: Use = { steps: [], isHandedOn: true };
        const member = first === "constructor" ? this.staticOf(holder, way, use) : this.member(holder, way, skips, use);
        this.references.use(id, member, use);
        this.references.handsOn(id, use);
      }
    }
  }

  private member(holder: object, way: Way, skips: (name: string) => boolean, use: Use): number {
    const [first, ...rest] = way.path;
    const descriptor = findDescriptor(holder, first!);
    if (descriptor !== undefined && descriptor !== "unset" && rest.length === 0) {
      const fn = ("value" in descriptor ? descriptor.value : descriptor.get) as unknown;
      if (typeof fn === "function" && !this.walk.isBuiltIn(fn) && (way.isCalled || !("value" in descriptor))) {
        use.steps.push({ holder, key: first!, value: fn });
        return this.walk.method(fn, holder, first!, skips);
      }
    }
    return this.references.along(holder, way, "this", use);
  }

  /** `this.constructor.name`, `this.constructor.LIMIT` */
  private staticOf(holder: object, { path: [, ...way], isCalled }: Way, use: Use): number {
    const type = holder.constructor as unknown;
    if (typeof type !== "function") return this.walk.leaf("no constructor");
    return way.length === 0
      ? this.walk.value(type)
      : this.references.along(type, { path: way, isCalled }, nameOf(type), use);
  }

  private supers(id: number, fn: Function, form: Form, holder: object, skips: (name: string) => boolean): void {
    const home = homeOf(fn, holder);
    if (home === undefined) {
      this.walk.unknown(id, `it uses "super" of an object, or of a class that can't be found`);
      return;
    }
    this.homes.set(fn, home);
    for (const {
      path: [name, ...rest],
      isCalled,
      isAssigned,
    } of form.supers ?? []) {
      const base = getPrototypeOf(home);
      if (base !== null && isAssigned === true && rest.length === 0) this.references.assigned(id, base, name!, holder);
      else if (base !== null) {
        const descriptor = findDescriptor(base, name!);
        const { value, get } = descriptor === undefined || descriptor === "unset" ? {} : descriptor;
        const runs = get ?? (isCalled && rest.length === 0 ? (value as unknown) : undefined);
        const member =
          typeof runs === "function" ? this.walk.method(runs, holder, name!, skips) : this.walk.value(value, name);
        this.walk.pieces[id]!.next.push(member);
      }
    }
  }

  /** Resolves `super` in functions that were reached without an object. @returns true if there were any. */
  resolveSupers(): boolean {
    const all = this.homeless.splice(0);
    for (const { id, fn, form, facts } of all) {
      const homes = this.homesOf(fn, facts);
      if (homes.length === 0) this.walk.unknown(id, `it uses "super", and is of no object or class that can be found`);
      for (const home of homes) {
        const base = getPrototypeOf(home);
        for (const {
          path: [name],
        } of (base !== null && form.supers) || []) {
          const descriptor = findDescriptor(base!, name!);
          if (descriptor === undefined || descriptor === "unset") continue;
          const { get, set } = descriptor;
          for (const found of [(descriptor.value as unknown) ?? get, ...(set === undefined ? [] : [set])]) {
            this.walk.pieces[id]!.next.push(this.walk.leaf(`super ${name}`), this.walk.value(found, name));
            const next = typeof found === "function" ? homeOf(found, base!) : undefined;
            if (next !== undefined) this.homes.set(found as Function, next);
          }
        }
      }
    }
    return all.length > 0;
  }

  /** The home of a function that says `super`: of its class both sides, since a static method and another one look alike. */
  private homesOf(fn: Function, { script, offset }: Code): object[] {
    const known = this.homes.get(fn);
    if (known !== undefined) return [known];
    const around = this.described.filter(
      ({ form, facts }) => facts.script === script && form.start <= offset && offset < form.end,
    );
    const sides = ({ type }: { readonly type: Function }) => [type, type.prototype as object].filter(isObject);
    // A class in a function may be made many times: it is this one if the function is a member of it.
    const [only, ...others] = around.filter(
      (each) => !placeIn(each.type, each.facts).isInFunction || sides(each).some((side) => hasMember(side, fn)),
    );
    return only === undefined || others.length > 0 ? [] : sides(only);
  }

  /** All that an object is: its own properties, and all members of its classes, but those that it can't read. */
  whole(holder: object, skips: (name: string) => boolean): number {
    const id = this.walk.piece("this");
    this.walk.holders.set(id, holder);
    this.weak.whole(id, holder);
    const piece = this.walk.pieces[id]!;
    piece.text = "all of this";
    const add = (key: PropertyKey, value: number) => piece.next.push(this.walk.key(key), value);
    const isSkipped = (key: PropertyKey) => typeof key === "string" && skips(key);
    for (const key of ownKeys(holder)) {
      if (isSkipped(key)) continue;
      const value = read(holder, key);
      add(key, this.walk.value(value.isThere ? value.value : undefined, String(key)));
    }
    if (this.classes.hasPrivates(holder)) this.classes.privateProperties(id, holder);
    if (typeof holder === "function") {
      piece.next.push(this.walk.value(holder));
      return id;
    }
    for (let at = getPrototypeOf(holder); at !== null && at !== Object.prototype; at = getPrototypeOf(at)) {
      // Code that only has a pipeline is not taken for code that runs it: it may have been handed on for a field.
      const isOfPipelines = getOwnPropertyDescriptor(at, PIPELINE) !== undefined;
      for (const key of ownKeys(at)) {
        if (key === "constructor" || isSkipped(key)) continue;
        const { value, get, set } = getOwnPropertyDescriptor(at, key)!;
        for (const part of [value, get, set] as unknown[]) {
          if (part === undefined) continue;
          add(
            key,
            typeof part === "function" && !isOfPipelines
              ? this.walk.method(part, holder, String(key), skips)
              : this.walk.value(part),
          );
        }
      }
      const type = getOwnPropertyDescriptor(at, "constructor")?.value as unknown;
      if (typeof type === "function") piece.next.push(this.classes.making(type));
    }
    return id;
  }

  /** `this.#helper()`, `this.#limit` */
  private privateMember(id: number, fn: Function, name: string, holder: object, facts: Code): void {
    const piece = this.walk.pieces[id]!;
    const isNamed = (known: { readonly name: string }) => known.name === name;
    const type = scriptForms(facts.script)!
      .classes.filter((form) => form.start <= facts.offset && facts.offset < form.end && form.privates.some(isNamed))
      .at(-1);
    const { forms, isField } = type?.privates.find(isNamed) ?? {};
    if (forms === undefined) {
      this.walk.unknown(id, `its class has no ${name}`);
      return;
    }
    const known = getOrCreate(this.byPrivate, holder, () => new Map<readonly Form[], number>());
    let method = known.get(forms);
    if (method === undefined) {
      method = this.walk.piece(forms.length === 0 ? name : `${name}()`, piece.file);
      known.set(forms, method);
      // It leads to the member of one object: two methods of that have it in common.
      this.walk.identities.add(method);
      for (const form of forms) {
        const part = this.walk.piece("", piece.file);
        this.walk.pieces[method]!.next.push(part);
        this.references.code(part, form, facts);
        this.read(part, fn, { ...form, kind: "function", at: form.start }, holder, facts, () => false);
      }
      // A method's text is in the class; what a field has is not. Two classes may have one of that name.
      for (const [key, value] of isField ? hiddenOf(holder) : []) {
        if (key !== name) continue;
        const isMethod = typeof value === "function" && !types.isProxy(value) && !isClassText(value);
        const member = isMethod ? this.walk.method(value, holder, name) : this.walk.value(value, name);
        this.references.use(method, member, { steps: [{ holder, key: name, value }], isHandedOn: true });
      }
    }
    piece.next.push(method);
  }
}
