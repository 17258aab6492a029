import * as Effect from "effect/Effect";
import pMap from "p-map";
import { measure, printTable, ROUNDS, WARM_UPS } from "./measure.js";
import { NestedOne, NestedThree, One, Sequential, Trivial, TrivialAsync } from "./pipelines.js";

const ELEMENTS = 10_000;
const xs = Array.from({ length: ELEMENTS }, (_, i) => i);
const next = (x: number) => x + 1;
const nextAsync = async (x: number) => x + 1;

/** A map over many trivial elements: what does one element cost? */
export async function map(): Promise<void> {
  const trivial = new Trivial();
  const sequential = new Sequential();
  const asynchronous = new TrivialAsync();
  const single = new One();
  const contenders = [
    { name: "Array.map", operations: ELEMENTS, run: () => xs.map(next) },
    { name: "Promise.all", operations: ELEMENTS, run: () => Promise.all(xs.map(nextAsync)) },
    {
      name: "Effect.forEach",
      operations: ELEMENTS,
      run: () => Effect.runPromise(Effect.forEach(xs, (x) => Effect.succeed(next(x)))),
    },
    {
      name: "Effect.forEach, 16 at once",
      operations: ELEMENTS,
      run: () => Effect.runPromise(Effect.forEach(xs, (x) => Effect.promise(() => nextAsync(x)), { concurrency: 16 })),
    },
    { name: "p-map, 16", operations: ELEMENTS, run: () => pMap(xs, nextAsync, { concurrency: 16 }) },
    { name: "hypernodes, sync method", operations: ELEMENTS, run: () => trivial.run({ xs }) },
    { name: "hypernodes, sequential", operations: ELEMENTS, run: () => sequential.run({ xs }) },
    { name: "hypernodes, map() of a pipeline", operations: ELEMENTS, run: () => single.map({ x: xs }, { over: "x" }) },
    { name: "hypernodes, async method, 16", operations: ELEMENTS, run: () => asynchronous.run({ xs }) },
  ];
  const results = await measure(contenders, ROUNDS, WARM_UPS);
  printTable(`Map over ${ELEMENTS} trivial elements`, "element", results, "Promise.all");

  const one = new NestedOne();
  const three = new NestedThree();
  const nested = await measure([
    { name: "nested pipeline of one node", operations: ELEMENTS, run: () => one.run({ xs }) },
    { name: "nested pipeline of three nodes", operations: ELEMENTS, run: () => three.run({ xs }) },
  ]);
  printTable(`Nested pipeline mapped over ${ELEMENTS} elements`, "element", nested, "nested pipeline of one node");
}
