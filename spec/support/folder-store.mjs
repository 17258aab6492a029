import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

/** A storage adapter for Keyv, with a file for each key: processes that name one folder share it. */
export class FolderStore {
  // Keyv asks those of kinds that it knows for their iterator.
  opts = { dialect: "sqlite" };
  #count = 0;

  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  async get(key) {
    const entry = await readFile(this.#file(key), "utf8").catch(() => undefined);
    return entry?.slice(entry.indexOf("\n") + 1);
  }

  async set(key, value) {
    const part = `${this.#file(key)}.${process.pid}.${this.#count++}`;
    await writeFile(part, `${key}\n${value}`);
    await rename(part, this.#file(key));
  }

  async delete(key) {
    return rm(this.#file(key)).then(
      () => true,
      () => false,
    );
  }

  async clear() {
    await rm(this.folder, { recursive: true, force: true });
    mkdirSync(this.folder, { recursive: true });
  }

  async *iterator(namespace) {
    for (const name of await readdir(this.folder)) {
      const entry = await readFile(path.join(this.folder, name), "utf8").catch(() => undefined);
      const end = entry?.indexOf("\n");
      const key = entry?.slice(0, end);
      if (key?.startsWith(namespace === undefined ? "" : `${namespace}:`)) yield [key, entry.slice(end + 1)];
    }
  }

  on() {
    return this;
  }

  #file(key) {
    return path.join(this.folder, createHash("sha256").update(key).digest("hex"));
  }
}
