/**
 * Bytes in one message to the container. Each waits for its answer, so they are large; but servers of gRPC take 4 MiB, with
 * all that is around the data, by default.
 */
const MESSAGE = 4 * 1024 * 1024 - 64 * 1024;

/** The buffer in which messages are assembled, one after another. */
export function createBuffer(): Uint8Array {
  return new Uint8Array(MESSAGE);
}

/** Frames, put together into messages, each in the same memory: the one before has gone when the next is asked for. */
export function* batchFrames(all: readonly Iterable<Uint8Array>[], message: Uint8Array): Generator<Uint8Array> {
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
