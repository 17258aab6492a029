import { crc32 } from "node:zlib";
import { HypernodesError } from "../../errors.js";
import type { EncodedChunks } from "../../values/codec.js";

/** The version of everything that a client and a container say to each other. */
export const PROTOCOL = 1;

/** The kinds of frames, and their direction: down to the host, or up to the client. */
export const FrameKind = {
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
  /** Down: asks for the use of the GPUs. */
  gpus: 9,
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
  started: 24,
  /** Up: the runner is there. */
  living: 23,
  /** Up, the answer: JSON `GpuUse`. */
  gpuUse: 25,
} as const;

/** The first frame from a container. */
export interface Hello {
  readonly protocol: number;
  /** Of Node. */
  readonly node: string;
  /** True if the host has the bundle already. */
  readonly has: boolean;
}

/** The values that chunks of a stage share: their digest, and their file if they are not on a volume. */
export interface StageHead {
  readonly digest: string;
  readonly file?: string;
}

/** Shared values that follow: their digest, and whether they are stored on the volume for other hosts. */
export interface KeepHead {
  readonly digest: string;
  readonly isLeft: boolean;
}

/** The head of a task: a run, a chunk of a stage, or shared values. */
export interface RunHead extends BytesHead {
  readonly stage?: StageHead;
  readonly keep?: KeepHead;
}

/** The head of a value: the number of its bytes. */
export interface BytesHead {
  readonly bytes: number;
}

/** Output of nodes, as it was written. */
export interface Printed {
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/** The end of the process that runs tasks. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last that it wrote to stderr. */
  readonly stderr: string;
}

/** The GPUs of a container. */
export interface GpuUse {
  /** The number of GPUs. */
  readonly count: number;
  /** The number of GPUs that nothing has used, as far as it is known. */
  readonly unused: number;
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
/** "hn" */
const MAGIC = 0x68_6e;
/** More than this is no frame of ours. */
const MAX_FRAME_BYTES = 100 * 1024 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The header of a frame. */
export function headerOf(kind: number, run: number, payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(FRAME_HEADER);
  const view = new DataView(header.buffer);
  view.setUint16(0, MAGIC);
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
  private buffer = new Uint8Array(FRAME_HEADER);
  private filled = 0;
  /** The length in bytes of the frame that is being received, once its header is complete. */
  private length = FRAME_HEADER;

  /** @param reuses whether a frame's bytes are its own only until the next one is asked for: large ones cost no memory then. */
  constructor(private readonly reuses = false) {}

  /** Frames that a piece completes. */
  *push(piece: Uint8Array): Generator<Frame> {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + this.length - this.filled);
      this.buffer.set(part, this.filled);
      this.filled += part.length;
      at += part.length;
      if (this.filled === FRAME_HEADER && this.length === FRAME_HEADER) this.expect(sizeIn(this.buffer));
      if (this.filled < this.length) continue;
      yield frameIn(this.buffer.subarray(0, this.length));
      this.filled = 0;
      this.length = FRAME_HEADER;
      if (!this.reuses) this.buffer = new Uint8Array(FRAME_HEADER);
    }
  }

  private expect(size: number): void {
    this.length = FRAME_HEADER + size;
    if (this.buffer.length >= this.length) return;
    const header = this.buffer.subarray(0, FRAME_HEADER);
    this.buffer = new Uint8Array(this.length);
    this.buffer.set(header);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, FRAME_HEADER);
}

/** The length in bytes of the payload that a header announces. */
function sizeIn(header: Uint8Array): number {
  const view = viewOf(header);
  if (view.getUint16(0) !== MAGIC) throw badFrame("there are bytes between frames");
  if (view.getUint8(2) !== PROTOCOL) throw otherProtocol(view.getUint8(2));
  const size = view.getUint32(8, true);
  if (size > MAX_FRAME_BYTES) throw badFrame(`a frame announces ${size} bytes`);
  return size;
}

function frameIn(bytes: Uint8Array): Frame {
  const view = viewOf(bytes);
  const payload = bytes.subarray(FRAME_HEADER);
  if (checksumOf(bytes, payload) !== view.getUint32(12, true)) throw badFrame("the checksum of a frame is wrong");
  return { kind: view.getUint8(3), run: view.getUint32(4, true), payload, bytes };
}

/** A value's bytes as they come: in one place, made once. */
export class ByteCollector {
  private readonly bytes: Uint8Array;
  private filled = 0;

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
  }

  /** @throws {HypernodesError} `BAD_FRAME` if there are more than were announced. */
  add(piece: Uint8Array): void {
    if (this.filled + piece.length > this.bytes.length) throw badFrame("a value has more bytes than it announced");
    this.bytes.set(piece, this.filled);
    this.filled += piece.length;
  }

  /** All of them, once they are there. */
  get whole(): Uint8Array | undefined {
    return this.filled === this.bytes.length ? this.bytes : undefined;
  }
}

/** Parts of a value, cut into pieces of at most so many bytes. */
export function* splitBytes(parts: readonly Uint8Array[], size: number): Generator<Uint8Array> {
  for (const part of parts) {
    for (let from = 0; from < part.length; from += size) yield part.subarray(from, from + size);
  }
}

/** Bytes of a value in one frame. */
const PIECE = 1024 * 1024;

/** A frame that announces a value, and those that bring it. */
export function* framesFor(
  kind: number,
  run: number,
  head: object,
  { length, parts }: EncodedChunks,
): Generator<Uint8Array> {
  yield jsonFrame(kind, run, { ...head, bytes: length });
  for (const piece of splitBytes(parts, PIECE)) {
    yield headerOf(FrameKind.bytes, run, piece);
    yield piece;
  }
}

/** The frame of a bundle, in pieces: one header and all its bytes, which is what the bootstrap can read. */
export function* bundleFrame(packed: Uint8Array): Generator<Uint8Array> {
  yield headerOf(FrameKind.bundle, 0, packed);
  yield* splitBytes([packed], PIECE);
}

function badFrame(problem: string): HypernodesError {
  return new HypernodesError({
    code: "BAD_FRAME",
    where: "the connection to a container",
    problem: `the data that came over it is damaged: ${problem}`,
    advice: "Run it again. If it happens again, something in the container writes to the channel of hypernodes.",
  });
}

export function otherProtocol(version: number): HypernodesError {
  return new HypernodesError({
    code: "OTHER_PROTOCOL",
    where: "the connection to a container",
    problem: `the container uses version ${version} of the protocol, and this process version ${PROTOCOL}`,
    advice: "A bundle of another version of hypernodes is in the container: build it with the version that runs it.",
  });
}
