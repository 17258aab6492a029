import type { Printed } from "../container/frames.js";

/** What nodes print in a container appears here, line by line, marked. */
export class MarkedLines {
  /** Of each stream, the beginning of a line that has not ended yet. */
  private readonly begun = { stdout: "", stderr: "" };

  add({ stream, text }: Printed): void {
    const lines = (this.begun[stream] + text).split("\n");
    this.begun[stream] = lines.pop()!;
    if (lines.length > 0) process[stream].write(lines.map((line) => `modal | ${line}\n`).join(""));
  }

  /** No more comes: what was begun is shown, too. */
  end(): void {
    for (const stream of ["stdout", "stderr"] as const) {
      if (this.begun[stream] !== "") this.add({ stream, text: "\n" });
    }
  }
}
