import { getOrCreate } from "../../util/get-or-create.js";
import type { Flaw } from "./flaws.js";
import type { Form } from "./forms.js";
import type { Code } from "./functions.js";
import { read } from "./reflection.js";
import { isSameScope } from "./variables.js";
import type { Walk } from "./walk.js";

/** The scopes that functions share with others by a variable that is assigned: each is one, and not another one like it. */
export class SharedScopes {
  /** Scopes of the same place in a script. */
  private readonly alike = new Map<string, { readonly id: number; readonly variables: object }[]>();
  /** Scopes that may be one: who reaches both can't be known. */
  private readonly doubts: { readonly between: readonly number[]; readonly flaw: Flaw }[] = [];

  constructor(private readonly walk: Walk) {}

  /** The scopes that a function shares with others by a variable that is assigned: each is one, and not another one like it. */
  add(id: number, form: Form, { script, scopes }: Code): void {
    const met = new Set<number>();
    for (const { name, scope } of form.references) {
      if (scope === undefined || met.has(scope.at)) continue;
      met.add(scope.at);
      const variables = scopes.find((each) => !each.isGlobal && read(each.variables, name).isThere)?.variables;
      if (variables === undefined) continue;
      const alike = getOrCreate(this.alike, `${script.id} ${scope.at}`, () => []);
      const answers = alike.map((other) => ({ other, is: isSameScope(variables, other.variables, scope.made) }));
      const same = answers.find(({ is }) => is === true)?.other;
      const own = same?.id ?? this.walk.piece("");
      this.walk.pieces[id]!.next.push(own);
      if (same !== undefined) continue;
      this.walk.pieces[own]!.text = "scope";
      this.walk.identities.add(own);
      alike.push({ id: own, variables });
      const problem = `V8 does not show if two functions share one variable or have two of the same name (${name})`;
      for (const { other, is } of answers)
        if (is === undefined) this.doubts.push({ between: [own, other.id], flaw: { problem, at: id } });
    }
  }

  doubtOf(id: number): Flaw | undefined {
    if (this.doubts.length === 0) return undefined;
    const reached = this.walk.reachedFrom(id);
    return this.doubts.find(({ between }) => between.every((scope) => reached.has(scope)))?.flaw;
  }
}
