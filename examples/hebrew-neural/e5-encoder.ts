import { readFile } from "node:fs/promises";
import { Tokenizer } from "@huggingface/tokenizers";
import * as ort from "onnxruntime-node";
import { padBatches } from "./batches.js";
import { type Executor, ModelError, type ModelFiles, tokenizerConfigOf } from "./model-files.js";
import type { SentenceEncoder, TextRole } from "./sentence-encoder.js";
import { checkNames, openSession, readOutput, runSession } from "./session.js";

/** Tokens that a text has at most: the model has no more positions. */
const MAX_TOKENS = 512;
/** UTF-16 units of a text that are tokenized: what 512 tokens cover is less. */
const MAX_UNITS = 16_384;
/** Ids that one run of the model takes: 64 texts of 512 tokens. */
const MAX_IDS = 64 * MAX_TOKENS;
const OUTPUT = "last_hidden_state";

/**
 * An encoder with the inputs and outputs of multilingual-e5-small (Wang et al. 2024): the texts get a prefix that says what they are,
 * the states of their tokens are averaged, and the average is brought to length 1. Of a long text only the beginning counts: its first
 * 16,384 UTF-16 units, and of these the first 512 tokens, prefix and marks included.
 */
export class E5Encoder implements SentenceEncoder {
  private constructor(
    private readonly session: ort.InferenceSession,
    private readonly tokenizer: Tokenizer,
    readonly executor: Executor,
    readonly dimensions: number,
  ) {}

  /** Shown in the event of the resource. */
  get [Symbol.toStringTag](): string {
    return `E5Encoder on ${this.executor}`;
  }

  static async open(files: ModelFiles): Promise<E5Encoder> {
    const { tokenizer, largestId } = await readTokenizer(files.tokenizer!);
    const { session, executor } = await openSession(files);
    try {
      checkNames(session, ["input_ids", "attention_mask"], ["token_type_ids"], [OUTPUT], "e5");
      // A tokenizer of another model has ids that this one has no row for: better to know now than in the middle of a run.
      const dimensions = await hiddenSize(session, largestId);
      return new E5Encoder(session, tokenizer, executor, dimensions);
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  async encode(texts: readonly string[], role: TextRole): Promise<Float32Array[]> {
    const tokens = texts.map((text) => this.tokenize(text, role));
    const vectors = new Array<Float32Array>(texts.length);
    const lengths = tokens.map(({ length }) => length);
    for (const { positions, length } of padBatches(lengths, MAX_IDS)) {
      const rows = positions.map((position) => tokens[position]!);
      const outputs = await runSession(this.session, feed(this.session, rows, length), [OUTPUT]);
      const { data: states } = readOutput(outputs, OUTPUT, "float32", [rows.length, length, this.dimensions]);
      for (const [row, position] of positions.entries()) {
        const from = row * length * this.dimensions;
        vectors[position] = meanOfTokens(states, from, rows[row]!.length, this.dimensions);
      }
    }
    return vectors;
  }

  /** The ids of a text with its prefix, cut to what the model has positions for. The mark at the end stays. */
  private tokenize(text: string, role: TextRole): number[] {
    const ids: number[] = this.tokenizer.encode(`${role}: ${wellFormed(text.slice(0, MAX_UNITS))}`).ids;
    if (ids.length <= MAX_TOKENS) return ids;
    return [...ids.slice(0, MAX_TOKENS - 1), ids.at(-1)!];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.release();
  }
}

/** Halves of characters become U+FFFD: also one that the cut has left. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

/** Padded rows of ids, and a mask that says which are of a text. */
function feed(
  { inputNames }: ort.InferenceSession,
  rows: readonly (readonly number[])[],
  length: number,
): Record<string, ort.Tensor> {
  const dims = [rows.length, length];
  const ids = new BigInt64Array(rows.length * length);
  const mask = new BigInt64Array(rows.length * length);
  for (const [row, tokens] of rows.entries()) {
    for (const [i, id] of tokens.entries()) ids[row * length + i] = BigInt(id);
    mask.fill(1n, row * length, row * length + tokens.length);
  }
  const feeds: Record<string, ort.Tensor> = {
    input_ids: new ort.Tensor("int64", ids, dims),
    attention_mask: new ort.Tensor("int64", mask, dims),
  };
  if (inputNames.includes("token_type_ids"))
    feeds.token_type_ids = new ort.Tensor("int64", new BigInt64Array(ids.length), dims);
  return feeds;
}

/** The average of the first tokens' states, brought to length 1. */
function meanOfTokens(states: Float32Array, from: number, tokens: number, dimensions: number): Float32Array {
  const sums = new Float64Array(dimensions);
  for (let token = 0; token < tokens; token++) {
    const at = from + token * dimensions;
    for (let i = 0; i < dimensions; i++) sums[i]! += states[at + i]!;
  }
  const norm = Math.sqrt(sums.reduce((sum, value) => sum + value * value, 0));
  if (!Number.isFinite(norm))
    throw new ModelError(`the model gives states that are no numbers: see whether it is damaged`);
  return Float32Array.from(sums, (sum) => sum / Math.max(norm, 1e-12));
}

/** The number of elements of a token's state: the model is run with the largest id that the tokenizer can give. */
async function hiddenSize(session: ort.InferenceSession, largestId: number): Promise<number> {
  const outputs = await runSession(session, feed(session, [[largestId]], 1), [OUTPUT]).catch((error: ModelError) => {
    throw new ModelError(
      `${error.message}. Its tokenizer has ids up to ${largestId}: do the tokenizer and the model belong together?`,
      { cause: error.cause },
    );
  });
  return readOutput(outputs, OUTPUT, "float32", [1, 1, undefined]).dims[2]!;
}

async function readTokenizer(file: string): Promise<{ tokenizer: Tokenizer; largestId: number }> {
  const definition = await readJson(file);
  const config = await readJson(tokenizerConfigOf(file));
  try {
    const tokenizer = new Tokenizer(definition, config);
    const ids: readonly number[] = tokenizer.encode("query: שלום").ids;
    const isWhole = ids.length > 0 && ids.every((id) => Number.isSafeInteger(id) && id >= 0);
    if (!isWhole) throw new TypeError(`it gives the ids ${ids.join(", ") || "none"}`);
    // The last one stays where a text is cut.
    const bare: readonly number[] = tokenizer.encode("query: שלום", { add_special_tokens: false }).ids;
    if (ids.length < bare.length + 2 || ids.at(-1) === bare.at(-1))
      throw new TypeError("it puts no marks around a text, which models of this kind are trained with");
    return { tokenizer, largestId: largestIdOf(definition) };
  } catch (error) {
    throw new ModelError(`the tokenizer ${file} can't be used: ${(error as Error).message}`, { cause: error });
  }
}

/** The largest id of a vocabulary: a list of pieces, or an object of ids by pieces; and of what was added to it. */
function largestIdOf({ model, added_tokens: added = [] }: any): number {
  const { vocab } = model;
  let largest = Array.isArray(vocab) ? vocab.length - 1 : 0;
  if (!Array.isArray(vocab)) for (const id of Object.values<number>(vocab)) largest = Math.max(largest, id);
  for (const { id } of added) largest = Math.max(largest, id);
  return largest;
}

async function readJson(file: string): Promise<any> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new ModelError(`the tokenizer's file ${file} can't be read: ${(error as Error).message}`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ModelError(`the tokenizer's file ${file} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}
