import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { built } from "./built.js";
import { newFolder } from "./caches.js";
import { execute } from "./execute.js";

/** How a project's TypeScript comes to run: `esm` and `cjs` are compiled by tsc. */
export type Loader = "swc" | "tsx" | "esm" | "cjs";
export const LOADERS: readonly Loader[] = ["swc", "tsx", "esm", "cjs"];

/** A small project before and after an edit. */
export interface Project {
  /** Names its folder. */
  readonly name: string;
  /** `pipeline.ts` exports a pipeline `P`, or `runs()` with several and their inputs. */
  readonly before: Files;
  readonly after: Files;
  /** Links to make, with what they lead to. */
  readonly links?: Readonly<Record<string, string>>;
  /** A name of tsconfig.json for its folder src. */
  readonly alias?: string;
  /** Variables that a process before, and after, the edit has. */
  readonly env?: { readonly before: NodeJS.ProcessEnv; readonly after: NodeJS.ProcessEnv };
  /** It changes what all others see: it gets processes of its own. */
  readonly isAlone?: boolean;
}

/** The texts of a project's files, by their paths. */
export type Files = Readonly<Record<string, string>>;

/** Results of a project's pipelines in one process. */
export interface Outcome {
  /** The nodes that were computed, in the order of their names: of a pipeline that is not called P with its name. */
  readonly computed: readonly string[];
  /** Warnings, without what all of them begin with. */
  readonly warnings: readonly string[];
  /** Values from the cache that are not those of a run without one. */
  readonly wrong: readonly string[];
  /** Nodes, and why, that another run in the same process would compute. */
  readonly unstable: readonly string[];
  /** What was printed to explain it, by node. */
  readonly because: Readonly<Record<string, string>>;
  /** What kept it from running at all. */
  readonly failure?: string;
}

export interface Outcomes {
  readonly before: Outcome;
  readonly after: Outcome;
}

const HOOKS: Readonly<Record<Loader, readonly string[]>> = {
  swc: ["--import", hook("@swc-node/register/esm/esm-register.mjs")],
  tsx: ["--import", hook("tsx/dist/esm/index.mjs")],
  esm: [],
  cjs: [],
};

function hook(file: string): string {
  return pathToFileURL(path.resolve("node_modules", file)).href;
}

/** A loader takes a second to start; what a process has read of all projects, it keeps for each, which grows with their square. */
const PER_PROCESS = 180;

/**
 * Runs each project before its edit and after it, with a store of its own and without one. A process runs several of them before,
 * and another one after: starting a process takes longer than running a project. There are as many processes at once as cores.
 */
export async function runEdited(loader: Loader, projects: readonly Project[]): Promise<Map<string, Outcomes>> {
  const folder = newFolder(`edits-${loader}`);
  try {
    prepare(folder, loader, projects);
    const together = projects.filter(({ isAlone }) => isAlone !== true);
    const groups = projects.filter(({ isAlone }) => isAlone === true).map((project) => [project]);
    for (let i = 0; i < together.length; i += PER_PROCESS) groups.push(together.slice(i, i + PER_PROCESS));
    const found = new Map<string, Outcomes>();
    const waiting = groups.entries();
    const next = async (): Promise<void> => {
      for (const [number, group] of waiting) {
        const run = (when: "before" | "after") => runAll(folder, loader, group, when, number);
        for (const { name, before } of group) writeProject(path.join(folder, name), loader, before, {});
        const before = await run("before");
        for (const project of group)
          writeProject(path.join(folder, project.name), loader, project.after, project.before);
        const after = await run("after");
        for (const { name } of group) found.set(name, { before: before[name]!, after: after[name]! });
      }
    };
    await Promise.all(Array.from({ length: os.availableParallelism() }, next));
    return found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function prepare(folder: string, loader: Loader, projects: readonly Project[]): void {
  const type = loader === "cjs" ? "commonjs" : "module";
  const index = pathToFileURL(built("src/index.ts")).href;
  write(path.join(folder, "package.json"), `{ "name": "all", "type": "${type}" }`);
  write(path.join(folder, "node_modules/hypernodes/package.json"), `{ "type": "module", "exports": "./index.js" }`);
  write(path.join(folder, "node_modules/hypernodes/index.js"), `export * from ${JSON.stringify(index)};\n`);
  const paths = Object.fromEntries(
    projects.flatMap(({ name, alias }) => (alias === undefined ? [] : [[`${alias}/*`, [`./${name}/src/*`]]])),
  );
  const compilerOptions = {
    ...{ target: "ES2022", module: "NodeNext", experimentalDecorators: true, emitDecoratorMetadata: true },
    ...{ useDefineForClassFields: true, esModuleInterop: true, resolveJsonModule: true, paths },
  };
  write(path.join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  for (const { name, links } of projects) {
    write(path.join(folder, name, "package.json"), `{ "name": "${name}", "version": "1.0.0", "type": "${type}" }`);
    for (const [link, target] of Object.entries(links ?? {})) {
      mkdirSync(path.dirname(path.join(folder, name, link)), { recursive: true });
      symlinkSync(target, path.join(folder, name, link));
    }
  }
}

/** @param known what is in the folder already. */
function writeProject(folder: string, loader: Loader, files: Files, known: Files): void {
  const isCompiled = loader === "esm" || loader === "cjs";
  for (const [name, text] of Object.entries(files)) {
    if (known[name] === text) continue;
    const file = path.join(folder, name);
    if (name === "package.json" && loader === "cjs") write(file, text.replace(`"module"`, `"commonjs"`));
    else write(file, text);
    if (isCompiled && /(?<!\.d)\.[mc]?ts$/.test(name)) write(file.replace(/ts$/, "js"), compiled(text, loader));
  }
  for (const name of Object.keys(known)) {
    if (files[name] !== undefined) continue;
    rmSync(path.join(folder, name));
    if (isCompiled) rmSync(path.join(folder, name.replace(/ts$/, "js")), { force: true });
  }
}

function write(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

const emitted = new Map<string, string>();

function compiled(source: string, loader: Loader): string {
  const key = `${loader}\n${source}`;
  let text = emitted.get(key);
  if (text === undefined) {
    text = ts.transpileModule(source, {
      compilerOptions: {
        module: loader === "cjs" ? ts.ModuleKind.CommonJS : ts.ModuleKind.ES2022,
        target: ts.ScriptTarget.ES2022,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
        esModuleInterop: true,
      },
    }).outputText;
    emitted.set(key, text);
  }
  return text;
}

async function runAll(
  folder: string,
  loader: Loader,
  projects: readonly Project[],
  when: "before" | "after",
  number: number,
): Promise<Record<string, Outcome>> {
  const main = loader === "swc" || loader === "tsx" ? "pipeline.ts" : "pipeline.js";
  const client = path.resolve("spec/support/edited-projects-client.mjs");
  const list = path.join(folder, `list-${number}.json`);
  const store = path.join(folder, `store-${number}.json`);
  write(list, JSON.stringify({ projects: projects.map(({ name }) => name), main, store }));
  const env: NodeJS.ProcessEnv = Object.assign({}, ...projects.map(({ env }) => env?.[when] ?? {}));
  const { code, stdout, stderr } = await execute(process.execPath, [...HOOKS[loader], client, list], {
    cwd: folder,
    env,
  });
  const [, answer] = stdout.split("\u0000");
  if (answer === undefined) throw new Error(`${loader} ${when} the edit: no answer (${code}): ${stderr}`);
  return JSON.parse(answer) as Record<string, Outcome>;
}
