import { createReadStream } from "node:fs";
import { ByteLines, NotTextError, textOf } from "../util/byte-lines.js";
import { fileProblem } from "../util/file-problem.js";
import { JsonTextError, parseJson } from "../util/json-text.js";
import { EXACT } from "./declared-type.js";
import { usageError } from "./exit-codes.js";

/** A file of JSON, or standard input, and how to read it. */
export interface JsonSource {
  /** The file; `-` is standard input. */
  readonly file: string;
  /** True if it has JSON lines, by its name or by the caller's choice. */
  readonly isLines?: boolean;
  /**
   * True to read a list: then a first line that is a JSON value but not a list begins JSON lines, even if it is the
   * only one. Anything else is one document.
   */
  readonly takesList?: boolean;
  /** The option that names it, for errors. */
  readonly where: string;
  /**
   * True if integers that a number can't represent become `NumberText`.
   *
   * @default they are an error
   */
  readonly keepNumbers?: boolean;
  /** Counts the bytes that have been read. */
  readonly read?: { bytes: number };
}

/** Number of bytes per read. */
const PIECE = 1024 * 1024;

/**
 * Reads a value: the JSON of a whole file or, for JSON lines, the list of their values. Lines are parsed while they are
 * read, so that only their values are in memory.
 *
 * @throws {HypernodesError} `USAGE` with the file and the invalid line.
 */
export async function readJson(source: JsonSource): Promise<unknown> {
  const values: unknown[] = [];
  const either = source.isLines ? readLines(source) : readEither(source);
  for (let next = await either.next(); ; next = await either.next()) {
    if (next.done !== true) values.push(next.value);
    else return next.value === undefined ? values : next.value;
  }
}

/** Tells if a file has JSON lines, by its name. */
export function hasLinesName(file: string): boolean {
  return /\.(jsonl|ndjson)$/i.test(file);
}

/** Yields the values of JSON lines. */
async function* readLines(source: JsonSource): AsyncGenerator<unknown, void> {
  for await (const lines of linesOf(source)) {
    for (const line of lines) {
      const text = textIn(line, source);
      if (text.trim() !== "") yield parseAt(text, line.number, source);
    }
  }
}

/**
 * Yields the elements of a list: the values of JSON lines as they are read, or the elements of a document.
 *
 * @throws {HypernodesError} `USAGE` for a document that is not a list.
 */
export async function* readElements(source: JsonSource): AsyncGenerator<unknown, void> {
  const document = yield* source.isLines ? readLines(source) : readEither(source);
  if (document === undefined) return;
  if (Array.isArray(document)) yield* document;
  else {
    throw usageError(
      source.where,
      `${nameOf(source.file)} does not contain a list`,
      "--over takes a JSON list, or one JSON value a line.",
    );
  }
}

interface Line {
  readonly number: number;
  readonly bytes: Buffer;
}

/** Yields the values of JSON lines, or returns a whole document, which may have any number of lines. */
async function* readEither(source: JsonSource): AsyncGenerator<unknown, unknown> {
  const documentBytes: Buffer[] = [];
  let isDocument: boolean | undefined;
  for await (const lines of linesOf(source)) {
    for (const line of lines) {
      // A line feed after the last line would move the end of the document to a line that is not there.
      if (isDocument !== false) documentBytes.push(...(documentBytes.length > 0 ? [LINE_FEED] : []), line.bytes);
      if (isDocument === true) continue;
      const text = textIn(line, source);
      if (text.trim() === "") continue;
      const value = isDocument === false ? parseAt(text, line.number, source) : firstIn(text, line.number, source);
      isDocument ??= value === undefined || Array.isArray(value) || source.takesList !== true;
      if (!isDocument) yield value;
    }
  }
  if (isDocument === false) return undefined;
  return parseAt(textIn({ number: 1, bytes: Buffer.concat(documentBytes) }, source), 1, source, true);
}

const LINE_FEED = Buffer.from("\n");

/** Returns the value of a first line; undefined if it is the first of a document. */
function firstIn(text: string, line: number, source: JsonSource): unknown {
  try {
    return parseJson(text, { refuse: source.keepNumbers !== true });
  } catch (error) {
    if (error instanceof JsonTextError && !error.isNumber) return undefined;
    throw notJson(error, line, source);
  }
}

/** Yields the lines of a source, as many at a time as have been read. */
async function* linesOf({ file, where, read }: JsonSource): AsyncGenerator<Line[], void> {
  const lines = new ByteLines();
  let number = 0;
  const numbered = (all: readonly Buffer[]): Line[] => all.map((bytes) => ({ bytes, number: ++number }));
  try {
    const bytes = file === "-" ? process.stdin : createReadStream(file, { highWaterMark: PIECE });
    for await (const chunk of bytes) {
      const piece = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as string);
      if (read !== undefined) read.bytes += piece.length;
      yield numbered(lines.add(piece));
    }
    const rest = lines.rest();
    if (rest !== undefined) yield numbered([rest]);
  } catch (error) {
    if (error instanceof NotTextError) throw notText(error, { file, where });
    throw usageError(where, `${nameOf(file)} can't be read: ${fileProblem(error)}`, "Is the path right?", error);
  }
}

function textIn({ bytes, number }: Line, source: JsonSource): string {
  try {
    return textOf(bytes, number);
  } catch (error) {
    throw notText(error as NotTextError, source);
  }
}

function parseAt(text: string, line: number, source: JsonSource, isDocument = false): unknown {
  try {
    return parseJson(text, { refuse: source.keepNumbers !== true });
  } catch (error) {
    throw notJson(error, line, source, isDocument);
  }
}

function notText({ line, problem }: NotTextError, { file, where }: JsonSource) {
  return usageError(where, `${nameOf(file)}, line ${line}: ${problem}`, "Write UTF-8.");
}

function notJson(error: unknown, first: number, { file, where }: JsonSource, isDocument = false) {
  if (!(error instanceof JsonTextError)) throw error;
  const { line, column, problem, isNumber } = error;
  return usageError(
    where,
    `${nameOf(file)}, line ${first + line - 1}, column ${column}: ${isNumber ? `${problem}: ${EXACT}` : `it is not valid JSON: ${problem}`}`,
    isNumber
      ? undefined
      : isDocument && hasMore(problem)
        ? linesAdvice(where)
        : "Write JSON, or one JSON value a line.",
  );
}

/** Tells if a document is complete and followed by more text. */
function hasMore(problem: string): boolean {
  return problem.startsWith("the end is expected");
}

function linesAdvice(where: string): string {
  return `If each line is a value of its own, write ${where.replace("@", "@jsonl:")}`;
}

function nameOf(file: string): string {
  return file === "-" ? "standard input" : file;
}
