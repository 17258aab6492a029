/** How many rounds of arithmetic an element takes. */
export type Work = number;

/** Computes for a while: pure arithmetic, no memory. */
export function spin(rounds: Work): number {
  let state = rounds | 1;
  for (let i = 0; i < rounds; i++) state = (Math.imul(state, 1664525) + 1013904223) | 0;
  return state;
}

/** How many rounds take a microsecond here. */
export function roundsPerMicrosecond(): number {
  const rounds = 20_000_000;
  spin(rounds);
  const at = performance.now();
  spin(rounds);
  return rounds / ((performance.now() - at) * 1000);
}
