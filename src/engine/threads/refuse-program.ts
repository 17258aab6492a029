import Module, * as nodeModule from "node:module";
import { pathToFileURL } from "node:url";
import { locationPath } from "../../dsl/class-location.js";
import { formatFile } from "../../dsl/format-file.js";
import { HypernodesError } from "../../errors.js";
import { KEEP_APART } from "./run-at-import.js";

interface Context {
  readonly parentURL?: string | undefined;
}
interface Resolved {
  readonly url: string;
}
type Resolve = (specifier: string, context?: Context) => Resolved;
/** Node 22.15 has it. */
type RegisterHooks = (hooks: { resolve(specifier: string, context: Context, next: Resolve): Resolved }) => void;

/** Node's loader of CommonJS modules, which each `require` calls. */
interface CommonJsLoader {
  _load(request: string, parent: { readonly filename?: string | null } | undefined, isMain: boolean): unknown;
  _resolveFilename(request: string, parent: unknown, isMain: boolean): string;
}

/**
 * Refuses in a thread that any module imports the program: it would do again all that the program does. The import fails
 * before anything of it runs.
 *
 * @param program its path.
 */
export function refuseProgram(program: string): void {
  const { registerHooks } = nodeModule as unknown as { readonly registerHooks?: RegisterHooks };
  if (registerHooks === undefined) {
    refuseWithOldHooks(program);
    return;
  }
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      if (!found.url.startsWith("file:") || locationPath(found.url) !== program) return found;
      throw importsProgramError(program, context.parentURL);
    },
  });
}

/**
 * Finds the error of a module that imports the program.
 *
 * @param error what an import failed with.
 * @returns undefined if it failed for another reason.
 */
export function programImportOf(error: unknown): HypernodesError | undefined {
  if (error instanceof HypernodesError && error.code === "RUN_AT_IMPORT") return error;
  const { code, program, importer } = Object(error) as Partial<Record<"code" | "program" | "importer", string>>;
  // Errors of users may have a property of that name, too.
  return code === "RUN_AT_IMPORT" && program !== undefined
    ? importsProgramError(locationPath(program), importer)
    : undefined;
}

function importsProgramError(program: string, importer: string | undefined): HypernodesError {
  return new HypernodesError({
    code: "RUN_AT_IMPORT",
    where: importer === undefined ? "a thread" : formatFile(importer),
    problem: `it imports ${formatFile(program)}, which is the program itself: a thread that imports it would run the program again`,
    advice: KEEP_APART.replace("the class", "what it needs of it"),
  });
}

/** Before 22.15, hooks for `import` are modules in a thread of Node's own. Of their errors the properties come back, and no classes. */
const HOOKS = `let program;
export function initialize(url) { program = url; }
export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  if (found.url.split(/[?#]/)[0] !== program) return found;
  throw Object.assign(new Error("it imports the program"), { code: "RUN_AT_IMPORT", program, importer: context.parentURL });
}`;

function refuseWithOldHooks(program: string): void {
  const { register } = nodeModule as Partial<typeof nodeModule>; // Deno has none
  register?.(`data:text/javascript,${encodeURIComponent(HOOKS)}`, { data: pathToFileURL(program).href });
  const loader = Module as unknown as CommonJsLoader;
  const load = loader._load;
  loader._load = function (request, parent, isMain) {
    if (pathOf(loader, request, parent) !== program) return load.call(this, request, parent, isMain);
    throw importsProgramError(program, parent?.filename ?? undefined);
  };
}

function pathOf(loader: CommonJsLoader, request: string, parent: unknown): string | undefined {
  try {
    return loader._resolveFilename(request, parent, false);
  } catch {
    return undefined; // the loader itself says what is wrong with it
  }
}
