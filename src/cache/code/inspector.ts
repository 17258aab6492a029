import { getOrCreate } from "../../util/get-or-create.js";
import {
  type FunctionPlace,
  inspecting,
  placesOf,
  readingAhead,
  type Scopes,
  type Script,
  sourceOf,
} from "../../util/v8-inspector.js";
import { callbacksOf, formsOf } from "./analysis.js";
import { type ClassForm, type FunctionForm, linesOf, type ScriptForms } from "./forms.js";
import { isPackaged } from "./packages.js";
import { addCallbacks, formsFor } from "./saved-forms.js";

/** The internal properties of a function, from V8. */
export type FunctionFacts =
  | {
      readonly kind: "code";
      readonly script: Script;
      readonly offset: number;
      readonly scopes: Scopes;
      /** Its code, where that was found without asking V8 for its place. */
      readonly form?: FunctionForm | ClassForm;
    }
  | Exclude<FunctionPlace, { kind: "code" }>;

const forms = new Map<Script, FormsByPlace | undefined>();

// Of a script whose forms are known the text is not asked for.
readingAhead((script) => isProjects(script) && forms.get(script) === undefined);

function isProjects({ url }: Script): boolean {
  return url !== "" && !url.startsWith("node:") && !isPackaged(url);
}

/** The internal properties of some functions, from V8. */
export function factsOf(functions: readonly Function[]): FunctionFacts[] {
  return placesOf(functions).map((place) => {
    if (place.kind !== "code") return place;
    const { script, scopes } = place;
    if (script.url.startsWith("node:")) return { kind: "code", script, offset: place.line, scopes };
    return isPackaged(script.url)
      ? new PackagedPlace(place)
      : { kind: "code", script, offset: offsetIn(place), scopes };
  });
}

/** Of a package's script the text, for which V8 lists all scripts of the process, is seldom asked for. */
class PackagedPlace {
  readonly kind = "code";
  readonly script: Script;
  readonly scopes: Scopes;

  constructor(private readonly place: Extract<FunctionPlace, { kind: "code" }>) {
    this.script = place.script;
    this.scopes = place.scopes;
  }

  get offset(): number {
    return inspecting(() => offsetIn(this.place));
  }
}

function offsetIn({ script, line, column }: Extract<FunctionPlace, { kind: "code" }>): number {
  const from = line - script.startLine;
  return lineStartsOf(script)[from]! + column - (from === 0 ? script.startColumn : 0);
}

/** The analysis of a script's text; undefined if its syntax is newer than the parser. */
export function scriptForms(script: Script): FormsByPlace | undefined {
  if (!forms.has(script)) {
    try {
      const { hash, isModule } = script;
      const key = hash === "" ? "" : `${isModule ? "module" : "script"} ${hash}`;
      const found = formsFor(key, () => formsOf(sourceOf(script), isModule));
      const readCallbacks = () => {
        const callbacks = callbacksOf(
          inspecting(() => sourceOf(script)),
          isModule,
        );
        addCallbacks(key, found, callbacks);
        return callbacks;
      };
      forms.set(script, new FormsByPlace(found, readCallbacks));
    } catch {
      forms.set(script, undefined);
    }
  }
  return forms.get(script);
}

/** The functions and classes of a script's text, by their position. */
class FormsByPlace {
  readonly classes: readonly ClassForm[];
  /** The offsets of its lines. */
  readonly lines: readonly number[];
  /** Functions and classes that names at its top stand for, for ever, each with a hash of its text. */
  readonly constants: readonly {
    readonly name: string;
    readonly form: FunctionForm | ClassForm;
    readonly text: string;
  }[];
  private readonly functions = new Map<number, FunctionForm>();
  private hasCallbacks: boolean;

  constructor(
    { functions, classes, callbacks, constants, lines }: ScriptForms,
    private readonly readCallbacks: () => readonly FunctionForm[],
  ) {
    this.classes = classes;
    this.lines = lines;
    this.hasCallbacks = callbacks !== undefined;
    this.add(functions);
    this.add(callbacks ?? []);
    this.constants = constants.map(({ name, number, text }) => ({
      name,
      text,
      form: functions[number] ?? classes[number - functions.length]!,
    }));
  }

  /** The outermost function around a function or class; itself where there is none. */
  outermost(form: FunctionForm | ClassForm): FunctionForm | ClassForm {
    if (!form.isInner) return form;
    this.takeCallbacks();
    let found = form;
    for (const other of this.functions.values()) {
      if (other.start <= found.start && found.end <= other.end) found = other;
    }
    return found;
  }

  /** The function, or class, that V8 says begins at an offset: for a class with a constructor that is the constructor's. */
  at(offset: number, isClass: boolean): FunctionForm | ClassForm | undefined {
    if (!isClass) return this.functionAt(offset);
    let found: ClassForm | undefined;
    for (const form of this.classes) {
      if (form.start <= offset && offset < form.end && (found === undefined || form.start >= found.start)) found = form;
    }
    return found;
  }

  private functionAt(offset: number): FunctionForm | undefined {
    if (!this.functions.has(offset)) this.takeCallbacks();
    return this.functions.get(offset);
  }

  private takeCallbacks(): void {
    if (this.hasCallbacks) return;
    this.add(this.readCallbacks());
    this.hasCallbacks = true;
  }

  private add(functions: readonly FunctionForm[]): void {
    for (const form of functions) this.functions.set(form.at, form);
  }
}

const lineStarts = new Map<string, readonly number[]>();

function lineStartsOf(script: Script): readonly number[] {
  // Files of packages are large where they were bundled, and nothing else of them is asked for.
  return (
    (isProjects(script) ? scriptForms(script)?.lines : undefined) ??
    getOrCreate(lineStarts, script.id, () => linesOf(sourceOf(script)))
  );
}
