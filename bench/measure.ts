/** One way to do the job that is measured. */
export interface Contender {
  readonly name: string;
  readonly run: () => unknown;
  /** How many operations one run does. */
  readonly operations: number;
  /** How many runs a round has. Default 1: for what is slow enough to be timed alone. */
  readonly runs?: number;
}

/** For short runs: a garbage collection is in every second round or so, and medians of few rounds depend on whom it meets. */
export const ROUNDS = 45;
export const WARM_UPS = 5;

export interface Measured {
  readonly name: string;
  /** Microseconds an operation: the median of the rounds. */
  readonly microseconds: number;
}

/**
 * Times the contenders in turns, so that what disturbs the machine disturbs them all; gives medians.
 *
 * @param warmUps rounds before the first that counts.
 */
export async function measure(contenders: readonly Contender[], rounds = 15, warmUps = 3): Promise<Measured[]> {
  const times = contenders.map(() => [] as number[]);
  for (let round = -warmUps; round < rounds; round++) {
    for (const [i, { run, operations, runs = 1 }] of contenders.entries()) {
      const start = process.hrtime.bigint();
      for (let r = 0; r < runs; r++) {
        const running = run();
        if (running instanceof Promise) await running;
      }
      const elapsed = Number(process.hrtime.bigint() - start) / 1000 / (operations * runs);
      if (round >= 0) times[i]!.push(elapsed);
    }
  }
  return contenders.map(({ name }, i) => ({ name, microseconds: median(times[i]!) }));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Prints a table with each contender's time as a multiple of one of them. */
export function printTable(title: string, unit: string, results: readonly Measured[], base: string): void {
  const reference = results.find((result) => result.name === base)!.microseconds;
  console.log(`\n### ${title}\n`);
  console.log(`| contender | us per ${unit} | x ${base} |`);
  console.log("|---|---:|---:|");
  for (const { name, microseconds } of results) {
    console.log(`| ${name} | ${format(microseconds)} | ${(microseconds / reference).toFixed(2)} |`);
  }
}

function format(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toFixed(4);
}
