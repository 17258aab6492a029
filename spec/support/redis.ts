import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";

/** A redis-server of a spec's own. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** @param signal how it is ended. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * A redis-server of one's own, on 127.0.0.1, that keeps nothing on disk. Undefined where there is none installed.
 *
 * @param more flags; `--port` chooses a port.
 */
export async function startRedis(...more: string[]): Promise<RedisServer | undefined> {
  const chosen = more.indexOf("--port");
  const port = chosen < 0 ? await freePort() : Number(more[chosen + 1]);
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", ...more];
  const server = spawn("redis-server", args, { stdio: ["ignore", "pipe", "ignore"] });
  const started = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.once("exit", () => resolve(false));
    server.stdout.on("data", (text) => {
      if (String(text).includes("Ready to accept connections")) resolve(true);
    });
  });
  return started
    ? { url: `redis://127.0.0.1:${port}`, port, pid: server.pid!, stop: (signal) => stop(server, signal) }
    : undefined;
}

async function stop(server: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (server.exitCode !== null) return;
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.kill(signal);
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
