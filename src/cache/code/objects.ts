import { createHash, type Hash } from "node:crypto";
import { types } from "node:util";
import { getOrCreate } from "../../util/get-or-create.js";
import {
  forEachOf,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  isExtensible,
  ownKeys,
  sizeOf,
  timeOf,
} from "../../util/primordials.js";
import { sha256 } from "../../util/sha256.js";
import { hiddenIn, hiddenOf } from "../../util/v8-inspector.js";
import type { Classes } from "./classes.js";
import { boundTo } from "./decorations.js";
import { ASYNC_IDS, ITERATORS, intlOptions, KNOWN, standardStream, storedIn } from "./opaque.js";
import { primitiveText } from "./primitive-text.js";
import { withoutId } from "./process-values.js";
import { classesOf, descriptorOf, flagsOf, isNamespace, isNative, isObject, nameOf, read } from "./reflection.js";
import { isScriptName } from "./syntax.js";
import type { Walk } from "./walk.js";
import type { WeakEntries } from "./weak-entries.js";

/** Objects: what is in them, their properties, and their class. */
export class Objects {
  private readonly buffers = new Map<ArrayBufferLike, string>();
  /** The pieces that stand for buffers, and not for what is in them: views of one see what is written by another. */
  private readonly byBuffer = new Map<ArrayBufferLike, number>();

  constructor(
    private readonly walk: Walk,
    private readonly classes: Classes,
    private readonly weak: WeakEntries,
  ) {}

  describe(id: number, object: object, name: string): void {
    const piece = this.walk.pieces[id]!;
    if (types.isProxy(object)) {
      this.proxy(id, object);
      return;
    }
    if (isNamespace(object)) {
      const main = read(object, "default");
      if (main.isThere && isObject(main.value) && this.walk.language.names.get(main.value)?.startsWith("node:")) {
        piece.next.push(this.walk.value(main.value));
        return;
      }
    }
    const stream = standardStream(object);
    if (stream !== undefined) {
      piece.text = `built-in ${stream}`;
      this.classes.functionsPutOn(id, object);
      return;
    }
    const kind = this.kindOf(id, object, name);
    if (kind === undefined) return;
    const keys: string[] = [];
    const names: string[] = [];
    this.walk.memberNames.set(id, names);
    const all = namedKeys(object);
    const members = this.members(id, kind === "array" || getPrototypeOf(object) === Object.prototype ? all.length : 0);
    for (const key of all) {
      if (kind === "error" && key === "stack") continue;
      if (ASYNC_IDS.has(key)) continue;
      const descriptor = descriptorOf(object, key);
      if (kind === "array" && key === "length") {
        if ((descriptor as PropertyDescriptor).writable === false) keys.push("fixed length");
        continue;
      }
      if (descriptor === "unset" || descriptor === undefined) {
        keys.push(`${String(key)} unset`);
        continue;
      }
      const { get, set } = descriptor;
      const value = typeof key === "symbol" ? withoutId(descriptor.value) : (descriptor.value as unknown);
      members.note(`${typeof key} ${String(key)} ${flagsOf(descriptor)} ${nameIn(value)}`, keys);
      if (typeof key === "symbol") piece.next.push(this.walk.value(key));
      const inner = typeof key === "string" && name !== "" ? `${name}.${key}` : String(key);
      const at = piece.next.length;
      if (get || set) piece.next.push(this.walk.value(get, inner), this.walk.value(set, inner));
      else members.add(value, typeof value === "object" ? name : inner);
      // A list's members are its content.
      if (kind !== "array" && typeof key === "string" && piece.next.length > at) names[at] = key;
    }
    piece.text += ` ${kind} ${JSON.stringify(keys)}${Array.isArray(object) ? object.length : ""}${members.text()}`;
    if (!isExtensible(object)) piece.text += " closed";
    this.classes.metadata(id, object);
    const bound = boundTo(object);
    if (bound !== undefined)
      piece.next.push(this.walk.leaf("bound"), this.walk.value(bound, `${nameOf(object.constructor)}.bind()`));
    if (this.classes.hasPrivates(object)) this.classes.privateProperties(id, object);
    const base = getPrototypeOf(object);
    if (base === null) piece.text += " without a prototype";
    else if (base !== (kind === "array" ? Array : Object).prototype) this.base(id, object, base);
  }

  private members(id: number, count: number): Members {
    return new Members(this.walk, this.walk.pieces[id]!.next, count);
  }

  /** Code that has a view may read the whole buffer. */
  private viewOn(view: ArrayBufferView): string {
    const { buffer, byteOffset, byteLength } = view;
    const own = `view ${sha256(new Uint8Array(buffer, byteOffset, byteLength))}`;
    if (byteLength === buffer.byteLength || isShared(buffer)) return own;
    return `${own} at ${byteOffset} of ${this.bytesOf(buffer)}`;
  }

  /** Of a buffer that Node divides among Buffers, it is chance who has a part. */
  private identityOf(buffer: ArrayBufferLike): readonly number[] {
    if (isShared(buffer)) return [];
    const id = getOrCreate(this.byBuffer, buffer, () => this.walk.piece(""));
    this.walk.pieces[id]!.text = "buffer";
    this.walk.identities.add(id);
    return [id];
  }

  private bytesOf(buffer: ArrayBufferLike): string {
    return getOrCreate(this.buffers, buffer, () => {
      const { maxByteLength } = buffer as { maxByteLength?: number };
      return `${sha256(new Uint8Array(buffer))} ${maxByteLength}`;
    });
  }

  proxy(id: number, proxy: object): void {
    const hidden = hiddenOf(proxy);
    const parts = ["[[Target]]", "[[Handler]]"].map((name) => this.walk.value(hiddenIn(hidden, name)));
    this.walk.pieces[id]!.text = "proxy";
    this.walk.pieces[id]!.next.push(...parts);
  }

  /** An object's prototype is that of a class; or an object like others. */
  private base(id: number, object: object, base: object): void {
    const type = getOwnPropertyDescriptor(base, "constructor")?.value as unknown;
    const isClass = typeof type === "function" && getOwnPropertyDescriptor(type, "prototype")?.value === base;
    const isItself = isClass && object === base;
    // That an object is like a function runs no code.
    this.walk.pieces[id]!.next.push(isClass && !isItself ? this.walk.inward(type) : this.walk.value(base));
  }

  /** The content of an object besides its properties; undefined: there is none. */
  private kindOf(id: number, object: object, name: string): string | undefined {
    const piece = this.walk.pieces[id]!;
    if (Array.isArray(object)) return "array";
    if (ArrayBuffer.isView(object)) {
      piece.next.push(...this.identityOf(object.buffer));
      return this.viewOn(object);
    }
    if (types.isAnyArrayBuffer(object)) {
      piece.next.push(...this.identityOf(object));
      return `buffer ${this.bytesOf(object)}`;
    }
    if (types.isMap(object)) {
      const names: string[] = [];
      const members = this.members(id, sizeOf.Map(object));
      forEachOf.Map(object, (value, key) => {
        members.note(nameIn(key), names);
        members.note(nameIn(value), names);
        members.add(key, name);
        members.add(value, name);
      });
      return `map ${piece.next.length} ${names.join(" ")}${members.text()}`;
    }
    if (types.isSet(object)) {
      const names: string[] = [];
      const members = this.members(id, sizeOf.Set(object));
      forEachOf.Set(object, (value) => {
        members.note(nameIn(value), names);
        members.add(value, name);
      });
      return `set ${piece.next.length} ${names.join(" ")}${members.text()}`;
    }
    if (types.isDate(object)) return `date ${timeOf(object)}`;
    if (types.isRegExp(object)) return `regexp ${JSON.stringify(object.source)} ${object.flags}`;
    if (types.isBoxedPrimitive(object)) return `boxed ${primitiveText((object as { valueOf(): unknown }).valueOf())}`;
    if (types.isNativeError(object)) return "error";
    if (types.isPromise(object)) {
      const hidden = hiddenOf(object);
      const state = String(hiddenIn(hidden, "[[PromiseState]]"));
      if (state === "pending") this.walk.unknown(id, "a promise that is not settled");
      piece.next.push(this.walk.value(hiddenIn(hidden, "[[PromiseResult]]"), name));
      return `promise ${state}`;
    }
    if (types.isWeakMap(object) || types.isWeakSet(object)) {
      this.weak.add(id, object, name);
      return "weak";
    }
    if (types.isGeneratorObject(object) || types.isMapIterator(object) || types.isSetIterator(object)) {
      this.walk.unknown(id, "a generator, or an iterator");
      return undefined;
    }
    if (types.isExternal(object) || ITERATORS.has(getPrototypeOf(object)!)) {
      this.walk.unknown(
        id,
        types.isExternal(object) ? "memory that is not JavaScript's" : "a generator, or an iterator",
      );
      return undefined;
    }
    for (const type of classesOf(object)) {
      if (!isNative(type) || KNOWN.has(type)) continue;
      const options = intlOptions(type, object);
      if (options !== undefined) return `intl ${nameOf(type)} ${options}`;
      const named = [...classesOf(object)].find((each) => nameOf(each) !== "");
      const kind = named === undefined ? "a native object" : `an object of the class ${nameOf(named)}`;
      this.walk.unknown(id, `V8 does not show what is in ${kind}`);
    }
    const stored = storedIn(object);
    if (stored !== undefined) piece.next.push(this.walk.value(stored.value, name));
    return "object";
  }
}

/** The number of members above which those that are no objects are hashed together: as pieces, 200,000 words take seconds of each run. */
const MANY = 1000;

/** The members of a collection, or of a plain object. */
class Members {
  private readonly hash: Hash | undefined;
  /** Texts that are not hashed yet. */
  private texts: string[] = [];

  constructor(
    private readonly walk: Walk,
    private readonly next: number[],
    count: number,
  ) {
    if (count > MANY) this.hash = createHash("sha256");
  }

  add(value: unknown, name: string): void {
    const isPiece = this.hash === undefined || isObject(value) || typeof value === "symbol" || isScriptName(value);
    if (this.hash !== undefined) this.note(isPiece ? "a piece" : primitiveText(value), []);
    if (isPiece) this.next.push(this.walk.value(value, name));
  }

  /** Adds what is known of a member: to its own texts, if there are many. */
  note(text: string, others: string[]): void {
    if (this.hash === undefined) others.push(text);
    else if (this.texts.push(text) >= MANY) this.flush(this.hash);
  }

  private flush(hash: Hash): void {
    hash.update(JSON.stringify(this.texts));
    this.texts = [];
  }

  /** The hash of those that are no pieces. */
  text(): string {
    if (this.hash === undefined) return "";
    this.flush(this.hash);
    return ` ${this.hash.digest("hex")}`;
  }
}

/** The name of a function that is kept somewhere: who takes it from there may ask for it. */
function nameIn(value: unknown): string {
  return typeof value === "function" && !types.isProxy(value) ? nameOf(value) : "";
}

/** The keys of an object, but those of a typed array's numbers. Of many numbers, a class of one's own has to be the reason to look. */
function namedKeys(object: object): PropertyKey[] {
  if (!types.isTypedArray(object)) return ownKeys(object);
  const [type] = classesOf(object);
  const isPlain = object.length > 10_000 && (type === undefined || isNative(type) || type === Buffer);
  return isPlain ? [] : ownKeys(object).slice(object.length);
}

/** Node keeps small Buffers in one that they share, wherever there is room. */
function isShared(buffer: ArrayBufferLike): boolean {
  return buffer.byteLength === Buffer.poolSize;
}
