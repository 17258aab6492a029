import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmodSync, cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Built, isAtLeast } from "./images.js";

/** How a container ended: Modal's status and the exit code that goes with it. */
export interface End {
  readonly status: number;
  readonly exitcode: number;
  readonly exception?: string;
}

/** A volume: a folder, of which each container has a copy. */
export interface Volume {
  readonly folder: string;
  /** 1: what a container has written is committed when it ends; 2: when it says so, with `sync`. */
  readonly version: number;
}

interface Surroundings {
  readonly image: Pick<Built, "folder" | "node" | "env">;
  readonly volumes: ReadonlyMap<string, Volume>;
  /** Whether nothing is committed to them, and nobody sees what others commit. */
  readonly isCutOff: boolean;
  readonly tags: Readonly<Record<string, string>>;
  /** What `nvidia-smi` prints; undefined: there is none. */
  readonly gpus: string | undefined;
}

/** A container: a folder, and the processes that run in it. */
export class Box {
  readonly task = `ta-${randomUUID()}`;
  readonly execs = new Map<string, Exec>();
  readonly createdAt = Date.now() / 1000;
  readonly tags: Readonly<Record<string, string>>;
  readonly name: string;
  end: End | undefined;
  private readonly mounts: string[];
  /** By mount point, the volume. */
  private readonly volumes = new Map<string, Volume>();
  private readonly image: Surroundings["image"];
  private readonly waiting: ((end: End) => void)[] = [];
  private readonly timeout: NodeJS.Timeout;
  private idle: NodeJS.Timeout | undefined;

  constructor(
    readonly id: string,
    private readonly root: string,
    private readonly definition: any,
    { image, volumes, isCutOff, tags, gpus }: Surroundings,
  ) {
    this.tags = tags;
    this.image = image;
    this.name = definition.name;
    mkdirSync(path.join(root, "bin"), { recursive: true });
    cpSync(image.folder, root, { recursive: true, verbatimSymlinks: true });
    this.mounts = definition.volumeMounts.map(({ volumeId, mountPath }: any) => {
      const volume = volumes.get(volumeId)!;
      // A container sees a volume as it was when it began, and others see what it has committed.
      cpSync(volume.folder, path.join(root, mountPath), { recursive: true });
      if (!isCutOff) this.volumes.set(mountPath, volume);
      return mountPath;
    });
    if (gpus !== undefined) this.writeProgram("nvidia-smi", `printf '${gpus.replaceAll("\n", "\\n")}'`);
    this.writeSync();
    const { timeoutSecs } = definition;
    this.timeout = setTimeout(() => this.finish({ status: 4, exitcode: 124 }), timeoutSecs * 1000).unref();
    this.rest();
  }

  /** What `sync` does in a container. Commits of several come one after another. */
  private writeSync(): void {
    const commits = [...this.volumes].map(([mount, { folder }]) => {
      const place = path.join(this.root, mount);
      return `if [ "$1" = "${place}" ]; then exec /usr/bin/flock "${folder}.lock" /bin/cp -a "${place}/." "${folder}/"; fi`;
    });
    this.writeProgram("sync", `${commits.join("\n")}\nexit 1`);
  }

  private writeProgram(name: string, command: string): void {
    const file = path.join(this.root, "bin", name);
    writeFileSync(file, `#!/bin/sh\n${command}\n`);
    chmodSync(file, 0o755);
  }

  /** It sees what others have committed since. */
  reload(): void {
    for (const [mount, { folder }] of this.volumes) this.copy(folder, path.join(this.root, mount));
  }

  private copy(from: string, to: string): void {
    cpSync(from, to, { recursive: true, preserveTimestamps: true });
  }

  /** Without a process, it ends after a while. */
  private rest(): void {
    const { idleTimeoutSecs } = this.definition;
    if (!idleTimeoutSecs || [...this.execs.values()].some((exec) => !exec.hasEnded)) return;
    this.idle = setTimeout(() => this.finish({ status: 7, exitcode: 0 }), idleTimeoutSecs * 1000).unref();
  }

  exec(id: string, [command, ...args]: readonly string[], workdir: string, env: Record<string, string>): void {
    if (this.execs.has(id)) return;
    clearTimeout(this.idle);
    const [program, ...before] = command === "node" ? this.node() : [command!];
    const variables = Object.entries({ ...this.image.env, ...env }).map(([name, value]) => [name, this.inside(value)]);
    const child = spawn(program!, [...before, ...args.map((arg) => this.inside(arg))], {
      cwd: path.join(this.root, workdir || "/"),
      env: { PATH: `${this.root}/bin:/usr/bin:/bin`, ...Object.fromEntries(variables) },
      detached: true,
      stdio: "pipe",
    });
    const exec = new Exec(child);
    this.execs.set(id, exec);
    void exec.exited.then(() => this.rest());
  }

  /** The command that is Node: the one that runs the specs; or, where the image has none or an old one, what that one says. */
  private node(): readonly string[] {
    const { node } = this.image;
    const fails = (text: string, code: number) => ["/bin/sh", "-c", `printf '%s\\n' "$0" >&2; exit ${code}`, text];
    if (node === undefined) return fails('exec: "node": executable file not found in $PATH', 127);
    if (isAtLeast(node, [20, 15])) return [process.execPath, "-r", this.versionFile(node)];
    const missing = "The requested module 'node:zlib' does not provide an export named 'crc32'";
    return fails(`file:///[eval1]:4\nSyntaxError: ${missing}\n\nNode.js v${node}`, 1);
  }

  /** A module that makes Node say that it is of a version. */
  private versionFile(version: string): string {
    const file = path.join(this.root, "bin", "version.cjs");
    writeFileSync(file, `Object.defineProperty(process, "version", { value: "v${version}" });`);
    return file;
  }

  /** A path in the container, as the path that it has here. */
  private inside(argument: string): string {
    const folders = [...this.mounts, "/opt", "/tmp"];
    return folders.some((folder) => argument === folder || argument.startsWith(`${folder}/`))
      ? path.join(this.root, argument)
      : argument;
  }

  finish(end: End): void {
    if (this.end !== undefined) return;
    this.end = end;
    clearTimeout(this.timeout);
    clearTimeout(this.idle);
    for (const exec of this.execs.values()) exec.kill();
    for (const [mount, { folder, version }] of this.volumes) {
      if (version === 1) this.copy(path.join(this.root, mount), folder);
    }
    for (const tell of this.waiting.splice(0)) tell(end);
  }

  /** How it ended, or undefined if it lives on after so many milliseconds. */
  ended(ms: number): Promise<End | undefined> {
    if (this.end !== undefined || ms === 0) return Promise.resolve(this.end);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), ms).unref();
      this.waiting.push((end) => {
        clearTimeout(timer);
        resolve(end);
      });
    });
  }

  /** All its processes have ended. */
  async gone(): Promise<void> {
    await Promise.all([...this.execs.values()].map(({ exited }) => exited));
  }

  /** The processes that run in it. */
  get processes(): number[] {
    return [...this.execs.values()].filter((exec) => !exec.hasEnded).map((exec) => exec.pid);
  }

  /** A file in it, if it is there. */
  has(file: string): boolean {
    return existsSync(path.join(this.root, file));
  }
}

/** A process in a container, and what went in and came out. */
class Exec {
  readonly exited: Promise<{ readonly code: number | null; readonly signal: number }>;
  hasEnded = false;
  written = 0;
  private readonly outputs = [new Output(), new Output()];

  constructor(private readonly child: ChildProcess) {
    for (const [i, from] of [child.stdout!, child.stderr!].entries()) {
      from.on("data", (bytes: Buffer) => this.outputs[i]!.add(bytes));
    }
    child.stdin!.on("error", () => {});
    this.exited = new Promise((resolve) => {
      child.on("error", (error) => {
        this.outputs[1]!.add(Buffer.from(`${error.message}\n`));
        this.ended();
        resolve({ code: 127, signal: 0 });
      });
      child.on("close", (code, signal) => {
        this.ended();
        resolve({ code, signal: signal === null ? 0 : os.constants.signals[signal] });
      });
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  private ended(): void {
    this.hasEnded = true;
    for (const output of this.outputs) output.end();
  }

  output(descriptor: number): Output {
    return this.outputs[descriptor]!;
  }

  /** What comes a second time is not written again. */
  async write(offset: number, data: Buffer, eof: boolean): Promise<void> {
    const news = data.subarray(Math.max(0, this.written - offset));
    this.written += news.length;
    if (news.length > 0) await new Promise<void>((resolve) => this.child.stdin!.write(news, () => resolve()));
    if (eof) this.child.stdin!.end();
  }

  /** It, and what it has started. */
  kill(): void {
    try {
      process.kill(-this.child.pid!, "SIGKILL");
    } catch {
      // It has ended already.
    }
  }
}

const MOST = 64 * 1024;

/** What a process has written: it can be read again from anywhere. */
class Output {
  private readonly pieces: Buffer[] = [];
  /** Where each piece begins. */
  private readonly starts: number[] = [];
  private length = 0;
  private isOver = false;
  private readonly waiting: (() => void)[] = [];

  add(bytes: Buffer): void {
    this.pieces.push(bytes);
    this.starts.push(this.length);
    this.length += bytes.length;
    this.wake();
  }

  end(): void {
    this.isOver = true;
    this.wake();
  }

  private wake(): void {
    for (const go of this.waiting.splice(0)) go();
  }

  /** Bytes from an offset on, when there are any; undefined at the end. */
  async after(offset: number): Promise<Buffer | undefined> {
    while (offset >= this.length) {
      if (this.isOver) return undefined;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    let low = 0;
    let high = this.pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return this.pieces[low]!.subarray(offset - this.starts[low]!).subarray(0, MOST);
  }
}
