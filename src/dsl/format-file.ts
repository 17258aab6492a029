import path from "node:path";
import { locationPath } from "./class-location.js";

/** Formats a module's URL or path for a message: relative to the working directory if it is inside. */
export function formatFile(file: string): string {
  if (file.startsWith("bundle:")) return file.slice("bundle:".length);
  const full = locationPath(file);
  const relative = path.relative(process.cwd(), full);
  const isInside = !relative.startsWith("..") && !path.isAbsolute(relative);
  return isInside ? relative.split(path.sep).join("/") : full;
}

/** Formats the files in a message of Node, which have absolute paths or URLs: {@link formatFile}. */
export function formatFilesIn(text: string): string {
  const paths = text.replaceAll(/file:\/\/[^\s'"`()<>]*[^\s'"`()<>.,;:]/g, (url) => {
    try {
      return locationPath(url);
    } catch {
      return url;
    }
  });
  const folder = process.cwd();
  if (folder.endsWith(path.sep)) return paths;
  // The folder may also be a part of the path of another one.
  const isPartOfPath = (before: string) => /[\w.:/\\-]$/.test(before);
  return paths
    .split(`${folder}${path.sep}`)
    .reduce((before, after) => `${before}${isPartOfPath(before) ? `${folder}${path.sep}` : ""}${after}`);
}
