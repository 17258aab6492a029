import { hash } from "node:crypto";

/**
 * The analysis of a script's text: its functions and classes, as plain data for JSON. Each process reads that again, so what is false
 * or empty is left out of it.
 */
export interface ScriptForms {
  /** All but callbacks. */
  readonly functions: readonly FunctionForm[];
  readonly classes: readonly ClassForm[];
  /** The functions that are passed to `map` and the like, and seldom asked for; undefined: they have not been read. */
  readonly callbacks?: readonly FunctionForm[] | undefined;
  readonly constants: readonly Constant[];
  /** The offsets of its lines. */
  readonly lines: readonly number[];
}

/** A name at the script's top that stands for a function, or a class, for ever. */
export interface Constant {
  readonly name: string;
  /** Its number: the functions come first, then the classes. */
  readonly number: number;
  /** A hash of its text. */
  readonly text: string;
}

/** The code of a function, or of a class, without what it refers to outside of itself. */
export interface Form {
  /** The offsets of its text in the script. */
  readonly start: number;
  readonly end: number;
  /** True if it is written in another function: there may be several functions, or classes, of it. */
  readonly isInner?: boolean | undefined;
  /** SHA-256 of its normal form: no comments, formatting, local names; numbers in the place of what it refers to. */
  readonly hash: string;
  readonly references: readonly Reference[];
  /** The members of `this` that it reads. */
  readonly members?: readonly Way[] | undefined;
  /** True if it passes `this` on: it may read any member. */
  readonly handsThisOn?: boolean | undefined;
  /** Functions that it calls with its own `this`, by the numbers of their references. */
  readonly sharesThis?: readonly number[] | undefined;
  readonly supers?: readonly Way[] | undefined;
  /** Modules that it imports, or requires, when it is called. */
  readonly imports?: readonly string[] | undefined;
  /** Texts in it that may be the names of scripts, or their ends. */
  readonly scripts?: readonly string[] | undefined;
  /** The reason why its effects cannot be determined. */
  readonly problems?: readonly string[] | undefined;
  /** True if it reads the path of its own file: `import.meta.url`. */
  readonly readsOwnPath?: boolean | undefined;
  /** The things that it may write without a name for its object: `=name` a variable, `.name` a member, `[]` any member, `()` what is in a list. */
  readonly writes?: readonly string[] | undefined;
}

export interface FunctionForm extends Form {
  readonly kind: "function";
  /** The position at which V8 reports its start. */
  readonly at: number;
  /** True for an arrow function that uses `this`, `super` or `new.target` of the enclosing code. */
  readonly capturesThis?: boolean | undefined;
  /** True if its `this` is `globalThis` where it is called as no method: its script is not strict. */
  readonly readsGlobalThis?: boolean | undefined;
  /** The number of the reference that is all that it gives, and perhaps another one that is the name of a member of that. */
  readonly gives?: { readonly reference: number; readonly key?: number } | undefined;
}

export interface ClassForm extends Form {
  readonly kind: "class";
  /** As it is written. */
  readonly name: string | undefined;
  /** Its private methods, accessors and fields, with what is in them: nothing in a field that has no value. */
  readonly privates: readonly {
    readonly name: string;
    readonly isField?: boolean | undefined;
    readonly forms: readonly Form[];
  }[];
  /** Its constructor, fields and static blocks: what of it runs when an object is made, or the class. */
  readonly making: Form;
  readonly hasConstructor: boolean;
}

/** A name that is declared outside, with the members that are read of it one after another. */
export interface Reference extends Way {
  readonly name: string;
  /** True if it is never assigned later. */
  readonly isConstant?: boolean | undefined;
  /** If it is imported: its name in the module that it is imported from, and that module. */
  readonly imported?: string | undefined;
  /** If it is a variable at a module's top that is assigned later: the names by which that is exported. */
  readonly exported?: string | undefined;
  /** The function expression around it whose own name it is: V8 does not show that. */
  readonly around?: Form | undefined;
  /** True if only its type is read, by `typeof`. */
  readonly isTypeOf?: boolean | undefined;
  /**
   * If it is a variable of a function that is assigned later: where that scope is, and its variables that have a new object
   * each time.
   */
  readonly scope?: { readonly at: number; readonly made: readonly string[] } | undefined;
  /** True if it is the name of a field: a class does not hold on to it. */
  readonly namesField?: boolean;
  /** True if it is made a text: of a function that is what is written, comments and names of variables included. */
  readonly isText?: boolean;
  /** True if members of a computed name are assigned in what is at the end of its path. */
  readonly isFilled?: boolean;
  /** True if what is at the end of its path may be asked for its name. */
  readonly hasName?: boolean;
  /** True if other names may stand for what is at the end of its path: it is no more only read. */
  readonly isHandedOn?: boolean;
  /** The variable whose value is the name of the member that is read of it, if that is always the same one. */
  readonly keyedBy?: string | undefined;
  /** If it is called: the literal texts that are its first argument, in calls; null for anything else. */
  readonly firstArguments?: readonly (string | null)[] | undefined;
}

export interface Way {
  readonly path: readonly string[];
  readonly isCalled?: boolean | undefined;
  /** True if the member at its end is assigned. */
  readonly isAssigned?: boolean;
}

/** For the next process. Each reference that functions have in common is there once. */
type Saved = Omit<ScriptForms, "functions" | "classes" | "callbacks"> & {
  readonly functions: readonly Numbered<FunctionForm>[];
  readonly callbacks?: readonly Numbered<FunctionForm>[] | undefined;
  readonly classes: readonly Numbered<ClassForm>[];
  readonly references: readonly Reference[];
};

type Numbered<F> = Omit<F, "references"> & { readonly references: readonly number[] };

export function savedText({ functions, classes, callbacks, ...forms }: ScriptForms): string {
  const all = [...functions, ...classes, ...(callbacks ?? [])];
  const references = [...new Set(all.flatMap((form) => form.references))];
  const numbers = new Map(references.map((reference, number) => [reference, number]));
  const numbered = <F extends Form>(form: F) => ({
    ...form,
    references: form.references.map((each) => numbers.get(each)!),
  });
  const saved: Saved = {
    ...forms,
    functions: functions.map(numbered),
    classes: classes.map(numbered),
    callbacks: callbacks?.map(numbered),
    references,
  };
  return JSON.stringify(saved);
}

/** @throws {SyntaxError} */
export function savedForms(text: string): ScriptForms {
  const { references, ...saved } = JSON.parse(text) as Saved;
  const { functions, classes, callbacks = [] } = saved;
  // In their place: a copy of each form would take as long as to parse them.
  for (const form of [...functions, ...classes, ...callbacks] as { references: readonly unknown[] }[])
    form.references = (form.references as readonly number[]).map((number) => references[number]);
  return saved as unknown as ScriptForms;
}

/** The offsets of a text's lines. */
export function linesOf(text: string): number[] {
  const end = /\r\n|[\n\r\u2028\u2029]/g;
  const lines = [0];
  while (end.test(text)) lines.push(end.lastIndex);
  return lines;
}

/** The digest by which a text is recognized. */
export function textHash(text: string): string {
  return hash("sha256", text, "base64").slice(0, 22);
}
