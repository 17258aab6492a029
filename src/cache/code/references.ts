import { isBuiltin } from "node:module";
import { pathToFileURL } from "node:url";
import { types } from "node:util";
import { getOrCreate } from "../../util/get-or-create.js";
import { getOwnPropertyDescriptor, getPrototypeOf, textOf } from "../../util/primordials.js";
import { sha256 } from "../../util/sha256.js";
import type { Scopes } from "../../util/v8-inspector.js";
import { ANY_MEMBER, CALL } from "./form-writes.js";
import type { Form, FunctionForm, Reference, Way } from "./forms.js";
import { type Code, formOf, isRequire, placeOf } from "./functions.js";
import { unitsOf } from "./import-closure.js";
import { primitiveAt, processMember, WORLD } from "./opaque.js";
import { environmentOf, fileOf, isPackaged, lazyImport } from "./packages.js";
import type { Piece } from "./pieces.js";
import { REALMS } from "./realms.js";
import {
  descriptorOf,
  type Found,
  findDescriptor,
  hasProxyBase,
  isNamespace,
  isObject,
  NOT_THERE,
  nameOf,
  read,
  valueFromNodeGetter,
} from "./reflection.js";
import { SharedScopes } from "./shared-scopes.js";
import { StartedScripts } from "./started-scripts.js";
import { TO_TEXT } from "./syntax.js";
import { assignability, resolveVariable, setterOf, valueAt } from "./variables.js";
import type { Walk } from "./walk.js";
import { ABSENT, type Effect, type Step, UNSET, type Use } from "./writes.js";

/** Methods of functions that hand on their names. */
const GIVES_NAME: ReadonlySet<string> = new Set(["bind", "valueOf"]);

/** The first arguments of calls with none that is a text. */
const COMPUTED = [null];

/** The outcome of a reference. */
interface Referred {
  readonly id: number;
  readonly use: Use;
}

/** A reference in a function's text: a name, with the members that are read of it. */
export class References {
  readonly scopes: SharedScopes;
  readonly scripts: StartedScripts;
  /** For functions that see the same variables, the outcomes of the references that they have in common. */
  private readonly known = new Map<Scopes, Map<Reference, Referred>>();
  /** The number of pieces that are of one reference only. */
  private ownPieces = 0;

  constructor(private readonly walk: Walk) {
    this.scripts = new StartedScripts(walk, (id, specifier, from) => this.imported(id, specifier, from));
    this.scopes = new SharedScopes(walk);
  }

  /** The references of a function's text. */
  code(id: number, form: Form, facts: Code): void {
    const piece = this.walk.pieces[id]!;
    piece.text = `code ${form.hash}`;
    if (form.writes !== undefined) this.walk.note(id, (writes) => writes.add(form, facts));
    const known = facts.form && getOrCreate(this.known, facts.scopes, () => new Map<Reference, Referred>());
    for (const reference of form.references) this.reference(id, reference, facts, known);
    this.scopes.add(id, form, facts);
    for (const specifier of form.imports ?? []) this.imported(id, specifier, facts.script.url);
    for (const text of form.scripts ?? [])
      if (form.imports?.includes(text)) this.scripts.naming.add(id);
      else this.scripts.text(id, text, facts.script.url);
    for (const problem of form.problems ?? []) this.walk.unknown(id, problem);
    if (form.readsOwnPath) {
      piece.next.push(this.walk.leaf(`at ${placeOf(facts.script)}`, "import.meta.url"));
      // A script may start itself.
      if (form.scripts === undefined) this.scripts.own(id, facts.script.url);
    }
  }

  /** The content of a module that code loads, or starts, when it runs. @param from the address of the script that names it. */
  private imported(id: number, specifier: string, from: string): void {
    const lazy = lazyImport(specifier, from);
    if ("problem" in lazy) this.walk.unknown(id, lazy.problem);
    else {
      const text = `import ${lazy.hash} ${environmentOf(lazy.variables)}`;
      const leaf = this.walk.leaf(text, `import("${specifier}")`);
      if (lazy.files.length > 0) this.walk.importsLazily = true;
      this.walk.pieces[leaf]!.lazySources = lazy.files;
      this.walk.pieces[id]!.next.push(leaf);
    }
  }

  private reference(from: number, reference: Reference, facts: Code, known?: Map<Reference, Referred>): void {
    const { name, around } = reference;
    if (around !== undefined) {
      const id = this.walk.piece(`${name}()`);
      this.code(id, around, facts);
      this.walk.pieces[from]!.next.push(id);
      return;
    }
    let answer = known?.get(reference);
    if (answer === undefined) {
      const { ownPieces } = this;
      answer = this.resolved(reference, facts);
      // A piece of one's own is not shared: by how many ways an object is reached says which of them are one.
      if (ownPieces === this.ownPieces) known?.set(reference, answer);
    }
    this.use(from, answer.id, answer.use);
    if (isOwnSymbol(answer.use)) {
      const [exported = name] = reference.imported === undefined ? [] : (JSON.parse(reference.imported) as string[]);
      this.walk.pieces[from]!.next.push(this.walk.leaf(`symbol ${exported}`));
    }
  }

  private resolved(reference: Reference, facts: Code): Referred {
    const { isAssigned, isFilled, isText, isHandedOn = false, hasName = false } = reference;
    const use: Use = {
      steps: [],
      imported: reference.imported,
      exported: reference.exported,
      isAssigned,
      isFilled,
      isText,
      isHandedOn,
      hasName,
    };
    const id = this.referred(reference, facts, use);
    // Values are reported where they are read.
    const piece = this.walk.pieces[id]! as { -readonly [K in keyof Piece]: Piece[K] };
    if (piece.file === "") {
      piece.file = placeOf(facts.script);
      if (reference.imported !== undefined) piece.imported = [reference.imported, facts.script.url];
    }
    return { id, use };
  }

  /** A piece of one reference. */
  private ownPiece(name: string): number {
    this.ownPieces++;
    return this.walk.piece(name);
  }

  /** Adds a piece to those that come next in another one, and the use that this makes of it. */
  use(from: number, id: number, use: Use): void {
    const { next } = this.walk.pieces[from]!;
    getOrCreate(this.walk.uses, from, (): Use[] => [])[next.length] = use;
    next.push(id);
    for (const effect of use.effects ?? []) this.walk.note(from, effect);
    for (const { holder, key, value } of use.steps) {
      const name = processMember(holder, key, value);
      if (name !== undefined) next.push(this.walk.leaf("of a process", name));
    }
  }

  private referred(reference: Reference, facts: Code, use: Use): number {
    const { name } = reference;
    const found = resolveVariable(name, facts);
    const key = reference.imported !== undefined ? `=${name}` : `${facts.script.id} =${name}`;
    const value = found.isUnset === true ? UNSET : found.isThere ? found.value : ABSENT;
    use.steps.push({ holder: undefined, key, value });
    if (!found.isThere) {
      if (!reference.namesField) return this.walk.leaf(`no variable ${name}`, name);
      const id = this.ownPiece(name);
      this.walk.unknown(id, "a field of a computed name");
      return id;
    }
    if (found.isUnset) return this.walk.leaf("not initialised", name);
    if (reference.isTypeOf) return this.walk.leaf(`typeof ${typeof found.value}`, name);
    return found.accessorOf === undefined
      ? this.followed(found.value, reference, facts, use)
      : this.followed(
          found.accessorOf,
          { ...reference, name: "globalThis", path: [name, ...reference.path] },
          facts,
          use,
        );
  }

  private followed(value: unknown, reference: Reference, facts: Code, use: Use): number {
    const { name, path: way, keyedBy } = reference;
    const keyed = keyedBy === undefined ? undefined : resolveVariable(keyedBy, facts).value;
    if (typeof keyed === "string" && valueAt(value, way) === process.env)
      return this.along(value, { path: [...way, keyed], isCalled: false }, name, use);
    return this.withEnd(value, way, this.along(value, reference, name, use, facts, reference.firstArguments), use);
  }

  /** A piece of what is at a path, and what counts of its end beside the value: its text, if one is made of it, and what assigning it does. */
  private withEnd(start: unknown, way: readonly string[], value: number, use: Use): number {
    const id = use.isText === true ? this.withTexts(valueAt(start, way), value, use) : value;
    if (use.isAssigned !== true || way.length === 0) return id;
    const holder = valueAt(start, way.slice(0, -1));
    if (!isObject(holder) || types.isProxy(holder)) return id;
    const both = this.with(assignability(holder, way.at(-1)!), id, use);
    this.assigned(both, holder, way.at(-1)!, holder);
    return both;
  }

  /** A member of an object is assigned: what that runs, with the object that it is assigned to. */
  assigned(id: number, holder: object, key: string, self: object): void {
    const { set, isFixed } = setterOf(holder, key);
    if (isFixed) this.walk.pieces[id]!.next.push(this.walk.leaf("can't be assigned"));
    if (set === undefined || this.walk.isBuiltIn(set)) return;
    this.walk.pieces[id]!.next.push(this.walk.method(set, self, key));
  }

  /** A piece before another one: what code does with that, it does with this. */
  private wrapper(name: string, { isHandedOn }: Use): number {
    const id = this.ownPiece(name);
    if (!isHandedOn) this.walk.passive.add(id);
    return id;
  }

  /** A piece, and a text that counts with it. */
  private with(text: string, id: number, use: Use): number {
    const both = this.wrapper("", use);
    this.walk.pieces[both]!.text = text;
    this.walk.pieces[both]!.next.push(id);
    return both;
  }

  /** The value at a path. The path ends where only execution can show more: there the value counts as a whole. */
  along(
    start: unknown,
    way: Way,
    name: string,
    use: Use,
    facts?: Code,
    firstArguments?: Reference["firstArguments"],
  ): number {
    const heirs: string[] = [];
    const id = this.followedAlong(heirs, start, way, name, use, facts, firstArguments);
    return heirs.length === 0 ? id : this.with(`inherited by ${heirs.join(", ")}`, id, use);
  }

  /**
   * @param heirs takes the objects of the language of which members are read that they have from others: `call` is one function for all
   * that it is called on.
   */
  private followedAlong(
    heirs: string[],
    start: unknown,
    { path: way, isCalled }: Way,
    name: string,
    use: Use,
    facts?: Code,
    firstArguments?: Reference["firstArguments"],
  ): number {
    let value = start;
    const note = (effect: Effect) => {
      use.effects ??= [];
      use.effects.push(effect);
    };
    // `process` is an accessor.
    const { env } = process;
    for (const [i, key] of way.entries()) {
      const from = value;
      if (use.isAssigned === true && i === way.length - 1) note((writes) => writes.member(from, key));
      if (value === env) return this.memberOfEnvironment(key, name, use);
      if ((typeof value !== "object" && typeof value !== "function") || value === null || types.isProxy(value))
        return this.before(way.slice(i), this.walk.value(value, name), use);
      const holder = value;
      const descriptor = findDescriptor(holder, key);
      const step = (found: unknown) => use.steps.push({ holder, key, value: found });
      if (descriptor === "unset" || descriptor === undefined) step(descriptor === undefined ? ABSENT : UNSET);
      if (descriptor === "unset") return this.walk.leaf(`not initialised: ${way.slice(i).join(".")}`, `${name}.${key}`);
      const builtIn = this.walk.language.names.get(holder);
      if (descriptor === undefined) {
        if (hasProxyBase(holder)) return this.walk.value(holder, name);
        // A member that is not there has no value, on whatever it is not.
        return this.walk.leaf(`nothing at ${JSON.stringify(way.slice(i))}`, `${name}.${key}`);
      }
      const returned = valueFromNodeGetter(descriptor);
      if (returned.isThere) {
        value = returned.value;
        step(value);
        name = key;
        continue;
      }
      if (!("value" in descriptor)) {
        step(descriptor.get);
        return this.accessor(holder, descriptor, name, key, way.slice(i + 1), isCalled, use);
      }
      const isLast = i === way.length - 1;
      const next = descriptor.value as unknown;
      step(next);
      if (typeof next !== "function") {
        const owner = ownerOf(holder, key);
        if (owner !== holder) use.steps.push({ holder: owner, key, value: next });
      } else if (builtIn !== undefined) {
        const owner = ownerOf(holder, key);
        // `process.valueOf()`
        if (WORLD.has(holder) && REALMS.some(({ globals }) => owner === globals.Object.prototype))
          return this.walk.value(holder, name);
        if (owner !== holder) heirs.push(builtIn);
        // A function of the language that has another name here, or is called by its `call`.
        const own = CALL.has(key) ? builtIn : this.walk.language.names.get(next);
        if (own !== undefined && own !== `${name}.${key}`) note((writes) => writes.alias(own));
      }
      if (typeof next === "function" && this.walk.isBuiltIn(next) && builtIn === undefined && !isNamespace(holder)) {
        // A method of the language may read all of it: `STOP.has(word)`, `words.join()`.
        note((writes) => writes.method(holder, key));
        const value = this.walk.value(holder, name);
        // `f.bind(1).name`
        const hasName = typeof holder === "function" && GIVES_NAME.has(key);
        const whole = hasName ? this.with(`named ${nameOf(holder)}`, value, use) : value;
        return TO_TEXT.has(key) ? this.withTexts(holder, whole, use) : whole;
      }
      if (typeof next === "function" && isLast && isCalled && !isNamespace(holder)) {
        return this.called(next, holder, builtIn === undefined ? `${name}.${key}` : "", facts, firstArguments);
      }
      value = next;
      name = isNamespace(holder) ? key : `${name}.${key}`;
    }
    if (use.isFilled === true) note((writes) => writes.member(value, ANY_MEMBER));
    const own = way.length === 0 && isObject(value) ? this.walk.language.names.get(value) : undefined;
    if (own !== undefined && own !== name) note((writes) => writes.alias(own));
    if (value === env) return this.anyVariable(name);
    // `f instanceof Function`
    if (value === Function && name === "Function" && !isCalled) return this.walk.leaf("built-in Function");
    if (typeof value === "function" && isCalled) return this.called(value, undefined, name, facts, firstArguments);
    const id = this.walk.value(value, name);
    if (use.hasName === false || typeof value !== "function" || this.walk.isBuiltIn(value)) return id;
    // A function that is only called is not asked for its name.
    return this.with(`named ${nameOf(value)}`, id, use);
  }

  private memberOfEnvironment(key: string, name: string, use: Use): number {
    const value: unknown = process.env[key];
    use.steps.push({ holder: process.env, key, value });
    // `process.env.hasOwnProperty("SCALE")`
    return value === undefined || typeof value === "string" ? this.variable(key) : this.anyVariable(name);
  }

  /** `process.env.SCALE` */
  variable(key: string): number {
    return this.walk.leaf(`process.env.${key} ${JSON.stringify(process.env[key])}`, `process.env.${key}`);
  }

  private anyVariable(name: string): number {
    const id = this.ownPiece(name);
    this.walk.unknown(id, "it reads process.env by a computed name");
    return id;
  }

  /** A value before the end of a path: which members are left counts, as an equal value may be at its end. */
  private before(rest: readonly string[], id: number, use: Use): number {
    return this.with(`before ${JSON.stringify(rest)}`, id, use);
  }

  /** A value that is made a text: of functions, and those in lists, that is what is written. */
  private withTexts(value: unknown, id: number, use: Use): number {
    const texts = functionsIn(value).map((fn) => sha256(textOf(fn)));
    return texts.length === 0 ? id : this.with(`text ${texts.join()}`, id, use);
  }

  private called(
    fn: Function,
    holder: object | undefined,
    name: string,
    facts?: Code,
    firstArguments: Reference["firstArguments"] = COMPUTED,
  ): number {
    if (isRequire(fn) && facts !== undefined) return this.required(fn, facts, firstArguments);
    return holder === undefined || this.walk.language.names.has(holder)
      ? this.walk.value(fn, name)
      : this.walk.method(fn, holder, name);
  }

  /** `require("./table.cjs")`, by whatever name. */
  private required(fn: Function, facts: Code, firstArguments: readonly (string | null)[]): number {
    const id = this.ownPiece(nameOf(fn));
    this.walk.pieces[id]!.text = "require";
    for (const specifier of firstArguments) {
      if (specifier === null) this.walk.unknown(id, "a require() of a computed name");
      else {
        this.imported(id, specifier, facts.script.url);
        for (const exports of loadedBy(fn, specifier, facts)) this.walk.pieces[id]!.next.push(this.walk.value(exports));
      }
    }
    return id;
  }

  private accessor(
    holder: object,
    { get }: PropertyDescriptor,
    name: string,
    key: string,
    rest: readonly string[],
    isCalled: boolean | undefined,
    use: Use,
  ): number {
    // Reading it gives nothing. That it is there, `in` says.
    if (get === undefined) return this.walk.leaf(`no getter at ${JSON.stringify([key, ...rest])}`, `${name}.${key}`);
    if (this.walk.isBuiltIn(get)) {
      const builtIn = this.walk.language.names.get(holder);
      return builtIn === undefined ? this.walk.value(holder, name) : this.walk.leaf(`built-in ${builtIn}.${key}`);
    }
    const id = this.wrapper(`${name}.${key}`, use);
    this.walk.pieces[id]!.text = "getter";
    this.walk.inspect(get, (facts) => {
      const form = facts.kind === "code" ? formOf(get, facts) : undefined;
      const gives = form?.kind === "function" ? form.gives : undefined;
      const returned = gives && this.returnedValue(form as FunctionForm, gives, facts as Code);
      // What compilers write for an export: it gives a variable, and nothing else.
      if (returned !== undefined) {
        const inner: Use = { ...use, steps: [returned.step] };
        const value = this.along(returned.value, { path: rest, isCalled }, key, inner);
        this.use(id, this.withEnd(returned.value, rest, value, inner), inner);
        if (use.isHandedOn) this.handsOn(id, inner);
        return;
      }
      if (
        facts.kind !== "bound" &&
        (facts.kind === "native" || facts.script.url.startsWith("node:")) &&
        this.isOfNode(holder)
      )
        this.givenByNode(id, holder, get, { path: rest, isCalled }, key, use);
      this.walk.pieces[id]!.next.push(this.walk.method(get, holder, `${name}.${key}`));
    });
    return id;
  }

  /** Notes the objects on a path from `this`: what is written there is known by the names of members only. */
  handsOn(id: number, { steps }: Use): void {
    this.walk.note(id, ({ handedOn }) => {
      for (const { holder } of steps) if (holder !== undefined) handedOn.add(holder);
    });
  }

  /** Adds what an accessor of Node's gives: `process.stdout.columns`. */
  private givenByNode(id: number, holder: object, get: Function, way: Way, name: string, use: Use): void {
    let given: unknown;
    try {
      given = get.call(holder);
    } catch {
      // As that of `localStorage` does without a file: so it does where the code asks it.
    }
    this.walk.pieces[id]!.text += ` ${name}${primitiveAt(given, way.path, (fn) => this.walk.isBuiltIn(fn))}`;
    if (!isObject(given)) return;
    if (holder !== process) {
      this.walk.functionsPutOn(id, given);
      return;
    }
    const inner: Use = { ...use, steps: [] };
    this.use(id, this.along(given, way, name, inner), inner);
  }

  private isOfNode(holder: object): boolean {
    return (
      holder === process || holder === globalThis || this.walk.language.names.get(holder)?.startsWith("node:") === true
    );
  }

  private returnedValue(
    { references }: FunctionForm,
    { reference, key }: NonNullable<FunctionForm["gives"]>,
    facts: Code,
  ): { readonly value: unknown; readonly step: Step } | undefined {
    const { script } = facts;
    const plain = (number: number): Found => {
      const { name, path: way } = references[number]!;
      let found = resolveVariable(name, facts);
      for (const member of way) {
        if (!found.isThere || found.isUnset || !isObject(found.value) || types.isProxy(found.value)) return NOT_THERE;
        const descriptor = findDescriptor(found.value, member);
        if (descriptor === undefined || descriptor === "unset" || !("value" in descriptor)) return NOT_THERE;
        found = { isThere: true, value: descriptor.value as unknown };
      }
      return found;
    };
    const object = plain(reference);
    if (!object.isThere || object.isUnset) return undefined;
    const own = references[reference]!;
    if (key === undefined) {
      const { name, path: way } = own;
      const holder =
        way.length === 0 ? undefined : (valueAt(resolveVariable(name, facts).value, way.slice(0, -1)) as object);
      const step = { holder, key: holder === undefined ? `${script.id} =${name}` : way.at(-1)!, value: object.value };
      return { value: object.value, step };
    }
    const name = plain(key);
    if (!name.isThere || typeof name.value !== "string" || !isObject(object.value)) return undefined;
    const descriptor = findDescriptor(object.value, name.value);
    return descriptor === undefined || descriptor === "unset" || !("value" in descriptor)
      ? undefined
      : { value: descriptor.value, step: { holder: object.value, key: name.value, value: descriptor.value } };
  }
}

/** The object that has a member: another one leads to it by its prototypes. */
function ownerOf(object: object, key: string): object {
  let at = object;
  while (descriptorOf(at, key) === undefined) at = getPrototypeOf(at)!;
  return at;
}

function functionsIn(value: unknown, seen = new Set<unknown>()): Function[] {
  if (types.isProxy(value) || seen.has(value)) return [];
  if (typeof value === "function") return [value];
  if (!Array.isArray(value)) return [];
  seen.add(value);
  const found: Function[] = [];
  for (let i = 0; i < value.length; i++) found.push(...functionsIn(getOwnPropertyDescriptor(value, i)?.value, seen));
  return found;
}

/** The files that had been loaded when code that requires them was first read, and those that it loads itself. */
const wasLoaded = new Map<string, boolean>();

/** The exports of files of the project that others have loaded: these may have changed them. */
function loadedBy(require: Function, specifier: string, { script }: Code): unknown[] {
  const from = fileOf(script.url);
  const found = from === undefined || isBuiltin(specifier) ? undefined : unitsOf(specifier, from);
  const cache = read(require, "cache").value;
  if (found === undefined || typeof found === "string" || !isObject(cache) || types.isProxy(cache)) return [];
  return found.units.flatMap((file) => {
    const { value } = isPackaged(pathToFileURL(file).href) ? NOT_THERE : read(cache, file);
    const isLoaded = getOrCreate(wasLoaded, file, () => isObject(value));
    const exports = isLoaded && isObject(value) ? read(value, "exports") : NOT_THERE;
    return exports.isThere ? [exports.value] : [];
  });
}

/**
 * True for a variable that is a symbol: it equals no other one, whatever is in it. Where several codes compare it, a
 * resource's and a node's, its name shows that.
 */
function isOwnSymbol({ steps }: Use): boolean {
  const value = steps.length === 1 ? steps[0]!.value : undefined;
  return typeof value === "symbol" && Symbol.keyFor(value) === undefined;
}
