import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Loader, Plugin } from "esbuild";
import { BUNDLE_MODULE_KEY, BUNDLED_EXPORTS, type ClassLocation, locationPath } from "../../dsl/class-location.js";
import { HypernodesError } from "../../errors.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { missingPackage } from "../../util/missing-package.js";
import { isOwnFile, ownModule } from "../../util/own-files.js";
import { packageRootOf } from "../../util/package-json.js";
import { sha256 } from "../../util/sha256.js";
import { classExports } from "../../values/class-exports.js";
import type { HostCode } from "../provider.js";
import { findFiles, packFiles } from "./files.js";
import { type InstallLayer, installLayer, isExternal, type Package, packageOf } from "./packages.js";
import { FILES, PROJECT } from "./paths.js";
import { remapStacks } from "./remap-stacks.js";
import { missingSiblings, NAMES_ITS_PLACE } from "./sibling-files.js";

/** A pipeline's code as a few packed files. Its digest is the SHA-256 of the packed files, in hexadecimal. */
export interface Bundle extends HostCode {
  /** The files, packed. */
  readonly packed: Uint8Array;
  /** The folder that the names of modules in it are relative to. */
  readonly root: string;
  /** The packages that the image needs; undefined: none. */
  readonly layer: InstallLayer | undefined;
}

const bundles = new Map<string, Promise<Bundle>>();

/**
 * The module that defines a pipeline's class, and all that it reaches, as a few files. Made once in a process.
 *
 * @param installed the names of packages that the image has already.
 * @param patterns the files that its modules read beside themselves.
 * @param purpose what the bundle is for, as the user has written it: it is named if a package is missing.
 * @throws {HypernodesError} `NOT_BUNDLEABLE`, `MISSING_PACKAGE`, `NO_SUCH_FILES`, `FILES_TOO_LARGE`.
 */
export function bundleOf(
  origin: ClassLocation,
  installed: readonly string[],
  patterns: readonly string[],
  purpose: string,
): Promise<Bundle> {
  const file = fileOf(origin);
  const key = JSON.stringify([file, installed, patterns]);
  const bundle = getOrCreate(bundles, key, () => build(origin.name, file, installed, patterns, purpose));
  // What is wrong with the code may be mended while the process lives.
  bundle.catch(() => bundles.delete(key));
  return bundle;
}

/** The path of the module that an origin names. */
function fileOf({ file, name }: ClassLocation): string {
  if (file !== undefined) return locationPath(file);
  throw new HypernodesError({
    code: "NOT_BUNDLEABLE",
    where: name,
    problem: "its code is not in a file (it was typed in, evaluated or piped), so it can't be sent to a container",
    advice: "Put the class into a module.",
  });
}

/** The name that a module has in its bundle. */
function bundledName(file: string, root: string): string {
  return `bundle:${path.relative(root, locationPath(file)).split(path.sep).join("/")}`;
}

/** Never in a bundle: what only the client uses, and SQLite, which the container's Node has. */
const CLIENT_ONLY = [
  ...["modal", "bullmq", "ioredis", "esbuild", "@swc/core", "@photostructure/sqlite", "@napi-rs/nice"],
  ...["@viz-js/viz", "log-update", "string-width", "picocolors"],
];

async function build(
  pipeline: string,
  file: string,
  installed: readonly string[],
  patterns: readonly string[],
  purpose: string,
): Promise<Bundle> {
  const esbuild = await import("esbuild").catch((error: unknown) => {
    throw missingPackage("esbuild", purpose, "to bundle the pipeline's code, which runs on another host", error);
  });
  const root = packageRootOf(file);
  const besides = await findFiles(root, patterns);
  const outside = new Map<string, Package>();
  let built: Awaited<ReturnType<typeof esbuild.build>>;
  try {
    built = await esbuild.build({
      entryPoints: {
        pipeline: file,
        runner: ownFile("placement/runtime/supervisor"),
        "task-process": ownFile("placement/runtime/task-process"),
        worker: ownFile("engine/worker/worker"),
        "thread-entry": ownFile("engine/worker/thread-entry"),
        "piscina-worker": "hypernodes:piscina-worker",
      },
      absWorkingDir: root,
      outdir: root,
      entryNames: "[name]",
      chunkNames: "[hash]",
      bundle: true,
      splitting: true,
      write: false,
      platform: "node",
      target: "node20",
      format: "esm",
      // A class is known by its name.
      keepNames: true,
      minifyWhitespace: true,
      legalComments: "none",
      sourcemap: "linked",
      sourcesContent: false,
      logLevel: "silent",
      external: CLIENT_ONLY,
      banner: { js: BANNER },
      define: PLACES,
      plugins: [bundlePlugin(root, outside, installed, besides, purpose)],
    });
  } catch (error) {
    // esbuild makes a message of what a plugin throws.
    const thrown = (error as BuildFailure).errors?.find(({ detail }) => detail instanceof HypernodesError)?.detail;
    if (thrown !== undefined) throw thrown;
    throw notBundleable(pipeline, root, error);
  }
  const files = built.outputFiles!.map(({ path: name, text }) => [path.basename(name), text] as const);
  if (besides.length > 0) files.push([FILES, packFiles(root, besides)]);
  const all = Object.fromEntries(
    [...files, ["package.json", '{"type":"module"}']].sort(([a], [b]) => (a! < b! ? -1 : 1)),
  );
  const packed = gzipSync(JSON.stringify(all), { level: 6 });
  const digest = sha256(packed);
  return {
    ...{ digest, packed, root, layer: installLayer([...outside.values()], root) },
    locate: (location) => ({ ...location, file: bundledName(location.file!, root) }),
    remapStacks: (error) => remapStacks(error, { digest, root }),
  };
}

/**
 * CommonJS packages ask for Node's own modules with `require`. A module's place is that of the file of the bundle that it is in; the
 * project's own modules have theirs in a folder of their own.
 */
const BANNER = `
import{createRequire as __hypernodesRequire}from"node:module";
import{dirname as __hypernodesDirname,join as __hypernodesJoin}from"node:path";
import{fileURLToPath as __hypernodesPath,pathToFileURL as __hypernodesUrl}from"node:url";
const require=__hypernodesRequire(import.meta.url);
const __hypernodesAt=(filename)=>({filename,dirname:__hypernodesDirname(filename),url:__hypernodesUrl(filename).href});
const __hypernodesPlace=__hypernodesAt(__hypernodesPath(import.meta.url));
const __hypernodesIn=(file)=>__hypernodesAt(__hypernodesJoin(__hypernodesPlace.dirname,"${PROJECT}",file));
`.replaceAll("\n", "");

/** A module's place, wherever it asks for it. */
const PLACES = {
  "import.meta.url": "__hypernodesPlace.url",
  "import.meta.filename": "__hypernodesPlace.filename",
  "import.meta.dirname": "__hypernodesPlace.dirname",
  __filename: "__hypernodesPlace.filename",
  __dirname: "__hypernodesPlace.dirname",
};

/** A module of ours, as it is here: source or compiled. */
function ownFile(name: string): string {
  return fileURLToPath(ownModule(name));
}

/** The esbuild plugin that resolves and transforms the modules of a bundle. */
function bundlePlugin(
  root: string,
  outside: Map<string, Package>,
  installed: readonly string[],
  besides: readonly string[],
  purpose: string,
): Plugin {
  const require = createRequire(import.meta.url);
  return {
    name: "hypernodes",
    setup(build) {
      build.onResolve({ filter: /^hypernodes:piscina-worker$/ }, () => ({
        path: path.join(path.dirname(require.resolve("piscina")), "worker.js"),
      }));
      // Piscina starts its threads with a file of its own.
      build.onLoad({ filter: /[\\/]piscina[\\/]dist[\\/]index\.js$/ }, ({ path: file }) => ({
        contents: readFileSync(file, "utf8").replace("'worker.js'", "'piscina-worker.js'"),
      }));
      build.onResolve({ filter: /^[^./]/ }, async ({ path: specifier, pluginData, ...rest }) => {
        if (pluginData === RESOLVING || specifier.includes(":")) return undefined;
        const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
        if (installed.includes(name)) return { path: specifier, external: true };
        const { importer, namespace, resolveDir, kind } = rest;
        const found = await build.resolve(specifier, { importer, namespace, resolveDir, kind, pluginData: RESOLVING });
        if (found.errors.length > 0) {
          // Packages ask for others that need not be there: one that needs them fails when it runs.
          return packageOf(importer) === undefined ? undefined : { path: specifier, external: true };
        }
        if (found.external || isOwnFile(found.path)) return found;
        const inside = packageOf(found.path);
        if (inside === undefined || !isExternal(inside)) return found;
        outside.set(inside.name, inside);
        return { path: specifier, external: true };
      });
      build.onLoad({ filter: /\.(?:[cm]?ts|[cm]?js|[jt]sx)$/ }, async ({ path: file }) => {
        if (file.split(path.sep).includes("node_modules") || isOwnFile(file)) return undefined;
        return { ...(await transformed(file)), resolveDir: path.dirname(file) };
      });

      async function transformed(file: string) {
        const source = readFileSync(file, "utf8");
        const name = bundledName(file, root);
        let statements = `${BUNDLED_NAME}=${JSON.stringify(name)};`;
        if (NAMES_ITS_PLACE.test(source)) {
          statements += `const __hypernodesPlace=__hypernodesIn(${JSON.stringify(name.replace("bundle:", ""))});`;
          await warnOfMissing(file, source);
        }
        const isTypeScript = /tsx?$/.test(path.extname(file));
        // esbuild writes no types for decorators, and what reads them at run time would find none.
        const code = isTypeScript && /@[\w$]/.test(source) ? await withMetadata(file, source, purpose) : source;
        const loader = file.endsWith("x") ? (isTypeScript ? "tsx" : "jsx") : isTypeScript ? "ts" : "js";
        const { first, last } = await exportsOf(file, name, code, loader);
        return { contents: prependStatement(first + statements, code) + last, loader } as const;
      }

      /** The statements before and after a module's code that record its exported classes: a bundle has no exports. */
      async function exportsOf(file: string, name: string, code: string, loader: Loader) {
        if (!/\bexports?\b/.test(code)) return { first: "", last: "" };
        // What is wrong with the code, the bundle's build says.
        const { code: compiled } = await build.esbuild.transform(code, { loader }).catch(() => ({ code: "" }));
        if (isCommonJs(compiled)) {
          // What it requires says its own name meanwhile, and gives this one back.
          return {
            first: `const ${BEFORE}=${BUNDLED_NAME};${recordExport(name, "()=>module.exports")}`,
            last: `\n;${BUNDLED_NAME}=${BEFORE};`,
          };
        }
        const exported = classExports(compiled);
        if (exported.length === 0) return { first: "", last: "" };
        const isUnnamed = exported.some(({ local }) => local === undefined);
        const own = isUnnamed ? `import ${UNNAMED} from ${JSON.stringify(`./${path.basename(file)}`)};` : "";
        const values = exported.map((each) => `${JSON.stringify(each.name)}:()=>${each.local ?? UNNAMED}`);
        return { first: own + recordExport(name, `{${values.join()}}`), last: "" };
      }

      /** Comments do not count. */
      async function warnOfMissing(file: string, source: string): Promise<void> {
        const loader = /tsx?$/.test(path.extname(file)) ? "tsx" : "jsx";
        const { code } = await build.esbuild
          .transform(source, { loader, minifyWhitespace: true })
          .catch(() => ({ code: "" }));
        const warning = missingSiblings(code, file, root, besides);
        if (warning !== undefined) process.emitWarning(warning, "HypernodesWarning");
      }
    },
  };
}

const BUNDLED_NAME = `globalThis[${JSON.stringify(BUNDLE_MODULE_KEY)}]`;
/**
 * Variables of a module in a bundle: its own default export, where that has no name in it; the name of the one that requires
 * it.
 */
const UNNAMED = "__hypernodesDefault";
const BEFORE = "__hypernodesBefore";

function recordExport(name: string, exported: string): string {
  return `(globalThis[${JSON.stringify(BUNDLED_EXPORTS)}]??=new Map).set(${JSON.stringify(name)},${exported});`;
}

/** Tells if compiled code is CommonJS: it neither imports nor exports by statements, and has exports. */
function isCommonJs(code: string): boolean {
  return !/^\s*(?:import|export)\b(?!\s*\()/m.test(code) && /\bexports\b/.test(code);
}

const RESOLVING = Symbol("resolving");

/** A statement before all others, on the first line, so that no line moves. */
function prependStatement(statement: string, code: string): string {
  if (!code.startsWith("#!")) return statement + code;
  const end = code.indexOf("\n");
  return end < 0 ? statement : `\n${statement}${code.slice(end + 1)}`;
}

async function withMetadata(file: string, source: string, purpose: string): Promise<string> {
  const swc = await import("@swc/core").catch((error: unknown) => {
    throw missingPackage(
      "@swc/core",
      purpose,
      `to compile the decorators in ${path.basename(file)}, whose code runs on another host`,
      error,
    );
  });
  const { code } = await swc.transform(source, {
    filename: file,
    sourceMaps: "inline",
    swcrc: false,
    configFile: false,
    jsc: {
      parser: { syntax: "typescript", decorators: true, tsx: file.endsWith("x") },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
      target: "es2022",
      keepClassNames: true,
    },
    module: { type: "es6" },
  });
  return code;
}

interface BuildFailure {
  readonly errors?: readonly {
    readonly text: string;
    readonly detail?: unknown;
    readonly location: { readonly file: string; readonly line: number; readonly column: number } | null;
  }[];
}

function notBundleable(pipeline: string, root: string, error: unknown): HypernodesError {
  const { errors = [] } = error as BuildFailure;
  const messages = errors.slice(0, 5).map(({ text, location }) => {
    if (location === null) return text;
    return `${path.relative(root, path.resolve(root, location.file))}:${location.line}:${location.column + 1}: ${text}`;
  });
  const problem = messages.length > 0 ? messages.join("\n  ") : ((error as Error)?.message ?? String(error));
  return new HypernodesError({
    code: "NOT_BUNDLEABLE",
    where: pipeline,
    problem: `its code can't be bundled for a container:\n  ${problem}`,
    advice:
      "Fix the problem above. A package that can't be bundled can be installed in the image instead: image: image().npmInstall(name).",
    cause: error,
  });
}
