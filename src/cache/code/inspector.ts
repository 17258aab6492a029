import inspector from "node:inspector";
import { remembered } from "../../graph/remembered.js";
import { type ClassForm, type FunctionForm, formsOf, linesOf, type ScriptForms } from "./analysis.js";
import { formsFor } from "./kept-forms.js";
import { isPackaged } from "./packages.js";

/** The code that V8 has loaded from one module: what the loader emitted, whatever the file on disk says. */
export interface Script {
  readonly id: string;
  /** Of a file; something else, or nothing, for code that was evaluated. */
  readonly url: string;
  readonly isModule: boolean;
  /** SHA-256 of its text. */
  readonly hash: string;
  /** The line and column that V8 gives its first character. A wrapper around a module may make the column negative. */
  readonly startLine: number;
  readonly startColumn: number;
}

/** The variables that a function sees, by name: nearest scope first. A copy, as they were when it was asked for. */
type Scopes = readonly { readonly isGlobal: boolean; readonly variables: object }[];

/** What V8 knows of a function that is not a property of it. */
export type FunctionFacts =
  | {
      readonly kind: "code";
      readonly script: Script;
      readonly offset: number;
      readonly scopes: Scopes;
      /** Its code, where that was found without asking V8 for its place. */
      readonly form?: FunctionForm | ClassForm;
    }
  | { readonly kind: "bound"; readonly target: Function; readonly self: unknown; readonly given: readonly unknown[] }
  | { readonly kind: "native" };

/** What V8 knows of a proxy, a promise, or the private fields of an object. */
export type Hidden = ReadonlyMap<string, unknown>;

const byId = new Map<string, Script>();
const sources = new Map<string, string>();
const forms = new Map<Script, FormsByPlace | undefined>();
let session: inspector.Session | undefined;
let isInspecting = false;
let isDebugging = false;

/**
 * What is done here may ask V8: the session for it is opened by the first question. Where it asks about scripts that were not
 * known before, V8's debugger is on, which slows every promise of the process: so it is off again when this ends.
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

/** What is asked about, and what comes back. V8's handle of it hands out those of what is in it. */
interface Box {
  asked: readonly unknown[];
  got: readonly unknown[];
}

let box: { readonly id: string; readonly content: Box } | undefined;

const GROUP = "hypernodes";
const HANDLE = "hypernodes:inspected";

function opened(): inspector.Session {
  if (session !== undefined) return session;
  session = new inspector.Session();
  session.connect();
  session.on("Debugger.scriptParsed", ({ params }) => {
    const { scriptId: id, url, isModule = false, hash, startLine, startColumn } = params;
    if (!byId.has(id)) byId.set(id, { id, url, isModule, hash, startLine, startColumn });
  });
  return session;
}

/** Hears of all scripts: that takes as long as V8 takes to hash them. */
function debugging(): void {
  if (isDebugging) return;
  isDebugging = true;
  post("Debugger.enable");
  post("Debugger.setSkipAllPauses", { skip: true });
  if (hasDebugged) for (const script of byId.values()) if (isProjects(script)) readAhead(script);
  hasDebugged = true;
}

/** A process that reads code again, of another pipeline, may do so many times: then V8 is not to tell of all scripts each time. */
let hasDebugged = false;

function readAhead(script: Script): void {
  const { id } = script;
  // Of one whose forms are known the text is not asked for.
  if (sources.has(id) || forms.get(script) !== undefined) return;
  try {
    sources.set(id, sourceNow(id));
  } catch {
    // Garbage collection has taken it: then nothing can reach it.
  }
}

function isProjects({ url }: Script): boolean {
  return url !== "" && !url.startsWith("node:") && !isPackaged(url);
}

function sourceNow(scriptId: string): string {
  return post<{ scriptSource: string }>("Debugger.getScriptSource", { scriptId }).scriptSource;
}

function scriptOf(id: string): Script | undefined {
  if (!byId.has(id)) debugging();
  return byId.get(id);
}

/** What V8 knows of some functions. */
export function factsOf(functions: readonly Function[]): FunctionFacts[] {
  const handles = handlesOf(functions);
  const internals = handles.map((objectId) => internalsOf(objectId));
  const raw = rawValues(
    internals.flatMap((found) =>
      ["[[Scopes]]", "[[TargetFunction]]", "[[BoundThis]]", "[[BoundArgs]]"].map((name) => found.get(name)),
    ),
  );
  const facts = internals.map((found, i): FunctionFacts => {
    const [scopes, target, self, given] = raw.slice(4 * i, 4 * i + 4);
    if (target !== undefined) {
      return { kind: "bound", target: target as Function, self, given: [...(given as readonly unknown[])] };
    }
    const place = found.get("[[FunctionLocation]]")?.value as
      | { scriptId: string; lineNumber: number; columnNumber: number }
      | undefined;
    const script = place && scriptOf(place.scriptId);
    if (script === undefined) return { kind: "native" };
    const offset = script.url.startsWith("node:") ? place!.lineNumber : offsetIn(script, place!);
    return { kind: "code", script, offset, scopes: scopesFrom(scopes as RawScopes) };
  });
  post("Runtime.releaseObjectGroup", { objectGroup: GROUP });
  box = undefined;
  return facts;
}

function offsetIn(script: Script, place: { readonly lineNumber: number; readonly columnNumber: number }): number {
  const line = place.lineNumber - script.startLine;
  return lineStartsOf(script)[line]! + place.columnNumber - (line === 0 ? script.startColumn : 0);
}

/** What V8 shows of an object beside its properties: `[[PromiseState]]`, `[[Target]]`, `#field`. */
export function hiddenOf(object: object): Hidden {
  const [objectId] = handlesOf([object]);
  const { internalProperties = [], privateProperties = [] } = properties(objectId!) as WithPrivate;
  const all = [...internalProperties, ...privateProperties].filter(({ value }) => value !== undefined);
  const raw = rawValues(all.map(({ value }) => value));
  return new Map(all.map(({ name }, i) => [name, raw[i]]));
}

/** Node's types do not have them. */
interface WithPrivate extends inspector.Runtime.GetPropertiesReturnType {
  readonly privateProperties?: readonly { readonly name: string; readonly value?: inspector.Runtime.RemoteObject }[];
}

type RawScopes = readonly { readonly description: string; readonly object: object }[] | undefined;

function scopesFrom(raw: RawScopes): Scopes {
  if (raw === undefined) return [];
  return Array.from(raw, ({ description, object }) => ({
    isGlobal: description.startsWith("Global"),
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
    box = { id: handleHere() ?? handleInRealm(), content };
    return box;
  } finally {
    delete holder[HANDLE];
  }
}

/** V8's handle of what is under `HANDLE` in a realm, by default the process's first one. */
function handleHere(contextId?: number): string | undefined {
  const { result } = post<inspector.Runtime.EvaluateReturnType>("Runtime.evaluate", {
    ...{ expression: `globalThis[${JSON.stringify(HANDLE)}]`, objectGroup: GROUP },
    ...(contextId !== undefined && { contextId }),
  });
  return result.objectId;
}

/** The realm that this code runs in, where that is not the first one of the process: jest, and vitest's vmThreads, make others. */
let realm: number | undefined;

function handleInRealm(): string {
  const realms: number[] = realm === undefined ? [] : [realm];
  const hear = ({ params }: { params: { context: { id: number } } }) => realms.push(params.context.id);
  session!.on("Runtime.executionContextCreated", hear);
  post("Runtime.enable");
  session!.off("Runtime.executionContextCreated", hear);
  post("Runtime.disable");
  for (const id of realms) {
    const handle = handleHere(id);
    if (handle === undefined) continue;
    realm = id;
    return handle;
  }
  throw new Error(
    "this code runs in a realm that it does not show (of jest, or of vitest's vmThreads?): use vitest's forks or threads",
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

/** The values themselves that V8 has handles, or copies, of. */
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

export function sourceOf({ id }: Script): string {
  return remembered(sources, id, () => {
    debugging();
    return sourceNow(id);
  });
}

/** What a script's text says; undefined if its syntax is newer than the parser. */
export function scriptForms(script: Script): FormsByPlace | undefined {
  if (!forms.has(script)) {
    try {
      const { hash, isModule } = script;
      const key = hash === "" ? "" : `${isModule ? "module" : "script"} ${hash}`;
      forms.set(script, new FormsByPlace(formsFor(key, () => formsOf(sourceOf(script), isModule))));
    } catch {
      forms.set(script, undefined);
    }
  }
  return forms.get(script);
}

/** What a script's text says of its functions and classes, by where they are in it. */
class FormsByPlace {
  readonly classes: readonly ClassForm[];
  /** Where its lines begin. */
  readonly lines: readonly number[];
  /** Functions and classes that names at its top stand for, for ever, each with a hash of its text. */
  readonly constants: readonly {
    readonly name: string;
    readonly form: FunctionForm | ClassForm;
    readonly text: string;
  }[];
  private readonly functions: ReadonlyMap<number, FunctionForm>;

  constructor({ functions, classes, constants, lines }: ScriptForms) {
    this.classes = classes;
    this.lines = lines;
    this.functions = new Map(functions.map((form) => [form.at, form]));
    this.constants = constants.map(({ name, number, text }) => ({
      ...{ name, text },
      form: functions[number] ?? classes[number - functions.length]!,
    }));
  }

  /** The outermost function around a function or class; itself where there is none. */
  outermost(form: FunctionForm | ClassForm): FunctionForm | ClassForm {
    let found = form;
    for (const other of this.functions.values()) {
      if (other.start <= found.start && found.end <= other.end) found = other;
    }
    return found;
  }

  /** The function, or class, that V8 says begins at an offset: for a class with a constructor that is the constructor's. */
  at(offset: number, isClass: boolean): FunctionForm | ClassForm | undefined {
    if (!isClass) return this.functions.get(offset);
    let found: ClassForm | undefined;
    for (const form of this.classes) {
      if (form.start <= offset && offset < form.end && (found === undefined || form.start >= found.start)) found = form;
    }
    return found;
  }
}

/** In a session with its own thread an answer is there when `post` returns. */
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

const lineStarts = new Map<string, readonly number[]>();

function lineStartsOf(script: Script): readonly number[] {
  // Files of packages are large where they were bundled, and nothing else of them is asked for.
  return (
    (isProjects(script) ? scriptForms(script)?.lines : undefined) ??
    remembered(lineStarts, script.id, () => linesOf(sourceOf(script)))
  );
}
