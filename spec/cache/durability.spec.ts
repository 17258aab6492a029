import { spawn } from "node:child_process";
import { copyFileSync, existsSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DatabaseSync } from "@photostructure/sqlite";
import { expect } from "chai";
import fc from "fast-check";
import { type Each, input, keyv, mapOver, type Output, output, Pipeline, sqlite } from "../../src/index.js";
import { built } from "../support/built.js";
import { newFolder } from "../support/caches.js";
import { checkPurity } from "../support/check-purity.js";
import { expected } from "../support/durable.js";
import { execute } from "../support/execute.js";
import { inject } from "../support/faults.js";
import { warningsOf } from "../support/warnings.js";

const PROGRAM = "spec/support/durable.ts";

let computed = 0;

class Rows extends Pipeline {
  @input() xs!: number[];
  @input() plus?: number = 0;
  @mapOver("xs") row(x: number): Each<{ x: number; text: string }> {
    computed++;
    return { x, text: `row ${x}`.repeat(10) };
  }
  @output("row", "plus") sum(row: readonly { x: number; text: string }[], plus: number): Output<number> {
    computed++;
    return row.reduce((sum, { x, text }) => sum + x + text.length, plus);
  }
}
const XS = Array.from({ length: 200 }, (_, i) => i);
const sumOf = (plus: number) => XS.reduce((sum, x) => sum + x + `row ${x}`.length * 10, plus);

/** What a run gives, how much of it was computed, and what was warned of. */
async function outcome(file: string, plus = 0): Promise<{ sum: number; computed: number; warnings: string[] }> {
  computed = 0;
  let sum = Number.NaN;
  const warnings = await warningsOf(async () => {
    ({ sum } = await new Rows().run({ xs: XS, plus }, { cache: sqlite(file) }));
  });
  return { sum, computed, warnings };
}

function changed(file: string, sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
}

/** How often a process is killed: the matrix has fewer. */
const KILLS = Number(process.env.HYPERNODES_KILLS ?? 50);

describe("a store", () => {
  checkPurity();
  let folder: string;
  let number = 0;
  before(() => {
    folder = newFolder("durability");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const newFile = () => path.join(folder, `${++number}.sqlite`);
  /** A store in which one run is, written and closed by a process of its own. */
  const filled = async (): Promise<string> => {
    const file = newFile();
    await outcome(file);
    const copy = newFile();
    changed(file, "SELECT 1");
    copyFileSync(file, copy);
    return copy;
  };

  it(`is whole after ${KILLS} kills, and loses no more than what was being written @slow`, async () => {
    const [file, log] = [newFile(), path.join(folder, "kills.log")];
    writeFileSync(log, "");
    const COUNT = 16_000;
    const run = (mode: string, env: NodeJS.ProcessEnv = {}) => {
      const child = spawn(process.execPath, [built(PROGRAM), file, "0", String(COUNT), mode], {
        env: { ...process.env, DURABLE_LOG: log, ...env },
        stdio: ["pipe", "pipe", "pipe"],
      });
      let [stdout, stderr] = ["", ""];
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        stdout += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        stderr += text;
      });
      const ready = new Promise<void>((resolve) => {
        child.stdout.once("data", () => resolve());
      });
      const ended = new Promise<string>((resolve) => {
        child.on("close", () => resolve(stdout + stderr));
      });
      return { child, ready, ended };
    };
    let kills = 0;
    // The next one is started while one is at it: to start takes longest.
    const waiting = (kill: number) => run(kill % 5 === 4 ? "parallel" : "sequential", { DURABLE_WAITS: "1" });
    let next = waiting(0);
    for (; kills < KILLS; kills++) {
      const { child, ready, ended } = next;
      await ready;
      if (kills + 1 < KILLS) next = waiting(kills + 1);
      child.stdin.write("go\n");
      await sleep(Math.random() * (kills % 5 === 4 ? 1500 : 400));
      child.kill("SIGKILL");
      inject("a process is killed while it writes");
      const output = await ended;
      expect(output.replace(/^ready\n(?:\d+\n)?/, "")).to.equal("");
      const database = new DatabaseSync(file);
      expect(Object.values(database.prepare("PRAGMA quick_check").get() as object)).to.deep.equal(["ok"]);
      database.close();
    }
    expect(await run("sequential").ended).to.equal(`ready\n${expected(0, COUNT)}\n`);
    // Each kill loses what waited for being written, at most a tenth of a second's worth, and the chunks in threads.
    expect(statSync(log).size).to.be.within(COUNT, COUNT + kills * 500);
    expect(await run("sequential").ended).to.equal(`ready\n${expected(0, COUNT)}\n`);
    const before = statSync(log).size;
    await run("sequential").ended;
    expect(statSync(log).size).to.equal(before);
  }).timeout(300_000);

  it("is shared by four processes at once: nothing is lost, and none gets an error that it is busy @slow", async () => {
    const [file, log] = [newFile(), path.join(folder, "four.log")];
    writeFileSync(log, "");
    const spans = [0, 500, 1000, 1500].map((from) => [from, from + 1500] as const);
    const outcomes = await Promise.all(
      spans.map(([from, to]) =>
        execute(process.execPath, [built(PROGRAM), file, String(from), String(to), "sequential"], {
          env: { DURABLE_LOG: log },
        }),
      ),
    );
    for (const [i, { code, stdout, stderr }] of outcomes.entries()) {
      const [from, to] = spans[i]!;
      expect({ code, stdout, stderr }).to.deep.equal({ code: 0, stdout: `ready\n${expected(from, to)}\n`, stderr: "" });
    }
    const { nodes } = await sqlite(file).stats();
    expect(nodes.find(({ node }) => node === "value")?.entries).to.equal(3000);
    const size = statSync(log).size;
    const again = await execute(process.execPath, [built(PROGRAM), file, "0", "3000", "sequential"], {
      env: { DURABLE_LOG: log },
    });
    expect(again.stdout).to.equal(`ready\n${expected(0, 3000)}\n`);
    expect(statSync(log).size).to.equal(size);
  });

  it("whose entry is damaged computes the value again, with a warning", async () => {
    const file = await filled();
    inject("entries of a store are damaged");
    changed(file, "UPDATE entries SET value = zeroblob(length(value)) WHERE kind = 0 AND id % 3 = 0");
    const { sum, computed: anew, warnings } = await outcome(file, 1);
    expect(sum).to.equal(sumOf(1));
    expect(anew).to.be.within(60, 80);
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.contain("is damaged; it is computed again");
    expect(await outcome(file, 1)).to.deep.equal({ sum: sumOf(1), computed: 0, warnings: [] });
  });

  for (const [what, sql] of [
    ["the entry of a whole list is damaged", "UPDATE entries SET value = x'00' WHERE kind = 1"],
    ["a list has keys of nothing", "DELETE FROM entries WHERE kind = 0 AND id % 2 = 0"],
    ["what is known of contents is damaged", "UPDATE entries SET value = x'0102' WHERE kind = 4"],
    ["entries are of another kind than they say", "UPDATE entries SET kind = (kind + 1) % 5"],
    ["digests are others", "UPDATE entries SET digest = 'x' || digest"],
    ["what entries say of their models is no text", "UPDATE entries SET models = x'00'"],
    ["what some entries say of their models is no text", "UPDATE entries SET models = x'00' WHERE id % 3 = 0"],
    ["digests are no texts", "UPDATE entries SET digest = CAST(digest AS BLOB) WHERE id % 3 = 0"],
    ["everything is gone", "DELETE FROM entries"],
  ] as const) {
    it(`gives right values though ${what}`, async () => {
      const file = await filled();
      changed(file, sql);
      inject("entries of a store are damaged");
      for (const plus of [0, 1, 0, 1]) expect((await outcome(file, plus)).sum).to.equal(sumOf(plus));
    });
  }

  it("that is truncated, or has other bytes in it, gives right values, with at most one warning (property)", async () => {
    const whole = await filled();
    const { size } = statSync(whole);
    const harm = fc.oneof(
      fc.record({ cut: fc.nat(size) }),
      fc.record({ at: fc.nat(size - 1), bytes: fc.uint8Array({ minLength: 1, maxLength: 400 }) }),
    );
    await fc.assert(
      fc.asyncProperty(harm, async (harmed) => {
        const file = newFile();
        copyFileSync(whole, file);
        inject("a store's file is cut off, or has other bytes");
        if ("cut" in harmed) truncateSync(file, harmed.cut);
        else {
          const { readFileSync } = await import("node:fs");
          const bytes = readFileSync(file);
          bytes.set(harmed.bytes.subarray(0, size - harmed.at), harmed.at);
          writeFileSync(file, bytes);
        }
        for (const plus of [0, 1]) {
          const { sum, warnings } = await outcome(file, plus);
          expect(sum).to.equal(sumOf(plus));
          expect(warnings.length).to.be.at.most(1);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("that was deleted while it was open is created again", async () => {
    const file = newFile();
    await outcome(file);
    for (const ending of ["", "-wal", "-shm"]) rmSync(file + ending, { force: true });
    inject("a store's file is deleted while it is open");
    expect((await outcome(file)).computed).to.equal(201);
    expect(existsSync(file)).to.equal(true);
    expect((await outcome(file)).computed).to.equal(0);
  });

  it("on a full disk is left alone: the run ends as without a cache, with one warning", async () => {
    const [file, log] = [newFile(), path.join(folder, "full.log")];
    inject("the disk is full while a store writes");
    // A file may not grow beyond so many blocks of 512 bytes: what a full disk is to SQLite.
    const command = `trap '' XFSZ; ulimit -f 200; exec "$@"`;
    const args = ["-c", command, "sh", process.execPath, built(PROGRAM), file, "0", "1500", "sequential"];
    const { code, stdout, stderr } = await execute("sh", args, { env: { DURABLE_LOG: log } });
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: `ready\n${expected(0, 1500)}\n` });
    expect(stderr.match(/HypernodesWarning/g)).to.have.length(1);
    expect(stderr).to.match(/the cache sqlite\(.*\) failed; the run continues without it: .*(?:full|disk I\/O)/);
  });

  describe("when it is opened", () => {
    const NO_LOG = { DURABLE_LOG: "/dev/null" };
    /** Runs a program where no file may be written to: what a full disk is to SQLite. */
    const onFullDisk = (file: string) =>
      execute(
        "sh",
        [
          ...["-c", `trap '' XFSZ; ulimit -f 0; exec "$@"`, "sh"],
          ...[process.execPath, built(PROGRAM), file, "0", "200", "sequential"],
        ],
        { env: NO_LOG },
      );
    const cacheOf = async (file: string): Promise<void> => {
      const args = [built(PROGRAM), file, "0", "200", "sequential"];
      const { stdout } = await execute(process.execPath, args, { env: NO_LOG });
      expect(stdout).to.equal(`ready\n${expected(0, 200)}\n`);
      changed(file, "SELECT 1");
    };

    it("on a full disk is left alone, with one warning", async () => {
      inject("the disk is read-only when a store is opened");
      const { code, stdout, stderr } = await onFullDisk(newFile());
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: `ready\n${expected(0, 200)}\n` });
      expect(stderr.match(/HypernodesWarning/g)).to.have.length(1);
      expect(stderr).to.match(/the cache sqlite\(.*\) failed; the run continues without it: .*can't be opened/);
    });

    it("on a full disk is read, if it was filled before, with one warning", async () => {
      const file = newFile();
      await cacheOf(file);
      inject("the disk is read-only when a store is opened");
      const { code, stdout, stderr } = await onFullDisk(file);
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: `ready\n${expected(0, 200)}\n` });
      expect(stderr.match(/HypernodesWarning/g)).to.have.length(1);
      expect(stderr).to.match(/the cache sqlite\(.*\) is read-only, so new results are not stored/);
    });

    it("and locked by another process is left alone after ten seconds, with one warning @slow", async () => {
      const file = newFile();
      const other = new DatabaseSync(file);
      other.exec("BEGIN EXCLUSIVE");
      inject("another process locks a store for ten seconds");
      const { sum, warnings } = await outcome(file);
      other.close();
      expect(sum).to.equal(sumOf(0));
      expect(warnings).to.have.length(1);
      expect(warnings[0]).to.contain("database is locked");
    });

    it("and written to by another process for long is read, and left alone after ten seconds, with one warning @slow", async () => {
      const file = newFile();
      await cacheOf(file);
      const other = new DatabaseSync(file);
      other.exec("BEGIN IMMEDIATE");
      inject("another process locks a store for ten seconds");
      const args = [built(PROGRAM), file, "0", "201", "sequential"];
      const { code, stdout, stderr } = await execute(process.execPath, args, { env: { DURABLE_LOG: "/dev/null" } });
      other.close();
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: `ready\n${expected(0, 201)}\n` });
      expect(stderr.match(/HypernodesWarning/g)).to.have.length(1);
      expect(stderr).to.contain("database is locked");
    });

    it("is a file that its owner alone may read, and so is what SQLite makes beside it", async () => {
      const file = newFile();
      await outcome(file);
      for (const ending of ["", "-wal", "-shm"]) expect(statSync(file + ending).mode & 0o777).to.equal(0o600);
    });

    it("of an older layout is made what it is now: what can't be found any more goes, whatever its tables are", async () => {
      for (const [version, sql] of [
        [1, ""],
        [0, "DROP TABLE entries; CREATE TABLE entries (key TEXT)"],
        [0, "DROP TABLE entries; DROP TABLE owners"],
      ] as const) {
        const file = await filled();
        changed(file, `${sql}; PRAGMA user_version = ${version}`);
        expect((await outcome(file)).computed).to.equal(201);
        expect(await outcome(file)).to.deep.equal({ sum: sumOf(0), computed: 0, warnings: [] });
      }
    });
  });

  it("that is read as a file which nobody writes is opened again when somebody does", async () => {
    const { SqliteStore } = await import("../../src/cache/sqlite-store.js");
    const file = await filled();
    const view = (await SqliteStore.view(file))!;
    const read = new DatabaseSync(file, { readOnly: true });
    const keys = (read.prepare("SELECT key FROM entries ORDER BY id").all() as { key: string }[]).map(({ key }) => key);
    read.close();
    const digests = () => view.heads(keys).map((head) => head?.digest);
    const before = digests();
    changed(file, "DELETE FROM entries WHERE id % 2 = 0; UPDATE entries SET digest = 'other ' || digest");
    expect(digests()).to.deep.equal(before.map((digest, i) => (i % 2 === 1 ? undefined : `other ${digest}`)));
    changed(file, "DELETE FROM entries");
    expect(new Set(digests())).to.deep.equal(new Set([undefined]));
    view.closeView();
  });

  it("that fails while it is asked is left alone, too", async () => {
    const fails = keyv({
      get: () => Promise.reject(new Error("connection refused")),
      set: () => Promise.reject(new Error("connection refused")),
      delete: () => Promise.reject(new Error("connection refused")),
    });
    const warnings = await warningsOf(async () => {
      expect((await new Rows().run({ xs: XS }, { cache: fails })).sum).to.equal(sumOf(0));
    });
    expect(warnings).to.deep.equal([
      "HypernodesWarning: the cache keyv(...) failed; the run continues without it: connection refused",
    ]);
  });
});
