import { mkdtempSync } from "node:fs";
import path from "node:path";
import { keyv, type RunEvent, sqlite } from "../../src/index.js";
import { runFolder } from "./run-folder.js";

/** A new folder inside the project, that git does not see, and that goes with the run of the specs. */
export function newFolder(name: string): string {
  return mkdtempSync(path.join(runFolder(), `${name}-`));
}

/** A store of its own in a new file. */
export function newSqlite(): ReturnType<typeof sqlite> {
  return sqlite(path.join(newFolder("cache"), "values.sqlite"));
}

/** A Keyv in memory that counts what is read of it. */
export function countingKeyv() {
  const held = new Map<string, unknown>();
  const read: string[] = [];
  const store = keyv({
    get: async (key) => {
      read.push(key);
      return held.get(key);
    },
    set: async (key, value) => held.set(key, value),
    delete: async (key) => held.delete(key),
  });
  return {
    store,
    held,
    /** The keys whose values, not only what is known of them, were read since it was asked last. */
    valuesRead: () => read.splice(0).filter((key) => key.endsWith(":value")),
  };
}

/** Events as `type phase path`, of some types only. */
export function told(events: readonly RunEvent[], ...types: readonly string[]): string[] {
  return events.filter(({ type }) => types.includes(type)).map(({ type, phase, path: at }) => `${type} ${phase} ${at}`);
}
