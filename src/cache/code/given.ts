import { getPrototypeOf, ownKeys } from "../../util/primordials.js";
import { type Code, formOf, isPackaged, type Place, placeIn } from "./functions.js";
import type { FunctionFacts } from "./inspector.js";
import { classesOf, nameOf, read } from "./reflection.js";
import { innerVariables, resolveVariable, topOf, valueAt } from "./variables.js";
import type { Walk } from "./walk.js";

/** The own properties of every function. */
const BORN_WITH = new Set<PropertyKey>(["length", "name", "prototype", "arguments", "caller"]);

/** The values that a class has from enclosing functions: values, functions, the base class. A `version` does not replace these. */
export class ClosureValues {
  constructor(private readonly walk: Walk) {}

  /**
   * The values that the classes of an object and a method of it have from enclosing functions: all but the code that is written in
   * those functions and classes themselves.
   *
   * @param skips the members of the object that are no fields.
   */
  of(method: Function, object: object, skips: (name: string) => boolean): number {
    const id = this.walk.piece("");
    const functions = [method, ...classesOf(object)];
    const known: FunctionFacts[] = [];
    let waiting = functions.length;
    for (const [i, fn] of functions.entries()) {
      this.walk.inspect(fn, (facts) => {
        known[i] = facts;
        if (--waiting === 0) this.add(id, functions, known, object, skips);
      });
    }
    return id;
  }

  private add(
    id: number,
    functions: readonly Function[],
    known: readonly FunctionFacts[],
    object: object,
    skips: (name: string) => boolean,
  ): void {
    const { next } = this.walk.pieces[id]!;
    const own: Place[] = [];
    const classes: { readonly type: Function; readonly isInFunction: boolean }[] = [];
    let isGiven = false;
    for (const [i, fn] of functions.entries()) {
      const facts = known[i]!;
      if (isPackaged(facts)) continue;
      const place = placeIn(fn, facts as Code);
      if (i > 0 && !isGiven) classes.push({ type: fn, isInFunction: place.isInFunction });
      // The base that a function was handed is no code of its own, nor are those that this extends.
      if (!isGiven) own.push(place);
      if (i === 1 && !place.isAlone)
        this.walk.unknown(
          id,
          `its file has another class named ${nameOf(fn)}: its version does not say which of them it is`,
        );
      if (i === 1) next.push(this.walk.leaf(`class ${place.name}`));
      if (isGiven || i === 0 || !place.isInFunction || this.namesBase(fn, facts as Code)) continue;
      next.push(this.walk.value(getPrototypeOf(fn)));
      isGiven = true;
    }
    const captured = new Map<Function, number>();
    const part = (value: unknown, name: string) =>
      typeof value === "function" ? this.captured(value, own, captured) : this.walk.value(value, name);
    const parts = (holder: object, without: (key: PropertyKey) => boolean) => {
      for (const key of ownKeys(holder).filter((key) => !without(key)))
        next.push(this.walk.key(key), part(read(holder, key).value, String(key)));
    };
    next.push(this.captured(functions[0]!, own, captured));
    for (const { type, isInFunction } of classes) {
      next.push(this.captured(type, own, captured));
      if (isInFunction) parts(type, (key) => BORN_WITH.has(key));
    }
    if (classes.some(({ isInFunction }) => isInFunction)) parts(object, (key) => typeof key === "string" && skips(key));
  }

  /** Of functions in some places, the values that they have from around them; of others, all of them. */
  private captured(fn: Function, places: readonly Place[], known: Map<Function, number>): number {
    const found = known.get(fn);
    if (found !== undefined) return found;
    const id = this.walk.piece("");
    known.set(fn, id);
    this.walk.inspect(fn, (facts) => {
      const { next } = this.walk.pieces[id]!;
      const isOwn =
        !isPackaged(facts) &&
        places.some(({ script, start, end }) => {
          const { script: at, offset } = facts as Code;
          return script === at && start <= offset && offset < end;
        });
      if (!isOwn) {
        next.push(this.walk.value(fn));
        return;
      }
      for (const [name, value] of innerVariables(fn, facts as Code)) {
        const inner = typeof value === "function" ? this.captured(value, places, known) : this.walk.value(value, name);
        next.push(this.walk.leaf(`key ${name}`), inner);
      }
    });
    return id;
  }

  /**
   * True if a class names the one that it extends at the top of its script: then that is no other one in another class of its
   * kind.
   */
  private namesBase(type: Function, facts: Code): boolean {
    const base = getPrototypeOf(type);
    const top = facts.scopes.slice(topOf(facts));
    return (formOf(type, facts)?.references ?? []).some(({ name, path }) => {
      const isInner = facts.scopes.slice(0, topOf(facts)).some(({ variables }) => read(variables, name).isThere);
      return !isInner && valueAt(resolveVariable(name, { ...facts, scopes: top }).value, path) === base;
    });
  }
}
