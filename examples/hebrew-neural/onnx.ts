/**
 * A writer for ONNX models: protocol buffers with the few messages that a small graph needs.
 *
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3 for the numbers of fields and types.
 */

/** The types of tensors, with their numbers in the format. */
const TYPES = { float32: 1, int8: 3, int32: 6, int64: 7 } as const;
type TensorType = keyof typeof TYPES;

/** A constant of a graph. */
interface Initializer {
  readonly name: string;
  readonly dims: readonly number[];
  /** Little endian on every machine that Node runs on. */
  readonly data: Float32Array | Int8Array | BigInt64Array;
}

/** An input or output of a graph. A dimension with a name has any size. */
interface ValueInfo {
  readonly name: string;
  readonly type: TensorType;
  readonly dims: readonly (number | string)[];
}

/** An operation. Attributes are integers, lists of integers, or floats given as `{ float: 1 }`. */
interface GraphNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number | readonly number[] | { readonly float: number }>>;
}

export interface OnnxModel {
  readonly name: string;
  readonly nodes: readonly GraphNode[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly initializers: readonly Initializer[];
  /** The version of the standard operators. Default: 17. */
  readonly opset?: number;
}

/** The version of the file format: the one that came with opset 17. */
const IR_VERSION = 8;

/** Encodes a model as an `.onnx` file: the same model always gives the same bytes. */
export function encodeOnnx({ name, nodes, inputs, outputs, initializers, opset = 17 }: OnnxModel): Buffer {
  const graph = [
    ...nodes.map((node) => bytes(1, encodeNode(node))),
    text(2, name),
    ...initializers.map((initializer) => bytes(5, encodeTensor(initializer))),
    ...inputs.map((input) => bytes(11, encodeValueInfo(input))),
    ...outputs.map((output) => bytes(12, encodeValueInfo(output))),
  ];
  return Buffer.concat([
    integer(1, IR_VERSION),
    text(2, "hypernodes example"),
    bytes(7, graph),
    bytes(8, [text(1, ""), integer(2, opset)]),
  ]);
}

function encodeNode({ op, inputs, outputs, attributes = {} }: GraphNode): Buffer[] {
  return [
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) => bytes(5, encodeAttribute(name, value))),
  ];
}

function encodeAttribute(name: string, value: number | readonly number[] | { readonly float: number }): Buffer[] {
  if (typeof value === "number") return [text(1, name), integer(3, value), integer(20, 2)];
  if ("float" in value) return [text(1, name), float(2, value.float), integer(20, 1)];
  return [text(1, name), ...value.map((each) => integer(8, each)), integer(20, 7)];
}

function encodeTensor({ name, dims, data }: Initializer): Buffer[] {
  const type = data instanceof Float32Array ? TYPES.float32 : data instanceof Int8Array ? TYPES.int8 : TYPES.int64;
  const raw = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return [...dims.map((size) => integer(1, size)), integer(2, type), text(8, name), bytes(9, [raw])];
}

function encodeValueInfo({ name, type, dims }: ValueInfo): Buffer[] {
  const shape = dims.map((size) => bytes(1, [typeof size === "number" ? integer(1, size) : text(2, size)]));
  return [text(1, name), bytes(2, [bytes(1, [integer(1, TYPES[type]), bytes(2, shape)])])];
}

/** A field of bytes: its number, its length, and what is in it. */
function bytes(field: number, parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([varint((field << 3) | 2), varint(content.length), content]);
}

function text(field: number, value: string): Buffer {
  return bytes(field, [Buffer.from(value)]);
}

function integer(field: number, value: number): Buffer {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

function float(field: number, value: number): Buffer {
  const content = Buffer.alloc(4);
  content.writeFloatLE(value);
  return Buffer.concat([varint((field << 3) | 5), content]);
}

/** Seven bits a byte, the lowest first; negative numbers as 64 bits. */
function varint(value: number): Buffer {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  out.push(Number(rest));
  return Buffer.from(out);
}
