import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { makeFolders } from "../../util/make-folders.js";
import { FILES, PROJECT } from "../bundle/paths.js";

/** Puts a bundle's files where its modules find them beside themselves. @param folder that of the bundle. */
export function unpackFiles(folder: string): void {
  const packed = path.join(folder, FILES);
  if (!existsSync(packed)) return;
  for (const [name, content] of Object.entries(JSON.parse(readFileSync(packed, "utf8")) as Record<string, string>)) {
    const file = path.join(folder, PROJECT, name);
    makeFolders(path.dirname(file));
    writeFileSync(file, content, "base64");
  }
}
