// A registry that mirrors only some platforms makes npm leave the optional packages of the others out of the lock file,
// and `npm ci` then refuses it. This puts them in, by name, version and platform. Run it after a dependency has changed:
//   rm -rf node_modules package-lock.json && npm install --package-lock-only --ignore-scripts && node .ci/complete-lock.mjs
import { readFileSync, writeFileSync } from "node:fs";

const OS = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const CPU = ["arm64", "arm", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "x64", "wasm32"];
const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));

let added = 0;
for (const { dev, optionalDependencies = {} } of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] !== undefined || !/^\d+\.\d+\.\d+\S*$/.test(version)) continue;
    const parts = name.split("/").at(-1).split("-");
    const os = OS.find((word) => parts.includes(word));
    const cpu = CPU.find((word) => parts.includes(word));
    lock.packages[key] = {
      version,
      ...(cpu && { cpu: [cpu] }),
      ...(dev && { dev: true }),
      optional: true,
      ...(os && { os: [os] }),
      ...(os === "linux" && { libc: [parts.some((word) => word.startsWith("musl")) ? "musl" : "glibc"] }),
    };
    added++;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
writeFileSync("package-lock.json", `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} optional packages of other platforms added`);
