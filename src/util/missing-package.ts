import { createRequire } from "node:module";
import { HypernodesError } from "../errors.js";

/** The versions of optional packages that are installed for production. */
const PRODUCTION = { "@viz-js/viz": "@viz-js/viz@3", modal: "modal@0.11", bullmq: "bullmq@6", ioredis: "ioredis@5" };
/** Optional packages that are installed for development: they compile code that is sent to other hosts. */
const DEVELOPMENT = { esbuild: "esbuild", "@swc/core": "@swc/core" };

type OptionalPackage = keyof typeof PRODUCTION | keyof typeof DEVELOPMENT;

/** The packages that each use needs: the error lists all that are not installed, so that one installation is enough. */
const NEEDED: Readonly<Record<string, readonly OptionalPackage[]>> = {
  "modal(...)": ["modal", "esbuild", "@swc/core"],
  "bullmq(...)": ["bullmq", "ioredis", "esbuild", "@swc/core"],
};

const require = createRequire(import.meta.url);

/**
 * Creates the error for an optional package that is not installed.
 *
 * @param where the use that needs it, such as `modal(...)`.
 * @param purpose the package's task: `to talk to Modal`.
 */
export function missingPackage(name: OptionalPackage, where: string, purpose: string, cause: unknown): HypernodesError {
  const { code, message } = cause as { readonly code?: string; readonly message: string };
  const isMissing = /^(?:ERR_)?MODULE_NOT_FOUND$/.test(code ?? "") && message.includes(`'${name}'`);
  const others = (NEEDED[where] ?? []).filter((other) => other !== name && !isInstalled(other));
  return new HypernodesError({
    code: "MISSING_PACKAGE",
    where,
    problem: `the package ${name} is needed ${purpose}, and ${isMissing ? "is not installed" : `can't be loaded: ${message}`}`,
    advice: `Install ${others.length === 0 ? "it" : `all that ${where} needs`}: ${commands([name, ...others]).join(", and ")}`,
    cause,
  });
}

function commands(names: readonly OptionalPackage[]): string[] {
  const production = new Set(names.includes("bullmq") || names.includes("ioredis") ? ["bullmq", "ioredis"] : []);
  const lists = [
    ["npm install", PRODUCTION, [...production, ...names.filter((name) => !production.has(name))]],
    ["npm install --save-dev", DEVELOPMENT, names],
  ] as const;
  return lists.flatMap(([command, versions, wanted]) => {
    const found = Object.entries(versions).filter(([name]) => (wanted as readonly string[]).includes(name));
    return found.length === 0 ? [] : [`${command} ${found.map(([, version]) => version).join(" ")}`];
  });
}

/** Tells if a package is installed; its modules may be ES modules, which `require` finds and does not resolve. */
function isInstalled(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch (error) {
    return (error as { readonly code?: string }).code !== "MODULE_NOT_FOUND";
  }
}
