import { readdirSync, renameSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { relativeToRoot } from "../../src/cache/code/primitive-text.js";
import { jsonAdvice } from "../../src/cli/parse-args.js";
import { remapStacks } from "../../src/placement/bundle/remap-stacks.js";
import { wasKilled } from "../../src/placement/host/host-errors.js";
import { MEMORY_NOTE } from "../../src/placement/runtime/watchdog.js";
import { endBySignal } from "../../src/util/end-by-signal.js";
import { fileProblem } from "../../src/util/file-problem.js";
import { isOwnFile } from "../../src/util/own-files.js";
import { userFrames } from "../../src/util/user-frames.js";
import { writeAtomic } from "../../src/util/write-atomic.js";
import { newFolder } from "../support/caches.js";

/** The parts that depend on the system, as functions of it. */
describe("on Windows", () => {
  describe("a path in the project counts from its root", () => {
    const root = "C:\\work\\my project";
    for (const [text, expected] of [
      ["C:\\work\\my project", "."],
      ["C:\\work\\my project\\data\\a.json", "./data/a.json"],
      ["file:///C:/work/my%20project/data/a.json", "./data/a.json"],
      ["C:\\work\\my project 2\\a.json", "C:\\work\\my project 2\\a.json"],
      ["D:\\work\\my project\\a.json", "D:\\work\\my project\\a.json"],
      ["a\\b", "a\\b"],
    ] as const) {
      it(text, () => {
        expect(relativeToRoot(text, root, path.win32)).to.equal(expected);
      });
    }

    it("as it does on other systems, where a folder may have a space, too", () => {
      expect(relativeToRoot("/home/me/my project/data/a.json", "/home/me/my project", path.posix)).to.equal(
        "./data/a.json",
      );
      const url = "file:///home/me/my%20project/data/a.json";
      expect(relativeToRoot(url, "/home/me/my project", path.posix)).to.equal("./data/a.json");
      expect(relativeToRoot("/home/me/my project/a\\b", "/home/me/my project", path.posix)).to.equal("./a\\b");
    });
  });

  it("frames of this package are left out of a stack, named by a path or by a URL", () => {
    const error = new Error("wrong");
    const users = ["    at Retrieval.hits (file:///C:/work/retrieval.ts:3:4)", "    at main (C:\\work\\main.cjs:1:2)"];
    const own = [
      "    at run (file:///C:/work/node_modules/hypernodes/dist/engine/run.js:1:2)",
      "    at load (C:\\work\\node_modules\\hypernodes\\dist\\cli\\main.js:1:2)",
      "    at node:internal/process:1:2",
    ];
    error.stack = ["Error: wrong", ...users, ...own].join("\n");
    const folders = ["C:\\work\\node_modules\\hypernodes\\dist\\", "file:///C:/work/node_modules/hypernodes/dist/"];
    expect(userFrames(error, folders)).to.deep.equal(users);
  });

  it("stacks of a worker name the client's files", () => {
    const stack = [
      "Error: wrong",
      "    at hits (file:///C:/worker/node_modules/.cache/abc123/src/retrieval.ts:3:4)",
      "    at C:\\worker\\abc123\\src/text.ts:5:6",
      "    at index (file:///home/worker/abc123/src/text.ts:7:8)",
      "    at other (/home/worker/abc123/src/text.ts:9:1)",
      "    at run (file:///C:/worker/def456/src/text.ts:1:1)",
    ];
    const error = Object.assign(new Error("wrong"), { stack: stack.join("\n") });
    remapStacks(error, { digest: "abc123", root: "/project" });
    expect(error.stack.split("\n")).to.deep.equal([
      "Error: wrong",
      "    at hits (/project/src/retrieval.ts:3:4)",
      "    at /project/src/text.ts:5:6",
      "    at index (/project/src/text.ts:7:8)",
      "    at other (/project/src/text.ts:9:1)",
      "    at run (file:///C:/worker/def456/src/text.ts:1:1)",
    ]);
  });

  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const) {
    it(`${signal} ends the process with exit code ${code}, and by itself on other systems`, () => {
      const calls: unknown[] = [];
      const own = (platform: NodeJS.Platform) => ({
        platform,
        pid: 7,
        kill: (...args: unknown[]) => {
          calls.push(["kill", ...args]);
          return true as const;
        },
        exit: (status: unknown) => calls.push(["exit", status]) as never,
      });
      endBySignal(signal, own("win32"));
      endBySignal(signal, own("linux"));
      expect(calls).to.deep.equal([
        ["exit", code],
        ["kill", 7, signal],
      ]);
    });
  }

  it("a process that its watchdog killed is distinguished from one that ended by itself", () => {
    const note = `\n${MEMORY_NOTE} 300 MiB, of 256\n`;
    expect(wasKilled({ code: 1, signal: null, stderr: note }, "win32")).to.equal(true);
    expect(wasKilled({ code: 1, signal: null, stderr: "" }, "win32")).to.equal(false);
    expect(wasKilled({ code: 1, signal: null, stderr: note }, "linux")).to.equal(false);
    expect(wasKilled({ code: null, signal: "SIGKILL", stderr: "" }, "linux")).to.equal(true);
  });

  it("a file that another program has open is said to be in use", () => {
    expect(fileProblem({ code: "EBUSY" })).to.equal("EBUSY: another program uses it");
  });

  describe("a file of this package is one in any case of the letters", () => {
    const folder = "C:\\work\\node_modules\\hypernodes\\dist\\";
    for (const [file, expected] of [
      ["C:\\work\\node_modules\\hypernodes\\dist\\chunks\\core.js", true],
      ["c:\\Work\\node_modules\\hypernodes\\dist\\chunks\\core.js", true],
      ["C:\\work\\node_modules\\hypernodes\\dist\\..chunk.js", true],
      ["C:\\work\\node_modules\\hypernodes\\dist2\\core.js", false],
      ["C:\\work\\src\\retrieval.ts", false],
      ["D:\\work\\node_modules\\hypernodes\\dist\\chunks\\core.js", false],
    ] as const) {
      it(file, () => {
        expect(isOwnFile(file, folder, path.win32)).to.equal(expected);
      });
    }
  });

  describe("a file that another program has open for a moment is renamed again", () => {
    for (const [platform, code, failures, isWritten] of [
      ["win32", "EPERM", 3, true],
      ["win32", "EBUSY", 3, true],
      ["win32", "EACCES", 100, false],
      ["win32", "ENOSPC", 1, false],
      ["linux", "EPERM", 1, false],
    ] as const) {
      it(`${platform}, ${code}, ${failures} times`, () => {
        const folder = newFolder("rename");
        const file = path.join(folder, "run.json");
        let calls = 0;
        const rename = (from: string, to: string) => {
          calls++;
          if (calls <= failures) throw Object.assign(new Error("locked"), { code });
          renameSync(from, to);
        };
        const write = () => writeAtomic(file, "{}", undefined, { platform, rename: rename as typeof renameSync });
        if (isWritten) write();
        else expect(write).to.throw("locked");
        expect(readdirSync(folder)).to.deep.equal(isWritten ? ["run.json"] : []);
        if (failures === 1) expect(calls).to.equal(1);
      });
    }
  });

  it("JSON that a shell has taken the double quotes of is shown with quotes that the shell leaves", () => {
    const advice = (name: string, text: string, platform: NodeJS.Platform) =>
      jsonAdvice("--input", name, text, "Write JSON.", platform);
    const escaped = 'such as --input "xs=[\\"a\\",\\"b\\"]"';
    expect(advice("xs", "[a,b]", "win32")).to.contain(escaped);
    // cmd.exe takes single quotes as letters.
    expect(advice("'xs", "[a,b]'", "win32")).to.contain(escaped);
    expect(advice("xs", "[a,b]", "linux")).to.contain(`such as --input 'xs=["a","b"]'`);
    expect(advice("xs", '["a', "win32")).to.equal("Write JSON.");
  });
});
