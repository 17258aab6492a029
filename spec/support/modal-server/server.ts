import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import {
  loadPackageDefinition,
  type Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceClientConstructor,
  status,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { type BuildFailure, Images } from "./images.js";
import { Box, type End, type Volume } from "./sandbox.js";

/** What the server got, in the order it came. */
export interface Call {
  readonly method: string;
  readonly request: any;
}

/** What is to go wrong. All of it can be changed while the server lives. */
export interface Faults {
  /** Volumes can be read as they were, and nothing is written to them. */
  hasNoVolumes?: boolean;
  /** What the builds of images that have a command with this text say and end with. */
  build?: BuildFailure | undefined;
  /** Methods that never answer. */
  silent?: readonly string[];
  /** Methods that fail, each with a number of gRPC. */
  refuses?: Readonly<Record<string, number>>;
  /** The router does not answer any more: its calls fail with UNAVAILABLE. */
  isRouterDown?: boolean;
  /** How many times streams of stdout are cut after so many bytes. */
  cutAfter?: { readonly bytes: number; times: number } | undefined;
  /** Changes what comes out of containers. */
  tamper?: ((bytes: Buffer) => Buffer) | undefined;
  /** Containers are made, but nobody is told. */
  losesContainers?: boolean;
  /** A container ends just before something is to be started in it. */
  endsAtExec?: End;
  /** Images get nothing of what they install. */
  installsNothing?: boolean;
  /** Who waits for a container's end is not told of it; who asks is. */
  losesWaits?: boolean;
  /** Milliseconds before a container is there. */
  startMs?: number;
  /** What making a container fails with, a number of gRPC and a text; and after how many that come to life. */
  create?: { readonly code: number; readonly text: string; after?: number } | undefined;
  /** How many containers may be made in any second. */
  createsPerSecond?: number;
  /** What happens to stdin after so many bytes of a process: it fails with a number of gRPC, or is never taken. */
  stdin?: { readonly after: number; readonly code?: number; readonly end?: End } | undefined;
  /** What `nvidia-smi` prints in containers with a GPU. */
  gpus?: string;
}

interface Settings {
  /** Bytes that a message to the server may have. */
  readonly maxMessageBytes?: number;
}

const HERE = path.dirname(fileURLToPath(import.meta.url));
const TOKEN = { id: "ak-loopback", secret: "as-loopback" };
/** One of Modal's numbers for how a thing comes to be that is asked for by its name. */
const CREATE_IF_MISSING = 1;
const GPUS = /^(T4|L4|A10G?|L40S|A100|A100-40GB|A100-80GB|RTX-PRO-6000|H100!?|H200|B200\+?)$/;

/**
 * Modal, as far as a sandbox needs it, on this machine: a real gRPC server that the SDK talks to when MODAL_SERVER_URL names
 * it. Containers are folders, and their commands real processes in them, with nothing in their environment.
 */
export class ModalServer {
  readonly calls: Call[] = [];
  readonly boxes = new Map<string, Box>();
  readonly faults: Faults = {};
  /** Bytes that went into containers and came out of them. */
  bytesDown = 0;
  bytesUp = 0;
  /** The port that clients are told to find containers at, if a proxy stands before the server. */
  proxyPort: number | undefined;
  private readonly server: Server;
  private readonly folder = mkdtempSync(path.join(os.tmpdir(), "modal-"));
  private readonly images = new Images(path.join(this.folder, "images"));
  private readonly volumes = new Map<string, Volume>();
  private readonly secrets = new Map<string, Record<string, string>>();
  /** When containers were made. */
  private readonly creations: number[] = [];
  port = 0;

  private constructor({ maxMessageBytes = 100 * 1024 * 1024 }: Settings) {
    this.server = new Server({
      "grpc.max_receive_message_length": maxMessageBytes,
      "grpc.max_send_message_length": 100 * 1024 * 1024,
    });
  }

  static async start(settings: Settings = {}): Promise<ModalServer> {
    const server = new ModalServer(settings);
    await server.listen();
    return server;
  }

  /** What the environment of a client has to have. */
  get env(): Record<string, string> {
    return {
      MODAL_SERVER_URL: `http://127.0.0.1:${this.proxyPort ?? this.port}`,
      MODAL_TOKEN_ID: TOKEN.id,
      MODAL_TOKEN_SECRET: TOKEN.secret,
      MODAL_CONFIG_PATH: path.join(this.folder, "none.toml"),
    };
  }

  /** Calls of one method. */
  called(method: string): any[] {
    return this.calls.filter((call) => call.method === method).map(({ request }) => request);
  }

  /** Containers that live: what costs money. */
  get living(): Box[] {
    return [...this.boxes.values()].filter((box) => box.end === undefined);
  }

  /** Forgets what was recorded. */
  forget(): void {
    this.calls.length = 0;
    this.bytesDown = 0;
    this.bytesUp = 0;
  }

  /** Makes a secret that clients can name. */
  secret(name: string, variables: Record<string, string>): void {
    this.secrets.set(`st-${name}`, variables);
  }

  /** The variables of a secret. */
  secretOf(id: string): Record<string, string> | undefined {
    return this.secrets.get(id);
  }

  /** Makes a volume that clients can name. @returns its folder. */
  volume(name: string, version: number, files: Record<string, string> = {}): string {
    const folder = path.join(this.folder, "volumes", name);
    mkdirSync(folder, { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, file), text);
    this.volumes.set(`vo-${name}`, { folder, version });
    return folder;
  }

  /** Ends all containers, as something outside would. */
  endAll(end: End): void {
    for (const box of this.living) box.finish(end);
  }

  async stop(): Promise<void> {
    this.endAll({ status: 3, exitcode: 137 });
    for (const box of this.boxes.values()) await box.gone();
    this.server.forceShutdown();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async listen(): Promise<void> {
    const options = { keepCase: false, longs: Number, defaults: true, oneofs: true, arrays: true };
    const load = (file: string) => loadPackageDefinition(loadSync(path.join(HERE, file), options)) as any;
    const control = load("control.proto").modal.client.ModalClient as ServiceClientConstructor;
    const router = load("router.proto").modal.task_command_router.TaskCommandRouter as ServiceClientConstructor;
    this.server.addService(control.service, this.handlers(this.control()));
    this.server.addService(router.service, this.handlers(this.router()));
    this.port = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
  }

  /** Records each call, and does what is to go wrong. */
  private handlers(methods: Record<string, Method>): Record<string, any> {
    return Object.fromEntries(
      Object.entries(methods).map(([name, method]) => {
        const handle = async (call: ServerUnaryCall<any, any> & ServerWritableStream<any, any>, back?: any) => {
          this.calls.push({ method: name, request: call.request });
          if (this.faults.silent?.includes(name)) return;
          try {
            const refusal = this.faults.refuses?.[name];
            if (refusal !== undefined) throw fault(refusal, `${name} is refused`);
            const isRouter = /^Task(?:Exec|Reload)/.test(name);
            if (isRouter && this.faults.isRouterDown) throw fault(status.UNAVAILABLE, "no route");
            if (!isRouter && name !== "AuthTokenGet") checkToken(call.metadata);
            const answer = await method(call.request, call);
            if (back !== undefined) back(null, answer ?? {});
            else call.end();
          } catch (error) {
            if (back !== undefined) back(error);
            else call.emit("error", error);
          }
        };
        return [name, handle];
      }),
    );
  }

  private control(): Record<string, Method> {
    const access = () => ({ jwt: jwt(), url: `https://127.0.0.1:${this.proxyPort ?? this.port}` });
    const wait = async ({ sandboxId, timeout }: any) => {
      const { end: before } = this.box(sandboxId);
      const end = await this.box(sandboxId).ended(timeout * 1000);
      if (this.faults.losesWaits && end !== before) await new Promise(() => {});
      return { result: end && { status: end.status, exitcode: end.exitcode, exception: end.exception ?? "" } };
    };
    const terminate = ({ sandboxId }: any) => this.box(sandboxId).finish({ status: 3, exitcode: 137 });
    const list = ({ tags, beforeTimestamp }: any) => ({
      sandboxes: this.living
        .filter((box) => tags.every((tag: any) => box.tags[tag.tagName] === tag.tagValue))
        .filter((box) => beforeTimestamp === 0 || box.createdAt < beforeTimestamp)
        .map((box) => ({ id: box.id, createdAt: box.createdAt, name: box.name })),
    });
    const taskId = ({ sandboxId }: any) => ({ taskId: this.box(sandboxId).task });
    return {
      AuthTokenGet: (_, { metadata }) => {
        const [id, secret] = ["x-modal-token-id", "x-modal-token-secret"].map((key) => metadata.get(key)[0]);
        if (id === TOKEN.id && secret === TOKEN.secret) return { token: jwt() };
        throw fault(status.UNAUTHENTICATED, "Token ID or secret is invalid");
      },
      AppGetOrCreate: ({ appName }) => ({ appId: `ap-${appName}` }),
      EnvironmentGetOrCreate: () => ({
        environmentId: "en-1",
        metadata: { name: "main", settings: { imageBuilderVersion: "2024.10" } },
      }),
      ImageGetOrCreate: ({ image }) => this.images.getOrCreate(image, this.faults),
      ImageJoinStreaming: async ({ imageId }, call) => {
        const { log, result } = this.images.get(imageId);
        for (const line of log) call.write({ taskLogs: [{ data: `${line}\n`, fileDescriptor: 1 }], entryId: "1" });
        call.write({ result, eof: true });
      },
      VolumeGetOrCreate: ({ deploymentName: name, version, objectCreationType }) => {
        const id = `vo-${name}`;
        if (!this.volumes.has(id)) {
          if (objectCreationType !== CREATE_IF_MISSING) throw fault(status.NOT_FOUND, `Volume '${name}' not found`);
          this.volume(name, version || 1);
        }
        const metadata = { version: this.volumes.get(id)!.version, name };
        return { volumeId: id, version: metadata.version, metadata };
      },
      SecretGetOrCreate: ({ deploymentName, envDict }) => {
        const id = `st-${deploymentName || randomUUID()}`;
        if (deploymentName === "") this.secrets.set(id, envDict);
        if (!this.secrets.has(id)) throw fault(status.NOT_FOUND, `Secret '${deploymentName}' not found`);
        return { secretId: id };
      },
      VolumeList: () => labels(this.volumes),
      SecretList: () => labels(this.secrets),
      // Ids tell the SDK which version a sandbox is of: 22 letters and digits, or not.
      SandboxCreate: async (request) => {
        const box = await this.make(`sb-${randomBytes(11).toString("hex")}`, request);
        return { sandboxId: box.id };
      },
      SandboxCreateV2: async (request) => {
        const box = await this.make(`sb-${randomBytes(16).toString("hex")}`, request);
        return { sandboxId: box.id, taskId: box.task, commandRouterAccess: access() };
      },
      SandboxGetTaskId: taskId,
      SandboxGetTaskIdV2: taskId,
      SandboxWait: wait,
      SandboxWaitV2: wait,
      SandboxTerminate: terminate,
      SandboxTerminateV2: terminate,
      SandboxList: list,
      SandboxListV2: list,
      TaskGetCommandRouterAccess: access,
      SandboxGetCommandRouterAccess: access,
    };
  }

  private async make(id: string, { definition, tags }: any): Promise<Box> {
    const { create, startMs = 0 } = this.faults;
    const { gpuType = "" } = definition.resources?.gpuConfig ?? {};
    if (create !== undefined && (create.after === undefined || create.after-- <= 0))
      throw fault(create.code, create.text);
    this.checkRate();
    if (gpuType !== "" && !GPUS.test(gpuType)) throw fault(status.INVALID_ARGUMENT, `Unknown GPU type: ${gpuType}`);
    if (this.living.some(({ name }) => name !== "" && name === definition.name))
      throw fault(status.ALREADY_EXISTS, `Sandbox with name '${definition.name}' already exists`);
    if (startMs > 0) await new Promise((resolve) => setTimeout(resolve, startMs));
    const box = new Box(id, path.join(this.folder, "boxes", id), definition, {
      image: this.images.get(definition.imageId),
      volumes: this.volumes,
      isCutOff: this.faults.hasNoVolumes ?? false,
      gpus: gpuType === "" ? undefined : this.faults.gpus,
      tags: Object.fromEntries(tags.map(({ tagName, tagValue }: any) => [tagName, tagValue])),
    });
    this.boxes.set(id, box);
    if (this.faults.losesContainers) await new Promise(() => {});
    return box;
  }

  /** As Modal does, in its words. */
  private checkRate(): void {
    const { createsPerSecond = Number.POSITIVE_INFINITY } = this.faults;
    const since = performance.now() - 1000;
    if (this.creations.filter((at) => at > since).length >= createsPerSecond)
      throw fault(status.RESOURCE_EXHAUSTED, `Sandbox creation rate limit (${createsPerSecond}/s) exceeded`);
    this.creations.push(performance.now());
  }

  private box(id: string): Box {
    const box = this.boxes.get(id);
    if (box === undefined) throw fault(status.NOT_FOUND, `Sandbox ${id} not found`);
    return box;
  }

  private router(): Record<string, Method> {
    const exec = ({ taskId, execId }: any) => {
      const box = [...this.boxes.values()].find(({ task }) => task === taskId);
      const found = box?.execs.get(execId);
      if (found === undefined) throw fault(status.NOT_FOUND, "no such exec");
      return found;
    };
    const exitStatus = ({ code, signal }: { code: number | null; signal: number }) =>
      code === null ? { signal } : { code };
    return {
      TaskExecStart: ({ taskId, execId, commandArgs, workdir, secretSources }) => {
        const box = [...this.boxes.values()].find(({ task }) => task === taskId);
        if (this.faults.endsAtExec !== undefined) box?.finish(this.faults.endsAtExec);
        if (box === undefined || box.end !== undefined) throw fault(status.NOT_FOUND, "the sandbox has ended");
        const env = Object.assign(
          {},
          ...secretSources.map((source: any) => source.env?.contents ?? this.secrets.get(source.secretId) ?? {}),
        );
        box.exec(execId, commandArgs, workdir, env);
      },
      TaskExecStdinWrite: async (request) => {
        this.bytesDown += request.data.length;
        const found = exec(request);
        if (found.hasEnded) throw fault(status.FAILED_PRECONDITION, "the process has ended");
        const { stdin } = this.faults;
        if (stdin !== undefined && found.written + request.data.length > stdin.after) {
          if (stdin.end !== undefined) this.endAll(stdin.end);
          if (stdin.code === undefined) await new Promise(() => {});
          throw fault(stdin.code!, "stdin is gone");
        }
        await found.write(request.offset, request.data, request.eof);
      },
      TaskExecStdinStatus: (request) => ({ numBytesWritten: exec(request).written, closed: false }),
      TaskExecStdioRead: async (request, call) => {
        const output = exec(request).output(request.fileDescriptor);
        let at = request.offset as number;
        let sent = 0;
        for (;;) {
          if (this.faults.isRouterDown) throw fault(status.UNAVAILABLE, "no route");
          const bytes = await output.after(at);
          if (bytes === undefined || call.cancelled) return;
          const data = this.faults.tamper?.(bytes) ?? bytes;
          if (request.fileDescriptor === 0) this.bytesUp += bytes.length;
          if (!call.write({ data })) await new Promise((resolve) => call.once("drain", resolve));
          at += bytes.length;
          sent += bytes.length;
          const { cutAfter } = this.faults;
          if (request.fileDescriptor === 0 && cutAfter && cutAfter.times > 0 && sent >= cutAfter.bytes) {
            cutAfter.times--;
            throw fault(status.UNAVAILABLE, "the stream was cut");
          }
        }
      },
      TaskExecWait: async (request) => exitStatus(await exec(request).exited),
      TaskReloadVolumes: ({ taskId }) => [...this.boxes.values()].find(({ task }) => task === taskId)!.reload(),
      TaskExecPoll: async (request) => (exec(request).hasEnded ? exitStatus(await exec(request).exited) : {}),
    };
  }
}

type Method = (request: any, call: ServerUnaryCall<any, any> & ServerWritableStream<any, any>) => any;

/** The names of what is known by ids of three letters and a name. */
function labels(known: ReadonlyMap<string, unknown>): object {
  return { items: [...known.keys()].map((id) => ({ label: id.slice(3) })) };
}

function checkToken(metadata: Metadata): void {
  if (metadata.get("x-modal-auth-token").length === 0) throw fault(status.UNAUTHENTICATED, "no auth token");
}

function fault(code: number, text: string): Error {
  return Object.assign(new Error(text), { code, details: text });
}

/** A token that says when it expires: in an hour. */
function jwt(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ exp: Math.floor(Date.now() / 1000) + 3600 })}.none`;
}
