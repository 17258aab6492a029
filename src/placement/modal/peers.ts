import { HypernodesError } from "../../errors.js";

/** What `npm install` needs to be told for each package that only containers need. */
const INSTALL = {
  modal: "npm install modal@0.11",
  esbuild: "npm install --save-dev esbuild",
  "@swc/core": "npm install --save-dev @swc/core",
} as const;

/** The error of a package that is asked for only by who uses containers, and is not there. */
export function missingPackage(name: keyof typeof INSTALL, purpose: string, cause: unknown): HypernodesError {
  return new HypernodesError({
    code: "MISSING_PACKAGE",
    where: "modal(...)",
    problem: `the package ${name} is needed ${purpose}, and can't be loaded: ${(cause as Error).message}`,
    advice: `Install it: ${INSTALL[name]}`,
    cause,
  });
}
