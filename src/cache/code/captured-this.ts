import { types } from "node:util";
import { ownKeys, textOf } from "../../util/primordials.js";
import { formsOf } from "./analysis.js";
import { classesOf, isObject, read } from "./reflection.js";
import type { Walk } from "./walk.js";

const PROBLEM =
  'an arrow function of a package uses the "this" around it, which V8 does not show unless it is called as a method of its object';

const ARROW = /^(?:async\b\s*)?(?:\(|[\p{ID_Start}$_][\p{ID_Continue}$]*\s*=>)/u;

/**
 * Arrow functions of packages that use the `this` around them, which V8 does not show. It is an object of a class that has the arrow in its
 * text: if one leads to the arrow, as a field or in a list of its own, that counts.
 */
export class CapturedThis {
  private readonly arrows: { readonly id: number; readonly fn: Function; readonly text: string }[] = [];

  /** @param objectsInState the objects in the variables of packages, with their pieces. */
  constructor(
    private readonly walk: Walk,
    private readonly ownerOf: (id: number) => object | undefined,
    private readonly objectsInState: () => Iterable<readonly [object: object, id: number]>,
  ) {}

  /** A function of a package was reached, at a piece. */
  add(id: number, fn: Function): void {
    const text = textOf(fn);
    if (/\b(?:this|super)\b/.test(text) && ARROW.test(text)) this.arrows.push({ id, fn, text });
  }

  /** All is known that leads to them. */
  close(): void {
    if (this.arrows.length === 0) return;
    const before = this.walk.leadingTo();
    for (const { id, fn, text } of this.arrows.splice(0)) {
      if (this.isOfObject(id, text, before) || !usesThis(text)) continue;
      const state = this.stateOf(fn, text);
      if (state === undefined) this.walk.unknown(id, PROBLEM);
      else this.walk.pieces[id]!.next.push(state);
    }
  }

  /** `marked.parseInline`: a field of the object that a package has in a variable. */
  private stateOf(fn: Function, text: string): number | undefined {
    for (const [object, id] of this.objectsInState()) {
      if (typeof object === "function" || types.isProxy(object) || !hasInText(object, text)) continue;
      if (ownKeys(object).some((key) => read(object, key).value === fn)) return id;
    }
    return undefined;
  }

  private isOfObject(id: number, text: string, before: readonly (readonly number[])[]): boolean {
    const found = new Set(before[id]);
    for (const at of found) {
      const owner = this.ownerOf(at);
      if (isObject(owner) && typeof owner !== "function" && hasInText(owner, text)) return true;
      for (const from of before[at]!) found.add(from);
    }
    return false;
  }
}

/** True for an object of a class that has a function in its text. */
function hasInText(object: object, text: string): boolean {
  for (const type of classesOf(object)) if (textOf(type).includes(text)) return true;
  return false;
}

/** True if it is the arrow's own `this`, and none of a function in it. */
function usesThis(text: string): boolean {
  try {
    return formsOf(`(${text});`, true).functions[0]?.capturesThis === true;
  } catch {
    // It uses `super`.
    return true;
  }
}
