import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { openEncoder } from "../../examples/hebrew-neural/encoder.js";
import { makeLsaModel } from "../../examples/hebrew-neural/lsa-model.js";
import { checkModelFiles, type EncoderSettings } from "../../examples/hebrew-neural/model-files.js";
import { encodeOnnx, type OnnxModel } from "../../examples/hebrew-neural/onnx.js";
import type { SentenceEncoder } from "../../examples/hebrew-neural/sentence-encoder.js";
import { declaration } from "../../examples/hebrew-retrieval/corpus.js";
import type { RunEvent } from "../../src/index.js";

/** Small models and tokenizers in a folder of their own, for the specs of a file. */
export function modelFolder() {
  let folder = "";
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), "neural-"));
  });
  after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, content: string | Uint8Array): string => {
    const file = path.join(folder, name);
    writeFileSync(file, content);
    return file;
  };
  let made: { readonly settings: EncoderSettings; readonly content: Buffer } | undefined;
  return {
    get folder() {
      return folder;
    },
    write,
    /** The model of the Declaration, made once. */
    ofDeclaration() {
      if (made === undefined) {
        const content = makeLsaModel(declaration().passages.map(({ text }) => text));
        made = { content, settings: { kind: "ngrams", file: write("declaration.onnx", content) } };
      }
      return made;
    },
    /** The settings of a small model like multilingual-e5-small, with its files. */
    e5Files(vocabulary = smallTokenizer().size, types = true): EncoderSettings {
      const { definition, config } = smallTokenizer();
      write("tokenizer_config.json", JSON.stringify(config));
      return {
        kind: "e5",
        file: write(`e5-${vocabulary}-${types}.onnx`, encodeOnnx(smallE5(vocabulary, types).model)),
        tokenizer: write("tokenizer.json", JSON.stringify(definition)),
      };
    },
  };
}

/** Opens an encoder for the time of some work. */
export async function withEncoder<T>(
  settings: EncoderSettings,
  work: (encoder: SentenceEncoder) => Promise<T>,
): Promise<T> {
  await using encoder = await openEncoder(await checkModelFiles(settings));
  return await work(encoder);
}

/** What a run has done, by its events. */
export function watch() {
  const events: RunEvent[] = [];
  return {
    onEvent: (event: RunEvent) => void events.push(event),
    /** How many calls of nodes there were that encode texts. */
    get encodings() {
      return events.filter(({ type, phase, name }) => type === "element" && phase === "end" && /^embedded/.test(name))
        .length;
    },
    /** The labels of the sessions that were opened. */
    get sessions() {
      return events.flatMap((event) => (event.type === "resource" && event.phase === "end" ? [event.label] : []));
    },
  };
}

/** Random numbers that are the same each time. */
function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x40000000 - 1;
  });
}

/** The number of elements of a token's state in `smallE5`, and of its positions. */
export const DIMENSIONS = 16;
export const POSITIONS = 512;

/**
 * A small random model with the inputs and outputs of multilingual-e5-small. A token's state depends on its id, its type and its
 * position, of which there are 512; that of a padded token is as large as any.
 */
export function smallE5(
  vocabulary: number,
  types = true,
): { readonly model: OnnxModel; stateOf(id: number, position: number): number[] } {
  const words = numbers(vocabulary * DIMENSIONS, 1);
  const positions = numbers((POSITIONS + 1) * DIMENSIONS, 2);
  const typed = numbers(2 * DIMENSIONS, 3);
  const ids = { type: "int64", dims: ["batch", "sequence"] } as const;
  const stateOf = (id: number, position: number) =>
    Array.from(
      { length: DIMENSIONS },
      (_, i) => words[id * DIMENSIONS + i]! + positions[position * DIMENSIONS + i]! + (types ? typed[i]! : 0),
    );
  const model: OnnxModel = {
    name: "small e5",
    inputs: ["input_ids", "attention_mask", ...(types ? ["token_type_ids"] : [])].map((name) => ({ name, ...ids })),
    outputs: [{ name: "last_hidden_state", type: "float32", dims: ["batch", "sequence", DIMENSIONS] }],
    initializers: [
      { name: "words", dims: [vocabulary, DIMENSIONS], data: words },
      { name: "positions", dims: [POSITIONS + 1, DIMENSIONS], data: positions },
      ...(types ? [{ name: "types", dims: [2, DIMENSIONS], data: typed }] : []),
      { name: "axis", dims: [1], data: BigInt64Array.of(1n) },
    ],
    nodes: [
      { op: "CumSum", inputs: ["attention_mask", "axis"], outputs: ["at"] },
      { op: "Gather", inputs: ["words", "input_ids"], outputs: ["word"] },
      { op: "Gather", inputs: ["positions", "at"], outputs: ["position"] },
      { op: "Add", inputs: ["word", "position"], outputs: [types ? "placed" : "last_hidden_state"] },
      ...(types
        ? [
            { op: "Gather", inputs: ["types", "token_type_ids"], outputs: ["type"] },
            { op: "Add", inputs: ["placed", "type"], outputs: ["last_hidden_state"] },
          ]
        : []),
    ],
  };
  return { model, stateOf };
}

/** A tokenizer of the layout of XLM-R: pieces with their scores, blanks as marks, a mark at each end. */
export function smallTokenizer(): { readonly definition: object; readonly config: object; readonly size: number } {
  const letters = [..."אבגדהוזחטיכלמנסעפצקרשתםןץףךabcdefghijklmnopqrstuvwxyz:?.,"];
  const pieces = ["▁", "▁של", "ום", "▁query", "▁passage", ...letters, ...letters.map((letter) => `▁${letter}`)];
  const special = ["<s>", "<pad>", "</s>", "<unk>"];
  const vocab = [
    ...special.map((piece) => [piece, 0]),
    ...pieces.map((piece, i) => [piece, -2 - i / 100 + piece.length]),
  ];
  const added = special.map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  const end = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const sequence = (id: string) => ({ Sequence: { id, type_id: 0 } });
  const metaspace = { type: "Metaspace", replacement: "▁", add_prefix_space: true, prepend_scheme: "always" };
  return {
    size: vocab.length,
    config: {
      tokenizer_class: "XLMRobertaTokenizer",
      bos_token: "<s>",
      eos_token: "</s>",
      unk_token: "<unk>",
      pad_token: "<pad>",
    },
    definition: {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: added,
      normalizer: { type: "Precompiled", precompiled_charsmap: "" },
      pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "WhitespaceSplit" }, metaspace] },
      post_processor: {
        type: "TemplateProcessing",
        single: [end("<s>"), sequence("A"), end("</s>")],
        pair: [end("<s>"), sequence("A"), end("</s>"), end("</s>"), sequence("B"), end("</s>")],
        special_tokens: {
          "<s>": { id: "<s>", ids: [0], tokens: ["<s>"] },
          "</s>": { id: "</s>", ids: [2], tokens: ["</s>"] },
        },
      },
      decoder: metaspace,
      model: { type: "Unigram", unk_id: 3, vocab },
    },
  };
}
