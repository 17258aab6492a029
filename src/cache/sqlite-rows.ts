import { getOrCreate } from "../util/get-or-create.js";
import type { Entry } from "./store.js";

/*
 * Entries as the parameters of few statements: to bind eight values for each row takes as long as all else that SQLite does for it.
 */

/** Number of characters of a key and of a digest: those of all other entries are written one by one. */
const KEY = 43;
const DIGEST = 64;
const HEAD = KEY + DIGEST;
/** An offset and a length in one integer, which JSON can represent. */
const LENGTHS = 2 ** 24;
const MAX_OFFSET = 2 ** 28;
/** With fewer rows, statements of their own take no longer. */
const FEW = 4;

const COLUMNS = "key, kind, digest, models, owner, used, bytes, value";
const ON_CONFLICT = `ON CONFLICT (key) DO UPDATE SET
  kind = excluded.kind, digest = excluded.digest, models = excluded.models, owner = excluded.owner,
  used = excluded.used, bytes = excluded.bytes, value = excluded.value`;

/** Its parameters: those of an entry, in the order of the columns. */
export const INSERT_ONE = `INSERT INTO entries (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ${ON_CONFLICT}`;

/** Its parameters: the keys and digests, kind, models, owner, time of use, the values, the offsets and lengths of these. */
export const INSERT_MANY = `INSERT INTO entries (${COLUMNS})
  SELECT CAST(substr(?1, row.key * ${HEAD} + 1, ${KEY}) AS TEXT), ?2, CAST(substr(?1, row.key * ${HEAD} + ${KEY + 1}, ${DIGEST}) AS TEXT),
    ?3, ?4, ?5, row.value % ${LENGTHS}, substr(?6, row.value / ${LENGTHS} + 1, row.value % ${LENGTHS})
  FROM json_each(?7) AS row WHERE TRUE ${ON_CONFLICT}`;

/** Entries that have all but their keys, digests and values in common. */
export interface Rows {
  readonly like: Entry;
  /** Keys and digests, one after another. */
  readonly heads: Uint8Array;
  readonly values: Uint8Array;
  /** JSON: for each value its offset, times 2^24, and its length. */
  readonly places: string;
}

/** Divides entries into those that are written together, and those that are written one by one. */
export function rowsOf(entries: readonly Entry[]): {
  readonly together: readonly Rows[];
  readonly single: readonly Entry[];
} {
  const groups = new Map<object, Map<string, Entry[]>>();
  const single: Entry[] = [];
  for (const entry of entries) {
    if (isUsual(entry)) {
      const ofOwner = getOrCreate(groups, entry.owner, () => new Map<string, Entry[]>());
      getOrCreate(ofOwner, `${entry.kind} ${entry.models}`, () => []).push(entry);
    } else single.push(entry);
  }
  const together: Rows[] = [];
  for (const ofOwner of groups.values()) {
    for (const group of ofOwner.values()) {
      const rows = group.length < FEW ? undefined : packed(group);
      if (rows === undefined) single.push(...group);
      else together.push(rows);
    }
  }
  return { together, single };
}

function isUsual({ key, digest, bytes, value }: Entry): boolean {
  return key.length === KEY && digest.length === DIGEST && bytes === value.length && value.length < LENGTHS;
}

/** @returns undefined if keys are not ASCII, or there are too many bytes. */
function packed(entries: readonly Entry[]): Rows | undefined {
  let heads = "";
  let length = 0;
  const places: number[] = [];
  for (const { key, digest, value } of entries) {
    heads += key + digest;
    places.push(length * LENGTHS + value.length);
    length += value.length;
  }
  const headBytes = Buffer.from(heads);
  if (headBytes.length !== heads.length || length >= MAX_OFFSET) return undefined;
  const values = Buffer.allocUnsafeSlow(length);
  for (let i = 0, at = 0; i < entries.length; i++) {
    const { value } = entries[i]!;
    values.set(value, at);
    at += value.length;
  }
  return { like: entries[0]!, heads: headBytes, values, places: JSON.stringify(places) };
}
