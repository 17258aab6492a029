import { accessSync, chmodSync, constants, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { HypernodesError } from "../../../errors.js";
import { makeFolders } from "../../../util/make-folders.js";
import { isOwnFolder, othersCanReplaceIn } from "../../../util/own-folder.js";

/** Milliseconds after which a folder is dropped whose worker has not said that it is there. */
const LEFT_MS = 24 * 3_600_000;

/**
 * Makes an empty folder that only this process's user can enter, for the code and the values that a worker fetches. Beside the
 * packages that are installed where it was started: what is not in a bundle is found there.
 *
 * @throws {HypernodesError} `UNSAFE_FOLDER`: somebody else could put code there.
 */
export function createPrivateFolder(): string {
  const modules = path.resolve("node_modules");
  if (!isWritable(modules)) {
    assertSafe(os.tmpdir(), othersCanReplaceIn(os.tmpdir()) && OPEN);
    return mkdtempSync(path.join(os.tmpdir(), "hypernodes-worker-"));
  }
  const cache = path.join(modules, ".cache");
  const parent = path.join(cache, "hypernodes");
  makeFolders(parent, 0o700);
  assertSafe(parent, !isOwnFolder(parent) && "is owned by another user, or is a link to a folder");
  // The owner of the packages can change what the worker runs anyway.
  assertSafe(cache, othersCanReplaceIn(cache, statSync(modules).uid) && OPEN);
  chmodSync(parent, 0o700);
  sweep(parent);
  return mkdtempSync(path.join(parent, "worker-"));
}

const OPEN = "can be written to by other users";

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function assertSafe(folder: string, fault: string | false): void {
  if (fault === false) return;
  throw new HypernodesError({
    code: "UNSAFE_FOLDER",
    where: "the worker",
    problem: `${folder} ${fault}: others could put code there that the worker would run`,
    advice: "Remove it, or take the right to write from others (chmod o-w), or start the worker in another folder.",
  });
}

/** Removes the folders of workers that were killed. */
function sweep(parent: string): void {
  for (const name of readdirSync(parent)) {
    const folder = path.join(parent, name);
    const at = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - at > LEFT_MS) rmSync(folder, { recursive: true, force: true });
  }
}
