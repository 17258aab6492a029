// Runs the projects of a list one after another: with what its store remembers, and without.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";

const { projects, main, store } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { keyv } = await import(pathToFileURL(path.resolve("node_modules/hypernodes/index.js")).href);
const entries = new Map(existsSync(store) ? JSON.parse(readFileSync(store, "utf8")) : []);
const storeOf = (name) =>
  keyv({
    get: async (key) => entries.get(`${name} ${key}`),
    set: async (key, value) => entries.set(`${name} ${key}`, value),
    delete: async (key) => entries.delete(`${name} ${key}`),
  });

let warnings = [];
process.on("warning", ({ name, message }) => {
  if (name === "HypernodesWarning") warnings.push(message);
});

const modules = new Map();
const answer = {};
for (const name of projects) {
  try {
    modules.set(name, await import(pathToFileURL(path.resolve(name, main)).href));
  } catch (error) {
    answer[name] = { failure: String(error?.stack ?? error) };
  }
}
for (const [name, module] of modules) {
  warnings = [];
  try {
    answer[name] = { ...(await runAll(name, module)), warnings };
  } catch (error) {
    answer[name] = { failure: String(error?.stack ?? error) };
  }
}

async function runAll(name, module) {
  const runs = module.runs?.() ?? [[module.P, module.inputs ?? { x: 5 }]];
  const cache = storeOf(name);
  const computed = new Set();
  const because = {};
  const wrong = [];
  const onEvent = (event) => {
    const node = event.path.replace(/^P\./, "").replace(/\[\d+\]/g, "");
    if (event.phase === "explained") because[node] = event.because;
    else if ((event.type === "node" || event.type === "element") && event.phase === "start") computed.add(node);
  };
  const made = (P) => (typeof P === "function" ? new P() : P);
  const given = (inputs) => (typeof inputs === "function" ? inputs() : structuredClone(inputs));
  const found = [];
  for (const [P, inputs] of runs) {
    found.push(await made(P).run(given(inputs), { cache, onEvent, explain: module.explain ?? false }));
  }
  // Code is read anew: what the process knows by now of functions must not make a difference.
  const unstable = [];
  for (const [P, inputs] of runs) {
    for (const { path, computed, because } of await made(P).explain(given(inputs), { cache })) {
      if (computed > 0 && !because.startsWith("it can't be cached")) unstable.push(`${path}: ${because}`);
    }
  }
  for (const [i, [P, inputs]] of runs.entries()) {
    const truth = await made(P).run(given(inputs), { cache: false });
    for (const output of Object.keys(truth)) {
      if (!isDeepStrictEqual(found[i][output], truth[output])) wrong.push(output);
    }
  }
  // Warnings come a moment later.
  await new Promise(setImmediate);
  return { computed: [...computed].sort(), because, wrong, unstable };
}

writeFileSync(store, JSON.stringify([...entries]));
process.stdout.write(`\u0000${JSON.stringify(answer)}\u0000`);
