import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import path from "node:path";
import { crc32 } from "node:zlib";
import type { ExecutionOptions } from "../../dsl/pipeline-options.js";
import { HypernodesError } from "../../errors.js";
import { fileProblem } from "../../util/file-problem.js";
import { makeFolders } from "../../util/make-folders.js";
import { isRecord, numberFrom, optionFaults, type RulesOf, that } from "../../util/options.js";
import { isOwnFolder } from "../../util/own-folder.js";
import { writeAtomic } from "../../util/write-atomic.js";
import { decode, encode } from "../../values/codec.js";
import type { ResolvedBullmqOptions } from "./options.js";

/** The facts of a run that are known without decoding its inputs. */
export interface JournaledRun {
  /** The module that defines the pipeline's class, and the class's name. */
  readonly file: string;
  readonly name: string;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  readonly queue: string;
}

/** The inputs and options of a run, for the process that resumes it. */
export interface RunSummary extends Pick<JournaledRun, "file" | "name"> {
  /** The pipeline object's fields without a role, and what is bound. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: readonly string[] | undefined;
  readonly given: Readonly<Record<string, unknown>>;
  /** For a map over the whole pipeline. */
  readonly over: object | undefined;
  readonly execution: ExecutionOptions | undefined;
  /** The queue that it was given, without who may go there; undefined: its class, or what is nested in it, says which. */
  readonly chosen: Omit<ResolvedBullmqOptions, "connection" | "values" | "key"> | undefined;
}

/** Milliseconds after which what nobody has resumed is dropped. */
const RETENTION_MS = 7 * 24 * 3_600_000;
/** The last moment that a Date can be. */
const MAX_TIME_MS = 8.64e15;
const RUN = "run.json";
const SUMMARY = "summary";
const CHUNKS = "chunks";
/** Inputs and results are nobody else's, and belong in no repository. */
const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;

/** A record is a result that has come: the length of its chunk's id, that of its bytes, CRC-32 of both; then both. */
const HEADER = 12;

/** The files that a run leaves in a folder while it lasts: its inputs, and the results that have come. For their owner alone. */
export class RunJournal {
  private isBroken = false;

  private constructor(
    private readonly folder: string,
    private readonly file: number,
    /** The results of an earlier process of this run, by chunk. */
    readonly chunks: ReadonlyMap<string, Uint8Array>,
    private readonly warn: (problem: string) => void,
  ) {}

  /**
   * Opens a run's journal: a new one, or one that continues behind its last whole record.
   *
   * @param parent the folder of all journals.
   * @param warn called with a fault of the disk later: nothing more is stored then.
   * @throws what is wrong with the folder; `ValueError` for what can't be kept.
   */
  static open(
    parent: string,
    run: string,
    queue: string,
    summary: () => RunSummary,
    warn: (problem: string) => void,
  ): RunJournal {
    const folder = path.join(parent, run);
    if (!existsSync(path.join(folder, RUN))) {
      const all = summary();
      const bytes = encode(all);
      const recorded: JournaledRun = { file: all.file, name: all.name, startedAt: Date.now(), queue };
      makeFolders(folder, PRIVATE_FOLDER);
      writeAtomic(path.join(folder, ".gitignore"), "*\n", PRIVATE_FILE);
      writeAtomic(path.join(folder, SUMMARY), bytes, PRIVATE_FILE);
      writeAtomic(path.join(folder, RUN), JSON.stringify(recorded), PRIVATE_FILE);
      removeExpired(parent);
    }
    const file = openSync(path.join(folder, CHUNKS), "a+", PRIVATE_FILE);
    return new RunJournal(folder, file, readChunks(file), warn);
  }

  /** Keeps a result. On a disk that takes no more, nothing is kept from then on: the run itself goes on. */
  add(id: string, bytes: Uint8Array): void {
    if (this.isBroken) return;
    const name = Buffer.from(id);
    const header = Buffer.alloc(HEADER);
    header.writeUInt32LE(name.length, 0);
    header.writeUInt32LE(bytes.length, 4);
    header.writeUInt32LE(checksum(header, name, bytes), 8);
    try {
      appendFileSync(this.file, Buffer.concat([header, name, bytes]));
    } catch (error) {
      this.isBroken = true;
      this.warn(fileProblem(error));
    }
  }

  /** @param isDone whether nobody will want to go on. */
  close(isDone: boolean): void {
    closeSync(this.file);
    if (!isDone) return;
    try {
      rmSync(this.folder, { recursive: true, force: true });
      const parent = path.dirname(this.folder);
      if (readdirSync(parent).length === 0) rmdirSync(parent);
    } catch (error) {
      this.warn(fileProblem(error));
    }
  }
}

function checksum(header: Buffer, name: Uint8Array, bytes: Uint8Array): number {
  return crc32(bytes, crc32(name, crc32(header.subarray(0, 8))));
}

/**
 * Reads the whole records. A record that a killed process, or a full disk, has cut off is removed: the next goes in its place.
 */
function readChunks(file: number): ReadonlyMap<string, Uint8Array> {
  const chunks = new Map<string, Uint8Array>();
  const { size } = fstatSync(file);
  const read = (at: number, length: number): Buffer | undefined => {
    if (at + length > size) return undefined;
    const bytes = Buffer.allocUnsafe(length);
    return readSync(file, bytes, 0, length, at) === length ? bytes : undefined;
  };
  for (let at = 0; at < size; ) {
    const header = read(at, HEADER);
    const name = header && read(at + HEADER, header.readUInt32LE(0));
    const bytes = name && read(at + HEADER + name.length, header!.readUInt32LE(4));
    if (bytes === undefined || header!.readUInt32LE(8) !== checksum(header!, name!, bytes)) {
      ftruncateSync(file, at);
      break;
    }
    chunks.set(name!.toString(), bytes);
    at += HEADER + name!.length + bytes.length;
  }
  return chunks;
}

function removeExpired(parent: string): void {
  for (const run of readdirSync(parent)) {
    const file = path.join(parent, run, RUN);
    if (!existsSync(file)) continue;
    // Another process may sweep, too.
    const at = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - at > RETENTION_MS) rmSync(path.dirname(file), { recursive: true, force: true });
  }
}

/** The runs that can be resumed, the newest first. */
export function listUnfinished(parent: string): (JournaledRun & { readonly run: string })[] {
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .flatMap((run) => {
      const recorded = readRecord(path.join(parent, run, RUN));
      return recorded === undefined ? [] : [{ run, ...recorded }];
    })
    .sort((a, b) => b.startedAt - a.startedAt);
}

/** Undefined for what is no run, or was damaged. */
function readRecord(file: string): JournaledRun | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const recorded: unknown = JSON.parse(readFileSync(file, "utf8"));
    return isRecord(recorded) && optionFaults(recorded, RECORDED_RULES).length === 0
      ? (recorded as unknown as JournaledRun)
      : undefined;
  } catch {
    return undefined;
  }
}

const NAME = that("a text", (value) => typeof value === "string" && value !== "");
const RECORDED_RULES: RulesOf<JournaledRun> = {
  file: { ...NAME, isRequired: true },
  name: { ...NAME, isRequired: true },
  startedAt: { ...numberFrom(0, "milliseconds since the Unix epoch", MAX_TIME_MS), isRequired: true },
  queue: { ...NAME, isRequired: true },
};

/**
 * The run that somebody means, by its id or by the beginning of it.
 *
 * @throws {HypernodesError} `NO_SUCH_RUN`: there is none, or more than one; `UNSAFE_FOLDER`: another user has put it there.
 */
export function findRun(parent: string, prefix: string): JournaledRun & { readonly run: string } {
  const all = listUnfinished(parent);
  const matches = all.filter(({ run }) => prefix !== "" && run.startsWith(prefix));
  const exact = matches.find(({ run }) => run === prefix) ?? matches[0];
  if (exact === undefined) throw noSuchRun(parent, prefix);
  if (exact.run === prefix || matches.length === 1) {
    assertOwnRun(path.join(parent, exact.run));
    return exact;
  }
  throw new HypernodesError({
    code: "NO_SUCH_RUN",
    where: prefix,
    problem: `${matches.length} runs in ${parent} have such an id`,
    advice: `Choose one: ${matches.map(({ run }) => run).join(", ")}.`,
  });
}

/**
 * Reads the inputs and options of a run. Its module has to be imported before.
 *
 * @throws {HypernodesError} `NO_SUCH_RUN`, `DAMAGED`.
 */
export function readRun(parent: string, run: string): RunSummary {
  const file = path.join(parent, run, SUMMARY);
  if (!existsSync(file)) throw noSuchRun(parent, run);
  try {
    return decode(readFileSync(file)) as RunSummary;
  } catch (cause) {
    throw new HypernodesError({
      code: "DAMAGED",
      where: run,
      problem: `its inputs in ${file} can't be read: ${(cause as Error).message}`,
      advice: "Run it again: with a cache, stored values are not computed again.",
      cause,
    });
  }
}

/** A run names the module that is imported to resume it. */
function assertOwnRun(folder: string): void {
  if (isOwnFolder(folder)) return;
  throw new HypernodesError({
    code: "UNSAFE_FOLDER",
    where: "hypernodes resume",
    problem: `${folder} is owned by another user, or is a link to a folder: resuming the run would run that user's code`,
    advice: "Resume a run as the user who started it.",
  });
}

/** Nothing is there of a run. */
function noSuchRun(parent: string, run: string): HypernodesError {
  const known = listUnfinished(parent).map((each) => each.run);
  return new HypernodesError({
    code: "NO_SUCH_RUN",
    where: run,
    problem: `the run is not in ${parent}`,
    advice:
      known.length === 0
        ? "The run has ended, or it was started in another folder: its journal is in that folder."
        : `There are ${known.slice(0, 5).join(", ")}.`,
  });
}
