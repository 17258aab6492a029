import { lstatSync, statSync } from "node:fs";

/** Permission bits: others may write; they may remove only what is their own. */
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/** Tells if a path is a folder of this process's user, and not a link to one. On Windows, every folder is. */
export function isOwnFolder(folder: string): boolean {
  const { uid } = lstatSync(folder);
  return lstatSync(folder).isDirectory() && (process.getuid === undefined || uid === process.getuid());
}

/**
 * Tells if another user could put something else in the place of what is in a folder.
 *
 * @param folder one that exists.
 * @param trusted users, by number, whose folder it may be beside this process's and root's.
 */
export function othersCanReplaceIn(folder: string, ...trusted: readonly number[]): boolean {
  if (process.getuid === undefined) return false;
  const { uid, mode } = statSync(folder);
  if (![process.getuid(), 0, ...trusted].includes(uid)) return true;
  return (mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0;
}
