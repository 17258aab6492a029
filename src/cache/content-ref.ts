import { ValueError } from "../errors.js";
import { sha256 } from "../util/sha256.js";
import { type Content, lostIn } from "../values/content.js";
import { contentOf } from "../values/digest.js";
import { printPath } from "../values/object-kinds.js";

/**
 * The content of a value, which may not be loaded. Keys have both of its parts: the content, and the code of the models in it.
 */
export interface ContentRef {
  /** SHA-256, 64 hexadecimal digits. */
  readonly digest: string;
  /** The names of the models in it, with commas between. */
  readonly models: string;
}

/** @throws {ValueError} if the value has no content. */
export function contentRef(value: unknown): ContentRef {
  return refFrom(contentOf(value));
}

/** @throws {ValueError} `UNSERIALISABLE` for what would come back from a store as something else. */
export function refFrom(content: Content): ContentRef {
  const { digest, models } = content;
  const lost = models.length === 0 ? undefined : lostIn(content);
  if (lost !== undefined) throw lostError(lost);
  return { digest, models: models.length === 0 ? "" : models.join() };
}

function lostError(name: string): ValueError {
  return new ValueError({
    ...{ code: "UNSERIALISABLE", where: "value", path: [] },
    problem: `it contains an error of class ${name}, which would lose its class`,
    advice: "Decorate the class with @model().",
  });
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

/** The error of a value that has no content, with the name that the value has for its reader. */
export function namedFor({ code, path, problem, advice }: ValueError, name: string): ValueError {
  return new ValueError({ code, path, where: `${name}${printPath(path)}`, problem, advice });
}
