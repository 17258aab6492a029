import { execFile } from "node:child_process";
import type { GpuUse } from "../protocol/frames.js";

/** Milliseconds between readings, and that one may take. */
const INTERVAL_MS = 10_000;
const READING_MS = 2_000;
/** Mebibytes of memory that no GPU has taken on which something was opened: a context of CUDA alone takes more. */
const IDLE_MIB = 64;
const QUERY = ["--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader,nounits"];

/** Readings of a container's GPUs: which of them have been used in any. */
export class GpuReadings {
  private readonly used = new Set<number>();
  private count: number | undefined;
  private readonly timer = setInterval(() => void this.read(), INTERVAL_MS).unref();

  /** The use up to now, with one more reading if it is needed. Where there is no `nvidia-smi`, there are no GPUs. */
  async use(): Promise<GpuUse> {
    if (this.used.size !== this.count) await this.read();
    const { count = 0 } = this;
    return { count, unused: count - this.used.size };
  }

  private async read(): Promise<void> {
    const text = await new Promise<string>((resolve) => {
      execFile("nvidia-smi", QUERY, { timeout: READING_MS }, (error, stdout) => resolve(error === null ? stdout : ""));
    });
    const gpus = text.split("\n").filter((line) => line.trim() !== "");
    for (const [i, line] of gpus.entries()) {
      const [percent, memoryMiB] = line.split(",").map(Number);
      // A driver without these readings is no sign of a use.
      if (!(percent === 0 && memoryMiB! < IDLE_MIB)) this.used.add(i);
    }
    this.count = Math.max(this.count ?? 0, gpus.length);
    if (this.used.size === this.count) clearInterval(this.timer);
  }
}
