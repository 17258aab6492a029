import { createHash } from "node:crypto";
import type { TaskListener } from "../protocol/task-session.js";
import { SHARED_MISSING } from "../runtime/stage-files.js";
import type { ModalConnection } from "./modal-connection.js";

/** Bytes from which what chunks share goes to the containers over the volume. */
const LARGE = 256 * 1024;

/** What the chunks of a map share, on its way to containers: if it is large, once to a volume that all of them have. */
export class StageUpload {
  readonly digest: string;
  private readonly has = new WeakSet<ModalConnection>();
  private uploading: Promise<void> | undefined;

  constructor(private readonly bytes: Uint8Array) {
    this.digest = createHash("sha256").update(bytes).digest("hex");
  }

  /** A container can find it from now on; or it says, when it looks, that it does not. */
  async ensureUploaded(connection: ModalConnection, hearing: TaskListener): Promise<void> {
    if (this.has.has(connection)) return;
    if (this.bytes.length < LARGE) await this.send(connection, false, hearing);
    else if (this.uploading === undefined) {
      this.uploading = this.send(connection, true, hearing);
      await this.uploading;
    } else {
      // If it did not come there, the container says so.
      await this.uploading.catch(() => {});
      await connection.container.reloadVolume().catch(() => {});
    }
    this.has.add(connection);
  }

  /** What asks for it, tried again if it was not there. */
  async asked<R>(connection: ModalConnection, hearing: TaskListener, ask: () => Promise<R>): Promise<R> {
    try {
      return await ask();
    } catch (error) {
      if ((error as { code?: unknown }).code !== SHARED_MISSING) throw error;
      await this.send(connection, false, hearing);
      return ask();
    }
  }

  private send(connection: ModalConnection, isLeft: boolean, { printed }: TaskListener): Promise<void> {
    return connection.keep({ digest: this.digest, isLeft }, this.bytes, { event: undefined, printed });
  }
}
