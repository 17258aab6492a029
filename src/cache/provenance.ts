import { randomBytes } from "node:crypto";
import { getOrCreate } from "../util/get-or-create.js";
import type { Part } from "./code/code.js";

/** The record of a node's last computation, stored so that the next run can say which of its dependencies changed. */
export interface ComputationRecord {
  /** The key component of its code. */
  readonly code: string;
  readonly version: string | number | undefined;
  readonly parts: readonly Part[];
  /** The digest of each input, by name; none for a node that was computed more than once in the run. */
  readonly inputs: readonly (readonly [name: string, digest: string])[];
  /** The process that it was computed in. */
  readonly process: string;
  /** The values that were others in the process before, by their places. */
  readonly changed?: readonly string[];
}

/** Names this process, and no other one. */
export const PROCESS = randomBytes(6).toString("base64url");

/** Describes the changes since the last computation. */
export interface ChangeReport {
  /** As clauses: `code of normalise() in text.ts changed`. None: nothing has. */
  readonly clauses: readonly string[];
  /** The places of values that the process before had otherwise. */
  readonly values: readonly string[];
}

/** In another process than that of its computation a node was not computed: none of its values is another one in each process. */
export function steady(past: ComputationRecord): ComputationRecord | undefined {
  const { changed, ...record } = past;
  return changed !== undefined && past.process !== PROCESS ? record : undefined;
}

export function describeChanges(past: ComputationRecord, now: ComputationRecord): ChangeReport {
  const { clauses, values } = codeChanges(past, now);
  if (clauses.length === 0 && now.code !== past.code) clauses.push(...orderChanges(past, now));
  const before = new Map(past.inputs);
  for (const [name, digest] of now.inputs) {
    if (before.has(name) && before.get(name) !== digest) clauses.push(`${name} changed`);
  }
  return { clauses: shortened([...new Set(clauses)]), values };
}

/** The maximum number of clauses: a package's table of a hundred numbers has as many members that change. */
const MOST = 6;

/** The clauses that say most: of many, those of code, variables and packages rather than of members. */
function shortened(clauses: readonly string[]): readonly string[] {
  if (clauses.length <= MOST) return clauses;
  const placed = clauses.filter((clause) => !isOfMember(clause));
  const listed = (placed.length > 0 ? placed : clauses).slice(0, MOST - 1);
  return [...listed, `and ${clauses.length - listed.length} other changes`];
}

/** True for a value that is in no file, and in no package: it is reached by another one. */
function isOfMember(clause: string): boolean {
  return /^the value of \S+ (?:changed|is )/.test(clause);
}

function codeChanges(past: ComputationRecord, now: ComputationRecord): { clauses: string[]; values: string[] } {
  // A value may not have been known, and with it the models in that: that there is code of them is no change.
  const isLess = hasFewer(now, past);
  const isMore = hasFewer(past, now);
  if (past.version !== now.version) {
    const formatVersion = (version: string | number | undefined) =>
      version === undefined ? "none" : JSON.stringify(version);
    return {
      clauses: [`its version changed from ${formatVersion(past.version)} to ${formatVersion(now.version)}`],
      values: [],
    };
  }
  if ((isLess || isMore) && past.code === now.code) return { clauses: [], values: [] };
  const before = byPlace(past.parts);
  const after = byPlace(now.parts);
  const restless = new Set(past.process === now.process ? [] : past.changed);
  const clauses: string[] = [];
  const values: string[] = [];
  const namedInFiles = new Set<string>();
  for (const [place, { part, hashes }] of after) {
    const was = before.get(place);
    if (was === undefined) {
      if (!isMore) clauses.push(`${sentence(part)} is new in it`);
    } else if (was.hashes.toSorted().join() !== hashes.toSorted().join()) {
      if (part.file !== "") namedInFiles.add(part.name);
      // What is in a list has its name.
      else if (namedInFiles.has(part.name)) continue;
      clauses.push(`${sentence(part)} ${restless.has(place) ? newEachTime(part) : "changed"}`);
      if ((isValue(part) || isOfPackage(part)) && past.process !== now.process) values.push(place);
    }
  }
  for (const [place, { part }] of isLess ? [] : before)
    if (!after.has(place)) clauses.push(`${sentence(part)} is no longer in it`);
  return { clauses, values };
}

function hasFewer(one: ComputationRecord, other: ComputationRecord): boolean {
  const names = new Set(one.inputs.map(([name]) => name));
  return other.inputs.some(([name]) => !names.has(name));
}

function newEachTime(part: Part): string {
  const remedy = isOfPackage(part)
    ? "give the node a version"
    : "take it as an input, or read it where the node does not";
  return `changed again. If it is new in each process, nothing is ever reused: ${remedy}`;
}

/** Code that has the same values in other places than before. */
function orderChanges(past: ComputationRecord, now: ComputationRecord): string[] {
  const before = byPlace(past.parts);
  const moved = [...byPlace(now.parts)].filter(
    ([place, { hashes }]) => before.get(place)?.hashes.join() !== hashes.join(),
  );
  if (moved.length === 0) return ["how its parts hang together changed"];
  return moved.map(([, { part }]) => `${sentence(part)} is in another order`);
}

interface PartsOfPlace {
  readonly part: Part;
  /** Members of the objects in a list have one place. */
  readonly hashes: string[];
}

function byPlace(parts: readonly Part[]): Map<string, PartsOfPlace> {
  const places = new Map<string, PartsOfPlace>();
  for (const part of parts)
    getOrCreate(places, `${part.name} ${part.file}`, () => ({ part, hashes: [] })).hashes.push(part.hash);
  return places;
}

/** Packages, and the settings of the process. */
const OTHER_PARTS = /^(?:package|the) /;

function isValue({ name }: Part): boolean {
  return !OTHER_PARTS.test(name) && !name.startsWith("class ") && !name.endsWith("()");
}

/** True for a variable of a package: its code is another one only if the package is. */
function isOfPackage({ name }: Part): boolean {
  return /^package [^:]+: /.test(name);
}

function sentence(part: Part): string {
  const { name, file } = part;
  if (OTHER_PARTS.test(name)) return name;
  const what = isValue(part) ? "the value of" : "code of";
  return file === "" ? `${what} ${name}` : `${what} ${name} in ${file}`;
}
