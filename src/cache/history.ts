import type { Part } from "./code/code.js";
import { keyOf } from "./keys.js";

/** What a node was computed from the last time: kept so that the next time it can be said what has changed. */
export interface Past {
  /** What stands for its code in keys. */
  readonly code: string;
  readonly version: string | number | undefined;
  readonly parts: readonly Part[];
  /** The digest of each input, by name; none for a node that was computed more than once in the run. */
  readonly inputs: readonly (readonly [name: string, digest: string])[];
}

/** @param path the node's place, without the indices of elements. */
export function pastKey(path: string): string {
  return keyOf("past", path);
}

/** What has changed since the last time, as clauses: `code of normalise() in text.ts changed`. None: nothing has. */
export function changesSince(past: Past, now: Past): string[] {
  const changes = codeChanges(past, now);
  if (changes.length === 0 && now.code !== past.code) changes.push("how its parts hang together changed");
  const before = new Map(past.inputs);
  for (const [name, digest] of now.inputs) {
    if (before.has(name) && before.get(name) !== digest) changes.push(`${name} changed`);
  }
  return changes;
}

function codeChanges(past: Past, now: Past): string[] {
  if (past.version !== now.version) {
    const said = (version: string | number | undefined) => (version === undefined ? "none" : JSON.stringify(version));
    return [`its version changed from ${said(past.version)} to ${said(now.version)}`];
  }
  const before = byPlace(past.parts);
  const after = byPlace(now.parts);
  const changes: string[] = [];
  for (const [place, part] of after) {
    const was = before.get(place);
    if (was === undefined) changes.push(`${said(part)} is new in it`);
    else if (was.hash !== part.hash) changes.push(`${said(part)} changed`);
  }
  for (const [place, part] of before) if (!after.has(place)) changes.push(`${said(part)} is no longer in it`);
  return changes;
}

function byPlace(parts: readonly Part[]): Map<string, Part> {
  return new Map(parts.map((part) => [`${part.name} ${part.file}`, part]));
}

function said({ name, file }: Part): string {
  if (name.startsWith("package ")) return name;
  const what = name.startsWith("class ") || name.endsWith("()") ? "code of" : "the value of";
  return file === "" ? `${what} ${name}` : `${what} ${name} in ${file}`;
}
