import vm from "node:vm";
import { getPrototypeOf } from "../../util/primordials.js";

type Globals = typeof globalThis;

/** The language once: its globals, and a function of each kind, since no global has their prototypes. */
export interface Realm {
  readonly globals: Globals;
  readonly functions: readonly Function[];
}

const REALM_TEXT = `({ globals: globalThis, functions: [() => {}, function* () {}, async () => {}, async function* () {}] })`;

/** The process's first realm, whose classes Node's are. */
const first = vm.runInThisContext(REALM_TEXT) as Realm;

/** The realm of this code, then the first one if that is another: under jest, and in vitest's pools with vm in their names. */
export const REALMS: readonly Realm[] =
  first.globals === globalThis
    ? [first]
    : [{ globals: globalThis, functions: [() => {}, function* () {}, async () => {}, async function* () {}] }, first];

/** A realm in which no program has changed anything. */
export function freshRealm(): Realm {
  return vm.runInContext(REALM_TEXT, vm.createContext()) as Realm;
}

/** The prototypes of the language's iterators, to which no global leads. */
export function iteratorsOf({ globals }: Realm): object[] {
  const [map, set] = [new globals.Map(), new globals.Set()];
  const matches = globals.String.prototype.matchAll.call("", new globals.RegExp("a", "g"));
  const iterators = [new globals.Array().values(), globals.String.prototype[Symbol.iterator].call(""), matches];
  return [...iterators, map.values(), set.values()].map((iterator) => getPrototypeOf(iterator)!);
}
