import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { fileURLToPath } from "node:url";
import { startInterval, startTimeout } from "../../util/long-timeout.js";
import { makeFolders } from "../../util/make-folders.js";
import { type Ended, FrameKind, FrameReader, jsonFrame, type Printed } from "../protocol/frames.js";
import { commitVolume } from "./commit-volume.js";
import { GpuReadings } from "./gpu-readings.js";

/** The length of the tail of the child's stderr that is sent when it ends. */
const TAIL = 64 * 1024;
/** Bytes for the child that wait in memory. With more, stdin is not read, and so neither are the client's heartbeats. */
const MAX_WAITING = 64 * 1024 * 1024;
/** The number of heartbeats to the client in the time after which the supervisor would count as lost. */
const BEATS = 6;

/**
 * Runs in the container, between the client and the process that runs pipelines: it passes frames on both ways, makes
 * frames of what nodes print, and ends everything when the client is silent for too long.
 *
 * @param isStored true if the bundle was there already; if not, it was put into the folder that outlives the container.
 * @param volume the folder that outlives the container; empty: there is none.
 * @param scratch a folder of the container's own.
 * @param silenceMs milliseconds without a word of the client after which it is taken for lost.
 * @param mounts the folders of the user's volumes.
 */
export function superviseTaskProcess(
  isStored: boolean,
  volume: string,
  scratch: string,
  silenceMs: string,
  keepsCaches: string,
  ...mounts: string[]
): void {
  makeFolders(scratch);
  const { child, stdout, stderr, down, up } = startTaskProcess(scratch, [
    volume,
    scratch,
    "container",
    keepsCaches,
    ...mounts,
  ]);
  /** The client is lost: everything ends. */
  const giveUp = (): void => {
    child.kill("SIGKILL");
    process.exit(1);
  };
  const beat = startInterval(() => send(jsonFrame(FrameKind.living, 0, {})), Number(silenceMs) / BEATS);
  const stopListening = relayFromClient(down, Number(silenceMs), giveUp);
  relayToClient(up, isStored || volume === "" ? undefined : commitVolume(volume));
  relayOutput("stdout", stdout);
  const tail = relayOutput("stderr", stderr);
  process.stdin.on("end", giveUp);
  process.stdout.on("error", giveUp);
  child.on("close", (code, signal) => {
    beat.clear();
    stopListening();
    const ended = jsonFrame(FrameKind.ended, 0, { code, signal, stderr: tail() } satisfies Ended);
    process.stdout.write(ended, () => process.exit(0));
  });
}

/** Sends a frame to the client. @returns false if it waits in memory. */
function send(frame: Uint8Array): boolean {
  return process.stdout.write(frame);
}

function startTaskProcess(scratch: string, args: readonly string[]) {
  const file = fileURLToPath(new URL("./task-process.js", import.meta.url));
  const child = spawn(
    process.execPath,
    ["--enable-source-maps", "--disable-warning=ExperimentalWarning", file, ...args],
    { stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"], cwd: scratch },
  );
  const [, stdout, stderr, down, up] = child.stdio as unknown as [null, Readable, Readable, Writable, Readable];
  return { child, stdout, stderr, down, up };
}

/**
 * Passes the client's frames on to the process.
 *
 * @param silenceMs milliseconds without a frame of the client, after which it is taken for lost.
 * @returns a function that ends the wait for the next one.
 */
function relayFromClient(down: Writable, silenceMs: number, onLost: () => void): () => void {
  let silence = startTimeout(onLost, silenceMs);
  const gpus = new GpuReadings();
  const frames = new FrameReader();
  process.stdin.on("data", (piece: Buffer) => {
    silence.clear();
    silence = startTimeout(onLost, silenceMs);
    for (const { kind, bytes } of frames.push(piece)) {
      if (kind === FrameKind.alive) continue;
      if (kind === FrameKind.close) down.end();
      else if (kind === FrameKind.gpus) void gpus.use().then((use) => send(jsonFrame(FrameKind.gpuUse, 0, use)));
      else if (!down.write(bytes) && down.writableLength > MAX_WAITING) process.stdin.pause();
    }
  });
  // The bootstrap has paused it.
  process.stdin.resume();
  down.on("drain", () => process.stdin.resume());
  down.on("error", () => {});
  return () => silence.clear();
}

/**
 * Passes the process's frames on to the client.
 *
 * @param storing settles when the bundle is stored, if it is not yet: the client ends the container when it has its result, which
 * therefore waits for that.
 */
function relayToClient(up: Readable, storing: Promise<void> | undefined): void {
  let isStored = storing === undefined;
  let held: Uint8Array[] | undefined;
  void storing
    ?.catch((error: Error) => process.stderr.write(`the bundle could not be stored: ${error.message}\n`))
    .then(() => {
      isStored = true;
      for (const bytes of held ?? []) send(bytes);
      held = undefined;
    });
  const frames = new FrameReader();
  up.on("data", (piece: Buffer) => {
    for (const { kind, bytes } of frames.push(piece)) {
      if (kind === FrameKind.end && held === undefined && !isStored) held = [];
      if (held !== undefined) held.push(bytes);
      else if (!send(bytes)) up.pause();
    }
  });
  process.stdout.on("drain", () => up.resume());
}

/** Makes frames of what the process prints. @returns a function that gives the end of it. */
function relayOutput(stream: Printed["stream"], from: Readable): () => string {
  let tail = "";
  const decoder = new StringDecoder("utf8");
  from.on("data", (piece: Buffer) => {
    const text = decoder.write(piece);
    tail = (tail + text).slice(-TAIL);
    if (text !== "") send(jsonFrame(FrameKind.log, 0, { stream, text } satisfies Printed));
  });
  return () => tail;
}
