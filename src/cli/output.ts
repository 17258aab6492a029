import { closeSync, constants, fstatSync, openSync, unlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { inspect } from "node:util";
import { escapeControls, escapeControlsInLines } from "../util/control-characters.js";
import { fileProblem } from "../util/file-problem.js";
import { isDirectory } from "../util/is-directory.js";
import { EXIT, outputLost, usageError } from "./exit-codes.js";
import { NotJsonError, toJson } from "./json-writer.js";

/**
 * Checks that a file can be written, before there is any output.
 *
 * @param file undefined for standard output.
 * @throws {HypernodesError} `USAGE`
 */
export function checkOutput(file: string | undefined): void {
  if (file === undefined) return;
  const where = `--output ${file}`;
  // Other commands take it for standard output.
  if (file === "-") throw usageError(where, "it takes a file", "For standard output leave it out; else write ./-");
  const exists = isDirectory(file);
  if (exists === true || /[\\/]$/.test(file)) {
    throw usageError(where, "it is a directory, not a file", `Write ${path.join(file, "FILE")}`);
  }
  try {
    const folder = path.dirname(path.resolve(file));
    if (isDirectory(folder) === false) throw Object.assign(new Error(folder), { code: "ENOTDIR" });
    // Only opening it shows: it may be a link into a missing folder, or not a regular file.
    const descriptor = openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_NONBLOCK);
    // A named pipe stays open until the process ends: its reader takes the end of its only writer for the end of output.
    if (!fstatSync(descriptor).isFIFO()) closeSync(descriptor);
    if (exists === undefined) unlinkSync(file);
  } catch (error) {
    throw usageError(where, `it can't be written: ${fileProblem(error)}`, "Is the path right?", error);
  }
}

/**
 * Writes to a file, or to standard output.
 *
 * @throws {HypernodesError} `OUTPUT_LOST`
 */
export async function write(text: string, file?: string): Promise<void> {
  const line = text.endsWith("\n") ? text : `${text}\n`;
  if (file === undefined) {
    // If that fails, the process ends.
    await new Promise<void>((resolve) => process.stdout.write(line, () => resolve()));
    return;
  }
  try {
    writeFileSync(file, line);
  } catch (error) {
    throw outputLost(`--output ${file}`, `the output is lost, the file can't be written: ${fileProblem(error)}`, error);
  }
}

/**
 * Ends the process with a message and an exit code when a standard stream can't be written any more, because its output
 * would be lost.
 */
export function endWithStreams(): void {
  const streams = { "standard output": process.stdout, "standard error": process.stderr };
  for (const [name, stream] of Object.entries(streams)) {
    stream.on("error", (error) => {
      if (stream === process.stdout) {
        process.stderr.write(`${name}: the output is lost, it can't be written: ${fileProblem(error)}\n`, () =>
          process.exit(EXIT.failed),
        );
      } else process.exitCode = EXIT.failed;
    });
  }
}

/**
 * Formats outputs for a program: one line of JSON. Control characters in strings are escaped, including those that JSON
 * does not escape.
 *
 * @param name begins the path of a value that JSON can't represent.
 * @throws {HypernodesError} `OUTPUT_LOST` for such a value.
 */
export function asJson(value: unknown, name?: string | number): string {
  try {
    return escapeControls(toJson(value, name));
  } catch (error) {
    if (!(error instanceof NotJsonError)) throw error;
    const { path, problem } = error;
    throw outputLost(
      "--json",
      `the output ${path === "" ? "" : `${path} `}can't be written as JSON: ${problem}`,
      error,
      "Convert it in the pipeline, or leave out --json: as text, all values are printed.",
    );
  }
}

const COLOR = new RegExp(`(${String.fromCharCode(27)}\\[\\d+m)`);

const WHOLE = { depth: Number.POSITIVE_INFINITY, maxArrayLength: null, maxStringLength: null };
const FOR_A_SCREEN = { depth: 6, maxArrayLength: 100, maxStringLength: 2_000 };

/**
 * Formats outputs for a person. Control characters are escaped, except for the added colors.
 *
 * @param isWhole prints all of it, however long: for a file.
 */
export function asText(value: unknown, isWhole: boolean): string {
  const colors = !isWhole && process.stdout.isTTY === true && !process.env.NO_COLOR;
  const text = inspect(value, { colors, breakLength: 100, ...(isWhole ? WHOLE : FOR_A_SCREEN) });
  if (!colors) return escapeControlsInLines(text);
  return text
    .split(COLOR)
    .map((part) => (COLOR.test(part) ? part : escapeControlsInLines(part)))
    .join("");
}
