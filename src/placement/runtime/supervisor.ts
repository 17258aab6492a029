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
  const child = spawn(
    process.execPath,
    [
      "--enable-source-maps",
      "--disable-warning=ExperimentalWarning",
      fileURLToPath(new URL("./task-process.js", import.meta.url)),
      ...[volume, scratch, "container", keepsCaches, ...mounts],
    ],
    { stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"], cwd: scratch },
  );
  const [, stdout, stderr, down, up] = child.stdio as unknown as [null, Readable, Readable, Writable, Readable];
  const out = process.stdout;
  let tail = "";

  /** The client is lost: everything ends. */
  const giveUp = (): void => {
    child.kill("SIGKILL");
    process.exit(1);
  };
  let silence = startTimeout(giveUp, Number(silenceMs));
  const beat = startInterval(() => out.write(jsonFrame(FrameKind.living, 0, {})), Number(silenceMs) / BEATS);

  const gpus = new GpuReadings();
  const fromClient = new FrameReader();
  process.stdin.on("data", (piece: Buffer) => {
    silence.clear();
    silence = startTimeout(giveUp, Number(silenceMs));
    for (const { kind, bytes } of fromClient.push(piece)) {
      if (kind === FrameKind.alive) continue;
      if (kind === FrameKind.close) down.end();
      else if (kind === FrameKind.gpus) void gpus.use().then((use) => out.write(jsonFrame(FrameKind.gpuUse, 0, use)));
      else if (!down.write(bytes) && down.writableLength > MAX_WAITING) process.stdin.pause();
    }
  });
  // The bootstrap has paused it.
  process.stdin.resume();
  down.on("drain", () => process.stdin.resume());
  down.on("error", () => {});
  process.stdin.on("end", giveUp);
  out.on("error", giveUp);

  let isSaved = isStored || volume === "";
  let held: Uint8Array[] | undefined;
  if (!isSaved) {
    void commitVolume(volume)
      .catch((error) => process.stderr.write(`the bundle could not be stored: ${error.message}\n`))
      .then(() => {
        isSaved = true;
        for (const bytes of held ?? []) out.write(bytes);
        held = undefined;
      });
  }

  const fromChild = new FrameReader();
  up.on("data", (piece: Buffer) => {
    for (const { kind, bytes } of fromChild.push(piece)) {
      // When the client has its result it ends the container: what is to outlive it has to be safe by then.
      if (kind === FrameKind.end && held === undefined && !isSaved) held = [];
      if (held !== undefined) held.push(bytes);
      else if (!out.write(bytes)) up.pause();
    }
  });
  out.on("drain", () => up.resume());

  for (const [stream, from] of [["stdout", stdout] as const, ["stderr", stderr] as const]) {
    const decoder = new StringDecoder("utf8");
    from.on("data", (piece: Buffer) => {
      const text = decoder.write(piece);
      if (stream === "stderr") tail = (tail + text).slice(-TAIL);
      if (text !== "") out.write(jsonFrame(FrameKind.log, 0, { stream, text } satisfies Printed));
    });
  }

  child.on("close", (code, signal) => {
    beat.clear();
    silence.clear();
    const ended = jsonFrame(FrameKind.ended, 0, { code, signal, stderr: tail } satisfies Ended);
    out.write(ended, () => process.exit(0));
  });
}
