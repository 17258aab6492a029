import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import type { ExecutionOptions } from "../../dsl/choices.js";
import { HypernodesError } from "../../errors.js";
import { decode, encode } from "../../values/codec.js";
import type { CheckedBullmq } from "./options.js";

/** What is known of a run without reading what it was told. */
export interface Recorded {
  /** The module that defines the pipeline's class, and the class's name. */
  readonly file: string;
  readonly name: string;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  readonly queue: string;
}

/** What a run was told, for another one that goes on where it was. */
export interface RunTold extends Pick<Recorded, "file" | "name"> {
  /** The pipeline object's fields without a role, and what is bound. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: readonly string[] | undefined;
  readonly given: Readonly<Record<string, unknown>>;
  /** For a map over the whole pipeline. */
  readonly over: object | undefined;
  readonly execution: ExecutionOptions | undefined;
  /** The queue that it was given, without who may go there; undefined: its class, or what is nested in it, says which. */
  readonly chosen: Omit<CheckedBullmq, "connection" | "values"> | undefined;
}

/** Milliseconds after which what nobody has resumed is dropped. */
const KEPT_MS = 7 * 24 * 3_600_000;
const RUN = "run.json";
const TOLD = "told";
const CHUNKS = "chunks";

/** A result that has come, by the chunk's id: length of the id, length of the bytes, both. */
const HEADER = 8;

/** What a run leaves on this machine's disk while it lasts: what it was told, and the results that have come. */
export class Journal {
  private constructor(
    private readonly folder: string,
    private readonly file: number,
    /** What an earlier run of this id has left, by chunk. */
    readonly chunks: ReadonlyMap<string, Uint8Array>,
  ) {}

  /**
   * Begins a run's journal, or goes on with it.
   *
   * @param parent the folder of all journals.
   * @throws what is wrong with the folder; `ValueError` for what can't be kept.
   */
  static open(parent: string, run: string, queue: string, told: () => RunTold): Journal {
    const folder = path.join(parent, run);
    const chunks = chunksIn(path.join(folder, CHUNKS));
    if (!existsSync(path.join(folder, RUN))) {
      const all = told();
      const bytes = encode(all);
      const recorded: Recorded = { file: all.file, name: all.name, startedAt: Date.now(), queue };
      mkdirSync(folder, { recursive: true });
      writeFileSync(path.join(folder, TOLD), bytes);
      writeFileSync(path.join(folder, RUN), JSON.stringify(recorded));
      sweep(parent);
    }
    return new Journal(folder, openSync(path.join(folder, CHUNKS), "a"), chunks);
  }

  add(id: string, bytes: Uint8Array): void {
    const name = Buffer.from(id);
    const header = Buffer.alloc(HEADER);
    header.writeUInt32LE(name.length, 0);
    header.writeUInt32LE(bytes.length, 4);
    writeSync(this.file, Buffer.concat([header, name, bytes]));
  }

  /** @param isDone whether nobody will want to go on. */
  close(isDone: boolean): void {
    closeSync(this.file);
    if (!isDone) return;
    rmSync(this.folder, { recursive: true, force: true });
    const parent = path.dirname(this.folder);
    if (readdirSync(parent).length === 0) rmdirSync(parent);
  }
}

/** A last result that was cut off by the process's end is left out. */
function chunksIn(file: string): Map<string, Uint8Array> {
  const chunks = new Map<string, Uint8Array>();
  if (!existsSync(file)) return chunks;
  const all = readFileSync(file);
  for (let at = 0; at + HEADER <= all.length; ) {
    const id = at + HEADER;
    const bytes = id + all.readUInt32LE(at);
    const end = bytes + all.readUInt32LE(at + 4);
    if (end > all.length) break;
    chunks.set(all.toString("utf8", id, bytes), all.subarray(bytes, end));
    at = end;
  }
  return chunks;
}

function sweep(parent: string): void {
  for (const run of readdirSync(parent)) {
    const file = path.join(parent, run, RUN);
    if (existsSync(file) && Date.now() - statSync(file).mtimeMs > KEPT_MS)
      rmSync(path.dirname(file), { recursive: true });
  }
}

/** The runs that can be resumed, the newest first. */
export function unfinished(parent: string): (Recorded & { readonly run: string })[] {
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .filter((run) => existsSync(path.join(parent, run, RUN)))
    .map((run) => ({
      run,
      ...(JSON.parse(readFileSync(path.join(parent, run, RUN), "utf8")) as Recorded),
    }))
    .sort((a, b) => b.startedAt - a.startedAt);
}

/**
 * What a run was told. Its module has to be imported before.
 *
 * @throws {HypernodesError} `NO_SUCH_RUN`
 */
export function toldTo(parent: string, run: string): RunTold {
  const file = path.join(parent, run, TOLD);
  if (existsSync(file)) return decode(readFileSync(file)) as RunTold;
  throw noSuchRun(parent, run);
}

/** Nothing is there of a run. */
export function noSuchRun(parent: string, run: string): HypernodesError {
  const known = unfinished(parent).map((each) => each.run);
  return new HypernodesError({
    code: "NO_SUCH_RUN",
    where: run,
    problem: `${parent} has nothing of it`,
    advice:
      known.length === 0
        ? "It has ended, or it ran in another folder: what it needs lies where it was started."
        : `There are ${known.slice(0, 5).join(", ")}.`,
  });
}
