import type { EncodedParts } from "../../values/codec.js";
import { cut, headerOf, jsonFrame, Kind } from "../container/frames.js";

/** Bytes in one message to the container. Each waits for its answer, so they are large; none may have more than 100 MiB. */
const MESSAGE = 4 * 1024 * 1024;
/** Bytes of a value in one frame. */
const PIECE = 1024 * 1024;

/** What messages are put together in, one after another. */
export function newMessage(): Uint8Array {
  return new Uint8Array(MESSAGE);
}

/** A frame that announces a value, and those that bring it. */
export function* framesOf(
  kind: number,
  run: number,
  head: object,
  { length, parts }: EncodedParts,
): Generator<Uint8Array> {
  yield jsonFrame(kind, run, { ...head, bytes: length });
  for (const piece of cut(parts, PIECE)) {
    yield headerOf(Kind.bytes, run, piece);
    yield piece;
  }
}

/** Frames, put together into messages, each in the same memory: the one before has gone when the next is asked for. */
export function* messagesOf(all: readonly Iterable<Uint8Array>[], message: Uint8Array): Generator<Uint8Array> {
  let length = 0;
  for (const frames of all) {
    for (const bytes of frames) {
      if (length + bytes.length > message.length && length > 0) {
        yield message.subarray(0, length);
        length = 0;
      }
      if (bytes.length > message.length) yield bytes;
      else {
        message.set(bytes, length);
        length += bytes.length;
      }
    }
  }
  if (length > 0) yield message.subarray(0, length);
}
