// A process of its own: `code-process.mjs acorn|digests PROJECT KEPT [gc]` prints milliseconds of processor time a file, for each pass.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const [what, project, keptFile, collects] = process.argv.slice(2);
const files = readdirSync(project).filter((file) => /^m\d+\.js$/.test(file));

/** @returns milliseconds of processor time a file. */
function cost(work) {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / files.length;
}

const costs = [];
if (what === "acorn") {
  const { parse } = await import("acorn");
  const sources = files.map((file) => readFileSync(path.join(project, file), "utf8"));
  costs.push(
    cost(() => {
      for (const source of sources) parse(source, { ecmaVersion: "latest", sourceType: "module" });
    }),
  );
} else {
  // As it is installed: with what a loader brings V8 would have more to tell of.
  // Modules that are loaded on demand are exported whole.
  const exported = Object.values(await import("../dist/chunks/code.js")).flatMap((value) =>
    typeof value === "object" ? Object.values(value) : [value],
  );
  const [CodeReader, exportForms, importForms] = ["CodeReader", "exportForms", "importForms"].map((name) =>
    exported.find((value) => value?.name === name),
  );
  if (!CodeReader || !exportForms || !importForms)
    throw new Error("dist/chunks/code.js has other names: mend this bench");
  const { Wide } = await import(path.join(project, "pipeline.js"));
  const isKept = existsSync(keptFile);
  const wide = new Wide();
  const names = Object.getOwnPropertyNames(Wide.prototype).filter((name) => name !== "constructor");
  const nothing = () => false;
  if (collects === "gc") globalThis.gc();
  for (let pass = 0; pass < 2; pass++) {
    costs.push(
      cost(() => {
        if (pass === 0 && isKept) importForms(readFileSync(keptFile, "utf8"));
        const reader = new CodeReader();
        const codes = reader.pass(() => {
          for (const name of names) reader.foresee(wide, name, nothing);
          return names.map((name) => reader.ofMethod(wide, name, nothing));
        });
        if (codes.some(({ problem }) => problem !== undefined)) throw new Error(codes[0].problem);
        if (pass === 0 && !isKept) writeFileSync(keptFile, exportForms());
      }),
    );
  }
}
console.log(JSON.stringify(costs));
