/**
 * The program that a container's Node is started with. It takes the bundle from the volume, on which an earlier run has stored it,
 * or asks the client for it, and calls the supervisor in it. Its arguments are the bundle's digest; the folder that outlives the
 * container, or nothing; a folder for this container alone; and the arguments of the supervisor. It writes frames (`frames.ts`).
 *
 * While it waits for the bundle, it ends after as many milliseconds without a byte as the supervisor would: a process keeps its
 * container alive, and a GPU with it.
 *
 * It is an argument of a command, so it is kept small, and the same for all.
 */
export const BOOTSTRAP = `
import fs from "node:fs";
import { createHash } from "node:crypto";
import { crc32, gunzipSync } from "node:zlib";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
const [want, volume, scratch, ...args] = process.argv.slice(1);
const input = process.stdin, exit = () => process.exit(1);
let late;
const wait = () => { clearTimeout(late); late = setTimeout(exit, args[0]); };
const read = (n) => new Promise((done) => {
  const got = [];
  let size = 0;
  wait();
  const take = (b) => {
    wait();
    got.push(b);
    if ((size += b.length) < n) return;
    clearTimeout(late);
    input.off("data", take).pause();
    b = Buffer.concat(got);
    if (size > n) input.unshift(b.subarray(n));
    done(b.subarray(0, n));
  };
  input.on("data", take).resume();
});
input.on("end", exit);
const isIt = (b) => createHash("sha256").update(b).digest("hex") === want;
const place = join(scratch, want), file = volume && join(volume, "bundles", want);
const isThere = fs.existsSync(join(place, "package.json"));
let packed;
try { if (!isThere && file) packed = fs.readFileSync(file); } catch {}
if (packed && !isIt(packed)) packed = undefined;
const has = isThere || packed !== undefined;
const said = Buffer.from(JSON.stringify({ protocol: 1, node: process.version, has })), head = Buffer.alloc(16);
head.set([104, 110, 1, 16]);
head.writeUInt32LE(said.length, 8);
head.writeUInt32LE(crc32(said, crc32(head.subarray(0, 12))), 12);
fs.writeSync(1, Buffer.concat([head, said]));
const put = (f, b) => (fs.writeFileSync(f + ".new" + process.pid, b), fs.renameSync(f + ".new" + process.pid, f));
if (!has) {
  packed = await read((await read(16)).readUInt32LE(8));
  if (!isIt(packed)) throw Error("damaged bundle");
  try { if (file) { fs.mkdirSync(join(volume, "bundles"), { recursive: true }); put(file, packed); } } catch {}
}
if (packed) {
  const files = JSON.parse(gunzipSync(packed)), last = "package.json";
  fs.mkdirSync(place, { recursive: true });
  for (const n in files) if (n !== last) put(join(place, n), files[n]);
  put(join(place, last), files[last]);
}
const { superviseTaskProcess } = await import(pathToFileURL(join(place, "runner.js")));
superviseTaskProcess(has, volume, scratch, ...args);
`;
