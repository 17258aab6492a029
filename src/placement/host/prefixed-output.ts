import type { Printed } from "../protocol/frames.js";

/** Prints the output of nodes on a host, with a prefix before each line. */
export class PrefixedOutput {
  /** Of each stream, the beginning of a line that has not ended yet. */
  private readonly partial = { stdout: "", stderr: "" };

  /** @param prefix undefined: the output is printed as it comes. */
  constructor(private readonly prefix: string | undefined) {}

  add({ stream, text }: Printed): void {
    if (this.prefix === undefined) {
      process[stream].write(text);
      return;
    }
    const lines = (this.partial[stream] + text).split("\n");
    this.partial[stream] = lines.pop()!;
    if (lines.length > 0) process[stream].write(lines.map((line) => `${this.prefix} | ${line}\n`).join(""));
  }

  /** Prints lines that have not ended: no more output comes. */
  end(): void {
    for (const stream of ["stdout", "stderr"] as const) {
      if (this.partial[stream] !== "") this.add({ stream, text: "\n" });
    }
  }
}
