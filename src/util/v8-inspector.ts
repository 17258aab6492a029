import type inspector from "node:inspector";
import { pathToFileURL } from "node:url";
import { onDemand } from "./on-demand.js";

/** The module is slow to load, and most processes never use V8's inspector. */
const nodeInspector = onDemand<typeof inspector>("node:inspector");

/** The code that V8 has loaded from one module: the output of the loader, which may differ from the file on disk. */
export interface Script {
  readonly id: string;
  /** URL of the file; something else, or empty, for code that was evaluated. */
  readonly url: string;
  readonly isModule: boolean;
  /** SHA-256 of the text. */
  readonly hash: string;
  /**
   * The line and column that V8 assigns to the first character. A wrapper around a module may make the column negative.
   */
  readonly startLine: number;
  readonly startColumn: number;
}

/**
 * The variables that a function can access, by name, nearest scope first: a copy of their values at the time of the
 * call.
 */
export type Scopes = readonly {
  readonly isGlobal: boolean;
  readonly isModule: boolean;
  /** V8's words for it: `Closure (make)` of the function `make`. */
  readonly description: string;
  readonly variables: object;
}[];

/** The position of a function, and the variables that it can access. */
export type FunctionPlace =
  | {
      readonly kind: "code";
      readonly script: Script;
      /** Line number from 0, in V8's count, which begins at the `startLine` of the script. */
      readonly line: number;
      readonly column: number;
      readonly scopes: Scopes;
    }
  | { readonly kind: "bound"; readonly target: Function; readonly self: unknown; readonly given: readonly unknown[] }
  | { readonly kind: "native" };

/**
 * The internal properties of a proxy, a promise, or an object with private fields, as V8 shows them. Two classes of an object may have
 * a private field of the same name.
 */
export type Hidden = readonly (readonly [name: string, value: unknown])[];

const byId = new Map<string, Script>();
const sources = new Map<string, string>();
let session: inspector.Session | undefined;
let isInspecting = false;
let isDebugging = false;

/**
 * Runs a function that may query V8; the first query opens the session. A query about unknown scripts turns V8's
 * debugger on, which slows every promise of the process, so it is turned off when the function ends.
 */
export function inspecting<R>(work: () => R): R {
  if (isInspecting) return work();
  isInspecting = true;
  try {
    return work();
  } finally {
    session?.disconnect();
    session = undefined;
    isDebugging = false;
    box = undefined;
    isInspecting = false;
  }
}

/** A query's argument and result. V8's handle of the box gives access to the values in it. */
interface Box {
  asked: readonly unknown[];
  got: readonly unknown[];
}

let box: { readonly id: string; readonly content: Box } | undefined;

const GROUP = "hypernodes";
const HANDLE = "hypernodes:inspected";

function opened(): inspector.Session {
  if (session !== undefined) return session;
  session = new (nodeInspector().Session)();
  session.connect();
  session.on("Debugger.scriptParsed", ({ params }) => {
    const { scriptId: id, url, isModule = false, hash, startLine, startColumn } = params;
    if (!byId.has(id)) byId.set(id, { id, url, isModule, hash, startLine, startColumn });
  });
  return session;
}

/** Collects all scripts, which takes as long as V8 needs to hash them. */
function debugging(): void {
  if (isDebugging) return;
  isDebugging = true;
  post("Debugger.enable");
  post("Debugger.setSkipAllPauses", { skip: true });
  if (hasDebugged) for (const script of byId.values()) if (isRead(script)) readAhead(script);
  hasDebugged = true;
}

/** A process that repeatedly reads the code of different pipelines should not make V8 list all scripts each time. */
let hasDebugged = false;

let isRead: (script: Script) => boolean = () => false;

/** @param isWanted true for a script whose text will be needed: reading it is free while the debugger is on. */
export function readingAhead(isWanted: (script: Script) => boolean): void {
  isRead = isWanted;
}

function readAhead({ id }: Script): void {
  if (sources.has(id)) return;
  try {
    sources.set(id, sourceNow(id));
  } catch {
    // It has been garbage-collected, so nothing can refer to it.
  }
}

function sourceNow(scriptId: string): string {
  return post<{ scriptSource: string }>("Debugger.getScriptSource", { scriptId }).scriptSource;
}

/** True if a script of a file is known to V8. */
export function isLoaded(file: string): boolean {
  debugging();
  const address = pathToFileURL(file).href;
  for (const { url } of byId.values()) if (url === address || url === file) return true;
  return false;
}

function scriptOf(id: string): Script | undefined {
  if (!byId.has(id)) debugging();
  return byId.get(id);
}

/** Returns the positions of some functions. */
export function placesOf(functions: readonly Function[]): FunctionPlace[] {
  const handles = handlesOf(functions);
  const internals = handles.map((objectId) => internalsOf(objectId));
  const raw = rawValues(
    internals.flatMap((found) =>
      ["[[Scopes]]", "[[TargetFunction]]", "[[BoundThis]]", "[[BoundArgs]]"].map((name) => found.get(name)),
    ),
  );
  const places = internals.map((found, i): FunctionPlace => {
    const [scopes, target, self, given] = raw.slice(4 * i, 4 * i + 4);
    if (target !== undefined) {
      return { kind: "bound", target: target as Function, self, given: [...(given as readonly unknown[])] };
    }
    const place = found.get("[[FunctionLocation]]")?.value as
      | { scriptId: string; lineNumber: number; columnNumber: number }
      | undefined;
    const script = place && scriptOf(place.scriptId);
    if (script === undefined) return { kind: "native" };
    const { lineNumber: line, columnNumber: column } = place!;
    return { kind: "code", script, line, column, scopes: scopesFrom(scopes as RawScopes) };
  });
  post("Runtime.releaseObjectGroup", { objectGroup: GROUP });
  box = undefined;
  return places;
}

/** Returns the internal properties of an object: `[[PromiseState]]`, `[[Target]]`, `#field`. */
export function hiddenOf(object: object): Hidden {
  const [objectId] = handlesOf([object]);
  const { internalProperties = [], privateProperties = [] } = properties(objectId!) as WithPrivate;
  const all = [...internalProperties, ...privateProperties].filter(({ value }) => value !== undefined);
  const raw = rawValues(all.map(({ value }) => value));
  return all.map(({ name }, i) => [name, raw[i]]);
}

/** Returns the value of an internal property, `[[PromiseState]]`. */
export function hiddenIn(hidden: Hidden, wanted: string): unknown {
  return hidden.find(([name]) => name === wanted)?.[1];
}

/** Properties that Node's types lack. */
interface WithPrivate extends inspector.Runtime.GetPropertiesReturnType {
  readonly privateProperties?: readonly { readonly name: string; readonly value?: inspector.Runtime.RemoteObject }[];
}

type RawScopes = readonly { readonly description: string; readonly object: object }[] | undefined;

function scopesFrom(raw: RawScopes): Scopes {
  if (raw === undefined) return [];
  return Array.from(raw, ({ description, object }) => ({
    isGlobal: description.startsWith("Global"),
    isModule: description.startsWith("Module"),
    description,
    variables: object,
  }));
}

function internalsOf(objectId: string): ReadonlyMap<string, inspector.Runtime.RemoteObject> {
  const found = properties(objectId).internalProperties ?? [];
  return new Map(found.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const])));
}

function boxed(): { readonly id: string; readonly content: Box } {
  if (box !== undefined) return box;
  const content: Box = { asked: [], got: [] };
  const holder = globalThis as { [HANDLE]?: Box };
  holder[HANDLE] = content;
  try {
    box = { id: handleIn() ?? handleInRealm(), content };
    return box;
  } finally {
    delete holder[HANDLE];
  }
}

/** V8's handle of the value under `HANDLE` in a realm, by default the process's first one. */
function handleIn(contextId?: number): string | undefined {
  const { result } = post<inspector.Runtime.EvaluateReturnType>("Runtime.evaluate", {
    ...{ expression: `globalThis["${HANDLE}"]`, objectGroup: GROUP },
    ...(contextId !== undefined && { contextId }),
  });
  return result.objectId;
}

/** The realm of this code if it is not the first one of the process: jest, and vitest's vmThreads, create others. */
let realm: number | undefined;

function handleInRealm(): string {
  const realms: number[] = realm === undefined ? [] : [realm];
  const addRealm = ({ params }: { params: { context: { id: number } } }) => realms.push(params.context.id);
  session!.on("Runtime.executionContextCreated", addRealm);
  post("Runtime.enable");
  session!.off("Runtime.executionContextCreated", addRealm);
  post("Runtime.disable");
  for (const id of realms) {
    const handle = handleIn(id);
    if (handle === undefined) continue;
    realm = id;
    return handle;
  }
  throw new Error(
    "it does not show the realm of this code (of jest, or of vitest's vmThreads?): use vitest's forks or threads",
  );
}

function handlesOf(objects: readonly object[]): string[] {
  const { id, content } = boxed();
  content.asked = objects;
  const asked = properties(id).result.find(({ name }) => name === "asked")!.value!.objectId!;
  const handles: string[] = new Array(objects.length);
  for (const { name, value } of properties(asked).result) {
    const index = Number(name);
    if (value?.objectId !== undefined && Number.isInteger(index)) handles[index] = value.objectId;
  }
  content.asked = [];
  return handles;
}

/** Returns the values of V8's handles or copies. */
function rawValues(values: readonly (inspector.Runtime.RemoteObject | undefined)[]): readonly unknown[] {
  const { id, content } = boxed();
  post("Runtime.callFunctionOn", {
    objectId: id,
    functionDeclaration: "function (...all) { this.got = all; }",
    arguments: values.map((value) => {
      if (value === undefined) return {};
      if (value.objectId !== undefined) return { objectId: value.objectId };
      return value.unserializableValue === undefined
        ? { value: value.value as unknown }
        : { unserializableValue: value.unserializableValue };
    }),
    objectGroup: GROUP,
  });
  const { got } = content;
  content.got = [];
  return got;
}

function properties(objectId: string): inspector.Runtime.GetPropertiesReturnType {
  return post("Runtime.getProperties", { objectId, ownProperties: true });
}

/** Returns a script's text. */
export function sourceOf({ id }: Script): string {
  let source = sources.get(id);
  if (source === undefined) {
    debugging();
    source = sourceNow(id);
    sources.set(id, source);
  }
  return source;
}

/** In a session with its own thread the response is there when `post` returns. */
function post<R>(method: string, parameters?: object): R {
  let answer: unknown;
  let failure: unknown;
  opened().post(method, parameters, (error, result) => {
    failure = error;
    answer = result;
  });
  if (failure) throw new Error(`${method}: ${(failure as Error).message}`);
  return answer as R;
}
