import { crc32 } from "node:zlib";
import { HypernodesError } from "../../errors.js";

/** The version of everything that a client and a container say to each other. */
export const PROTOCOL = 1;

/** What a frame is, and which way it goes: down to the container, or up to the client. */
export const Kind = {
  /** Down, asked for by `hello`: the bundle, packed. */
  bundle: 1,
  /** Down: a run begins. JSON: `RunHead`. Its values follow. */
  run: 2,
  /** Both ways: the next bytes of a value. */
  bytes: 3,
  /** Down: a run is to stop. JSON: why. */
  cancel: 4,
  /** Down: the client is there. */
  alive: 5,
  /** Down: an element of a stream, or its end, as its value's bytes that follow. JSON: `StreamedHead`. */
  element: 6,
  /** Down: a result of a stream was taken. */
  taken: 8,
  /** Down: no more runs come. */
  close: 7,
  /** Up, the first one: JSON `Hello`. */
  hello: 16,
  /** Up: events that have happened, encoded. */
  events: 17,
  /** Up: what a node has printed. JSON: `Printed`. */
  log: 18,
  /** Up: a run has ended; JSON `EndHead`; its result or error follows. */
  end: 19,
  /** Up: a run wants the next element of its stream. */
  pull: 20,
  /** Up: a result of a stream; its value follows. JSON: `{ bytes }`. */
  streamed: 21,
  /** Up: the process that ran the pipelines has ended. JSON: `Ended`. */
  ended: 22,
  /** Up: a run is known there. */
  begun: 24,
  /** Up: the runner is there. */
  living: 23,
} as const;

/** The first frame from a container. */
export interface Hello {
  readonly protocol: number;
  /** Of Node. */
  readonly node: string;
  /** Whether the bundle is there already. */
  readonly has: boolean;
}

/** How a value's bytes are announced. */
export interface BytesHead {
  readonly bytes: number;
}

/** What a node has printed, as it came. */
export interface Printed {
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/** How the process that runs pipelines ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last that it wrote to stderr. */
  readonly stderr: string;
}

/** One message. */
export interface Frame {
  readonly kind: number;
  /** The run that it belongs to; 0: none. */
  readonly run: number;
  readonly payload: Uint8Array;
  /** All of it as it came, header and payload. */
  readonly bytes: Uint8Array;
}

/** Letters "hn", the protocol's version, the kind; the run; the payload's length; the checksum of all but itself. */
const FRAME_HEADER = 16;
/** More than this is no frame of ours. */
const MOST = 100 * 1024 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The header of a frame. */
export function headerOf(kind: number, run: number, payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(FRAME_HEADER);
  const view = new DataView(header.buffer);
  view.setUint8(0, 0x68);
  view.setUint8(1, 0x6e);
  view.setUint8(2, PROTOCOL);
  view.setUint8(3, kind);
  view.setUint32(4, run, true);
  view.setUint32(8, payload.length, true);
  view.setUint32(12, checksumOf(header, payload), true);
  return header;
}

function checksumOf(header: Uint8Array, payload: Uint8Array): number {
  const sum = crc32(header.subarray(0, 12));
  // The checksum of no bytes is none, whatever it was before.
  return payload.length === 0 ? sum : crc32(payload, sum);
}

/** A frame as bytes. */
export function frame(kind: number, run: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER + payload.length);
  bytes.set(headerOf(kind, run, payload));
  bytes.set(payload, FRAME_HEADER);
  return bytes;
}

export function jsonFrame(kind: number, run: number, value: unknown): Uint8Array {
  return frame(kind, run, encoder.encode(JSON.stringify(value)));
}

export function jsonOf<T>({ payload }: Pick<Frame, "payload">): T {
  return JSON.parse(decoder.decode(payload)) as T;
}

/**
 * The frames in bytes that come in pieces.
 *
 * @throws {HypernodesError} `BAD_FRAME`, `OTHER_PROTOCOL`.
 */
export class FrameReader {
  private pieces: Uint8Array[] = [];
  private length = 0;

  /** Frames that a piece completes. */
  *push(piece: Uint8Array): Generator<Frame> {
    this.pieces.push(piece);
    this.length += piece.length;
    while (this.length >= FRAME_HEADER) {
      const header = this.peek(FRAME_HEADER);
      const view = new DataView(header.buffer, header.byteOffset, FRAME_HEADER);
      if (view.getUint16(0) !== 0x68_6e) throw badFrame("there are bytes in between that are no frame");
      if (view.getUint8(2) !== PROTOCOL) throw otherProtocol(view.getUint8(2));
      const size = view.getUint32(8, true);
      if (size > MOST) throw badFrame(`one says that it has ${size} bytes`);
      if (this.length < FRAME_HEADER + size) return;
      const bytes = this.take(FRAME_HEADER + size);
      const payload = bytes.subarray(FRAME_HEADER);
      if (checksumOf(bytes, payload) !== view.getUint32(12, true)) throw badFrame("the checksum of one is wrong");
      yield { kind: view.getUint8(3), run: view.getUint32(4, true), payload, bytes };
    }
  }

  /** Whether the bytes so far end in the middle of a frame. */
  get isWithin(): boolean {
    return this.length > 0;
  }

  private peek(count: number): Uint8Array {
    if (this.pieces[0]!.length < count) this.pieces = [this.joined(this.length)];
    return this.pieces[0]!;
  }

  private take(count: number): Uint8Array {
    const first = this.pieces[0]!;
    const all = first.length >= count ? first : this.joined(count);
    let gone = count;
    let whole = 0;
    while (whole < this.pieces.length && this.pieces[whole]!.length <= gone) gone -= this.pieces[whole++]!.length;
    this.pieces.splice(0, whole);
    if (gone > 0) this.pieces[0] = this.pieces[0]!.subarray(gone);
    this.length -= count;
    return all.subarray(0, count);
  }

  private joined(count: number): Uint8Array {
    const all = new Uint8Array(count);
    let offset = 0;
    for (const piece of this.pieces) {
      if (offset === count) break;
      const part = piece.subarray(0, count - offset);
      all.set(part, offset);
      offset += part.length;
    }
    return all;
  }
}

/** A value's bytes as they come: in one place, made once. */
export class ComingBytes {
  private readonly bytes: Uint8Array;
  private filled = 0;

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
  }

  /** @throws {HypernodesError} `BAD_FRAME` if there are more than were announced. */
  add(piece: Uint8Array): void {
    if (this.filled + piece.length > this.bytes.length) throw badFrame("a value has more bytes than it said");
    this.bytes.set(piece, this.filled);
    this.filled += piece.length;
  }

  /** All of them, once they are there. */
  get whole(): Uint8Array | undefined {
    return this.filled === this.bytes.length ? this.bytes : undefined;
  }
}

/** Parts of a value, cut into pieces of at most so many bytes. */
export function* cut(parts: readonly Uint8Array[], size: number): Generator<Uint8Array> {
  for (const part of parts) {
    for (let from = 0; from < part.length; from += size) yield part.subarray(from, from + size);
  }
}

function badFrame(problem: string): HypernodesError {
  return new HypernodesError({
    code: "BAD_FRAME",
    where: "the connection to a container",
    problem: `what came over it is damaged: ${problem}`,
    advice: "Run it again. If it happens again, something in the container writes into what belongs to hypernodes.",
  });
}

export function otherProtocol(version: number): HypernodesError {
  return new HypernodesError({
    code: "OTHER_PROTOCOL",
    where: "the connection to a container",
    problem: `the container speaks version ${version} of the protocol, and this process version ${PROTOCOL}`,
    advice: "A bundle of another version of hypernodes is in the container: build it with the version that runs it.",
  });
}
