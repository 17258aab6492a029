import type { Printed } from "../protocol/frames.js";

/** Prints the output of nodes in a container, or at a worker, line by line, marked. */
export class PrefixedOutput {
  /** Of each stream, the beginning of a line that has not ended yet. */
  private readonly begun = { stdout: "", stderr: "" };

  /** @param mark what stands before each line. */
  constructor(private readonly mark = "modal") {}

  add({ stream, text }: Printed): void {
    const lines = (this.begun[stream] + text).split("\n");
    this.begun[stream] = lines.pop()!;
    if (lines.length > 0) process[stream].write(lines.map((line) => `${this.mark} | ${line}\n`).join(""));
  }

  /** No more comes: what was begun is shown, too. */
  end(): void {
    for (const stream of ["stdout", "stderr"] as const) {
      if (this.begun[stream] !== "") this.add({ stream, text: "\n" });
    }
  }
}
