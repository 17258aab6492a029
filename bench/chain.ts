import * as Effect from "effect/Effect";
import { type Contender, measure, printTable, ROUNDS, WARM_UPS } from "./measure.js";
import { chainOf } from "./pipelines.js";

const NODES = 100;
const next = (value: number) => value + 1;
const nextAsync = async (value: number) => value + 1;

/** A chain of trivial synchronous nodes: what does one node cost? */
export async function chain(): Promise<void> {
  const Chain = chainOf(NODES);
  const pipeline = new Chain() as unknown as Runnable;
  const effect = Array.from({ length: NODES }).reduce<Effect.Effect<number>>(
    (before) => Effect.flatMap(before, (value) => Effect.succeed(next(value))),
    Effect.succeed(1),
  );
  const contenders = [
    contender("bare calls", () => {
      let value = 1;
      for (let i = 0; i < NODES; i++) value = next(value);
      return value;
    }),
    contender("bare await", async () => {
      let value = 1;
      for (let i = 0; i < NODES; i++) value = await nextAsync(value);
      return value;
    }),
    contender("Effect, flatMap, built once", () => Effect.runPromise(effect)),
    contender("Effect, gen", () =>
      Effect.runPromise(
        Effect.gen(function* () {
          let value = 1;
          for (let i = 0; i < NODES; i++) value = yield* Effect.sync(() => next(value));
          return value;
        }),
      ),
    ),
    contender("hypernodes", () => pipeline.run({ x: 1 })),
  ];
  const results = await measure(contenders, ROUNDS, WARM_UPS);
  printTable(`Chain of ${NODES} trivial synchronous nodes`, "node", results, "bare await");

  await distinctMethods();
  await waysToRun();

  const Single = chainOf(1);
  const single = new Single() as unknown as typeof pipeline;
  const whole = await measure([
    { name: "a run of one node", operations: 1, runs: 2000, run: () => single.run({ x: 1 }) },
  ]);
  console.log(`\nOverhead of a whole run: ${whole[0]!.microseconds.toFixed(2)} us.`);
}

/** Programs have methods of their own: V8 can't inline what a loop calls. */
async function distinctMethods(): Promise<void> {
  const methods = Array.from({ length: NODES }, (_, i) => new Function("x", `return x + ${i};`) as typeof next);
  const AsyncFunction = nextAsync.constructor as FunctionConstructor;
  const asynchronous = methods.map((_, i) => new AsyncFunction("x", `return x + ${i};`) as typeof nextAsync);
  const pipeline = new (chainOf(NODES, (i) => methods[i]!))() as unknown as Runnable;
  const contenders = [
    contender("bare calls", () => {
      let value = 1;
      for (const method of methods) value = method(value);
      return value;
    }),
    contender("bare await", async () => {
      let value = 1;
      for (const method of asynchronous) value = await method(value);
      return value;
    }),
    contender("hypernodes", () => pipeline.run({ x: 1 })),
  ];
  const results = await measure(contenders, ROUNDS, WARM_UPS);
  printTable(`Chain of ${NODES} distinct synchronous methods`, "node", results, "bare await");
}

/** A run of a pipeline that is kept, of a new one, and with its outputs named. */
async function waysToRun(): Promise<void> {
  const Chain = chainOf(NODES);
  const kept = new Chain() as unknown as Runnable;
  const outputs = [`n${NODES - 1}`];
  const contenders = [
    contender("a kept object", () => kept.run({ x: 1 }), 1),
    contender("a new object each time", () => (new Chain() as unknown as Runnable).run({ x: 1 }), 1),
    contender("a kept object, its outputs named", () => kept.run({ x: 1 }, { outputs }), 1),
  ];
  const results = await measure(contenders, ROUNDS, WARM_UPS);
  printTable(`Runs of a chain of ${NODES} nodes`, "run", results, "a kept object");
}

/** So short that a round has 500 runs. */
function contender(name: string, run: () => unknown, operations = NODES): Contender {
  return { name, operations, runs: 500, run };
}

interface Runnable {
  run(inputs: object, options?: object): Promise<unknown>;
}
