import { spawn } from "node:child_process";
import { once } from "node:events";
import { modal } from "../src/index.js";
import { Big, MatrixThere } from "./in-container.js";

/** A million passages of 384 dimensions. */
const ROWS = 1_000_000;
const MIB = 2 ** 20;

const viewOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** A matrix of 1.5 GB: to a container of the loopback server and back, and made in the container. Memory is that of each process. */
export async function matrix(): Promise<void> {
  const server = spawn(process.execPath, [...process.execArgv, "bench/modal-server.ts"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const [env] = (await once(server.stdout, "data")) as [Buffer];
    Object.assign(process.env, JSON.parse(String(env)));
    const runOn = modal({ timeoutMs: 900_000 });
    const rss = () => process.resourceUsage().maxRSS / 1024;
    const began = performance.now();
    const there = await new MatrixThere().run({ rows: ROWS }, { runOn });
    const made = performance.now();
    const before = rss();
    const bytes = new Float32Array(ROWS * 384).fill(0.05);
    const { back, peakMiB } = await new Big().run({ bytes: bytes as never }, { runOn });
    const size = bytes.byteLength / MIB;
    const same = Buffer.compare(viewOf(back), viewOf(bytes)) === 0;
    console.log(`\n### A matrix of ${Math.round(size)} MiB, ${ROWS} x 384, and a container of the loopback server\n`);
    console.log("| way | seconds | container's process, of the matrix | this process, of the matrix |");
    console.log("|---|---:|---:|---:|");
    console.log(`| made there | ${((made - began) / 1000).toFixed(1)} | x ${(there.peakMiB / size).toFixed(2)} | 0 |`);
    const seconds = ((performance.now() - made) / 1000).toFixed(1);
    const own = (rss() - before) / size;
    console.log(`| both directions | ${seconds} | x ${(peakMiB / size).toFixed(2)} | x ${own.toFixed(2)} |`);
    if (!same) throw new Error("the matrix that came back is another one");
  } finally {
    server.stdin.end();
    await once(server, "exit");
  }
}
