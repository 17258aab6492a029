/** Texts that go through the model together: their positions, and the length that all are padded to. */
export interface PaddedBatch {
  readonly positions: readonly number[];
  readonly length: number;
}

/** The share of padding in a batch at most. */
const MAX_PADDING = 0.25;

/**
 * Splits texts into batches of similar length: sorted by length, longest first, and cut where more than a quarter would be padding or
 * where a batch would have too many ids.
 *
 * @param lengths for each text the number of its ids.
 * @param maxIds the number of ids that a batch has at most, padding included; a text that is longer is a batch of its own.
 */
export function padBatches(lengths: readonly number[], maxIds: number): PaddedBatch[] {
  const sorted = Array.from(lengths.keys()).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const batches: PaddedBatch[] = [];
  for (let at = 0; at < sorted.length; ) {
    const length = Math.max(1, lengths[sorted[at]!]!);
    let [end, ids] = [at, 0];
    while (end < sorted.length) {
      const total = length * (end - at + 1);
      ids += lengths[sorted[end]!]!;
      if (end > at && (total > maxIds || ids < total * (1 - MAX_PADDING))) break;
      end++;
    }
    batches.push({ positions: sorted.slice(at, end), length });
    at = end;
  }
  return batches;
}
