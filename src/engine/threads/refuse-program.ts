import * as nodeModule from "node:module";
import { locationPath } from "../../dsl/class-location.js";
import { formatFile } from "../../dsl/format-file.js";
import { HypernodesError } from "../../errors.js";
import { KEEP_APART } from "./run-at-import.js";

interface Context {
  readonly parentURL?: string | undefined;
}
type Resolve = (specifier: string, context?: Context) => { readonly url: string };
/** Node 22.15 has it. */
type RegisterHooks = (hooks: {
  resolve(specifier: string, context: Context, next: Resolve): ReturnType<Resolve>;
}) => void;

/**
 * Refuses in a thread that any module imports the program: it would do again all that the program does. The import fails
 * before anything of it runs. Node before 22.15 has no hooks for that.
 *
 * @param program its path.
 */
export function refuseProgram(program: string): void {
  const { registerHooks } = nodeModule as unknown as { readonly registerHooks?: RegisterHooks };
  registerHooks?.({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      if (!found.url.startsWith("file:") || locationPath(found.url) !== program) return found;
      throw new HypernodesError({
        code: "RUN_AT_IMPORT",
        where: context.parentURL === undefined ? "a thread" : formatFile(context.parentURL),
        problem: `it imports ${formatFile(program)}, which is the program itself: a thread that imports it would run the program again`,
        advice: KEEP_APART.replace("the class", "what it needs of it"),
      });
    },
  });
}
