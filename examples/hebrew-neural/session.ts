import * as ort from "onnxruntime-node";
import { type Executor, ModelError, type ModelFiles } from "./model-files.js";

/** A session of ONNX Runtime, and the executor that it got. */
export interface OpenedSession {
  readonly session: ort.InferenceSession;
  readonly executor: Executor;
  /** For each executor that was tried before, why it can't be used here. */
  readonly refused: readonly string[];
}

// Errors of ONNX Runtime are thrown, and not printed as well.
ort.env.logLevel = "fatal";
const FATAL_ONLY = 4;

/**
 * Opens a model on the first executor that works. ONNX Runtime does not fall back by itself: an executor without its libraries is an
 * error.
 *
 * @throws {ModelError} for a model that ONNX Runtime can't load, and where no executor works.
 */
export async function openSession({ source, executors, sessionThreads }: ModelFiles): Promise<OpenedSession> {
  const name = typeof source === "string" ? source : "the content of the model";
  // ONNX Runtime refuses shared memory, which is how a thread gets large values.
  const from = typeof source === "string" ? source : new Uint8Array(source);
  const refused: string[] = [];
  for (const executor of executors) {
    const options: ort.InferenceSession.SessionOptions = {
      executionProviders: [executor === "cuda" ? { name: "cuda", deviceId: 0 } : "cpu"],
      intraOpNumThreads: sessionThreads,
      interOpNumThreads: 1,
      logSeverityLevel: FATAL_ONLY,
    };
    try {
      const session = await (typeof from === "string"
        ? ort.InferenceSession.create(from, options)
        : ort.InferenceSession.create(from, options));
      return { session, executor, refused };
    } catch (error) {
      refused.push(`${executor}: ${firstLine(error)}`);
    }
  }
  throw new ModelError(
    `${name} can't be loaded by ONNX Runtime ${ort.env.versions.common} (${refused.join("; ")}). ` +
      "The file is damaged, of an opset that this version does not know, or no executor works here",
  );
}

/** @throws {ModelError} for a model whose inputs or outputs have other names than the encoder gives and reads. */
export function checkNames(
  { inputNames, outputNames }: ort.InferenceSession,
  required: readonly string[],
  optional: readonly string[],
  outputs: readonly string[],
  kind: string,
): void {
  const isComplete = required.every((name) => inputNames.includes(name));
  const isKnown = inputNames.every((name) => required.includes(name) || optional.includes(name));
  if (isComplete && isKnown && outputs.every((name) => outputNames.includes(name))) return;
  const list = (names: readonly string[]) => names.join(", ") || "nothing";
  const expected = list([...required, ...optional.map((name) => `${name} (optional)`)]);
  throw new ModelError(
    `the model is not one for the encoder "${kind}": it takes ${list(inputNames)} and gives ${list(outputNames)}; ` +
      `a model that takes ${expected} and gives ${list(outputs)} is expected`,
  );
}

/**
 * Runs a model once. ONNX Runtime computes on the thread that calls, and blocks it until it is done.
 *
 * @throws {ModelError} if the model refuses its inputs, or has no memory for them.
 */
export async function runSession(
  session: ort.InferenceSession,
  feeds: Readonly<Record<string, ort.Tensor>>,
  outputs: readonly string[],
): Promise<ort.InferenceSession.OnnxValueMapType> {
  try {
    return await session.run(feeds, outputs);
  } catch (error) {
    const shape = Object.values(feeds)[0]!.dims.join(", ");
    throw new ModelError(`the model failed on a batch of the shape [${shape}]: ${firstLine(error)}`, { cause: error });
  }
}

/**
 * Reads an output, where it has the type and the shape that the encoder takes.
 *
 * @param dims the size of each dimension; `undefined` for any.
 * @throws {ModelError} for another type or shape.
 */
export function readOutput<T extends "float32" | "int64">(
  outputs: ort.InferenceSession.OnnxValueMapType,
  name: string,
  type: T,
  dims: readonly (number | undefined)[],
): { readonly data: ort.Tensor.DataTypeMap[T]; readonly dims: readonly number[] } {
  const tensor = outputs[name]!;
  const hasShape =
    tensor.dims.length === dims.length && tensor.dims.every((size, i) => size === (dims[i] ?? size) && size > 0);
  if (tensor.type === type && hasShape) return { data: tensor.data as ort.Tensor.DataTypeMap[T], dims: tensor.dims };
  throw new ModelError(
    `the model's output ${name} has the shape [${tensor.dims.join(", ")}] and the type ${tensor.type}: ` +
      `[${dims.map((size) => size ?? "any").join(", ")}] and ${type} are expected`,
  );
}

function firstLine(error: unknown): string {
  return (error as Error).message.split("\n", 1)[0]!.trim();
}
