import { spawn } from "node:child_process";

/** Commits what was written to a volume: in a container, `sync` of its mount point does. */
export function commitVolume(folder: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sync = spawn("sync", [folder], { stdio: "ignore" });
    sync.on("error", reject);
    sync.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`sync ended with exit code ${code}`))));
  });
}
