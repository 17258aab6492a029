import { memoize } from "../../util/on-demand.js";
import { textOf } from "../../util/primordials.js";
import type { Script } from "../../util/v8-inspector.js";
import type { ClassForm, FunctionForm } from "./forms.js";
import { type FunctionFacts, scriptForms } from "./inspector.js";
import { fileOf, OUR_NAME, packageOf, withinPackage } from "./packages.js";
import { isClassText, isNative, read } from "./reflection.js";

// Where functions are, and whose.

/** A function of which V8 has the text. */
export type Code = Extract<FunctionFacts, { kind: "code" }>;
export type Shape = FunctionForm | ClassForm;

/** The positions of a function or class and of the functions around it. */
export interface Place {
  readonly script: Script;
  readonly start: number;
  readonly end: number;
  readonly isInFunction: boolean;
  /** True if no other class of the script has its name. */
  readonly isAlone: boolean;
  readonly name: string;
}

export function formOf(fn: Function, facts: Code): Shape | undefined {
  if (facts.form !== undefined) return facts.form;
  return scriptForms(facts.script)?.at(facts.offset, isClassText(fn));
}

/** The positions of a function or class and of the functions around it. */
export function placeIn(fn: Function, facts: Code): Place {
  const { script } = facts;
  const form = formOf(fn, facts);
  if (form === undefined) return { script, start: 0, end: 0, isInFunction: true, isAlone: true, name: "" };
  const forms = scriptForms(script)!;
  const { start, end } = forms.outermost(form);
  const name = form.kind === "class" ? form.name : undefined;
  const isAlone = name === undefined || forms.classes.filter((other) => other.name === name).length === 1;
  return { script, start, end, isInFunction: start !== form.start || end !== form.end, isAlone, name: name ?? "" };
}

/** The file of a script, from the package that it is in. */
export const placeOf = ({ url }: Script): string => placeAt(url);

const placeAt = memoize((url) => {
  const file = fileOf(url);
  return file === undefined ? url : withinPackage(file);
});

export function isRequire(fn: Function): boolean {
  return read(fn, "resolve").isThere && read(fn, "cache").isThere && read(fn, "extensions").isThere;
}

export function isOurs(facts: FunctionFacts): boolean {
  return facts.kind === "code" && packageOf(facts.script.url)?.name === OUR_NAME;
}

export function isPackaged(facts: FunctionFacts): boolean {
  return facts.kind !== "code" || facts.script.url.startsWith("node:") || packageOf(facts.script.url) !== undefined;
}

/** True if a function's text, of which nothing else is known, may read `this`. */
export function readsThis(fn: Function): boolean {
  return isNative(fn) || /\b(?:this|super|eval)\b/.test(textOf(fn));
}
