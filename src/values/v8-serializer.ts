import { once } from "../util/on-demand.js";
import type { DecodeOptions } from "./codec-options.js";

import { bufferOf, bytesOf, viewType } from "./views.js";

const ALIGNED_TO = 16;

/** Returns the first valid offset for the bytes of a typed array, at or after an offset. */
export function alignOffset(offset: number): number {
  return Math.ceil(offset / ALIGNED_TO) * ALIGNED_TO;
}

interface ViewType {
  readonly prototype: object;
  readonly name: string;
  readonly size: number;
  /** @param length in elements. */
  make(buffer: ArrayBufferLike, offset: number, length: number): ArrayBufferView;
}

type ViewClass = {
  new (buffer: ArrayBufferLike, offset: number, length: number): ArrayBufferView;
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
};

/** Their order is part of the format. */
const VIEW_TYPES: readonly ViewType[] = [
  {
    prototype: Buffer.prototype,
    name: "Buffer",
    size: 1,
    make: (buffer, offset, length) => Buffer.from(buffer as ArrayBuffer, offset, length),
  },
  {
    prototype: DataView.prototype,
    name: "DataView",
    size: 1,
    make: (buffer, offset, length) => new DataView(buffer, offset, length),
  },
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array].map(typed),
  ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array].map((type) => typed(type as ViewClass)),
  ...[(globalThis as { Float16Array?: ViewClass }).Float16Array ?? []].flat().map(typed),
];

/** Most views are of exactly one of these classes. */
const BY_PROTOTYPE = new Map(VIEW_TYPES.map(({ prototype }, i) => [prototype, i]));

function typed(type: ViewClass): ViewType {
  const { BYTES_PER_ELEMENT: size, name } = type;
  return {
    prototype: type.prototype as object,
    name,
    size,
    make: (...from) => new type(...from),
  };
}

/** Added to the number of a view's type if its memory is shared and not copied. */
const SHARED = 0x100;

/** V8's serializer and deserializer, created for the first value: `node:v8` loads much that others do not need. */
export const v8Format = once(() => {
  const v8 = process.getBuiltinModule("node:v8");

  /** Stores the bytes of typed arrays separately: they follow the body, aligned. */
  class Writer extends v8.Serializer {
    readonly views: Uint8Array[] = [];

    constructor(readonly memory: SharedArrayBuffer[] | undefined) {
      super();
      // @ts-expect-error: the method is documented, and missing in the types.
      this._setTreatArrayBufferViewsAsHostObjects(true);
    }

    _writeHostObject(view: ArrayBufferView): void {
      const known = BY_PROTOTYPE.get(Object.getPrototypeOf(view) as object);
      const type = known ?? VIEW_TYPES.findIndex(({ name }) => name === viewType(view));
      const bytes = bytesOf(view);
      const buffer = bufferOf(view);
      const isShared = this.memory !== undefined && buffer instanceof SharedArrayBuffer;
      this.writeUint32(isShared ? type | SHARED : type);
      if (isShared) {
        this.writeUint32(this._getSharedArrayBufferId(buffer));
        this.writeDouble(bytes.byteOffset);
      } else this.views.push(bytes);
      this.writeUint64(Math.floor(bytes.byteLength / 2 ** 32), bytes.byteLength >>> 0);
    }

    _getSharedArrayBufferId(buffer: SharedArrayBuffer): number {
      const memory = this.memory!;
      const known = memory.indexOf(buffer);
      return known >= 0 ? known : memory.push(buffer) - 1;
    }

    _getDataCloneError(message: string): Error {
      return new TypeError(message);
    }
  }

  class Reader extends v8.Deserializer {
    offset: number;

    constructor(
      readonly bytes: Uint8Array,
      bodyStart: number,
      bodyEnd: number,
      readonly options: DecodeOptions,
    ) {
      super(bytes.subarray(bodyStart, bodyEnd));
      this.offset = alignOffset(bodyEnd);
    }

    _getSharedArrayBuffer(id: number): SharedArrayBuffer {
      const buffer = this.options.memory?.[id];
      if (buffer === undefined) throw new Error("one of their SharedArrayBuffers is missing");
      return buffer;
    }

    _readHostObject(): ArrayBufferView {
      const tag = this.readUint32();
      const type = VIEW_TYPES[tag & ~SHARED];
      if (type !== undefined && (tag & SHARED) !== 0) {
        const buffer = this._getSharedArrayBuffer(this.readUint32());
        const offset = this.readDouble();
        return type.make(buffer, offset, this.length() / type.size);
      }
      const length = this.length();
      const start = this.offset;
      if (type === undefined || length % type.size !== 0 || start + length > this.bytes.length) {
        throw new Error("a typed array in them is damaged");
      }
      this.offset = alignOffset(start + length);
      const at = this.bytes.byteOffset + start;
      const elements = length / type.size;
      const { viewsFrom = Number.POSITIVE_INFINITY } = this.options;
      if (length >= viewsFrom && at % type.size === 0) return type.make(this.bytes.buffer, at, elements);
      return type.make(this.bytes.slice(start, start + length).buffer, 0, elements);
    }

    length(): number {
      const [high, low] = this.readUint64();
      return high * 2 ** 32 + low;
    }
  }

  return { Writer, Reader };
});
