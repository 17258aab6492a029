import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { IsIn, IsInt, IsOptional, IsString, Matches, Max, Min } from "class-validator";
import { model } from "../../src/index.js";

/** The executors of ONNX Runtime that the example knows. */
const EXECUTORS = ["cuda", "cpu"] as const;
export type Executor = (typeof EXECUTORS)[number];

const SHA256 = /^[0-9a-f]{64}$/;

/** The encoder that a run uses: which one, and where its files are in the place where nodes run. */
export class EncoderSettings {
  /** `"ngrams"`: a model of `make-model.ts`. `"e5"`: multilingual-e5-small, or another model with its inputs and outputs. */
  @IsIn(["ngrams", "e5"]) kind!: "ngrams" | "e5";
  /** The path of the `.onnx` file, with the weights in it. */
  @IsOptional() @IsString() file?: string;
  /** The content of the `.onnx` file, in place of a path: it travels to a container with the inputs. */
  @IsOptional() content?: Uint8Array;
  /** For `"e5"`, the path of `tokenizer.json`; `tokenizer_config.json` is read beside it. */
  @IsOptional() @IsString() tokenizer?: string;
  /** The SHA-256 sum that the `.onnx` file has to have, in hexadecimal. */
  @IsOptional() @Matches(SHA256) sha256?: string;
  /** The SHA-256 sum that `tokenizer.json` has to have. */
  @IsOptional() @Matches(SHA256) tokenizerSha256?: string;
  /** The SHA-256 sum that `tokenizer_config.json` has to have. */
  @IsOptional() @Matches(SHA256) tokenizerConfigSha256?: string;
  /** The executors to try, in this order. Default: `["cuda", "cpu"]`. */
  @IsOptional() @IsIn(EXECUTORS, { each: true }) executors?: Executor[];
  /** Threads that a session computes with. Default: 1, since threads of the pipeline have a session each. */
  @IsOptional() @IsInt() @Min(1) @Max(256) sessionThreads?: number;
}

const NAMES = Object.keys({
  kind: true,
  file: true,
  content: true,
  tokenizer: true,
  sha256: true,
  tokenizerSha256: true,
  tokenizerConfigSha256: true,
  executors: true,
  sessionThreads: true,
} satisfies Record<keyof EncoderSettings, true>);

/** What is wrong with a model, its tokenizer or its settings. */
export class ModelError extends Error {
  override readonly name = "ModelError";
}

/**
 * The files of an encoder whose content is known. Cached vectors depend on the content alone: the same model in another folder, or on
 * another executor, gives hits, and another model under the same path gives none.
 */
@model({ key: ["kind", "sha256", "tokenizerSha256", "tokenizerConfigSha256"] })
export class ModelFiles {
  constructor(
    readonly kind: "ngrams" | "e5",
    readonly source: string | Uint8Array,
    readonly sha256: string,
    readonly tokenizer: string | undefined,
    readonly tokenizerSha256: string | undefined,
    readonly tokenizerConfigSha256: string | undefined,
    readonly executors: readonly Executor[],
    readonly sessionThreads: number,
  ) {}
}

/**
 * Reads the files of an encoder once, and checks their sums.
 *
 * @throws {ModelError} for a file that can't be read or has another sum, and for settings that do not fit together.
 */
export async function checkModelFiles(settings: EncoderSettings): Promise<ModelFiles> {
  // JSON has no types: a list of executors under another name would let a run fall back to the CPU.
  const unknown = Object.keys(settings).filter((name) => !NAMES.includes(name));
  if (unknown.length > 0)
    throw new ModelError(`the settings of the encoder have no ${unknown.join(", ")}: they are ${NAMES.join(", ")}`);
  const { kind, file, content, tokenizer, executors = EXECUTORS, sessionThreads = 1 } = settings;
  if ((file === undefined) === (content === undefined)) {
    throw new ModelError(
      "the settings of the encoder have to name a file, or give its content: one of them, and not both",
    );
  }
  if (content !== undefined && !(content instanceof Uint8Array)) {
    throw new ModelError("the content of the model has to be a Uint8Array: in JSON, name a file instead");
  }
  if ((kind === "e5") !== (tokenizer !== undefined)) {
    throw new ModelError(
      kind === "e5"
        ? 'an encoder of the kind "e5" needs a tokenizer: give the path of its tokenizer.json'
        : 'an encoder of the kind "ngrams" has no tokenizer: leave it out, or take the kind "e5"',
    );
  }
  if (executors.length === 0) throw new ModelError("the list of executors is empty: name one of cuda and cpu");
  const sha256 =
    content === undefined ? await sumOfFile(file!, "model") : createHash("sha256").update(content).digest("hex");
  compareSum(file ?? "the content of the model", sha256, settings.sha256);
  const sums = tokenizer === undefined ? [] : await sumsOfTokenizer(tokenizer, settings);
  return new ModelFiles(kind, file ?? content!, sha256, tokenizer, sums[0], sums[1], executors, sessionThreads);
}

/** The path of the second file of a tokenizer, beside the first: what it says changes the ids of a text as well. */
export function tokenizerConfigOf(tokenizer: string): string {
  return path.join(path.dirname(tokenizer), "tokenizer_config.json");
}

async function sumsOfTokenizer(tokenizer: string, settings: EncoderSettings): Promise<string[]> {
  const sums: string[] = [];
  for (const [file, expected] of [
    [tokenizer, settings.tokenizerSha256],
    [tokenizerConfigOf(tokenizer), settings.tokenizerConfigSha256],
  ] as const) {
    const sum = await sumOfFile(file, "tokenizer");
    compareSum(file, sum, expected);
    sums.push(sum);
  }
  return sums;
}

function compareSum(what: string, actual: string, expected: string | undefined): void {
  if (expected === undefined || expected === actual) return;
  throw new ModelError(
    `${what} has the SHA-256 sum ${actual}, and ${expected} is expected: it is damaged, or another version. Get it again`,
  );
}

async function sumOfFile(file: string, what: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(file), hash);
  } catch (error) {
    throw new ModelError(
      `the ${what} ${file} can't be read: ${(error as Error).message}. See whether the path is right where the node runs`,
      { cause: error },
    );
  }
  return hash.digest("hex");
}
