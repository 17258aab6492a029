import { once } from "node:events";
import { text } from "node:stream/consumers";
import { Worker } from "node:worker_threads";
for (let i = 0; i < 3; i++) {
const thread = new Worker("/tmp/wt/loop/.trials/min/a.ts", { env: {...process.env, STORE: "x"}, stdout: true, stderr: true });
console.log(await Promise.all([text(thread.stdout), text(thread.stderr), once(thread, "exit")]));
}
