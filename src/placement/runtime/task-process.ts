import { readFile } from "node:fs/promises";
import { type OnReadOpts, Socket, type SocketConstructorOpts } from "node:net";
import { fileURLToPath } from "node:url";
import { type ClassLocation, resolveClass } from "../../dsl/class-location.js";
import { formatFile, formatFilesIn } from "../../dsl/format-file.js";
import type { PipelineClass } from "../../dsl/members.js";
import type { ChunkMessage } from "../../engine/chunks/chunk-message.js";
import type { RunEvent } from "../../engine/lifecycle/events.js";
import { ResourceScope } from "../../engine/lifecycle/resources.js";
import { withExtractedContext } from "../../engine/lifecycle/trace-context.js";
import type { RemoteTaskSpec } from "../../engine/remote/remote-task.js";
import { type RunRequest, runProgram } from "../../engine/run.js";
import { streamRun } from "../../engine/stream.js";
import { importBundle } from "../../engine/worker/import-bundle.js";
import { toRunRequest } from "../../engine/worker/run-remote-task.js";
import { StageCache } from "../../engine/worker/stage-cache.js";
import { AbortError, HypernodesError } from "../../errors.js";
import { AsyncQueue } from "../../util/async-queue.js";
import { describeChain } from "../../util/describe.js";
import { decode } from "../../values/codec.js";
import { VIEWS_FROM } from "../../values/codec-options.js";
import {
  ByteCollector,
  type BytesHead,
  type Frame,
  FrameKind,
  FrameReader,
  jsonOf,
  type KeepHead,
  type RunHead,
  type StageHead,
} from "../protocol/frames.js";
import { commitVolume } from "./commit-volume.js";
import { encodeOutputs } from "./encode-outputs.js";
import { FrameWriter } from "./frame-writer.js";
import { importModule } from "./import-module.js";
import { StageFiles } from "./stage-files.js";
import { unpackFiles } from "./unpack-files.js";
import { VolumeStores } from "./volume-stores.js";
import { startWatchdog } from "./watchdog.js";

/**
 * The folder of a volume that is shared with other containers, if there is one; a folder for this process alone; and the kind of
 * host that has started the process: a container, the worker of a queue, or (`process`) another process of this machine.
 */
const [volume = "", scratch = "", host = "container", ...hostArgs] = process.argv.slice(2);
const isWorker = host === "worker";
/** In a container: whether SQLite caches are kept on the volume; the folders of the user's volumes. */
const [keepsCaches = "", ...mounts] = host === "container" ? hostArgs : [];
/** In a process of the client's machine: the module of the pipeline, and the maximum of memory in bytes. */
const [module = "", maxBytes = ""] = host === "process" ? hostArgs : [];
const up = new FrameWriter(4);
if (host === "process") {
  startWatchdog(maxBytes === "" ? undefined : Number(maxBytes));
  // The client names the calls that were in progress.
  process.on("exit", () => up.flush());
}
// The files of a worker and of a process are those of their machine.
const stores = host === "container" ? new VolumeStores(keepsCaches && volume, scratch) : undefined;
const shared = new StageFiles(volume);
const runs = new Map<number, Run>();
/** Resources that are built once for all tasks of this process that reuse them. */
const resources = new ResourceScope("copy");
const stages = new StageCache(classOf, resources, !isWorker);
const loading = load();
loading.catch(() => {});

/** A run of which the beginning has come. */
class Run {
  readonly controller = new AbortController();
  /** The elements of a stream, which the client sends one by one when they are asked for. */
  readonly elements: AsyncQueue<unknown[]>;
  /** The number of streamed results that the client has not consumed. */
  private unacked = 0;
  private resume: (() => void) | undefined;
  private incoming: ByteCollector | undefined;
  private taker: ((bytes: Uint8Array) => void) | undefined;
  /** The path of the node whose call started last. */
  private lastNode: string | undefined;

  constructor(private readonly number: number) {
    this.elements = new AsyncQueue(() => void up.json(FrameKind.pull, number, {}));
  }

  /** Takes the head of the task: a run, a chunk of a stage, or shared values to store. */
  arrive({ bytes, stage, keep }: RunHead): void {
    const answer = (whole: Uint8Array) => {
      if (stage !== undefined) return this.chunk(stage, whole);
      return keep === undefined ? this.answer(whole) : this.keep(keep, whole);
    };
    this.expect({ bytes }, (whole) => void this.begin(() => answer(whole)));
  }

  expect({ bytes }: BytesHead, taker: (bytes: Uint8Array) => void): void {
    this.incoming = new ByteCollector(bytes);
    this.taker = taker;
  }

  add(payload: Uint8Array): void {
    this.incoming?.add(payload);
    const whole = this.incoming?.whole;
    if (whole === undefined) return;
    this.incoming = undefined;
    this.taker!(whole);
  }

  taken(): void {
    this.unacked--;
    this.resume?.();
  }

  private oneTaken(): Promise<void> {
    return new Promise((resolve) => {
      this.resume = resolve;
      if (this.controller.signal.aborted) resolve();
    });
  }

  private async begin(answer: () => Promise<void>): Promise<void> {
    const { number } = this;
    try {
      await up.json(FrameKind.started, number, {});
      await loading;
      await answer();
    } catch (error) {
      await up.failure(number, error);
    } finally {
      runs.delete(number);
    }
  }

  private async answer(bytes: Uint8Array): Promise<void> {
    const work = decode(bytes, { viewsFrom: VIEWS_FROM }) as RemoteTaskSpec;
    const type = classOf(work.origin);
    const request = toRunRequest(type, work, {
      resources: work.reusesResources ? resources : undefined,
      signal: this.controller.signal,
      // The client emits the beginning and the end of the run.
      listener: work.wantsEvents
        ? (event) => {
            if (event.type === "run") return;
            up.event(this.number, event);
            // If the node crashes the process, the client knows which one it was.
            if (host === "process" && this.isFirstCall(event)) up.flush();
          }
        : undefined,
    });
    await withExtractedContext(work.carrier, () => (work.isStream ? this.stream(request) : this.run(request)));
  }

  /** Tells if a node begins, or a map: the elements that follow are gathered. */
  private isFirstCall({ type, phase, path }: RunEvent): boolean {
    if (phase !== "start" || (type !== "node" && type !== "element")) return false;
    const node = type === "element" ? path.slice(0, path.lastIndexOf("[")) : path;
    const isSame = node === this.lastNode && type === "element";
    this.lastNode = node;
    return !isSame;
  }

  /** @throws {HypernodesError} what is wrong with the stage; what is wrong with elements is in the result. */
  private async chunk({ digest, file }: StageHead, bytes: Uint8Array): Promise<void> {
    const chunk = decode(bytes, { viewsFrom: VIEWS_FROM }) as ChunkMessage;
    const live = (events: readonly RunEvent[]) => {
      for (const event of events) up.event(this.number, event);
    };
    const read = () => (file === undefined ? shared.read(digest) : readFile(file));
    const result = await stages.run(digest, read, chunk, this.controller.signal, live);
    await up.encoded(FrameKind.end, this.number, { ok: true }, { length: result.length, parts: [result] });
  }

  private async keep({ digest, isLeft }: KeepHead, bytes: Uint8Array): Promise<void> {
    await shared.keep(digest, bytes, isLeft);
    await up.value(FrameKind.end, this.number, { ok: true }, undefined);
  }

  private async run(request: RunRequest): Promise<void> {
    const outputs = await runProgram(request).finally(commitMounts);
    await stores?.save();
    await this.bring(FrameKind.end, { ok: true }, outputs, request);
  }

  private async stream(request: RunRequest): Promise<void> {
    this.controller.signal.addEventListener("abort", () => this.resume?.(), { once: true });
    try {
      for await (const value of streamRun(request, this.elements)) {
        await this.bring(FrameKind.streamed, {}, value, request);
        if (++this.unacked >= request.settings.maxWorkers) await this.oneTaken();
      }
    } finally {
      await commitMounts();
    }
    await stores?.save();
    await up.value(FrameKind.end, this.number, { ok: true }, undefined);
  }

  /** @throws {NodeError} `UNSERIALISABLE` */
  private async bring(kind: number, head: object, outputs: unknown, request: RunRequest): Promise<void> {
    await up.encoded(kind, this.number, head, encodeOutputs(outputs, request, kind === FrameKind.streamed));
  }
}

/** Makes files that nodes have written to volumes visible to others. */
async function commitMounts(): Promise<void> {
  await Promise.all(
    mounts.map((mount) =>
      commitVolume(mount).catch((error: Error) =>
        process.emitWarning(
          `the files that nodes wrote to ${mount} are not committed: ${error.message}`,
          "HypernodesWarning",
        ),
      ),
    ),
  );
}

async function load(): Promise<void> {
  try {
    if (host === "process") return await importModule(module);
    unpackFiles(fileURLToPath(new URL(".", import.meta.url)));
    await importBundle();
  } catch (error) {
    throw notLoaded(error);
  }
}

function notLoaded(error: unknown): HypernodesError {
  const missing = /Cannot find (?:package|module) '([^']+)'/.exec((error as Error)?.message ?? "")?.[1];
  return new HypernodesError({
    code: missing === undefined ? "NOT_IMPORTABLE" : "PACKAGE_MISSING",
    where: `the ${host}`,
    problem:
      missing === undefined
        ? `the pipeline's module can't be imported: ${formatFilesIn(describeChain(error))}`
        : `the package ${missing} is not installed`,
    advice:
      missing === undefined
        ? `The ${host} imports the module, too: let it only define things, and read files and environment variables in nodes.`
        : host !== "container"
          ? `Install it where the ${host} was started: npm install ${missing}`
          : `Install it in the image: image: image().npmInstall(${JSON.stringify(missing)}).`,
    cause: error,
  });
}

/** @throws {HypernodesError} `NOT_IMPORTABLE` */
function classOf(origin: ClassLocation): PipelineClass {
  const type = resolveClass(origin) as PipelineClass | undefined;
  if (type !== undefined) return type;
  throw new HypernodesError({
    code: "NOT_IMPORTABLE",
    where: origin.name,
    problem: `a ${host} has imported ${origin.file && formatFile(origin.file)}, and that does not define the class`,
    advice:
      "A class inside a function, a test or a condition exists only after that code has run: move it to the top level of a module.",
  });
}

const reader = new FrameReader(true);
// One buffer for all that comes: whatever is in it is taken out before the next read.
const onread: OnReadOpts = {
  buffer: Buffer.alloc(64 * 1024),
  callback(count: number, buffer: Uint8Array): boolean {
    for (const frame of reader.push(buffer.subarray(0, count))) onFrame(frame);
    return true;
  },
};
const options: SocketConstructorOpts & { readonly onread: OnReadOpts } = { fd: 3, readable: true, onread };
const down = new Socket(options);
down.resume();
down.on("end", () => void close());

function onFrame(frame: Frame): void {
  const { kind, run: number, payload } = frame;
  const run = runs.get(number);
  if (kind === FrameKind.run) {
    const started = new Run(number);
    runs.set(number, started);
    started.arrive(jsonOf(frame));
  } else if (kind === FrameKind.bytes) run?.add(payload);
  else if (kind === FrameKind.taken) run?.taken();
  else if (kind === FrameKind.cancel) {
    const { reason } = jsonOf<{ reason: string }>(frame);
    run?.controller.abort(new AbortError({ code: "ABORTED", where: "the client", problem: reason }));
    run?.elements.close();
  } else if (kind === FrameKind.element) {
    const { bytes } = jsonOf<Partial<BytesHead>>(frame);
    if (bytes === undefined) run?.elements.close();
    else run?.expect({ bytes }, (whole) => run.elements.push(decode(whole) as unknown[]));
  }
}

/** The client has nothing more to do here. */
async function close(): Promise<void> {
  try {
    await resources.dispose();
  } catch (error) {
    console.error(error);
  }
  await commitMounts();
  await stores?.save();
  process.exit(0);
}
