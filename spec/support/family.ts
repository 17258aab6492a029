import { setTimeout as sleep } from "node:timers/promises";
import { recordMember } from "../../src/dsl/metadata.js";
import { Pipeline } from "../../src/index.js";

/** How many pipelines the family has. They are made while the module is loaded, so a thread that imports it has them too. */
export const FAMILY_SIZE = 60;

/** A repeatable source of whole numbers (mulberry32). */
function chooser(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** A number that depends on all that a method was given. */
function mixed(salt: number, given: readonly unknown[]): number {
  let sum = salt;
  for (const char of JSON.stringify(given)) sum = (sum * 31 + char.charCodeAt(0)) % 9973;
  return sum;
}

interface Known {
  readonly name: string;
  readonly isList: boolean;
}

type Method = (...given: unknown[]) => unknown;

/** A child of two nodes over one element, one of them perhaps async. */
function child(salt: number, isAsync: boolean): new () => Pipeline {
  class Child extends Pipeline {}
  const prototype = Child.prototype as unknown as Record<string, Method>;
  recordMember(prototype, "x", { role: "input", dependencies: [], options: {} });
  recordMember(prototype, "shared", { role: "input", dependencies: [], options: {} });
  prototype.a = (x) => (isAsync ? sleep(0).then(() => mixed(salt, [x])) : mixed(salt, [x]));
  prototype.b = (a, shared) => mixed(salt + 1, [a, shared]);
  recordMember(prototype, "a", { role: "node", dependencies: ["x"], options: {} });
  recordMember(prototype, "b", { role: "node", dependencies: ["a", "shared"], options: {} });
  return Child;
}

/** Any pipeline: nodes and maps over each other, zips, products, batches, nested pipelines, failures, waits. */
function pipelineOf(seed: number): new () => Pipeline {
  const choose = chooser(seed);
  class Drawn extends Pipeline {}
  const prototype = Drawn.prototype as unknown as Record<string, Method>;
  recordMember(prototype, "xs", { role: "input", dependencies: [], options: {} });
  recordMember(prototype, "y", { role: "input", dependencies: [], options: {} });
  // What fails and stops the run does so at the same element in every mode only if nobody waits before it.
  const stops = choose(4) === 0;
  const members: Known[] = [
    { name: "xs", isList: true },
    { name: "y", isList: false },
  ];
  const pick = (isList: boolean) => {
    const among = members.filter((member) => !isList || member.isList);
    return among[choose(among.length)]!.name;
  };
  const count = 3 + choose(5);
  const stopping = stops ? choose(count) : -1;
  for (let i = 0; i < count; i++) {
    const name = `n${i}`;
    const salt = choose(9973);
    const waits = !stops && choose(3) === 0;
    const collects = i !== stopping && choose(4) === 0;
    const fails = (value: number) => (i === stopping ? value % 11 === 3 : collects && value % 4 === 1);
    const one = (given: readonly unknown[]): number => {
      const value = mixed(salt, given);
      if (fails(value)) throw new RangeError(`${name} takes no ${value}`);
      return value;
    };
    const later = <T>(value: () => T) => (waits ? sleep(0).then(value) : value());
    const options = {
      ...(collects && { onError: "collect" as const }),
      ...(choose(5) === 0 && { retries: { times: 1, delayMs: 1 } }),
    };
    const shared = [pick(false), pick(false)].slice(0, choose(3));
    const kind = choose(8);
    if (kind <= 1) {
      prototype[name] = (...given) => later(() => one(given));
      recordMember(prototype, name, { role: "node", dependencies: [pick(false), ...shared], options });
    } else if (kind === 2) {
      const size = 1 + choose(4);
      prototype[name] = (elements, ...given) => later(() => (elements as unknown[]).map((x) => one([x, ...given])));
      recordMember(prototype, name, {
        role: "mapOver",
        over: [pick(true)],
        dependencies: shared,
        options: { ...options, batch: size },
      });
    } else if (kind === 3) {
      const wiring = { x: pick(true), shared: "y" };
      const nested = { pipeline: child(salt, waits), wiring, pick: "b" };
      recordMember(prototype, name, {
        role: "mapOver",
        over: [wiring.x],
        dependencies: [],
        child: nested,
        options: {},
      });
    } else if (kind === 4) {
      const nested = { pipeline: child(salt, waits), wiring: { x: pick(false), shared: "y" }, pick: "b" };
      recordMember(prototype, name, { role: "nested", dependencies: [], child: nested, options: {} });
    } else if (kind === 5) {
      prototype[name] = (...given) => later(() => one(given));
      const over = ["xs", "xs2"];
      if (!members.some((member) => member.name === "xs2")) {
        recordMember(prototype, "xs2", { role: "input", dependencies: [], options: {} });
        members.push({ name: "xs2", isList: true });
      }
      recordMember(prototype, name, {
        role: "mapOver",
        over,
        dependencies: shared,
        options: { ...options, mode: "product" },
      });
      continue;
    } else {
      const over = [...new Set([pick(true), pick(true)])].filter((list) => list !== "xs2");
      prototype[name] = (...given) => later(() => one(given));
      recordMember(prototype, name, {
        role: "mapOver",
        over: over.length > 0 ? over : ["xs"],
        dependencies: shared,
        options,
      });
    }
    members.push({ name, isList: kind === 2 ? true : kind === 3 || kind > 5 });
  }
  return Drawn;
}

export const FAMILY = Array.from({ length: FAMILY_SIZE }, (_, seed) => pipelineOf(seed));

/** Of some values those that a pipeline has inputs for. */
export function inputsFor(pipeline: Pipeline, values: object): object {
  const names = new Set(pipeline.graph().nodes.map(({ name }) => name));
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.has(name)));
}
