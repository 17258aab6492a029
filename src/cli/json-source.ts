import { createReadStream } from "node:fs";
import { ByteLines, NotTextError, textOf } from "../util/byte-lines.js";
import { fileProblem } from "../util/file-problem.js";
import { JsonTextError, parseJson } from "../util/json-text.js";
import { EXACT } from "./declared-type.js";
import { usage } from "./failure.js";

/** How a file of JSON, or standard input, is read. */
export interface JsonSource {
  /** The file; `-` is standard input. */
  readonly file: string;
  /** The option that names it, for errors. */
  readonly where: string;
  /** Whether integers that a number can't hold become `NumberText`. Default: they are an error. */
  readonly keepsNumbers?: boolean;
}

/** Bytes that are read at once. */
const PIECE = 1024 * 1024;

/**
 * Reads a value: the JSON of a whole file, or, of one with a JSON value on each line, the list of them. Lines are parsed
 * as they come, so that only their values are held.
 *
 * @throws {HypernodesError} `USAGE` with the file and the line that is wrong.
 */
export async function readJson(source: JsonSource): Promise<unknown> {
  if (isLines(source.file)) {
    const values: unknown[] = [];
    for await (const value of readLines(source)) values.push(value);
    return values;
  }
  return readEither(source);
}

/** Whether a file has JSON lines, by its name. Of others, and of standard input, the first line tells. */
export function isLines(file: string): boolean {
  return /\.(jsonl|ndjson)$/.test(file);
}

/** The values of JSON lines, one after another. */
export async function* readLines(source: JsonSource): AsyncGenerator<unknown, void> {
  for await (const lines of linesOf(source)) {
    for (const line of lines) {
      const text = textIn(line, source);
      if (text.trim() !== "") yield parsed(text, line.number, source);
    }
  }
}

interface Line {
  readonly number: number;
  readonly bytes: Buffer;
}

/** A whole document, or lines: a first line that is a JSON value, with more after it, is one of several. */
async function readEither(source: JsonSource): Promise<unknown> {
  const values: unknown[] = [];
  let document: Buffer[] | undefined;
  const before: Buffer[] = [];
  for await (const lines of linesOf(source)) {
    for (const line of lines) {
      if (document !== undefined) {
        document.push(line.bytes);
        continue;
      }
      const text = textIn(line, source);
      if (text.trim() === "") {
        if (values.length === 0) before.push(line.bytes);
      } else if (values.length > 0) values.push(parsed(text, line.number, source));
      else {
        try {
          values.push(parseJson(text, { refuse: source.keepsNumbers !== true }));
        } catch (error) {
          if (!(error instanceof JsonTextError) || error.isNumber) throw notJson(error, line.number, source);
          document = [...before, line.bytes];
        }
      }
    }
  }
  if (document === undefined && values.length > 0) return values.length === 1 ? values[0] : values;
  const bytes = (document ?? before).flatMap((line) => [line, Buffer.from("\n")]);
  return parsed(textIn({ number: 1, bytes: Buffer.concat(bytes) }, source), 1, source);
}

/** The lines of a source, as many at a time as have come. */
async function* linesOf({ file, where }: JsonSource): AsyncGenerator<Line[], void> {
  const lines = new ByteLines();
  let number = 0;
  const numbered = (all: readonly Buffer[]): Line[] => all.map((bytes) => ({ bytes, number: ++number }));
  try {
    const bytes = file === "-" ? process.stdin : createReadStream(file, { highWaterMark: PIECE });
    for await (const piece of bytes) yield numbered(lines.add(Buffer.from(piece as Uint8Array | string)));
    const rest = lines.rest();
    if (rest !== undefined) yield numbered([rest]);
  } catch (error) {
    if (error instanceof NotTextError) throw notText(error, { file, where });
    throw usage(where, `${nameOf(file)} can't be read: ${fileProblem(error)}`, "Is the path right?", error);
  }
}

function textIn({ bytes, number }: Line, source: JsonSource): string {
  try {
    return textOf(bytes, number);
  } catch (error) {
    throw notText(error as NotTextError, source);
  }
}

function parsed(text: string, line: number, source: JsonSource): unknown {
  try {
    return parseJson(text, { refuse: source.keepsNumbers !== true });
  } catch (error) {
    throw notJson(error, line, source);
  }
}

function notText({ line, problem }: NotTextError, { file, where }: JsonSource) {
  return usage(where, `${nameOf(file)}, line ${line}: ${problem}`, "Write UTF-8.");
}

function notJson(error: unknown, first: number, { file, where }: JsonSource) {
  if (!(error instanceof JsonTextError)) throw error;
  const { line, column, problem, isNumber } = error;
  return usage(
    where,
    `${nameOf(file)}, line ${first + line - 1}, column ${column}: ${isNumber ? `${problem}: ${EXACT}` : `it is no JSON: ${problem}`}`,
    isNumber ? undefined : "Write JSON, or one JSON value a line.",
  );
}

function nameOf(file: string): string {
  return file === "-" ? "standard input" : file;
}
