import { sha256 } from "../../util/sha256.js";
import type { TaskListener } from "../protocol/task-session.js";
import type { HostConnection } from "../provider.js";
import { SHARED_MISSING } from "../runtime/stage-files.js";

/** Bytes from which shared values go over the storage that hosts have in common. */
const MIN_STORED_BYTES = 256 * 1024;

/**
 * Sends the values that all chunks of a stage share to each host; large ones once, to the storage that the hosts have in
 * common.
 */
export class StageUpload {
  readonly digest: string;
  private readonly uploaded = new WeakSet<HostConnection>();
  private uploading: Promise<void> | undefined;

  /** @param hasSharedStorage true if the hosts have storage in common. */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly hasSharedStorage: boolean,
  ) {
    this.digest = sha256(bytes);
  }

  /** Resolves when a host can find the values. It may still find later that they are not there: `runWithUpload`. */
  async ensureUploaded(connection: HostConnection, listener: TaskListener): Promise<void> {
    if (this.uploaded.has(connection)) return;
    if (!this.hasSharedStorage || this.bytes.length < MIN_STORED_BYTES) await this.send(connection, false, listener);
    else if (this.uploading === undefined) {
      this.uploading = this.send(connection, true, listener);
      await this.uploading;
    } else {
      // If the upload failed, the host reports that the values are missing.
      await this.uploading.catch(() => {});
      await connection.refreshShared().catch(() => {});
    }
    this.uploaded.add(connection);
  }

  /** Runs a task; if the host reports that the values are missing, sends them and runs it once more. */
  async runWithUpload<R>(connection: HostConnection, listener: TaskListener, run: () => Promise<R>): Promise<R> {
    try {
      return await run();
    } catch (error) {
      if ((error as { code?: unknown }).code !== SHARED_MISSING) throw error;
      await this.send(connection, false, listener);
      return run();
    }
  }

  private send(connection: HostConnection, toStorage: boolean, { printed }: TaskListener): Promise<void> {
    const head = { digest: this.digest, isLeft: toStorage };
    return connection.storeShared(head, this.bytes, { event: undefined, printed });
  }
}
