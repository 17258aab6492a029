import type { App, Image as BuiltImage, ModalClient, ModalClientParams, Secret, Volume } from "modal";
import { HypernodesError } from "../../errors.js";
import { withDeadline } from "../../util/deadline.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { missingPackage } from "../../util/missing-package.js";
import { sha256 } from "../../util/sha256.js";
import type { InstallLayer } from "../bundle/packages.js";
import { sentInstruction } from "./dockerfile.js";
import type { Image } from "./image.js";
import { fromModalError, imageBuildError } from "./modal-errors.js";
import { nodeFault } from "./node-faults.js";
import { StartPacer } from "./start-pacer.js";

/** Milliseconds that Modal has for an answer that takes no work. */
const ANSWER_MS = 60_000;
/** Milliseconds for the building of an image. */
const BUILD_MS = 30 * 60_000;
/** The length of the end of a build's log that is shown. */
const LOG = 64 * 1024;
/** The calls that wait for something: they have limits of their own. */
const WAITING =
  /\/(?:ImageJoinStreaming|ImageGetOrCreate|SandboxCreate(?:V2)?|SandboxGetTaskId(?:V2)?|SandboxWait(?:V2)?)$/;

type Middleware = NonNullable<ModalClientParams["grpcMiddleware"]>[number];

const clients = new Map<string, Promise<ModalApi>>();

/** The connection to Modal that the environment asks for. One for a process, as long as that does not change. */
export function modalApi(): Promise<ModalApi> {
  const { env } = process;
  const named = Object.entries(env).filter(([name]) => name.startsWith("MODAL_"));
  const key = sha256(JSON.stringify(named.sort()));
  const client = getOrCreate(clients, key, () => ModalApi.open());
  client.catch(() => clients.delete(key));
  return client;
}

/** Modal, and what is known there already: it is asked for each thing once. */
export class ModalApi {
  readonly starts = new StartPacer();
  private readonly known = new Map<string, Promise<unknown>>();

  private constructor(
    readonly sdk: ModalClient,
    private readonly logs: BuildLogs,
  ) {}

  /** @throws {HypernodesError} `MISSING_PACKAGE`. */
  static async open(): Promise<ModalApi> {
    const modal = await import("modal").catch((error: unknown) => {
      throw missingPackage("modal", "modal(...)", "to talk to Modal", error);
    });
    if (modal.ModalClient === undefined) {
      throw missingPackage(
        "modal",
        "modal(...)",
        "to talk to Modal",
        new Error("the installed package of this name is not Modal's SDK"),
      );
    }
    const logs = new BuildLogs();
    const quiet = { debug() {}, info() {}, warn() {}, error() {} };
    try {
      const sdk = new modal.ModalClient({ grpcMiddleware: [logs.middleware, limits], logger: quiet });
      return new ModalApi(sdk, logs);
    } catch (error) {
      throw fromModalError(error, "Modal");
    }
  }

  app(name: string): Promise<App> {
    return this.once(`app ${name}`, () => this.sdk.apps.fromName(name, { createIfMissing: true }));
  }

  /** A volume that is there. */
  volume(name: string): Promise<Volume> {
    return this.once(`volume ${name}`, () => this.sdk.volumes.fromName(name));
  }

  /**
   * A volume on which containers keep files of their own: `sync` commits those of version 2 only.
   *
   * @param createIfMissing whether it is made if it is not there.
   */
  cacheVolume(name: string, createIfMissing = true): Promise<Volume> {
    return this.once(`cache volume ${name}`, () => this.sdk.volumes.fromName(name, { createIfMissing, version: 2 }));
  }

  secret(name: string): Promise<Secret> {
    return this.once(`secret ${name}`, () => this.sdk.secrets.fromName(name));
  }

  /** The names of the secrets or volumes that there are; none if they can't be asked for. */
  async names(kind: "secret" | "volume"): Promise<readonly string[]> {
    try {
      const { cpClient } = this.sdk as unknown as { cpClient: Record<string, List | undefined> };
      const found = await cpClient[`${kind}List`]?.call(cpClient, { environmentName: this.sdk.environmentName() });
      return found?.items.map(({ label }) => label) ?? [];
    } catch {
      return [];
    }
  }

  /**
   * The image, built: its own layers, and after them that of the packages that a bundle leaves out.
   *
   * @throws {HypernodesError} `IMAGE_FAILED`, with the end of the build's log; `IMAGE_WITHOUT_NODE`; `LOCAL_FILE`.
   */
  async image(
    { base, baseSecret, layers, build }: Image,
    lock: InstallLayer | undefined,
    app: App,
  ): Promise<BuiltImage> {
    const declared = lock === undefined ? layers : [...layers, { commands: lock.commands, ...build }];
    // With the files as they are now: an image with other ones is another image.
    const all = declared.map((layer) => ({ ...layer, commands: layer.commands.map(sentInstruction) }));
    return this.once(JSON.stringify(["image", app.appId, base, baseSecret, all]), async () => {
      let image = this.sdk.images.fromRegistry(
        base,
        baseSecret === undefined ? undefined : await this.secret(baseSecret),
      );
      for (const { commands, secrets, env } of all) {
        image = image.dockerfileCommands([...commands], {
          secrets: await Promise.all(secrets.map((name) => this.secret(name))),
          ...(Object.keys(env).length > 0 && { env: { ...env } }),
        });
      }
      try {
        return await withModalDeadline(image.build(app), BUILD_MS, "it did not build an image");
      } catch (error) {
        const log = this.logs.take(error);
        const commands = declared.map((each) => each.commands);
        const failed = imageBuildError(error, base, commands, log);
        // What has ended the build stands last.
        throw nodeFault(log.trim().split("\n").slice(-5).join("\n"), base, failed) ?? failed;
      }
    });
  }

  private once<T>(key: string, request: () => Promise<T>): Promise<T> {
    const response = getOrCreate(this.known, key, async () => {
      try {
        return await request();
      } catch (error) {
        throw fromModalError(error, key);
      }
    }) as Promise<T>;
    response.catch(() => this.known.delete(key));
    return response;
  }
}

type List = (request: object) => Promise<{ readonly items: readonly { readonly label: string }[] }>;

/** The output of builds, which the SDK drops. */
class BuildLogs {
  /** By the image's id, of those that are being built or have failed. */
  private readonly texts = new Map<string, string>();

  readonly middleware = this.listening();

  /** The log of the build that has ended with an error. The error's message names the image. */
  take(error: unknown): string {
    const id = /\bim-[\w-]+/.exec(String((error as Error | undefined)?.message))?.[0] ?? "";
    const text = this.texts.get(id) ?? "";
    this.texts.delete(id);
    return text;
  }

  private listening(): Middleware {
    const { texts } = this;
    return async function* (call, options) {
      if (!call.responseStream) return yield* call.next(call.request as never, options);
      const { imageId = "" } = call.request as { readonly imageId?: string };
      for await (const response of call.next(call.request as never, options)) {
        const { taskLogs = [], result } = response as BuildProgress;
        const text = (texts.get(imageId) ?? "") + taskLogs.map(({ data }) => data).join("");
        if (result?.status === BUILT) texts.delete(imageId);
        else if (text !== "") texts.set(imageId, text.slice(-LOG));
        yield response;
      }
      return undefined;
    };
  }
}

interface BuildProgress {
  readonly taskLogs?: readonly { readonly data: string }[];
  readonly result?: { readonly status?: number };
}

/** Modal's status of what has succeeded. */
const BUILT = 1;

/** The SDK waits for an answer for ever. */
const limits: Middleware = async function* (call, options) {
  if (call.responseStream) {
    yield* call.next(call.request as never, options);
    return undefined;
  }
  if (WAITING.test(call.method.path)) return yield* call.next(call.request as never, options);
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), ANSWER_MS);
  const signals = [controller.signal, ...(options.signal ? [options.signal] : [])];
  try {
    return yield* call.next(call.request as never, { ...options, signal: AbortSignal.any(signals) });
  } catch (error) {
    throw controller.signal.aborted ? silent(`it did not answer ${call.method.path}`, ANSWER_MS) : error;
  } finally {
    clearTimeout(timer);
  }
};

/**
 * Waits for Modal for a limited time.
 *
 * @param ms the limit in milliseconds.
 * @param what the sentence that the error begins with: `it did not start a container`.
 * @throws {HypernodesError} `MODAL_SILENT` if it takes longer.
 */
export function withModalDeadline<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  return withDeadline(promise, ms, () => silent(what, ms));
}

function silent(what: string, ms: number): HypernodesError {
  return new HypernodesError({
    code: "MODAL_SILENT",
    where: "Modal",
    problem: `${what} within ${ms / 1000} seconds`,
    advice: "Try it again; see https://status.modal.com.",
  });
}
