import { hash, randomUUID } from "node:crypto";

/*
 * All keys of entries, and all digests that are made of key components. Two kinds never have the same key, because each has a
 * word of its own in front.
 */

/** The prefix of all keys: another number makes all entries misses. */
const FORMAT = "hypernodes 3";

/** SHA-256, 43 characters. No component has a line break in it. */
function cacheKey(kind: string, ...components: readonly string[]): string {
  return hash("sha256", `${FORMAT}\n${kind}\n${components.join("\n")}`, "base64url");
}

/** The code of a step, and its inputs: as the digests of code and the key components of contents have them. */
type Components = readonly string[];

/** The entry of a node's result. */
export function nodeKey(code: string, inputs: Components): string {
  return cacheKey("node", code, ...inputs);
}

/** The entry of the list that a mapped node makes. @param shared the inputs that all elements have. */
export function mapKey(code: string, isProduct: boolean, shared: Components, lists: Components): string {
  return cacheKey("map", code, isProduct ? "product" : "zip", ...shared, "over", ...lists);
}

/** The entry of what a mapped node makes of one element, of a list or of a stream. @param shared the inputs that all elements have. */
export function elementKey(code: string, shared: Components, element: Components): string {
  return cacheKey("element", code, ...shared, "over", ...element);
}

/** The content of a resource, which is what its code makes of its inputs. */
export function resourceDigest(code: string, inputs: Components): string {
  return cacheKey("resource", code, ...inputs);
}

/** The content of a part of a resource. @param resource the content of the whole. */
export function resourcePartDigest(resource: string, path: readonly string[]): string {
  return cacheKey("resource part", resource, JSON.stringify(path));
}

/** The code of a method. @param reached the digest of all that it can reach. */
export function methodCode(reached: string): string {
  return cacheKey("method", reached);
}

/** Code on a host whose environment has other variables. @param variables these, with their values. */
export function environmentCode(variables: string, code: string): string {
  return cacheKey("environment", variables, code);
}

/** The code of a node with a `version`. @param meaning its class, its name, the version, and what its factory gave it. */
export function versionCode(meaning: readonly unknown[]): string {
  return cacheKey("version", JSON.stringify(meaning));
}

/** The code of a node that is called for several elements at once. @param code the code of a node that is called for each. */
export function batchCode(size: number, code: string): string {
  return cacheKey("batched", String(size), code);
}

/** The code of a nested pipeline. @param meaning its steps and their dependencies, its bound values, its checks and outputs. */
export function nestedCode(meaning: readonly unknown[]): string {
  return cacheKey("nested", JSON.stringify(meaning));
}

/** The code of the models in a value. @param models the name and the code of each. */
export function modelsCode(models: Components): string {
  return cacheKey("models", ...models);
}

/** The fact which contents the elements of a list have. */
export function elementsFactKey(listDigest: string): string {
  return cacheKey("elements of an array", listDigest);
}

/** The fact which content a part of a record has. */
export function partFactKey(recordDigest: string, path: readonly string[]): string {
  return cacheKey("own part", recordDigest, JSON.stringify(path));
}

/** The analyses of a program's scripts. @param place the file or the name of its class. */
export function analysesKey(place: string): string {
  return cacheKey("scripts", place);
}

/** The record of a node's last computation. @param path its place, without the indices of elements. */
export function computationKey(path: string): string {
  return cacheKey("past", path);
}

/** The content of a forgotten entry, which nothing else has, and the key that it leads to, which is of no entry. */
export function forgottenEntry(): { readonly digest: string; readonly target: string } {
  return { digest: cacheKey("forgotten", randomUUID()), target: cacheKey("nowhere") };
}
