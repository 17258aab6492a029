import { hash } from "node:crypto";
import { sha256 } from "../util/sha256.js";

/**
 * The content of a value, which may not be loaded. Keys have both of its parts: the content, and the code of the models in it.
 */
export interface ContentRef {
  /** SHA-256, 64 hexadecimal digits. */
  readonly digest: string;
  /** The names of the models in it, with commas between. */
  readonly models: string;
}

/** The prefix of all keys: another number makes all entries misses. */
const FORMAT = "hypernodes 2";

/** The key of what some code makes of some contents: SHA-256, 43 characters. What is joined never has a line break in it. */
export function cacheKey(what: string, ...parts: readonly string[]): string {
  return hash("sha256", `${FORMAT}\n${what}\n${parts.join("\n")}`, "base64url");
}

/** The content of a list that a mapped node has made, from that of its elements. */
export function listContent(elements: readonly ContentRef[]): ContentRef {
  return {
    digest: sha256(`list\n${elements.map(({ digest }) => digest).join("")}`),
    models: unionModels(elements.map(({ models }) => models)),
  };
}

/** The names in some lists of them, each once. */
function unionModels(lists: readonly string[]): string {
  const distinct = new Set(lists);
  if (distinct.size === 1) return lists[0]!;
  return [...new Set([...distinct].flatMap((models) => models.split(",")))].filter(Boolean).sort().join();
}
