import { closeSync, createReadStream, createWriteStream, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { fileProblem } from "../util/file-problem.js";
import { outputLost } from "./exit-codes.js";
import { asJson, asText, write } from "./output.js";

/** Maximum number of results that `asText` shows. */
const MAX_SHOWN = 100;

/**
 * The results of a stream, which may not fit into memory: as JSON in a temporary file, or the first ones for a person.
 */
export class ResultList {
  private readonly folder: string | undefined;
  private readonly file: number | undefined;
  private readonly first: unknown[] = [];
  private size = 0;

  constructor(private readonly json: boolean) {
    if (!json) return;
    this.folder = mkdtempSync(path.join(os.tmpdir(), "hypernodes-results-"));
    this.file = openSync(path.join(this.folder, "json"), "w");
    process.once("exit", this.remove);
  }

  add(result: unknown): void {
    if (this.json) this.append(`${this.size === 0 ? "[" : ","}${asJson(result, this.size)}`);
    else if (this.size < MAX_SHOWN) this.first.push(result);
    this.size++;
  }

  /** Writes them to a file, or to standard output. */
  async write(output: string | undefined): Promise<void> {
    if (!this.json) {
      // The others are counted, and not shown.
      this.first.length = this.size;
      await write(asText(this.first, output !== undefined), output);
      return;
    }
    this.append(this.size === 0 ? "[]\n" : "]\n");
    const results = createReadStream(path.join(this.folder!, "json"));
    if (output === undefined) {
      for await (const piece of results)
        await new Promise<void>((resolve) => process.stdout.write(piece, () => resolve()));
      return;
    }
    try {
      await pipeline(results, createWriteStream(output));
    } catch (error) {
      throw outputLost(
        `--output ${output}`,
        `the output is lost, the file can't be written: ${fileProblem(error)}`,
        error,
      );
    }
  }

  /** Closes the temporary file. */
  close(): void {
    if (this.folder === undefined) return;
    closeSync(this.file!);
    this.remove();
    process.off("exit", this.remove);
  }

  private readonly remove = (): void => rmSync(this.folder!, { recursive: true, force: true });

  private append(text: string): void {
    try {
      writeSync(this.file!, text);
    } catch (error) {
      throw outputLost(this.folder!, `the results can't be stored until the end: ${fileProblem(error)}`, error);
    }
  }
}
