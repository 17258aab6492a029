import { constants, isUtf8 } from "node:buffer";

const LINE_FEED = 10;

/** Bytes that are not text, and their line, from 1. */
export class NotTextError extends Error {
  override readonly name = "NotTextError";

  constructor(
    readonly line: number,
    readonly problem: string,
  ) {
    super(`line ${line}: ${problem}`);
  }
}

/** Splits chunks of bytes into lines. Only the incomplete line is held in memory. */
export class ByteLines {
  private pieces: Buffer[] = [];
  private size = 0;
  private ended = 0;

  /** @returns the lines that these bytes complete, without their line feeds. */
  add(bytes: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let from = 0;
    for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, from)) {
      lines.push(this.take(bytes.subarray(from, at)));
      this.ended++;
      from = at + 1;
    }
    if (from < bytes.length) this.append(bytes.subarray(from));
    return lines;
  }

  /** The last line, if it has no line feed. */
  rest(): Buffer | undefined {
    return this.size === 0 ? undefined : this.take(Buffer.alloc(0));
  }

  private append(bytes: Buffer): void {
    this.size += bytes.length;
    // A longer line can't be a string.
    if (this.size > constants.MAX_STRING_LENGTH) throw new NotTextError(this.ended + 1, "it is longer than 512 MiB");
    this.pieces.push(bytes);
  }

  private take(bytes: Buffer): Buffer {
    if (this.size === 0) return bytes;
    this.append(bytes);
    const line = this.pieces.length === 1 ? this.pieces[0]! : Buffer.concat(this.pieces);
    this.pieces = [];
    this.size = 0;
    return line;
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Decodes bytes as text, without a byte order mark at the beginning.
 *
 * @param line the number of their first line, for the error.
 * @throws {NotTextError} if they are not UTF-8.
 */
export function textOf(bytes: Uint8Array, line = 1): string {
  try {
    return decoder.decode(bytes);
  } catch {
    if (bytes.length > constants.MAX_STRING_LENGTH) throw new NotTextError(line, "it is larger than 512 MiB");
    throw new NotTextError(line + badLine(bytes), notUtf8(bytes));
  }
}

/** Returns the number of lines before the first that is not UTF-8. */
function badLine(bytes: Uint8Array): number {
  let from = 0;
  for (let line = 0; ; line++) {
    const at = bytes.indexOf(LINE_FEED, from);
    if (at < 0 || !isUtf8(bytes.subarray(from, at))) return line;
    from = at + 1;
  }
}

function notUtf8(bytes: Uint8Array): string {
  const mark = (bytes[0]! << 8) | (bytes[1] ?? 0);
  const isUtf16 = mark === 0xfffe || mark === 0xfeff;
  return isUtf16 ? "it is UTF-16, not UTF-8" : "it is not UTF-8";
}
