import os from "node:os";
import { parseArgs, types } from "node:util";
import { describeError } from "../../util/describe.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { once } from "../../util/on-demand.js";
import { cwd, textOf } from "../../util/primordials.js";
import { sha256 } from "../../util/sha256.js";
import { sourceOf } from "../../util/v8-inspector.js";
import { Agenda } from "./agenda.js";
import { type BuiltIns, builtIns, isOfNode } from "./built-ins.js";
import { CapturedThis } from "./captured-this.js";
import { Changes, type Reading } from "./changes.js";
import { Classes } from "./classes.js";
import { boundTo, readsMetadata, readsTypes } from "./decorations.js";
import { describeFlaw, type Flaw } from "./flaws.js";
import { CLOSED } from "./form-writes.js";
import { type Code, formOf, isOurs, isPackaged, isRequire, placeOf, readsThis, type Shape } from "./functions.js";
import { ClosureValues } from "./given.js";
import type { FunctionFacts } from "./inspector.js";
import { Merkle } from "./merkle.js";
import { Objects } from "./objects.js";
import { CONTENT, OF_OS, RUN_CODE, WORLD } from "./opaque.js";
import { PackageState } from "./package-state.js";
import { environmentOf, fileOf, OUR_NAME, type Package, packageOf } from "./packages.js";
import { type Piece, Pieces } from "./pieces.js";
import { primitiveText } from "./primitive-text.js";
import { isAssigned, notesOfCalls } from "./process-values.js";
import { References } from "./references.js";
import { classesOf, className, isClassText, isObject, nameOf } from "./reflection.js";
import { Sharing } from "./sharing.js";
import { restoredSharing, StableDigests, setSharing } from "./standing.js";
import { isScriptName } from "./syntax.js";
import { ThisMembers } from "./this-members.js";
import { innerVariables, isLasting, topOf, valueAt } from "./variables.js";
import type { Walk } from "./walk.js";
import { WeakEntries } from "./weak-entries.js";
import { type Effect, type Use, Writes } from "./writes.js";

const NOTHING = (): boolean => false;

/** True for the name of one of Node's modules, and of the console. */
function isOfNodes(builtIn: string | undefined): boolean {
  return builtIn !== undefined && /^(?:node:[^.]*|(?:globalThis\.)?console)$/.test(builtIn);
}

/** A piece whose name and file are found out later. */
type Described = { -readonly [K in keyof Piece]: Piece[K] };

/** The functions of Node that start a script. */
const STARTERS: ReadonlySet<string> = new Set(["node:internal/worker Worker", "node:child_process fork"]);

/** The maximum number of objects and functions that are visited: beyond it, the code cannot be known. */
const MOST = 200_000;

/**
 * The current content of values and of all that they reach: functions with the variables that they see, classes with their members,
 * objects with their properties. It is read in one pass before anything runs, and no code of the program runs in it.
 */
export class ValueGraph extends Pieces implements Walk, Reading {
  readonly language: BuiltIns = builtIns();
  writes = new Writes();
  private isInPatches = false;
  private readonly effects = new Map<number, Effect[]>();
  readonly uses = new Map<number, Use[]>();
  readonly memberNames = new Map<number, string[]>();
  readonly holders = new Map<number, object>();
  readonly passive = new Set<number>();
  private readonly byIdentity = new Map<object, number>();
  private readonly byHolder = new Map<object, Map<Function, number>>();
  private readonly byMethods = new Map<string, number>();
  private readonly methods = new Map<number, Function>();
  private readonly bySymbol = new Map<symbol, number>();
  private readonly environments = new Map<readonly string[], string>();
  private readonly agenda = new Agenda();
  private readonly references = new References(this);
  private readonly classes = new Classes(this, this.references);
  private readonly weak = new WeakEntries(this, (object) => this.byIdentity.get(object));
  private readonly states = new PackageState(this);
  private readonly capturedThis = new CapturedThis(
    this,
    (id) => this.owners.get(id),
    () => this.states.objects(),
  );
  private readonly thisMembers = new ThisMembers(this, this.references, this.classes, this.weak);
  private readonly objects = new Objects(this, this.classes, this.weak);
  private readonly classClosures = new ClosureValues(this);
  private readonly sharing = new Sharing(this);
  private readonly stableDigests = new StableDigests();
  private readonly byForm = new Map<Shape, number>();
  private readonly merkle = new Merkle((part, digests) => this.stableDigests.set(part, digests));

  /** The piece that a value is. */
  value(value: unknown, name = ""): number {
    if (typeof value === "function") return this.functionPiece(value, name);
    if (typeof value === "object" && value !== null) return this.objectPiece(value, name);
    if (typeof value === "symbol" && Symbol.keyFor(value) === undefined) {
      // Two symbols of one description are two: which of them is meant shows where they are shared.
      return getOrCreate(this.bySymbol, value, () => {
        const id = this.piece(name);
        this.pieces[id]!.text = primitiveText(value);
        this.identities.add(id);
        return id;
      });
    }
    const id = this.leaf(primitiveText(value), name);
    if (isScriptName(value)) this.references.scripts.text(id, value);
    if (typeof value === "string" && readsTypes(value)) this.readsTypes(id);
    return id;
  }

  /**
   * A function that is called as a method of an object: what it reads of `this` counts, and no more of the object.
   *
   * @param skips whether it can't read that: the members that have a role in a pipeline.
   */
  method(fn: Function, holder: object, name: string, skips: (name: string) => boolean = NOTHING): number {
    const known = getOrCreate(this.byHolder, holder, () => new Map<Function, number>());
    const found = known.get(fn);
    if (found !== undefined) return found;
    const id = this.piece(name === "" ? nameOf(fn) : name);
    known.set(fn, id);
    this.holders.set(id, holder);
    this.note(id, ({ handedOn }) => handedOn.add(holder));
    this.methods.set(id, fn);
    this.stableDigests.owners.set(id, identityOf(fn, holder));
    const plain = this.functionPiece(fn, name);
    this.pieces[id]!.next.push(plain);
    this.agenda.later(() => {
      this.inspect(fn, (facts) => {
        if (isPackaged(facts)) {
          // What is in an object of a package decides what its methods do.
          if (facts.kind === "bound") return;
          if (isOurs(facts)) {
            // What a pipeline's run does is in its nodes.
            if (boundTo(holder) !== undefined) this.pieces[id]!.next.push(this.value(holder));
            return;
          }
          if (!readsThis(fn)) {
            // A static method: `Buffer.from()`, `DateTime.now()`.
            if (typeof holder === "function" && facts.kind === "code") this.classes.changedBeside(id, holder, facts);
            return;
          }
          const whole = skips === NOTHING ? this.inward(holder) : this.thisMembers.whole(holder, skips);
          this.note(id, ({ wholes }) => wholes.add(whole));
          this.pieces[id]!.next.push(whole);
          return;
        }
        const form = formOf(fn, facts as Code);
        if (form !== undefined) this.thisMembers.read(id, fn, form, holder, facts as Code, skips);
      });
    });
    return id;
  }

  /** Methods that are read as one code, the first of which is entered. @returns its piece. */
  together(methods: readonly number[]): number {
    const [first] = methods as [number];
    if (methods.length === 1) return first;
    return getOrCreate(this.byMethods, methods.join(), () => {
      const id = this.piece("");
      this.pieces[id]!.next.push(...methods);
      this.methods.set(id, this.methods.get(first)!);
      this.stableDigests.owners.set(
        id,
        getOrCreate(together, this.owners.get(first)!, () => ({})),
      );
      return id;
    });
  }

  /** @returns the digest of a piece and of all that it leads to. */
  digestOf(id: number): string {
    this.settle();
    this.merkle.take(this.pieces);
    return this.merkle.digests[id]!;
  }

  /** The reason why it can't be known what a piece does, in words, with its place. */
  flawOf(id: number): string | undefined {
    const flaw = this.merkle.flawed[id];
    const found: Flaw | undefined =
      flaw === undefined
        ? (this.references.scopes.doubtOf(id) ?? this.references.scripts.namelessFrom(id))
        : { problem: this.pieces[flaw]!.problem!, at: flaw };
    return found && describeFlaw(found.problem, this.wayTo(found.at, id));
  }

  /** The identities of objects that a piece reaches by several paths. */
  sharingOf(id: number): string {
    return restoredSharing(this.functionOf(id), this.sharingNow(id));
  }

  private sharingNow(id: number): string {
    return this.sharing.of(id, this.merkle.digests, this.stableDigests.restored);
  }

  /** The function that is entered at a piece. Objects that a method is called on come and go. */
  private functionOf(id: number): object | undefined {
    return this.methods.get(id) ?? this.owners.get(id);
  }

  note(id: number, effect: Effect): void {
    effect(this.writes);
    getOrCreate(this.effects, id, (): Effect[] => []).push(effect);
  }

  writesAmong(isReached: (id: number) => boolean): Writes {
    const writes = new Writes();
    for (const [id, effects] of this.effects) if (isReached(id)) for (const effect of effects) effect(writes);
    return writes;
  }

  pieceOf(object: object): number | undefined {
    return this.byIdentity.get(object);
  }

  get owners(): ReadonlyMap<number, object> {
    return this.stableDigests.owners;
  }

  /**
   * Nodes have run since the pass at the begin of a run: of what has changed, what their code may have written is no edit.
   *
   * @returns for each entry, the name of something that it reaches, and that others have changed.
   */
  follow(baseline: ValueGraph, entries: readonly number[]): readonly (string | undefined)[] {
    this.settle();
    const changes = Changes.between(baseline, this);
    this.stableDigests.baseline = {
      digestOf: (owner) => {
        const id = changes.pieceBefore(owner);
        return id === undefined ? undefined : baseline.merkle.digests[id];
      },
      wasFlawed: (owner) => {
        const id = changes.pieceBefore(owner);
        return id === undefined || baseline.merkle.flawed[id] !== undefined;
      },
      changedByOthers: (id) => changes.changedByOthers(id),
    };
    this.merkle.take(this.pieces);
    for (const id of entries) {
      const [owner, fn] = [this.owners.get(id), this.functionOf(id)];
      const before = owner && changes.pieceBefore(owner);
      if (before !== undefined) setSharing(fn!, baseline.sharingOf(before), this.sharingNow(id));
    }
    const { changed, restored } = this.stableDigests;
    if (changed.size === 0 && restored.size === 0) return [];
    return entries.map((id) => this.changedByOthers(id, changes));
  }

  /** The name of something that an entry reaches, and that neither its own code nor what this calls has changed. */
  private changedByOthers(id: number, changes: Changes): string | undefined {
    const { changed, restored } = this.stableDigests;
    const own = once(() => changes.by(id));
    let found: string | undefined;
    for (const at of this.reachedFrom(id, (next) => this.isForeign(next))) {
      let name = changed.get(at);
      // What other nodes write, they do not write where they are cached. A class or a value has no code of its own that runs.
      if (name === undefined && restored.has(at) && this.methods.has(id)) {
        name = own().changedByOthers(at);
        if (name !== undefined) this.stableDigests.forget(at);
      }
      found ??= name;
    }
    return found;
  }

  /** The function that is entered at a piece, and the objects that count as they were when a run began, with digests of what they are. */
  restoredFrom(id: number): {
    readonly fn: object | undefined;
    readonly restored: readonly { readonly owner: object; readonly content: string }[];
  } {
    const { restored, owners } = this.stableDigests;
    const reached = restored.size === 0 ? [] : [...this.reachedFrom(id)].filter((at) => restored.has(at));
    return {
      fn: this.functionOf(id),
      restored: reached.map((at) => ({ owner: owners.get(at)!, content: restored.get(at)! })),
    };
  }

  /** True for an object of a class of Node's, or of a package's, which changes them when nodes call it: no Buffer, and no URL. */
  private isForeign(id: number): boolean {
    const owner = this.owners.get(id);
    if (typeof owner !== "object") return false;
    const [type] = classesOf(owner);
    const at = type === undefined || CONTENT.has(nameOf(type)) ? undefined : this.pieceOf(type);
    return at !== undefined && /^(?:package |node:|built-in node:)/.test(this.pieces[at]!.text);
  }

  /** A piece and all that it leads to, in the order of being reached. */
  reachOf(id: number): Piece[] {
    this.settle();
    return Array.from(this.reachedFrom(id), (at) => this.pieces[at]!);
  }

  /**
   * The program's changes of the language. Any code may use them, so they count in each key; but what only they may write, nodes have
   * not written: a change of it is an edit.
   */
  patches(): number[] {
    this.settle();
    const { writes } = this;
    this.writes = new Writes();
    this.isInPatches = true;
    const ids = this.language.patches.map(([place, value]) => {
      const id = this.piece(place);
      this.pieces[id]!.text = `patched ${place}`;
      this.pieces[id]!.next.push(this.value(value, place));
      return id;
    });
    this.settle();
    this.writes = writes;
    this.isInPatches = false;
    return ids;
  }

  private settle(): void {
    do this.agenda.run();
    while (
      this.thisMembers.resolveSupers() ||
      this.weak.resolve() ||
      this.references.scripts.resolve() ||
      this.classes.resolveTypes()
    );
    this.weak.close();
    this.capturedThis.close();
  }

  inspect(fn: Function, then: (facts: FunctionFacts) => void): void {
    this.agenda.inspect(fn, then);
  }

  later(work: () => void): void {
    this.agenda.later(work);
  }

  functionsPutOn(id: number, object: object): void {
    this.agenda.later(() => this.classes.functionsPutOn(id, object));
  }

  owned(id: number, owner: object): void {
    this.stableDigests.owners.set(id, owner);
  }

  /** A property's key, in the place before its value. */
  key(key: PropertyKey): number {
    return typeof key === "symbol" ? this.value(key) : this.leaf(`key ${String(key)}`);
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
    // Some of Node's modules are classes: events, stream.
    if (typeof object === "function" && builtIn?.startsWith("node:") === true)
      this.agenda.later(() => this.classes.changedInNode(id, object));
    if (typeof object !== "function" && isOfNodes(builtIn)) this.functionsPutOn(id, object);
    if (object === os) this.readsVariables(id);
    if (object === process.argv) this.pieces[id]!.next.push(this.leaf("of a process", "process.argv"));
    if (builtIn === undefined) this.stableDigests.owners.set(id, object);
    else this.agenda.later(() => this.classes.metadata(id, object));
    if (builtIn === undefined && typeof object !== "function") this.identities.add(id);
    if (this.byIdentity.size > MOST) this.unknown(id, `it leads to more than ${MOST.toLocaleString("en")} objects`);
    return { id, isNew: builtIn === undefined && this.byIdentity.size <= MOST };
  }

  private functionPiece(fn: Function, name: string): number {
    const { id, isNew } = this.objectPieceFor(fn, name === "" ? nameOf(fn) : name);
    if (!isNew) return id;
    if (types.isProxy(fn)) {
      this.identities.add(id);
      this.agenda.later(() => this.objects.proxy(id, fn));
    } else this.agenda.later(() => this.inspect(fn, (facts) => this.describe(id, fn, facts)));
    return id;
  }

  private describe(id: number, fn: Function, facts: FunctionFacts): void {
    if (facts.kind === "native") {
      this.pieces[id]!.text = `native ${nameOf(fn)}`;
      if (!isOfNode(fn))
        this.unknown(id, `V8 does not show what is in a native function: ${nameOf(fn) || "one without a name"}`);
    } else if (facts.kind === "bound") this.bound(id, facts);
    else if (facts.script.url.startsWith("node:")) this.ofNode(id, fn, facts);
    else {
      const owner = packageOf(facts.script.url);
      if (owner === undefined) this.ofProject(id, fn, facts);
      else this.ofPackage(id, fn, facts, owner);
    }
  }

  private bound(id: number, { target, self, given }: Extract<FunctionFacts, { kind: "bound" }>): void {
    const piece = this.pieces[id]!;
    piece.text = "bound";
    this.identities.add(id);
    for (const value of [target, self, ...given] as unknown[]) {
      const known = typeof value === "function" ? this.language.names.get(value) : undefined;
      if (known !== undefined) this.note(id, (writes) => writes.alias(known));
    }
    const own = this.piece("");
    this.inspect(target, (facts) => {
      this.pieces[own]!.next.push(isPackaged(facts) ? this.inward(self) : this.value(self));
    });
    const named = given.map((value, i) =>
      this.value(value, `argument ${i + 1} of ${piece.name || "a bound function"}`),
    );
    piece.next.push(this.value(target), own, ...named);
  }

  private ofNode(id: number, fn: Function, facts: Code): void {
    const piece = this.pieces[id]!;
    // A Buffer's class is reached with each of them.
    if (fn !== Buffer)
      this.note(id, (writes) => {
        writes.ofNode = true;
      });
    piece.text = `${facts.script.url} ${nameOf(fn)} ${facts.offset}`;
    if (STARTERS.has(`${facts.script.url} ${nameOf(fn)}`)) this.references.scripts.starter(id);
    if (fn === cwd) piece.next.push(this.value(cwd.call(process)), this.leaf("of a process", "process.cwd"));
    if (fn === os.tmpdir) this.readsVariables(id);
    if (fn === parseArgs) piece.next.push(this.value(process.argv), this.value(process.execArgv));
    // What Node has put around a function of the program, as promisify() does, has that in its closure. It puts no class around one.
    const isMade = facts.scopes.length > 0 && topOf(facts) > 0 && !isClassText(fn) && !isOfNode(fn);
    if (isMade) this.closures(id, fn, facts);
    this.classes.changedInNode(id, fn);
  }

  /** `os.tmpdir()` reads the environment. */
  private readsVariables(id: number): void {
    for (const name of OF_OS) this.pieces[id]!.next.push(this.references.variable(name));
  }

  private ofPackage(id: number, fn: Function, facts: Code, owner: Package): void {
    const piece = this.pieces[id]! as Described;
    const { name, manifest, hash, variables, problem } = owner;
    piece.name = `package ${name}`;
    piece.source = manifest;
    const isOurs = name === OUR_NAME;
    const environment = getOrCreate(this.environments, variables, () => environmentOf(variables));
    piece.text = `package ${name} ${hash} ${isOurs ? nameOf(fn) : `${sha256(textOf(fn))} ${environment}`}`;
    if (isOurs) return;
    this.note(id, (writes) => {
      writes.ofPackages = true;
    });
    if (problem !== undefined) this.unknown(id, problem);
    // What it keeps counts for the objects that it is about.
    if (!readsMetadata(fn, name)) {
      this.closures(id, fn, facts);
      piece.next.push(this.states.of(facts));
    }
    this.classes.ownProperties(id, fn);
    this.classes.metadata(id, fn);
    this.classes.changedMembers(id, fn);
    if (isClassText(fn)) this.weak.ofClass(id, fn, facts);
    else this.capturedThis.add(id, fn);
    if (name === "zod") this.schemasMetadata(id);
  }

  /** Metadata of schemas by `describe` and `meta` of zod: all its copies have it in one place. */
  private schemasMetadata(id: number): void {
    const registry = valueAt(globalThis, ["__zod_globalRegistry", "_map"]);
    if (isObject(registry)) this.pieces[id]!.next.push(this.value(registry, "globalRegistry"));
  }

  isCounted(id: number): boolean {
    return id < this.merkle.digests.length;
  }

  private ofProject(id: number, fn: Function, facts: Code): void {
    const piece = this.pieces[id]! as Described;
    piece.file = placeOf(facts.script);
    piece.source = fileOf(facts.script.url);
    const form = formOf(fn, facts);
    if (form === undefined) {
      piece.text = `text ${sha256(textOf(fn))} ${sha256(sourceOf(facts.script))}`;
      this.unknown(id, "its script can't be parsed");
      return;
    }
    const first = getOrCreate(this.byForm, form, () => id);
    // Which of several functions of one text it is does not show in that.
    if (first !== id || form.isInner) this.identities.add(first).add(id);
    this.agenda.register(fn, facts);
    if (isLasting(form, facts)) this.agenda.lasts(fn, facts);
    if (readsTypes(textOf(fn))) this.readsTypes(id);
    if (form.kind === "class") {
      piece.name = className(fn);
      this.classes.add(id, fn, form, facts);
      this.thisMembers.described.push({ type: fn, form, facts });
    } else {
      piece.name += "()";
      this.references.code(id, form, facts);
      if (form.supers !== undefined) this.thisMembers.homeless.push({ id, fn, form, facts });
      if (form.readsGlobalThis) this.thisMembers.members(id, fn, form, globalThis, facts, NOTHING);
      if (form.capturesThis) this.unknown(id, `it uses "this" of what is around it`);
    }
    this.classes.ownProperties(id, fn);
    this.classes.metadata(id, fn);
  }

  readsTypes(id: number): void {
    // A copy of reflect-metadata that has replaced functions of another one names the records, and reads none by itself.
    if (!this.isInPatches) this.classes.readsTypes(id);
  }

  isBuiltIn(fn: Function): boolean {
    return this.language.names.has(fn);
  }

  /** Of a function of Node or of a package, the variables that are not those of its module. */
  private closures(id: number, fn: Function, facts: Code): void {
    const isOfNode = facts.script.url.startsWith("node:");
    const variables = innerVariables(fn, facts);
    const text = textOf(fn);
    const notes = notesOfCalls(text, variables);
    for (const [name, value] of variables) {
      this.identities.add(id);
      // Node notes that it has warned.
      if (notes.has(name) || (isOfNode && !isObject(value) && isAssigned(name, text))) continue;
      this.pieces[id]!.next.push(this.leaf(`key ${CLOSED}${name}`), this.inward(value, name));
    }
  }

  /** A value that only code sees which reads nothing of the world by it: a package's, or the language's. */
  inward(value: unknown, name = ""): number {
    // A package's code counts by its files, also where it keeps `Function` in a variable.
    const known = WORLD.get(value) ?? (isObject(value) ? RUN_CODE.get(value) : undefined);
    return known === undefined ? this.value(value, name) : this.leaf(`built-in ${known}`);
  }

  /**
   * The values that enclosing functions gave to the classes of an object and to a method of it: all but the code that is written in
   * those functions and classes themselves.
   *
   * @param skips the members of the object that are no fields.
   */
  closureValues(method: Function, object: object, skips: (name: string) => boolean): number {
    return this.classClosures.of(method, object, skips);
  }

  private objectPiece(object: object, name: string): number {
    const { id, isNew } = this.objectPieceFor(object, name);
    if (isNew) {
      this.agenda.later(() => {
        try {
          this.objects.describe(id, object, name);
        } catch (error) {
          this.unknown(id, `it can't be read: ${describeError(error)}`);
        }
      });
    }
    return id;
  }
}

/** In the place of a method as one of an object: what it reads of that may be changed by nodes, too. */
const methods = new WeakMap<object, WeakMap<Function, object>>();

/** For each method that is read with others, what stands for them together. */
const together = new WeakMap<object, object>();

function identityOf(fn: Function, holder: object): object {
  const known = getOrCreate(methods, holder, () => new WeakMap<Function, object>());
  return getOrCreate(known, fn, () => ({}));
}
