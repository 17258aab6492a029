import { types } from "node:util";
import { textOf } from "../../util/primordials.js";
import type { Script } from "../../util/v8-inspector.js";
import { textHash } from "./forms.js";
import type { Code } from "./functions.js";
import { type FunctionFacts, factsOf, scriptForms } from "./inspector.js";
import { read } from "./reflection.js";
import { topOf } from "./variables.js";

/** For functions of constant surroundings: what V8 says of them, for ever. */
const lasting = new WeakMap<Function, FunctionFacts>();

/** The pending work: values to walk through, and questions to V8, which are sent together. */
export class Agenda {
  private readonly facts = new Map<Function, FunctionFacts>();
  /** Scripts of which the variables at their top are known. */
  private readonly registered = new Set<Script>();
  private readonly work: (() => void)[] = [];
  private readonly questions: { readonly fn: Function; readonly then: (facts: FunctionFacts) => void }[] = [];

  /** It is looked at after what is there already: however far values lead, they are no deeper in the stack. */
  later(work: () => void): void {
    this.work.push(work);
  }

  inspect(fn: Function, then: (facts: FunctionFacts) => void): void {
    const known = this.facts.get(fn) ?? lasting.get(fn);
    if (known === undefined) this.questions.push({ fn, then });
    else then(known);
  }

  /** The facts of a function are final now. */
  lasts(fn: Function, facts: FunctionFacts): void {
    lasting.set(fn, facts);
  }

  /**
   * Functions and classes that names at the top of a script stand for, for ever, see what is at its top: V8 need not be asked.
   *
   * @param fn one that sees it. If it is known from an earlier pass, it sees the variables as they were then.
   */
  register(fn: Function, facts: Code): void {
    if (this.registered.has(facts.script) || lasting.get(fn) === facts) return;
    this.registered.add(facts.script);
    this.addConstants(facts);
  }

  private addConstants({ script, scopes }: Code): void {
    const top = scopes.slice(topOf({ script, scopes }));
    const forms = scriptForms(script);
    if (forms === undefined || top.length === 0) return;
    for (const { name, form, text } of forms.constants) {
      const value = read(top[0]!.variables, name);
      if (!value.isThere || typeof value.value !== "function" || this.facts.has(value.value)) continue;
      const constant = value.value;
      if (types.isProxy(constant) || textHash(textOf(constant)) !== text) continue;
      this.facts.set(constant, { kind: "code", script, offset: form.start, scopes: top, form });
    }
  }

  /** Until nothing is left. */
  run(): void {
    while (this.work.length > 0 || this.questions.length > 0) {
      for (let i = 0; i < this.work.length; i++) this.work[i]!();
      this.work.length = 0;
      const questions = this.questions.splice(0);
      const unknown = [...new Set(questions.map(({ fn }) => fn))].filter((fn) => !this.facts.has(fn));
      if (unknown.length > 0) for (const [i, facts] of factsOf(unknown).entries()) this.facts.set(unknown[i]!, facts);
      for (const { fn, then } of questions) then(this.facts.get(fn)!);
    }
  }
}
