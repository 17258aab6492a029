import inspector from "node:inspector";

/** The code that V8 has loaded from one module: what the loader emitted, whatever the file on disk says. */
export interface Script {
  readonly id: string;
  /** Of a file; something else, or nothing, for code that was evaluated. */
  readonly url: string;
  readonly isModule: boolean;
}

/** A place in a script. */
export interface Location {
  readonly script: Script;
  /** 0-based, in UTF-16 code units from the beginning. */
  readonly offset: number;
}

type Primitive = string | number | boolean | bigint | null | undefined;

const byId = new Map<string, Script>();
const byUrl = new Map<string, Script>();
const sources = new Map<string, string>();
let session: inspector.Session | undefined;
let isInspecting = false;

/**
 * What is done here may ask about scripts: the session for it is opened by the first question. V8's debugger is on
 * meanwhile, which slows every promise of the process: so it is off again when this ends.
 */
export function inspecting<R>(work: () => R): R {
  if (isInspecting) return work();
  isInspecting = true;
  try {
    return work();
  } finally {
    session?.disconnect();
    session = undefined;
    isInspecting = false;
  }
}

function opened(): inspector.Session {
  if (session !== undefined) return session;
  session = new inspector.Session();
  session.connect();
  session.on("Debugger.scriptParsed", ({ params: { scriptId, url, isModule } }) => {
    if (url.startsWith("node:") || byId.has(scriptId)) return;
    const script: Script = { id: scriptId, url, isModule: isModule === true };
    byId.set(scriptId, script);
    if (url.startsWith("file:")) byUrl.set(plain(url), script);
  });
  session.post("Debugger.enable");
  session.post("Debugger.setSkipAllPauses", { skip: true });
  return session;
}

/** The script that was loaded from a URL. */
export function scriptAt(url: string): Script | undefined {
  return byUrl.get(plain(url));
}

/** The scripts whose URL begins with this one. */
export function scriptsUnder(url: string): Script[] {
  return [...byUrl.values()].filter((script) => script.url.startsWith(url));
}

/** A query only makes a loader load a module once more. */
function plain(url: string): string {
  return url.replace(/[?#].*$/, "");
}

export function sourceOf({ id }: Script): string {
  let source = sources.get(id);
  if (source === undefined) {
    source = post<{ scriptSource: string }>("Debugger.getScriptSource", { scriptId: id }).scriptSource;
    sources.set(id, source);
  }
  return source;
}

/** Where a function, or a class, is written. Undefined for what is not written in JavaScript. */
export function locationOf(fn: Function): Location | undefined {
  const found = internal(fn).find(({ name }) => name === "[[FunctionLocation]]")?.value?.value as
    | { scriptId: string; lineNumber: number; columnNumber: number }
    | undefined;
  const script = found && byId.get(found.scriptId);
  if (script === undefined) return undefined;
  return { script, offset: offsetOf(sourceOf(script), found!.lineNumber, found!.columnNumber) };
}

/** Of the variables around a function, those that hold a primitive value. The nearest of a name counts. */
export function closureOf(fn: Function): ReadonlyMap<string, Primitive> {
  const values = new Map<string, Primitive>();
  const scopes = internal(fn).find(({ name }) => name === "[[Scopes]]")?.value?.objectId;
  if (scopes === undefined) return values;
  for (const { value: scope } of properties(scopes).result) {
    if (scope?.objectId === undefined || /^(?:Global|Script)/.test(scope.description ?? "")) continue;
    for (const { name, value } of properties(scope.objectId).result) {
      if (value === undefined || values.has(name)) continue;
      if (value.type !== "object" && value.type !== "function" && value.type !== "symbol") {
        values.set(name, (value.unserializableValue as Primitive) ?? value.value);
      } else if (value.subtype === "null") values.set(name, null);
    }
  }
  return values;
}

const HANDLE = "hypernodes:inspected";

function internal(fn: Function): inspector.Runtime.InternalPropertyDescriptor[] {
  const holder = globalThis as { [HANDLE]?: Function };
  holder[HANDLE] = fn;
  try {
    const { result } = post<inspector.Runtime.EvaluateReturnType>("Runtime.evaluate", {
      expression: `globalThis[${JSON.stringify(HANDLE)}]`,
    });
    return properties(result.objectId!).internalProperties ?? [];
  } finally {
    delete holder[HANDLE];
  }
}

function properties(objectId: string): inspector.Runtime.GetPropertiesReturnType {
  return post("Runtime.getProperties", { objectId, ownProperties: true });
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

function offsetOf(source: string, line: number, column: number): number {
  const ends = /\r\n|[\n\r\u2028\u2029]/g;
  for (let i = 0; i < line; i++) ends.exec(source);
  return ends.lastIndex + column;
}
