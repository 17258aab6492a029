import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";

/** A redis-server of one's own, on 127.0.0.1, that keeps nothing on disk. Undefined where there is none installed. */
export async function startRedis(): Promise<{ url: string; stop(): Promise<void> } | undefined> {
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const server = spawn("redis-server", args, { stdio: ["ignore", "pipe", "ignore"] });
  const started = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.once("exit", () => resolve(false));
    server.stdout.on("data", (text) => {
      if (String(text).includes("Ready to accept connections")) resolve(true);
    });
  });
  return started ? { url: `redis://127.0.0.1:${port}`, stop: () => stop(server) } : undefined;
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.kill();
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
