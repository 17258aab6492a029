import { existsSync } from "node:fs";
import v8 from "node:v8";
import { Encoder } from "cbor-x";
import { Packr } from "msgpackr";
import { corpusFrom, declaration } from "../examples/hebrew-retrieval/corpus.js";
import { weighted } from "../examples/hebrew-retrieval/retrieval.js";
import { decode, digest, encode } from "../src/index.js";
import { measure, printTable } from "./measure.js";

const HEQ = "../shared/data/heq-val";

interface Base {
  readonly name: string;
  readonly write: (value: unknown) => Uint8Array;
  readonly read: (bytes: Uint8Array) => unknown;
}

/** The codec, and what it could be built on, over real values: passages, weighted words, vectors. */
export async function codec(): Promise<void> {
  const corpus = existsSync(`${HEQ}.passages.jsonl`)
    ? corpusFrom(`${HEQ}.passages.jsonl`, `${HEQ}.queries.jsonl`)
    : declaration();
  const passages = corpus.passages.slice(0, 200);
  // What the libraries have no classes for is plain here; `instances` below is what only the codec keeps.
  const plain = passages.map((passage) => ({ ...passage }));
  const values: Record<string, unknown> = {
    [`${plain.length} passages, plain`]: plain,
    [`words of ${plain.length} passages, as Maps`]: passages.map(({ text }) => weighted(text)),
    [`${plain.length} vectors of 768`]: plain.map((_, i) => new Float32Array(768).fill(i / 3)),
    "10,000 numbers": Array.from({ length: 10_000 }, (_, i) => i * 1.5),
  };
  const msgpackr = new Packr({ structuredClone: true });
  const cbor = new Encoder({ structuredClone: true });
  const bases: Base[] = [
    { name: "v8.serialize", write: v8.serialize, read: v8.deserialize },
    { name: "msgpackr", write: (value) => msgpackr.pack(value), read: (bytes) => msgpackr.unpack(bytes) },
    { name: "cbor-x", write: (value) => cbor.encode(value), read: (bytes) => cbor.decode(bytes) },
    { name: "hypernodes", write: encode, read: decode },
  ];
  for (const [name, value] of Object.entries(values)) await compare(name, value, bases);
  await compare(`${passages.length} passages, instances`, passages, bases.slice(-1));
}

async function compare(name: string, value: unknown, bases: readonly Base[]): Promise<void> {
  const contenders = bases.flatMap(({ name, write, read }) => {
    const bytes = write(value);
    return [
      {
        name: `${name}: write (${bytes.length.toLocaleString("en")} bytes)`,
        operations: 1,
        runs: 10,
        run: () => write(value),
      },
      { name: `${name}: read`, operations: 1, runs: 10, run: () => read(bytes) },
    ];
  });
  contenders.push({ name: "hypernodes: digest", operations: 1, runs: 10, run: () => digest(value) as never });
  printTable(name, "value", await measure(contenders), contenders[0]!.name);
}
