import { isError, readProperty } from "./describe.js";
import { stackHeader } from "./docs-url.js";
import { OWN_FOLDER, OWN_URL } from "./own-files.js";

/**
 * Returns the lines of an error's stack that belong to neither Node nor this package.
 *
 * @param own this package's folder as a path and as a URL: on Windows neither contains the other.
 */
export function userFrames(error: unknown, own: readonly string[] = [OWN_FOLDER, OWN_URL]): string[] {
  const stack = isError(error) ? readProperty(error, "stack") : undefined;
  if (typeof stack !== "string") return [];
  return stack
    .split("\n")
    .filter(
      (line) =>
        /^\s+at /.test(line) &&
        !/[( ]node:/.test(line) &&
        !own.some((folder) => line.includes(folder)) &&
        !line.includes("piscina"),
    );
}

/** Gives an error the stack frames of its cause, if it has any of the user's code: Node prints them first. */
export function showFramesOf<E extends Error>(error: E, cause: unknown): E {
  const frames = userFrames(cause);
  if (frames.length > 0) error.stack = [stackHeader(error), ...frames].join("\n");
  return error;
}
