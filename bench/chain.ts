import * as Effect from "effect/Effect";
import { measure, printTable } from "./measure.js";
import { chainOf } from "./pipelines.js";

const NODES = 100;
const next = (value: number) => value + 1;
const nextAsync = async (value: number) => value + 1;

/** A chain of trivial synchronous nodes: what does one node cost? */
export async function chain(): Promise<void> {
  const Chain = chainOf(NODES);
  const pipeline = new Chain() as unknown as { run(inputs: object): Promise<unknown> };
  const effect = Array.from({ length: NODES }).reduce<Effect.Effect<number>>(
    (before) => Effect.flatMap(before, (value) => Effect.succeed(next(value))),
    Effect.succeed(1),
  );
  const results = await measure([
    {
      name: "bare calls",
      operations: NODES,
      runs: 500,
      run: () => {
        let value = 1;
        for (let i = 0; i < NODES; i++) value = next(value);
        return value;
      },
    },
    {
      name: "bare await",
      operations: NODES,
      runs: 500,
      run: async () => {
        let value = 1;
        for (let i = 0; i < NODES; i++) value = await nextAsync(value);
        return value;
      },
    },
    { name: "Effect, flatMap, built once", operations: NODES, runs: 500, run: () => Effect.runPromise(effect) },
    {
      name: "Effect, gen",
      operations: NODES,
      runs: 500,
      run: () =>
        Effect.runPromise(
          Effect.gen(function* () {
            let value = 1;
            for (let i = 0; i < NODES; i++) value = yield* Effect.sync(() => next(value));
            return value;
          }),
        ),
    },
    { name: "hypernodes", operations: NODES, runs: 500, run: () => pipeline.run({ x: 1 }) },
  ]);
  printTable(`Chain of ${NODES} trivial synchronous nodes`, "node", results, "bare await");

  const Single = chainOf(1);
  const single = new Single() as unknown as typeof pipeline;
  const whole = await measure([
    { name: "a run of one node", operations: 1, runs: 2000, run: () => single.run({ x: 1 }) },
  ]);
  console.log(`\nOverhead of a whole run: ${whole[0]!.microseconds.toFixed(2)} us.`);
}
