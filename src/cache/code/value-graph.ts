import { types } from "node:util";
import { remembered } from "../../graph/remembered.js";
import { describeError } from "../../util/describe.js";
import {
  cwd,
  forEachOf,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  isExtensible,
  ownKeys,
  textOf,
  timeOf,
} from "../../util/primordials.js";
import { hiddenOf, type Script, sourceOf } from "../../util/v8-inspector.js";
import { type ClassForm, type Form, type FunctionForm, type Reference, textHash, type Way } from "./analysis.js";
import { type BuiltIns, builtIns, isOfNode } from "./built-ins.js";
import { decorationsOf, isDesign, metadataOf } from "./decorations.js";
import { type FunctionFacts, factsOf, scriptForms } from "./inspector.js";
import { Merkle } from "./merkle.js";
import { ASYNC_IDS, ITERATORS, intlOptions, KNOWN, RUN_CODE, storedIn, WORLD } from "./opaque.js";
import { environmentOf, fileOf, hashOf, lazyImport, OUR_NAME, packageOf, withinPackage } from "./packages.js";
import { primitiveText } from "./primitive-text.js";
import {
  classesOf,
  descriptorOf,
  type Found,
  findDescriptor,
  givenByNode,
  hasMember,
  hasProxyBase,
  homeOf,
  isClassText,
  isFresh,
  isNamespace,
  isNative,
  isObject,
  NOT_THERE,
  nameOf,
  onGlobal,
  read,
} from "./reflection.js";

/** A piece of what some code can reach: a function, a class, an object, a value. */
export interface Piece {
  /** What a reader calls it: `normalise()`, `class Encoder`. */
  readonly name: string;
  /** The file it is in, from the package that this is in. */
  readonly file: string;
  /** What it is, without the pieces that it leads to. */
  text: string;
  /** The numbers of those. */
  readonly next: number[];
  /** Why what it does can't be known. */
  problem: string | undefined;
}

type Code = Extract<FunctionFacts, { kind: "code" }>;
type Shape = FunctionForm | ClassForm;

interface Place {
  readonly script: Script;
  readonly start: number;
  readonly end: number;
  readonly isInFunction: boolean;
  /** True if no other class of the script has its name. */
  readonly isAlone: boolean;
  readonly name: string;
}

/** The own properties of every function. */
const BORN_WITH = new Set<PropertyKey>(["length", "name", "prototype", "arguments", "caller"]);

const NOTHING = (): boolean => false;

const NO_ARROW = { isArrow: false, capturesThis: false, gives: undefined } as const;

/** How many objects and functions are walked, after which nothing is known. */
const MOST = 200_000;

/** For functions of constant surroundings: what V8 says of them, for ever. */
const lasting = new WeakMap<Function, FunctionFacts>();

/** What a function or an object was when a run began, and when the last one ended: what runs make of it is no edit. */
interface State {
  readonly begun: string;
  ended: string;
}

const states = new WeakMap<object, State>();

/** Whether a pass is at the beginning of a run, while nothing else runs; or while something runs, or at its end. */
export type When = "before" | "after";

/**
 * What values are and lead to, as they are now: functions with the variables that they see, classes with their members, objects
 * with their properties. One pass, before anything runs: no code of the program runs in it.
 */
export class ValueGraph {
  readonly pieces: Piece[] = [];
  private readonly byIdentity = new Map<object, number>();
  private readonly owners = new Map<number, object>();
  /** Pieces of objects and symbols: each is one, and not another one that is equal to it. */
  private readonly identities = new Set<number>();
  /** Pieces that count as they were when a run began, and are something else now. */
  private readonly stood = new Set<number>();
  private readonly byHolder = new Map<object, Map<Function, number>>();
  private readonly byPrivate = new Map<object, Map<readonly Form[], number>>();
  private readonly bySymbol = new Map<symbol, number>();
  private readonly leaves = new Map<string, number>();
  private readonly facts = new Map<Function, FunctionFacts>();
  /** Scripts of which the variables at their top are known. */
  private readonly registered = new Set<Script>();
  private readonly work: (() => void)[] = [];
  private readonly asking: { readonly fn: Function; readonly then: (facts: FunctionFacts) => void }[] = [];
  /** Functions that say `super`, of which it is not known yet where that begins. */
  private readonly homeless: {
    readonly id: number;
    readonly fn: Function;
    readonly form: Form;
    readonly facts: Code;
  }[] = [];
  /** Where it begins, for those that were reached by an object. */
  private readonly homes = new Map<Function, object>();
  /** Scopes of the same place in a script. */
  private readonly alike = new Map<string, { readonly id: number; readonly variables: object }[]>();
  /** Scopes that may be one: who reaches both can't be known. */
  private readonly doubts: { readonly between: readonly number[]; readonly piece: Piece }[] = [];
  private readonly described: { readonly type: Function; readonly form: ClassForm; readonly facts: Code }[] = [];
  private readonly language: BuiltIns;
  private readonly merkle = new Merkle((id, digest) => this.standsFor(id, digest));

  constructor(private readonly when: When) {
    this.language = builtIns();
  }

  /** The piece that a value is. */
  value(value: unknown, name = ""): number {
    if (typeof value === "function") return this.functionPiece(value, name);
    if (typeof value === "object" && value !== null) return this.objectPiece(value, name);
    if (typeof value === "symbol" && Symbol.keyFor(value) === undefined) {
      // Two symbols of one description are two: which of them is meant shows where they are shared.
      return remembered(this.bySymbol, value, () => {
        const id = this.piece(name);
        this.pieces[id]!.text = primitiveText(value);
        this.identities.add(id);
        return id;
      });
    }
    return this.leaf(primitiveText(value), name);
  }

  /**
   * A function that is called as a method of an object: what it reads of `this` counts, and no more of the object.
   *
   * @param skips whether it can't read that: the members that have a role in a pipeline.
   */
  method(fn: Function, holder: object, name: string, skips: (name: string) => boolean = NOTHING): number {
    const known = remembered(this.byHolder, holder, () => new Map<Function, number>());
    const found = known.get(fn);
    if (found !== undefined) return found;
    const id = this.piece(name === "" ? nameOf(fn) : name);
    known.set(fn, id);
    const plain = this.functionPiece(fn, name);
    this.pieces[id]!.next.push(plain);
    this.work.push(() => {
      this.ask(fn, (facts) => {
        if (isPackaged(facts)) {
          // What is in an object of a package decides what its methods do.
          if (facts.kind === "bound" || isOurs(facts) || !readsThis(fn)) return;
          this.pieces[id]!.next.push(skips === NOTHING ? this.inward(holder) : this.whole(holder, skips));
          return;
        }
        const form = this.formOf(fn, facts as Code);
        if (form !== undefined) this.membersOf(id, fn, form, holder, facts as Code, skips);
      });
    });
    return id;
  }

  /** @returns the digest of a piece and of all that it leads to. */
  digestOf(id: number): string {
    this.settle();
    this.merkle.take(this.pieces);
    return this.merkle.digests[id]!;
  }

  /** A piece that makes it impossible to say what another one does: it leads there. */
  flawOf(id: number): Piece | undefined {
    const flaw = this.merkle.flawed[id];
    return flaw === undefined ? this.doubtOf(id) : this.pieces[flaw];
  }

  /**
   * How objects hang together that a piece leads to by several ways: `a === b` is another matter than that they are equal.
   * Empty where no object is reached twice.
   */
  sharingOf(id: number): string {
    const ways = new Map<number, number>();
    const seen = new Set([id]);
    const visit = (each: (next: number, from: number, place: number) => void): void => {
      for (const at of seen) {
        // What runs have put into something was not there when the first one began.
        if (this.stood.has(at)) continue;
        for (const [place, next] of this.pieces[at]!.next.entries()) {
          seen.add(next);
          if (this.identities.has(next)) each(next, at, place);
        }
      }
    };
    visit((next) => void ways.set(next, (ways.get(next) ?? 0) + 1));
    if ([...ways.values()].every((count) => count === 1)) return "";
    const places = new Map<number, string[]>();
    visit((next, from, place) => {
      if (ways.get(next)! > 1) remembered(places, next, () => []).push(`${this.merkle.digests[from]} ${place}`);
    });
    return hashOf(
      Array.from(places.values(), (all) => all.sort().join())
        .sort()
        .join("\n"),
    );
  }

  /** Logs, counters and memories that nodes fill as they run count as they were before. What others change between runs counts. */
  private standsFor(id: number, digest: string): string {
    const owner = this.owners.get(id);
    if (owner === undefined) return digest;
    const state = states.get(owner);
    if (state !== undefined) {
      if (this.when === "after") state.ended = digest;
      if (digest === state.ended) {
        if (digest !== state.begun) this.stood.add(id);
        return state.begun;
      }
    }
    states.set(owner, { begun: digest, ended: digest });
    return digest;
  }

  /** A piece and all that it leads to, in the order of being reached. */
  reachOf(id: number): Piece[] {
    this.settle();
    return Array.from(this.reachedFrom(id), (at) => this.pieces[at]!);
  }

  private reachedFrom(id: number): Set<number> {
    const found = new Set<number>([id]);
    for (const at of found) for (const next of this.pieces[at]!.next) found.add(next);
    return found;
  }

  /** What a program has changed of the language. Anything may use it. */
  patches(): number[] {
    return this.language.patches.map(([place, value]) => {
      const id = this.piece(place);
      this.pieces[id]!.text = `patched ${place}`;
      this.pieces[id]!.next.push(this.value(value, place));
      return id;
    });
  }

  private settle(): void {
    do this.reachAll();
    while (this.resolveSupers());
  }

  private reachAll(): void {
    while (this.work.length > 0 || this.asking.length > 0) {
      for (let i = 0; i < this.work.length; i++) this.work[i]!();
      this.work.length = 0;
      const asking = this.asking.splice(0);
      const unknown = [...new Set(asking.map(({ fn }) => fn))].filter((fn) => !this.facts.has(fn));
      if (unknown.length > 0) for (const [i, facts] of factsOf(unknown).entries()) this.facts.set(unknown[i]!, facts);
      for (const { fn, then } of asking) then(this.facts.get(fn)!);
    }
  }

  private ask(fn: Function, then: (facts: FunctionFacts) => void): void {
    const known = this.facts.get(fn) ?? lasting.get(fn);
    if (known === undefined) this.asking.push({ fn, then });
    else then(known);
  }

  private piece(name: string, file = ""): number {
    this.pieces.push({ name, file, text: "", next: [], problem: undefined });
    return this.pieces.length - 1;
  }

  private leaf(text: string, name = ""): number {
    return remembered(this.leaves, `${text}\n${name}`, () => {
      const id = this.piece(name);
      this.pieces[id]!.text = text;
      return id;
    });
  }

  /** A property's key, in the place before its value. */
  private key(key: PropertyKey): number {
    return typeof key === "symbol" ? this.value(key) : this.leaf(`key ${String(key)}`);
  }

  private unknown(id: number, problem: string): void {
    const piece = this.pieces[id]!;
    piece.problem ??= piece.name === "" ? problem : `${problem} (${piece.name})`;
  }

  private objectPieceFor(object: object, name: string): { readonly id: number; readonly isNew: boolean } {
    const known = this.byIdentity.get(object);
    if (known !== undefined) return { id: known, isNew: false };
    const builtIn = this.language.names.get(object);
    const id = builtIn === undefined ? this.piece(name) : this.leaf(`built-in ${builtIn}`);
    this.byIdentity.set(object, id);
    const world = WORLD.get(object);
    if (world !== undefined) this.unknown(id, `${world} is handed on as a whole`);
    const runs = RUN_CODE.get(object);
    if (runs !== undefined) this.unknown(id, `${runs} runs code that can't be seen`);
    if (typeof object === "function" && isRequire(object)) this.unknown(id, "a require() that is handed on");
    if (builtIn === undefined) this.owners.set(id, object);
    if (builtIn === undefined && typeof object !== "function") this.identities.add(id);
    if (this.byIdentity.size > MOST) this.unknown(id, `it leads to more than ${MOST.toLocaleString("en")} objects`);
    return { id, isNew: builtIn === undefined && this.byIdentity.size <= MOST };
  }

  private functionPiece(fn: Function, name: string): number {
    const { id, isNew } = this.objectPieceFor(fn, name === "" ? nameOf(fn) : name);
    if (!isNew) return id;
    if (types.isProxy(fn)) this.work.push(() => this.proxy(id, fn));
    else this.work.push(() => this.ask(fn, (facts) => this.describe(id, fn, facts)));
    return id;
  }

  private describe(id: number, fn: Function, facts: FunctionFacts): void {
    const piece = this.pieces[id]! as { name: string; file: string; text: string; next: number[] };
    if (facts.kind === "native") {
      piece.text = `native ${nameOf(fn)}`;
      if (!isOfNode(fn)) this.unknown(id, "a native function: V8 does not show what it has inside");
      return;
    }
    if (facts.kind === "bound") {
      piece.text = "bound";
      const self = this.piece("");
      this.ask(facts.target, (target) => {
        this.pieces[self]!.next.push(isPackaged(target) ? this.inward(facts.self) : this.value(facts.self));
      });
      piece.next.push(this.value(facts.target), self, ...facts.given.map((value) => this.value(value)));
      return;
    }
    const { script } = facts;
    if (script.url.startsWith("node:")) {
      piece.text = `${script.url} ${nameOf(fn)} ${facts.offset}`;
      if (fn === cwd) piece.next.push(this.value(cwd.call(process)));
      // What Node has put around a function of the program, as promisify() does, has that in its closure.
      if (facts.scopes.length > 0 && topOf(facts) > 0 && !isOfNode(fn)) this.closures(id, fn, facts);
      return;
    }
    const owner = packageOf(script.url);
    if (owner !== undefined) {
      piece.name = `package ${owner.name}`;
      const isOurs = owner.name === OUR_NAME;
      const content = isOurs ? nameOf(fn) : `${hashOf(textOf(fn))} ${environmentOf(owner.variables)}`;
      piece.text = `package ${owner.name} ${owner.hash} ${content}`;
      if (isOurs) return;
      this.closures(id, fn, facts);
      this.ownProperties(id, fn);
      this.changedMembers(id, fn);
      return;
    }
    piece.file = placeOf(script);
    const form = this.formOf(fn, facts);
    if (form === undefined) {
      piece.text = `text ${hashOf(textOf(fn))} ${hashOf(sourceOf(script))}`;
      this.unknown(id, "its script can't be parsed");
      return;
    }
    this.register(facts);
    if (isLasting(form, facts)) lasting.set(fn, facts);
    piece.name = form.kind === "class" ? `class ${nameOf(fn)}` : `${piece.name}()`;
    if (form.kind === "class") this.classPiece(id, fn, form, facts);
    else this.code(id, form, facts);
    if (form.kind === "class") this.described.push({ type: fn, form, facts });
    else if (form.supers.length > 0) this.homeless.push({ id, fn, form, facts });
    if (form.kind === "function" && form.capturesThis) this.unknown(id, `it uses "this" of what is around it`);
    this.ownProperties(id, fn);
  }

  /** Functions and classes that names at the top of a script stand for, for ever, see what is at its top: V8 need not be asked. */
  private register({ script, scopes }: Code): void {
    if (this.registered.has(script)) return;
    this.registered.add(script);
    const top = scopes.slice(topOf({ script, scopes }));
    const forms = scriptForms(script);
    if (forms === undefined || top.length === 0) return;
    for (const { name, form, text } of forms.constants) {
      const value = read(top[0]!.variables, name);
      if (!value.isThere || typeof value.value !== "function" || this.facts.has(value.value)) continue;
      const fn = value.value;
      if (types.isProxy(fn) || textHash(textOf(fn)) !== text) continue;
      this.facts.set(fn, { kind: "code", script, offset: form.start, scopes: top, form });
    }
  }

  private formOf(fn: Function, facts: Code): Shape | undefined {
    if (facts.form !== undefined) return facts.form;
    return scriptForms(facts.script)?.at(facts.offset, isClassText(fn));
  }

  /** What a function's text refers to. */
  private code(id: number, form: Form, facts: Code): void {
    const piece = this.pieces[id]!;
    piece.text = `code ${form.hash}`;
    for (const reference of form.references) piece.next.push(this.reference(reference, facts));
    this.scopes(id, form, facts);
    for (const specifier of form.imports) this.imported(id, specifier, facts);
    for (const problem of form.problems) this.unknown(id, problem);
  }

  /** The scopes that a function shares with others by a variable that is assigned: each is one, and not another one like it. */
  private scopes(id: number, form: Form, { script, scopes }: Code): void {
    const met = new Set<number>();
    for (const { name, scope } of form.references) {
      if (scope === undefined || met.has(scope.at)) continue;
      met.add(scope.at);
      const variables = scopes.find((each) => !each.isGlobal && read(each.variables, name).isThere)?.variables;
      if (variables === undefined) continue;
      const alike = remembered(this.alike, `${script.id} ${scope.at}`, () => []);
      const answers = alike.map((other) => ({ other, is: isSameScope(variables, other.variables, scope.made) }));
      const same = answers.find(({ is }) => is === true)?.other;
      const own = same?.id ?? this.piece("");
      this.pieces[id]!.next.push(own);
      if (same !== undefined) continue;
      this.pieces[own]!.text = "scope";
      this.identities.add(own);
      alike.push({ id: own, variables });
      const problem = `two functions that may have one variable, or two of that name, in common: V8 does not show which (${name})`;
      for (const { other, is } of answers)
        if (is === undefined) this.doubts.push({ between: [own, other.id], piece: { ...this.pieces[id]!, problem } });
    }
  }

  private doubtOf(id: number): Piece | undefined {
    if (this.doubts.length === 0) return undefined;
    const reached = this.reachedFrom(id);
    return this.doubts.find(({ between }) => between.every((scope) => reached.has(scope)))?.piece;
  }

  private imported(id: number, specifier: string, { script }: Code): void {
    const lazy = lazyImport(specifier, script.url);
    if ("problem" in lazy) this.unknown(id, lazy.problem);
    else {
      const text = `import ${lazy.hash} ${environmentOf(lazy.variables)}`;
      this.pieces[id]!.next.push(this.leaf(text, `import("${specifier}")`));
    }
  }

  private reference(reference: Reference, facts: Code): number {
    const { name, around } = reference;
    if (around !== undefined) {
      const id = this.piece(`${name}()`);
      this.code(id, around, facts);
      return id;
    }
    const id = this.referred(reference, facts);
    // Values are told of where they are read.
    const piece = this.pieces[id]! as { file: string };
    if (piece.file === "") piece.file = placeOf(facts.script);
    return id;
  }

  private referred(reference: Reference, facts: Code): number {
    const { name } = reference;
    const found = this.variable(name, facts);
    if (!found.isThere) {
      if (!reference.namesField) return this.leaf(`no variable ${name}`, name);
      const id = this.piece(name);
      this.unknown(id, "a field of a computed name");
      return id;
    }
    if (found.isUnset) return this.leaf("not initialised", name);
    if (reference.isTypeOf) return this.leaf(`typeof ${typeof found.value}`, name);
    const { path: way, keyedBy } = reference;
    const key = keyedBy === undefined ? undefined : this.variable(keyedBy, facts).value;
    if (typeof key === "string" && valueAt(found.value, way) === process.env)
      return this.along(found.value, { path: [...way, key], isCalled: false }, name);
    const id = this.along(found.value, reference, name, reference.firstArguments, facts);
    const holder = reference.isAssigned ? valueAt(found.value, way.slice(0, -1)) : undefined;
    if (!isObject(holder) || types.isProxy(holder)) return id;
    const both = this.piece("");
    this.pieces[both]!.text = assignability(holder, way.at(-1)!);
    this.pieces[both]!.next.push(id);
    return both;
  }

  private variable(name: string, { scopes }: Code): Found {
    for (const { variables, isGlobal } of scopes) {
      const found = isGlobal ? onGlobal(variables, name) : read(variables, name);
      if (found.isThere) return found;
    }
    return onGlobal(globalThis, name);
  }

  /** What a path leads to. It ends at what only running it can tell: then what is there counts as a whole. */
  private along(
    start: unknown,
    { path: way, isCalled }: Way,
    name: string,
    firstArguments: Reference["firstArguments"] = [],
    facts?: Code,
  ): number {
    let value = start;
    for (const [i, key] of way.entries()) {
      if (value === process.env)
        return this.leaf(`process.env.${key} ${JSON.stringify(process.env[key])}`, `process.env.${key}`);
      if ((typeof value !== "object" && typeof value !== "function") || value === null || types.isProxy(value)) {
        return this.value(value, name);
      }
      const holder = value;
      const descriptor = findDescriptor(holder, key);
      if (descriptor === "unset") return this.leaf("not initialised", `${name}.${key}`);
      const builtIn = this.language.names.get(holder);
      if (descriptor === undefined) {
        if (hasProxyBase(holder)) return this.value(holder, name);
        // A member that is not there has no value, on whatever it is not.
        return this.leaf(`nothing at ${key}`, `${name}.${key}`);
      }
      const given = givenByNode(descriptor);
      if (given.isThere) {
        value = given.value;
        name = key;
        continue;
      }
      if (!("value" in descriptor)) return this.accessor(holder, descriptor, name, key, way.slice(i + 1), isCalled);
      const isLast = i === way.length - 1;
      const next = descriptor.value as unknown;
      if (typeof next === "function" && this.isBuiltIn(next) && builtIn === undefined && !isNamespace(holder)) {
        // A method of the language may read all of it: `STOP.has(word)`, `words.join()`.
        return this.value(holder, name);
      }
      if (typeof next === "function" && isLast && isCalled && !isNamespace(holder)) {
        return this.called(next, holder, builtIn === undefined ? `${name}.${key}` : "", firstArguments, facts);
      }
      value = next;
      name = isNamespace(holder) ? key : `${name}.${key}`;
    }
    if (value === process.env) {
      const id = this.piece(name);
      this.unknown(id, "it reads process.env by a name that is computed");
      return id;
    }
    // `f instanceof Function`
    if (value === Function && name === "Function" && !isCalled) return this.leaf("built-in Function");
    if (typeof value === "function" && isCalled) return this.called(value, undefined, name, firstArguments, facts);
    return this.value(value, name);
  }

  private called(
    fn: Function,
    holder: object | undefined,
    name: string,
    firstArguments: Reference["firstArguments"],
    facts?: Code,
  ): number {
    if (isRequire(fn) && facts !== undefined) return this.required(fn, firstArguments, facts);
    return holder === undefined || this.language.names.has(holder)
      ? this.value(fn, name)
      : this.method(fn, holder, name);
  }

  /** `require("./table.cjs")`, by whatever name. */
  private required(fn: Function, firstArguments: Reference["firstArguments"], facts: Code): number {
    const id = this.piece(nameOf(fn));
    this.pieces[id]!.text = "require";
    for (const specifier of firstArguments) {
      if (specifier === null) this.unknown(id, "a require() of a computed name");
      else this.imported(id, specifier, facts);
    }
    return id;
  }

  private accessor(
    holder: object,
    { get }: PropertyDescriptor,
    name: string,
    key: string,
    rest: readonly string[],
    isCalled: boolean,
  ): number {
    if (get === undefined) return this.leaf(`nothing at ${key}`, `${name}.${key}`);
    if (this.isBuiltIn(get)) {
      return this.language.names.has(holder) ? this.leaf(`built-in ${name}.${key}`) : this.value(holder, name);
    }
    const id = this.piece(`${name}.${key}`);
    this.pieces[id]!.text = "getter";
    this.ask(get, (facts) => {
      const form = facts.kind === "code" ? this.formOf(get, facts) : undefined;
      const gives = form?.kind === "function" ? form.gives : undefined;
      const given = gives && this.whatGives(form as FunctionForm, gives, facts as Code);
      // What compilers write for an export: it gives a variable, and nothing else.
      if (given !== undefined) this.pieces[id]!.next.push(this.along(given.value, { path: rest, isCalled }, key));
      else this.pieces[id]!.next.push(this.method(get, holder, `${name}.${key}`));
    });
    return id;
  }

  private whatGives(
    { references }: FunctionForm,
    { reference, key }: NonNullable<FunctionForm["gives"]>,
    facts: Code,
  ): { readonly value: unknown } | undefined {
    const plain = (number: number): Found => {
      const { name, path: way } = references[number]!;
      let found = this.variable(name, facts);
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
    if (key === undefined) return { value: object.value };
    const name = plain(key);
    if (!name.isThere || typeof name.value !== "string" || !isObject(object.value)) return undefined;
    const descriptor = findDescriptor(object.value, name.value);
    return descriptor === undefined || descriptor === "unset" || !("value" in descriptor)
      ? undefined
      : { value: descriptor.value };
  }

  private isBuiltIn(fn: Function): boolean {
    return this.language.names.has(fn);
  }

  /** What a method reads of the object it is called on. */
  private membersOf(
    id: number,
    fn: Function,
    form: Shape,
    holder: object,
    facts: Code,
    skips: (name: string) => boolean,
  ): void {
    const piece = this.pieces[id]!;
    // An arrow that is a field's value has the object's own `this`.
    if (form.members === undefined) piece.next.push(this.whole(holder, skips));
    for (const way of form.members ?? []) {
      const [first] = way.path;
      if (skips(first!)) continue;
      if (first!.startsWith("#")) this.privateMember(id, fn, first!, holder, facts);
      else if (first === "constructor") piece.next.push(this.staticOf(holder, way));
      else piece.next.push(this.member(holder, way, skips));
    }
    for (const number of form.sharesThis) {
      const reference = form.references[number]!;
      const found = this.variable(reference.name, facts);
      if (found.isThere && typeof found.value === "function" && reference.path.length === 0) {
        piece.next.push(this.method(found.value, holder, reference.name, skips));
      } else piece.next.push(this.whole(holder, skips));
    }
    if (form.supers.length > 0) this.supers(id, fn, form, holder, skips);
  }

  private member(holder: object, way: Way, skips: (name: string) => boolean): number {
    const [first, ...rest] = way.path;
    const descriptor = findDescriptor(holder, first!);
    if (descriptor !== undefined && descriptor !== "unset" && rest.length === 0) {
      const fn = ("value" in descriptor ? descriptor.value : descriptor.get) as unknown;
      if (typeof fn === "function" && !this.isBuiltIn(fn) && (way.isCalled || !("value" in descriptor))) {
        return this.method(fn, holder, first!, skips);
      }
    }
    return this.along(holder, way, "this");
  }

  /** `this.constructor.name`, `this.constructor.LIMIT` */
  private staticOf(holder: object, { path: [, ...way], isCalled }: Way): number {
    const type = holder.constructor as unknown;
    if (typeof type !== "function") return this.leaf("no constructor");
    return way.length === 0 ? this.value(type) : this.along(type, { path: way, isCalled }, nameOf(type));
  }

  private supers(id: number, fn: Function, form: Form, holder: object, skips: (name: string) => boolean): void {
    const home = homeOf(fn, holder);
    if (home === undefined) {
      this.unknown(id, `it uses "super" of an object, or of a class that can't be found`);
      return;
    }
    this.homes.set(fn, home);
    for (const {
      path: [name, ...rest],
      isCalled,
    } of form.supers) {
      const base = getPrototypeOf(home);
      if (base !== null) {
        const descriptor = findDescriptor(base, name!);
        const found =
          descriptor === undefined || descriptor === "unset" ? undefined : (descriptor.value ?? descriptor.get);
        if (typeof found === "function" && isCalled && rest.length === 0) {
          this.pieces[id]!.next.push(this.method(found, holder, name!, skips));
        } else this.pieces[id]!.next.push(this.value(found, name));
      }
    }
  }

  /** Resolves `super` in functions that were reached without an object. @returns true if there were any. */
  private resolveSupers(): boolean {
    const all = this.homeless.splice(0);
    for (const { id, fn, form, facts } of all) {
      const homes = this.homesOf(fn, facts);
      if (homes.length === 0) this.unknown(id, `it uses "super", and is of no object or class that can be found`);
      for (const home of homes) {
        const base = getPrototypeOf(home);
        for (const {
          path: [name],
        } of base === null ? [] : form.supers) {
          const descriptor = findDescriptor(base!, name!);
          if (descriptor === undefined || descriptor === "unset") continue;
          const found = (descriptor.value ?? descriptor.get) as unknown;
          this.pieces[id]!.next.push(this.leaf(`super ${name}`), this.value(found, name));
          const next = typeof found === "function" ? homeOf(found, base!) : undefined;
          if (next !== undefined) this.homes.set(found as Function, next);
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
      (each) => !this.placeOf(each.type, each.facts).isInFunction || sides(each).some((side) => hasMember(side, fn)),
    );
    return only === undefined || others.length > 0 ? [] : sides(only);
  }

  /** All that an object is: its own properties, and all members of its classes, but those that it can't read. */
  private whole(holder: object, skips: (name: string) => boolean): number {
    const id = this.piece("this");
    const piece = this.pieces[id]!;
    piece.text = "all of this";
    const add = (key: PropertyKey, value: number) => piece.next.push(this.key(key), value);
    const isSkipped = (key: PropertyKey) => typeof key === "string" && skips(key);
    for (const key of ownKeys(holder)) {
      if (isSkipped(key)) continue;
      const value = read(holder, key);
      add(key, this.value(value.isThere ? value.value : undefined, String(key)));
    }
    if (this.hasPrivates(holder)) this.privateProperties(id, holder);
    for (let at = getPrototypeOf(holder); at !== null && at !== Object.prototype; at = getPrototypeOf(at)) {
      for (const key of ownKeys(at)) {
        if (key === "constructor" || isSkipped(key)) continue;
        const { value, get, set } = getOwnPropertyDescriptor(at, key)!;
        for (const part of [value, get, set] as unknown[]) {
          if (part === undefined) continue;
          add(key, typeof part === "function" ? this.method(part, holder, String(key), skips) : this.value(part));
        }
      }
      const type = getOwnPropertyDescriptor(at, "constructor")?.value as unknown;
      if (typeof type === "function") piece.next.push(this.making(type));
    }
    return id;
  }

  /** A class without its methods: its constructor, fields, statics, and what decorators add to it. */
  private making(type: Function): number {
    const id = this.piece(`class ${nameOf(type)}`);
    this.ask(type, (facts) => {
      const form = facts.kind === "code" && !isPackaged(facts) ? this.formOf(type, facts) : undefined;
      if (form?.kind !== "class") {
        this.pieces[id]!.next.push(this.value(type));
        return;
      }
      this.code(id, form.making, facts as Code);
      this.pieces[id]!.text += ` ${nameOf(type)}`;
      this.ownProperties(id, type);
      this.decorations(id, type);
    });
    return id;
  }

  /** `this.#helper()`, `this.#limit` */
  private privateMember(id: number, fn: Function, name: string, holder: object, facts: Code): void {
    const piece = this.pieces[id]!;
    const isNamed = (known: { readonly name: string }) => known.name === name;
    const type = scriptForms(facts.script)!
      .classes.filter((form) => form.start <= facts.offset && facts.offset < form.end && form.privates.some(isNamed))
      .at(-1);
    const forms = type?.privates.find(isNamed)?.forms;
    if (forms === undefined) {
      this.unknown(id, `its class has no ${name}`);
      return;
    }
    const known = remembered(this.byPrivate, holder, () => new Map<readonly Form[], number>());
    let method = known.get(forms);
    if (method === undefined) {
      method = this.piece(forms.length === 0 ? name : `${name}()`, piece.file);
      known.set(forms, method);
      for (const form of forms) {
        const part = this.piece("", piece.file);
        this.pieces[method]!.next.push(part);
        this.code(part, form, facts);
        this.membersOf(
          part,
          fn,
          { ...form, kind: "function", at: form.start, ...NO_ARROW },
          holder,
          facts,
          () => false,
        );
      }
      const value = hiddenOf(holder).get(name);
      if (typeof value !== "function") this.pieces[method]!.next.push(this.value(value, name));
    }
    piece.next.push(method);
  }

  private classPiece(id: number, type: Function, form: ClassForm, facts: Code): void {
    this.code(id, form, facts);
    const piece = this.pieces[id]!;
    piece.text = `class ${form.hash} ${nameOf(type)}`;
    piece.text += ` ${this.names(id, type)}`;
    if (form.privates.length > 0) this.privateProperties(id, type);
    const base = getPrototypeOf(type);
    if (base !== null && base !== Function.prototype) piece.next.push(this.value(base));
    const source = textOf(type);
    const prototype = getOwnPropertyDescriptor(type, "prototype")?.value as object | undefined;
    if (prototype !== undefined) {
      piece.text += ` ${this.names(id, prototype)}`;
      this.members(id, prototype, source);
    }
    this.decorations(id, type);
  }

  /** The records that decorators keep of a class elsewhere. */
  private decorations(id: number, type: Function): void {
    const { next } = this.pieces[id]!;
    for (const [place, value] of decorationsOf(type))
      next.push(this.leaf(`decorated ${place}`), this.value(value, place));
    for (const { member, key, value } of metadataOf(type)) {
      next.push(this.leaf("metadata"), this.value(member), this.value(key));
      // A type is not used by being named: which one it is counts, and not what it does.
      next.push(isDesign(key) ? this.leaf(typeNames(value)) : this.value(value, String(key)));
    }
  }

  /** The names of members, which may be computed, and where one is not what it is born as: hidden, and to be written. */
  private names(id: number, object: object): string {
    const names = ownKeys(object).map((key) => {
      if (typeof key === "symbol") this.pieces[id]!.next.push(this.value(key));
      const { enumerable, writable } = getOwnPropertyDescriptor(object, key)!;
      return `${String(key)}${enumerable === true ? " shown" : ""}${writable === false ? " fixed" : ""}`;
    });
    return JSON.stringify(names);
  }

  /** Whether a class of an object has anything that is private. */
  private hasPrivates(object: object): boolean {
    for (const type of classesOf(object)) {
      if (remembered(withPrivates, type, () => textOf(type).includes("#"))) return true;
    }
    return false;
  }

  /** `#field`s of an object, or a class. */
  private privateProperties(id: number, object: object): void {
    for (const [name, value] of hiddenOf(object)) {
      if (!name.startsWith("#")) continue;
      this.pieces[id]!.next.push(this.leaf(`key ${name}`), this.value(value, name));
    }
  }

  /** Members that a program has put on the prototype of a package's class, and on those of the classes that it extends. */
  private changedMembers(id: number, type: Function): void {
    // What is on the prototype of a function is looked at with its properties.
    if (!isClassText(type)) return;
    const prototype = getOwnPropertyDescriptor(type, "prototype")?.value as object | undefined;
    if (prototype !== undefined) this.members(id, prototype, textOf(type));
    const base = getPrototypeOf(type);
    if (base !== null && base !== Function.prototype) this.pieces[id]!.next.push(this.value(base));
  }

  /** Members whose text is not in the class's: a decorator put them there, or a statement beside the class. */
  private members(id: number, object: object, source: string): void {
    for (const key of ownKeys(object)) {
      if (key === "constructor" || key === "prototype" || key === "length" || key === "name") continue;
      const descriptor = getOwnPropertyDescriptor(object, key)!;
      const parts = [descriptor.value, descriptor.get, descriptor.set].filter(
        (part) => part !== undefined,
      ) as unknown[];
      const isWritten = (part: unknown) =>
        typeof part === "function" && !types.isProxy(part) && source.includes(textOf(part));
      if (parts.length > 0 && parts.every(isWritten)) continue;
      this.pieces[id]!.next.push(this.key(key), ...parts.map((part) => this.value(part, String(key))));
    }
  }

  /** What hangs on a function: `f.cache = ...`, static members. */
  private ownProperties(id: number, fn: Function): void {
    const piece = this.pieces[id]!;
    for (const key of ownKeys(fn)) {
      if (key === "length" || key === "name" || key === "arguments" || key === "caller") continue;
      const found = read(fn, key);
      if (key === "prototype") {
        const isPlain = isClassText(fn) || !isObject(found.value) || isFresh(found.value, fn);
        if (!isPlain) piece.next.push(this.leaf("key prototype"), this.value(found.value, "prototype"));
        continue;
      }
      const { get, set } = getOwnPropertyDescriptor(fn, key) ?? {};
      piece.next.push(this.key(key));
      if (get !== undefined || set !== undefined) piece.next.push(this.value(get), this.value(set));
      else piece.next.push(this.value(found.isThere ? found.value : undefined, `${nameOf(fn)}.${String(key)}`));
    }
  }

  /** Of a function of Node or of a package, the variables that are not those of its module. */
  private closures(id: number, fn: Function, facts: Code): void {
    for (const [name, value] of innerVariables(fn, facts))
      this.pieces[id]!.next.push(this.leaf(`key ${name}`), this.inward(value, name));
  }

  /** A value that only code sees which reads nothing of the world by it: a package's, or the language's. */
  private inward(value: unknown, name = ""): number {
    const world = WORLD.get(value);
    return world === undefined ? this.value(value, name) : this.leaf(`built-in ${world}`);
  }

  /**
   * What functions around the classes of an object, and around a method of it, have given these: all but the code that is written
   * in those functions and classes themselves.
   *
   * @param skips the members of the object that are no fields.
   */
  given(method: Function, object: object, skips: (name: string) => boolean): number {
    const id = this.piece("");
    const asked = [method, ...classesOf(object)];
    const known: FunctionFacts[] = [];
    let waiting = asked.length;
    for (const [i, fn] of asked.entries()) {
      this.ask(fn, (facts) => {
        known[i] = facts;
        if (--waiting === 0) this.givenTo(id, asked, known, object, skips);
      });
    }
    return id;
  }

  private givenTo(
    id: number,
    asked: readonly Function[],
    known: readonly FunctionFacts[],
    object: object,
    skips: (name: string) => boolean,
  ): void {
    const { next } = this.pieces[id]!;
    const own: Place[] = [];
    const classes: { readonly type: Function; readonly isInFunction: boolean }[] = [];
    let isGiven = false;
    for (const [i, fn] of asked.entries()) {
      const facts = known[i]!;
      if (isPackaged(facts)) continue;
      const place = this.placeOf(fn, facts as Code);
      if (i > 0 && !isGiven) classes.push({ type: fn, isInFunction: place.isInFunction });
      // The base that a function was handed is no code of its own, nor are those that this extends.
      if (!isGiven) own.push(place);
      if (i === 1 && !place.isAlone)
        this.unknown(
          id,
          `its file has another class named ${nameOf(fn)}: its version does not tell which of them it is`,
        );
      if (i === 1) next.push(this.leaf(`class ${place.name}`));
      if (isGiven || i === 0 || !place.isInFunction || this.namesBase(fn, facts as Code)) continue;
      next.push(this.value(getPrototypeOf(fn)));
      isGiven = true;
    }
    const captured = new Map<Function, number>();
    const part = (value: unknown, name: string) =>
      typeof value === "function" ? this.captured(value, own, captured) : this.value(value, name);
    const parts = (holder: object, without: (key: PropertyKey) => boolean) => {
      for (const key of ownKeys(holder).filter((key) => !without(key)))
        next.push(this.key(key), part(read(holder, key).value, String(key)));
    };
    next.push(this.captured(asked[0]!, own, captured));
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
    const id = this.piece("");
    known.set(fn, id);
    this.ask(fn, (facts) => {
      const { next } = this.pieces[id]!;
      const isOwn =
        !isPackaged(facts) &&
        places.some(({ script, start, end }) => {
          const { script: at, offset } = facts as Code;
          return script === at && start <= offset && offset < end;
        });
      if (!isOwn) {
        next.push(this.value(fn));
        return;
      }
      for (const [name, value] of innerVariables(fn, facts as Code)) {
        const inner = typeof value === "function" ? this.captured(value, places, known) : this.value(value, name);
        next.push(this.leaf(`key ${name}`), inner);
      }
    });
    return id;
  }

  /** True if a class names the one that it extends at the top of its script: then that is no other one in another class of its kind. */
  private namesBase(type: Function, facts: Code): boolean {
    const base = getPrototypeOf(type);
    const top = facts.scopes.slice(topOf(facts));
    return (this.formOf(type, facts)?.references ?? []).some(({ name, path }) => {
      const isInner = facts.scopes.slice(0, topOf(facts)).some(({ variables }) => read(variables, name).isThere);
      return !isInner && valueAt(this.variable(name, { ...facts, scopes: top }).value, path) === base;
    });
  }

  /** Where a function, or class, and the functions around it are written. */
  private placeOf(fn: Function, facts: Code): Place {
    const { script } = facts;
    const form = this.formOf(fn, facts);
    if (form === undefined) return { script, start: 0, end: 0, isInFunction: true, isAlone: true, name: "" };
    const forms = scriptForms(script)!;
    const { start, end } = forms.outermost(form);
    const name = form.kind === "class" ? form.name : undefined;
    const isAlone = name === undefined || forms.classes.filter((other) => other.name === name).length === 1;
    return { script, start, end, isInFunction: start !== form.start || end !== form.end, isAlone, name: name ?? "" };
  }

  private proxy(id: number, proxy: object): void {
    const hidden = hiddenOf(proxy);
    this.pieces[id]!.text = "proxy";
    this.pieces[id]!.next.push(this.value(hidden.get("[[Target]]")), this.value(hidden.get("[[Handler]]")));
  }

  private objectPiece(object: object, name: string): number {
    const { id, isNew } = this.objectPieceFor(object, name);
    if (isNew) {
      this.work.push(() => {
        try {
          this.describeObject(id, object, name);
        } catch (error) {
          this.unknown(id, `it can't be read: ${describeError(error)}`);
        }
      });
    }
    return id;
  }

  private describeObject(id: number, object: object, name: string): void {
    const piece = this.pieces[id]!;
    if (types.isProxy(object)) {
      this.proxy(id, object);
      return;
    }
    if (isNamespace(object)) {
      const main = read(object, "default");
      if (main.isThere && isObject(main.value) && this.language.names.get(main.value)?.startsWith("node:")) {
        piece.next.push(this.value(main.value));
        return;
      }
    }
    if (ArrayBuffer.isView(object) || types.isAnyArrayBuffer(object)) {
      const bytes = ArrayBuffer.isView(object)
        ? new Uint8Array(object.buffer, object.byteOffset, object.byteLength)
        : new Uint8Array(object);
      piece.text = `bytes ${Object.prototype.toString.call(object)} ${hashOf(Buffer.from(bytes).toString("latin1"))}`;
      return;
    }
    const kind = this.kindOf(id, object, name);
    if (kind === undefined) return;
    const keys: string[] = [];
    for (const key of ownKeys(object)) {
      if (kind === "error" && key === "stack") continue;
      if ((kind === "array" && key === "length") || ASYNC_IDS.has(key)) continue;
      const descriptor = descriptorOf(object, key);
      if (descriptor === "unset" || descriptor === undefined) {
        keys.push(`${String(key)} unset`);
        continue;
      }
      const { value, get, set, enumerable, writable, configurable } = descriptor;
      const flags = [
        enumerable === true ? "" : "hidden",
        get || set ? "accessor" : "",
        writable === false ? "fixed" : "",
      ];
      keys.push(`${typeof key} ${String(key)} ${flags.join(" ")} ${configurable === true ? "" : "lasting"}`);
      if (typeof key === "symbol") piece.next.push(this.value(key));
      const inner = typeof key === "string" && name !== "" ? `${name}.${key}` : String(key);
      if (get || set) piece.next.push(this.value(get, inner), this.value(set, inner));
      else piece.next.push(this.value(value as unknown, typeof value === "object" ? name : inner));
    }
    piece.text += ` ${kind} ${JSON.stringify(keys)}${Array.isArray(object) ? object.length : ""}`;
    if (!isExtensible(object)) piece.text += " closed";
    if (this.hasPrivates(object)) this.privateProperties(id, object);
    const base = getPrototypeOf(object);
    if (base !== null && base !== Object.prototype && base !== Array.prototype && !isNamespace(object))
      this.base(id, object, base);
  }

  /** An object's prototype is that of a class; or an object like others. */
  private base(id: number, object: object, base: object): void {
    const type = getOwnPropertyDescriptor(base, "constructor")?.value as unknown;
    const isClass = typeof type === "function" && getOwnPropertyDescriptor(type, "prototype")?.value === base;
    const isItself = isClass && object === base;
    this.pieces[id]!.next.push(isClass && !isItself ? this.value(type) : this.value(base));
  }

  /** What an object is beside its properties; undefined: nothing more is to be said. */
  private kindOf(id: number, object: object, name: string): string | undefined {
    const piece = this.pieces[id]!;
    if (Array.isArray(object)) return "array";
    if (types.isMap(object)) {
      forEachOf.Map(object, (value, key) => piece.next.push(this.value(key, name), this.value(value, name)));
      return `map ${piece.next.length}`;
    }
    if (types.isSet(object)) {
      forEachOf.Set(object, (value) => piece.next.push(this.value(value, name)));
      return `set ${piece.next.length}`;
    }
    if (types.isDate(object)) return `date ${timeOf(object)}`;
    if (types.isRegExp(object)) return `regexp ${object.source} ${object.flags}`;
    if (types.isBoxedPrimitive(object)) return `boxed ${primitiveText((object as { valueOf(): unknown }).valueOf())}`;
    if (types.isNativeError(object)) return "error";
    if (types.isPromise(object)) {
      const hidden = hiddenOf(object);
      const state = String(hidden.get("[[PromiseState]]"));
      if (state === "pending") this.unknown(id, "a promise that is not settled");
      piece.next.push(this.value(hidden.get("[[PromiseResult]]"), name));
      return `promise ${state}`;
    }
    if (types.isWeakMap(object) || types.isWeakSet(object)) {
      const entries = hiddenOf(object).get("[[Entries]]") as readonly unknown[] | undefined;
      if (entries !== undefined && entries.length > 0) this.unknown(id, "a WeakMap or WeakSet with something in it");
      return "weak";
    }
    if (types.isGeneratorObject(object) || types.isMapIterator(object) || types.isSetIterator(object)) {
      this.unknown(id, "a generator, or an iterator");
      return undefined;
    }
    if (types.isExternal(object) || ITERATORS.has(getPrototypeOf(object)!)) {
      this.unknown(id, types.isExternal(object) ? "memory that is not JavaScript's" : "a generator, or an iterator");
      return undefined;
    }
    for (const type of classesOf(object)) {
      if (!isNative(type) || KNOWN.has(type)) continue;
      const options = intlOptions(type, object);
      if (options !== undefined) return `intl ${nameOf(type)} ${options}`;
      const named = [...classesOf(object)].find((each) => nameOf(each) !== "");
      this.unknown(id, `V8 does not show what is in a ${named === undefined ? "native object" : nameOf(named)}`);
    }
    const stored = storedIn(object);
    if (stored !== undefined) piece.next.push(this.value(stored.value, name));
    return "object";
  }
}

/** The variables of a function's that are not those of its module, and that its text has the names of. */
function innerVariables(fn: Function, facts: Code): (readonly [name: string, value: unknown])[] {
  const inner = facts.scopes.slice(0, topOf(facts));
  if (inner.length === 0) return [];
  const words = new Set(textOf(fn).match(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu));
  return inner.flatMap(({ variables }) =>
    ownKeys(variables).flatMap((name) => {
      if (typeof name !== "string" || !words.has(name)) return [];
      return [[name, read(variables, name).value] as const];
    }),
  );
}

/** True if a member can be assigned, and deleted. */
function assignability(holder: object, key: string): string {
  const { writable, configurable, set } = getOwnPropertyDescriptor(holder, key) ?? {};
  return JSON.stringify([writable, configurable, set !== undefined, isExtensible(holder)]);
}

/** The value at the end of a path, without running any code of a program. */
function valueAt(start: unknown, way: readonly string[]): unknown {
  let value = start;
  for (const key of way) {
    if (!isObject(value) || types.isProxy(value)) return undefined;
    const descriptor = findDescriptor(value, key);
    if (descriptor === undefined || descriptor === "unset") return undefined;
    value = givenByNode(descriptor).value ?? descriptor.value;
  }
  return value;
}

/** True if two copies are of one scope, as far as that can be told: V8 makes a copy of it for each function. */
function isSameScope(one: object, other: object, made: readonly string[]): boolean | undefined {
  const isEqual = (name: PropertyKey) => Object.is(read(one, name).value, read(other, name).value);
  if (one === other) return true;
  if (!ownKeys(one).every(isEqual)) return false;
  return made.some((name) => isObject(read(one, name).value)) ? true : undefined;
}

/** The names of emitted types, which may be in a list. */
function typeNames(types: unknown): string {
  if (Array.isArray(types)) return types.map(typeNames).join();
  return typeof types === "function" ? nameOf(types) : String(types);
}

const withPrivates = new Map<Function, boolean>();

const places = new Map<string, string>();

function placeOf({ url }: Script): string {
  return remembered(places, url, () => {
    const file = fileOf(url);
    return file === undefined ? url : withinPackage(file);
  });
}

function isRequire(fn: Function): boolean {
  return read(fn, "resolve").isThere && read(fn, "cache").isThere && read(fn, "extensions").isThere;
}

function isOurs(facts: FunctionFacts): boolean {
  return facts.kind === "code" && packageOf(facts.script.url)?.name === OUR_NAME;
}

/** Whether a function's text, of which no more is known, may read `this`. */
function readsThis(fn: Function): boolean {
  return isNative(fn) || /\b(?:this|super|eval)\b/.test(textOf(fn));
}

function isPackaged(facts: FunctionFacts): boolean {
  return facts.kind !== "code" || facts.script.url.startsWith("node:") || packageOf(facts.script.url) !== undefined;
}

/** Where among its scopes that of a function's script is: those before are of functions and blocks. */
function topOf({ script, scopes }: Pick<Code, "script" | "scopes">): number {
  const at = scopes.findIndex(({ isGlobal }) => isGlobal);
  const last = (at < 0 ? scopes.length : at) - 1;
  if (last < 0) return 0;
  // V8 leaves out the scope of a CommonJS module of which no function uses anything.
  return script.isModule || isTop(script, scopes[last]!.variables) ? last : last + 1;
}

/** The parameters of the function around CommonJS modules, and around Node's own. */
const AROUND = ["exports", "require", "module", "__filename", "__dirname", "process", "internalBinding", "primordials"];
const DECLARED = String.raw`(?:async\s+)?(?:var|let|const|function\*?|class)\s+(?:\{([^}]*)\}|([\p{ID_Continue}$]+))`;

const tops = new Map<Script, ReadonlySet<string>>();

/** True if a scope is that of a script, by the names at its top: those at the beginning of a line, if it has lines. */
function isTop(script: Script, variables: object): boolean {
  const names = remembered(tops, script, () => {
    const source = sourceOf(script);
    const hasLines = source.length < 200 * source.split("\n").length;
    const declared = source.matchAll(new RegExp(`${hasLines ? "^" : "(?:^|[;}])\\s*"}${DECLARED}`, "gmu"));
    const found = Array.from(declared, ([, several, one]) => one ?? several!.match(/[\p{ID_Continue}$]+/gu) ?? []);
    return new Set([...AROUND, ...found.flat()]);
  });
  return ownKeys(variables).some((name) => names.has(String(name)));
}

/** Whether all variables that some code names stay what they are. Of what it imports that can't be told here. */
function isLasting(form: Form, { scopes }: Code): boolean {
  return scopes.length > 0 && form.references.every(({ isConstant, isImported }) => isConstant && !isImported);
}
