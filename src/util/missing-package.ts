import { HypernodesError } from "../errors.js";

/** The commands that install optional packages. */
const INSTALL = {
  "@viz-js/viz": "npm install @viz-js/viz@3",
  modal: "npm install modal@0.11",
  bullmq: "npm install bullmq@6 ioredis@5",
  ioredis: "npm install bullmq@6 ioredis@5",
  esbuild: "npm install --save-dev esbuild",
  "@swc/core": "npm install --save-dev @swc/core",
} as const;

/** Creates the error for an optional package that is not installed. */
export function missingPackage(
  name: keyof typeof INSTALL,
  where: string,
  purpose: string,
  cause: unknown,
): HypernodesError {
  return new HypernodesError({
    code: "MISSING_PACKAGE",
    where,
    problem: `the package ${name} is needed ${purpose}, and can't be loaded: ${(cause as Error).message}`,
    advice: `Install it: ${INSTALL[name]}`,
    cause,
  });
}
