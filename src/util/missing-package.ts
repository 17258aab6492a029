import { HypernodesError } from "../errors.js";

/** The commands that install packages which only some uses need. */
const INSTALL = {
  "@viz-js/viz": "npm install @viz-js/viz@3",
  modal: "npm install modal@0.11",
  bullmq: "npm install bullmq@6 ioredis@5",
  ioredis: "npm install bullmq@6 ioredis@5",
  esbuild: "npm install --save-dev esbuild",
  "@swc/core": "npm install --save-dev @swc/core",
} as const;

/** The error of a package that only some uses need, and that is not there. */
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
