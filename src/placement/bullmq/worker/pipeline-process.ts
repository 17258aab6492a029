import path from "node:path";
import type { RunEvent } from "../../../engine/lifecycle/events.js";
import { TaskChildProcess } from "../../host/child-process.js";
import type { Printed, StageHead } from "../../protocol/frames.js";

/** The process that ran a pipeline's code has ended during a task. */
export class ProcessEnded extends Error {}

/** Variables of the worker that pipelines must not see: with them, their code could write to the queue. */
const WORKER_VARIABLES = ["REDIS_URL", "HYPERNODES_QUEUE_KEY"];
const FLAGS = ["--enable-source-maps", "--disable-warning=ExperimentalWarning"];

/** A process of a worker that computes chunks with the code of one bundle, in threads of its own. */
export class PipelineProcess {
  private readonly process: TaskChildProcess;
  /** The number of chunks that are being computed. */
  activeCount = 0;
  readonly ended: Promise<void>;

  /**
   * @param folder the folder of the bundle's files.
   * @param scratch a folder for this process alone.
   * @param onOutput receives the output of nodes, which the worker prints as well; undefined: the worker only prints it.
   */
  constructor(folder: string, scratch: string, onOutput: ((output: Printed) => void) | undefined) {
    this.process = new TaskChildProcess({
      args: [...FLAGS, path.join(folder, "task-process.js"), "", scratch, "worker"],
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !WORKER_VARIABLES.includes(name))),
      onOutput:
        onOutput &&
        ((output) => {
          process[output.stream].write(output.text);
          onOutput(output);
        }),
    });
    this.ended = this.process.ended.then(({ code, signal, stderr }) => {
      const how = signal ?? (code === null ? stderr : `exit code ${code}`);
      this.process.terminate(new ProcessEnded(how));
    });
  }

  get isAlive(): boolean {
    return this.process.isAlive;
  }

  /**
   * Computes a chunk.
   *
   * @param graceMs milliseconds.
   * @param live receives events before the result, if the chunk takes long.
   * @returns the encoded result.
   * @throws {ProcessEnded} if the process ends meanwhile.
   */
  async compute(
    stage: StageHead,
    chunk: Uint8Array,
    signal: AbortSignal,
    graceMs: number,
    live: (event: RunEvent) => void,
  ): Promise<Uint8Array> {
    this.activeCount++;
    try {
      const work = { length: chunk.length, parts: [chunk] };
      const listener = { event: live, printed() {}, forwardsResult: true };
      return (await this.process.session.run({ stage }, work, listener, signal, graceMs).result) as Uint8Array;
    } finally {
      this.activeCount--;
    }
  }

  /**
   * Lets the process dispose of its resources and end.
   *
   * @param graceMs milliseconds after which it is killed.
   */
  async close(graceMs: number): Promise<void> {
    await this.process.close(graceMs);
    await this.ended;
  }
}
