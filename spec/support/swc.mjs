// The loader of the specs: `--import` it. Does what @swc-node/register does with this project's tsconfig.json, in a third of
// the time, which counts because each process and each thread that a spec starts pays it: it does not load the TypeScript
// compiler, and no file is compiled twice. What users get from @swc-node/register, the specs of the package show.
import module from "node:module";

// From Node 22.15 on, hooks need no thread of their own: beside each thread there would be another one.
if (module.registerHooks === undefined) module.register("./swc-hooks.mjs", import.meta.url);
else module.registerHooks(await import("./swc-hooks.mjs"));
