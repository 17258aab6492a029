import { Worker } from "node:worker_threads";

const url = new URL(process.argv[2], "file:///tmp/wt/loop/x");
for (let i = 0; i < 5; i++) await new Promise((r) => new Worker(url).on("exit", r));
