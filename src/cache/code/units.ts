import { hash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Node } from "acorn";
import type { Variable } from "eslint-scope";
import { remembered } from "../../graph/remembered.js";
import { declarationOf } from "./declarations.js";
import { exportOf, reexportedBy } from "./exports.js";
import { isFunction, type ModuleCode, moduleCode } from "./module-code.js";
import { resolve } from "./module-paths.js";
import { type NormalForm, normalForm } from "./normal-form.js";
import type { Reach } from "./references.js";
import { type Script, sourceOf } from "./scripts.js";

/** A piece of code that counts as a whole: a function, a class, a constant, a package. */
export interface Unit extends NormalForm {
  /** What a reader calls it: `normalise()`, `class Encoder`. */
  readonly name: string;
  /** The file it is in, from the package that this is in. */
  readonly file: string;
  /** The variable whose value counts, beside its code: it is not all in the code. */
  readonly captured?: { readonly module: ModuleCode; readonly variable: Variable } | undefined;
}

const units = new WeakMap<object, Unit>();
const packages = new Map<string, Unit>();

/** The unit that some code of a module is. */
export function unitOf(module: ModuleCode, node: Node, name: string): Unit {
  return remembered(units, node, () => ({ name, file: fileOf(module.script), ...normalForm(module, [node]) }));
}

/** The unit that declares a variable. */
export function unitOfVariable(module: ModuleCode, variable: Variable): Unit {
  return remembered(units, variable, () => {
    const { label, code } = declarationOf(variable);
    const form = normalForm(module, code, variable);
    const captured = isCaptured(variable) ? { module, variable } : undefined;
    return { name: label, file: fileOf(module.script), ...form, text: `${variable.name} ${form.text}`, captured };
  });
}

/** The units that a reference leads to. */
export function unitsOf(reach: Reach): Unit[] {
  const { module } = reach;
  if (reach.kind === "variable") return [unitOfVariable(module, reach.variable)];
  if (reach.kind === "dynamic") return [wholeOf(module)];
  const target = resolve(reach.specifier, module.script);
  switch (target.kind) {
    case "package":
      return [packageUnit(target.name, "")];
    case "workspace":
      return [packageUnit(target.name, target.scripts.map(sourceOf).join("\n"))];
    case "file":
      return [plainUnit(path.basename(target.path), withinPackage(target.path), readFileSync(target.path, "latin1"))];
    case "unknown":
      return [wholeOf(module)];
    case "script":
      return unitsExported(target.script, reach.name, new Set());
  }
}

function unitsExported(script: Script, name: string, seen: Set<Script>): Unit[] {
  if (seen.has(script)) return [];
  seen.add(script);
  const module = moduleCode(script);
  if (module === undefined) return [sourceUnit(script)];
  if (name === "*") return [wholeOf(module)];
  const found = exportOf(module, name);
  if (found === undefined) return unitsReexported(module, name, seen);
  if ("variable" in found) {
    const { variable } = found;
    // What is imported and exported again.
    const isImport = variable.defs[0]?.type === "ImportBinding";
    return isImport
      ? [...unitOfVariable(module, variable).reaches.flatMap(unitsOf)]
      : [unitOfVariable(module, variable)];
  }
  if ("code" in found) return [unitOf(module, found.code, isFunction(found.code) ? `${name}()` : name)];
  return unitsOf({ kind: "import", module, specifier: found.specifier, name: found.name });
}

function unitsReexported(module: ModuleCode, name: string, seen: Set<Script>): Unit[] {
  const among = reexportedBy(module);
  const found = among.flatMap((specifier) => {
    const target = resolve(specifier, module.script);
    if (target.kind !== "script") return unitsOf({ kind: "import", module, specifier, name });
    const inner = moduleCode(target.script);
    const has = inner === undefined || exportOf(inner, name) !== undefined || reexportedBy(inner).length > 0;
    return has ? unitsExported(target.script, name, seen) : [];
  });
  return found.length > 0 ? found : [wholeOf(module)];
}

/** A module as a whole, with what it imports. */
function wholeOf(module: ModuleCode): Unit {
  return unitOf(module, module.program, "all of it");
}

/** A script that can't be parsed counts as it is written. */
export function sourceUnit(script: Script): Unit {
  return remembered(units, script, () => plainUnit("all of it", fileOf(script), sourceOf(script)));
}

function packageUnit(name: string, source: string): Unit {
  return remembered(packages, name, () => ({
    ...plainUnit(`package ${name}`, "", source),
    text: `package ${name} ${hashOf(source)}`,
  }));
}

function plainUnit(name: string, file: string, source: string): Unit {
  return {
    name,
    file,
    text: hashOf(source),
    reaches: [],
    members: new Set(),
  };
}

export function hashOf(text: string): string {
  return hash("sha256", text, "hex");
}

function fileOf({ url }: Script): string {
  return url.startsWith("file:") ? withinPackage(fileURLToPath(url)) : url;
}

const roots = new Map<string, string>();

/** A file's path from the package it is in: the same wherever that lies. */
export function withinPackage(file: string): string {
  const folder = path.dirname(file);
  const root = remembered(roots, folder, () => {
    for (let at = folder; ; at = path.dirname(at)) {
      if (existsSync(path.join(at, "package.json"))) return at;
      if (path.dirname(at) === at) return folder;
    }
  });
  return path.relative(root, file);
}

const LITERAL = /^(?:Literal|FunctionExpression|ArrowFunctionExpression|ClassExpression)$/;

/**
 * Whether a variable's value may be another one each time its code runs: a parameter of a function around a class, or
 * what a call gave. What is assigned more than once is state, and does not count.
 */
function isCaptured({ defs, references }: Variable): boolean {
  const [definition] = defs;
  if (definition?.type !== "Parameter" && definition?.type !== "Variable") return false;
  if (references.some((reference) => reference.isWrite() && !reference.init)) return false;
  const init = (definition.node as { init?: { type: string } | null }).init;
  return definition.type === "Parameter" || !init || !LITERAL.test(init.type);
}
