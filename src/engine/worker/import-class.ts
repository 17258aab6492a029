import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { workerData } from "node:worker_threads";
import { type ClassLocation, isBundled, resolveClass } from "../../dsl/class-location.js";
import { formatFile, formatFilesIn } from "../../dsl/format-file.js";
import type { PipelineClass } from "../../dsl/members.js";
import { HypernodesError } from "../../errors.js";
import { describeChain } from "../../util/describe.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { registerExportsOf } from "../../values/exported-classes.js";
import { importForClasses } from "../lifecycle/worker-context.js";
import type { ThreadData } from "../threads/protocol.js";
import { programImportOf, refuseProgram } from "../threads/refuse-program.js";
import { recordRunAtImport } from "../threads/run-at-import.js";
import { importBundle } from "./import-bundle.js";
import { registerLoaders } from "./loaders.js";

let registered: Promise<void> | undefined;
const importedModules = new Map<string, Promise<void>>();

/**
 * The class that comes from there, in this thread: its module is imported if it was not yet.
 *
 * @throws {HypernodesError} `NOT_IMPORTABLE`.
 */
export async function importPipelineClass(origin: ClassLocation): Promise<PipelineClass> {
  const file = origin.file!;
  let type = resolveClass(origin);
  if (type === undefined) {
    await getOrCreate(importedModules, file, () =>
      isBundled(origin) ? importBundle() : importModule(origin.name, file),
    );
    type = resolveClass(origin);
  }
  if (type !== undefined) {
    registerExportsOf(type);
    return type as unknown as PipelineClass;
  }
  throw new HypernodesError({
    code: "NOT_IMPORTABLE",
    where: origin.name,
    problem: `a thread has imported ${formatFile(file)}, and that does not define the class`,
    advice:
      "A class inside a function, a test or a condition exists only after that code has run: move it to the top level of a module.",
  });
}

async function importModule(pipeline: string, file: string): Promise<void> {
  try {
    registered ??= prepare();
    await registered;
    await importForClasses(
      () => load(file),
      (ran) => recordRunAtImport({ file, ran }),
    );
  } catch (error) {
    const refused = programImportOf(error);
    if (refused !== undefined) throw refused;
    throw new HypernodesError({
      code: "NOT_IMPORTABLE",
      where: pipeline,
      problem: `a thread can't import ${formatFile(file)}, which defines the class: ${formatFilesIn(describeChain(error))}`,
      advice: adviceFor(pipeline, error),
      cause: error,
    });
  }
}

async function prepare(): Promise<void> {
  await registerLoaders();
  const { program } = (workerData as ThreadData).hypernodes;
  if (program !== undefined) refuseProgram(program);
}

function adviceFor(pipeline: string, error: unknown): string {
  const runner = testRunner();
  if (runner !== undefined)
    return `${runner} transforms modules for its tests, and not for threads: in tests, keep maps and nodes in the main thread: new ${pipeline}().with({ execution: { nodes: "async", maps: "async" } }); or test compiled code.`;
  if (!isUnreadable(error)) return "Move the class into a module that can be imported by itself.";
  return "Threads load modules with the loaders that Node was started with (node --import ...), not with a bundler: compile the module first, or start Node with its loader.";
}

/** The test runner that the process is of, if it is of one that transforms modules by itself. */
function testRunner(): string | undefined {
  if (process.env.VITEST !== undefined) return "vitest";
  return process.env.JEST_WORKER_ID === undefined ? undefined : "jest";
}

/** Tells if Node can't read the file, or something that it imports. */
function isUnreadable(error: unknown): boolean {
  return error instanceof SyntaxError || (error as { code?: unknown }).code === "ERR_UNKNOWN_FILE_EXTENSION";
}

async function load(file: string): Promise<void> {
  const url = file.startsWith("file:") ? file : pathToFileURL(file).href;
  const { isCommonJs } = (workerData as ThreadData).hypernodes;
  const require = createRequire(url);
  try {
    if (isCommonJs) require(fileURLToPath(url));
    else await import(url);
  } catch (error) {
    // What was registered with node --require loads for require alone.
    const isForRequire = !isCommonJs && isUnreadable(error) && path.extname(url) in require.extensions;
    if (!isForRequire) throw error;
    require(fileURLToPath(url));
  }
}
