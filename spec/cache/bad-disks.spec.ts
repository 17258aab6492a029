import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { expect } from "chai";
import {
  cached,
  type Each,
  type HypernodesError,
  input,
  mapOver,
  type Nested,
  nested,
  node,
  type Output,
  output,
  Pipeline,
  sqlite,
} from "../../src/index.js";
import { built } from "../support/built.js";
import { newFolder } from "../support/caches.js";
import { expected } from "../support/durable.js";
import { execute } from "../support/execute.js";
import { type Fault, inject } from "../support/faults.js";
import { rejection } from "../support/rejection.js";
import { warningsOf } from "../support/warnings.js";

const PROGRAM = "spec/support/durable.ts";
const COUNT = 50;

class Sum extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") double(x: number): Each<number> {
    return 2 * x;
  }
  @output("double") sum(double: number[]): Output<number> {
    return double.reduce((a, b) => a + b, 0);
  }
}

/** A folder for one row, with what can be done to it. */
class Disk {
  private mounted: string[] = [];
  constructor(readonly folder: string) {}

  at(...names: string[]): string {
    return path.join(this.folder, ...names);
  }

  /** A folder of its own size. */
  mount(name: string, options = "size=64m"): string {
    mkdirSync(this.at(name));
    this.mountWith(this.at(name), "-t", "tmpfs", "-o", options, "tmpfs");
    return this.at(name);
  }

  mountWith(place: string, ...args: string[]): void {
    if (spawnSync("mount", [...args, place]).status !== 0) throw new NoMount();
    this.mounted.push(place);
  }

  protect(place: string): void {
    if (spawnSync("mount", ["-o", "remount,ro,bind", place]).status !== 0) throw new NoMount();
  }

  end(): void {
    for (const place of this.mounted.reverse()) spawnSync("umount", ["-l", place]);
  }
}

class NoMount extends Error {}

function fill(place: string): void {
  try {
    writeFileSync(path.join(place, "fills"), Buffer.alloc(128 * 2 ** 20));
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).to.equal("ENOSPC");
  }
}

function sql(file: string, statements: string): string {
  const database = new DatabaseSync(file);
  database.exec(statements);
  database.close();
  return file;
}

/** The names in a folder, or the bytes of a file: an empty one is none. */
function contentOf(place: string): unknown {
  try {
    if (statSync(place).isDirectory()) return readdirSync(place);
    return statSync(place).isFile() ? readFileSync(place).toString("base64") : "";
  } catch {
    return "";
  }
}

interface Row {
  /** Makes the row's place: the store's path. */
  readonly make: (disk: Disk, filled: string) => string | Promise<string>;
  /** What a run has of the store. */
  readonly has: "nothing" | "what is there" | "a new store";
  /** Of the one warning; and the code of `stats`. */
  readonly reason?: RegExp;
  readonly code?: string;
  /** True if only an attempt to write shows it. */
  readonly isUnforeseen?: true;
  readonly fault?: Fault;
}

const TAKES_NOTHING = "the disk is read-only when a store is opened";

const ROWS: Readonly<Record<string, Row>> = {
  "a folder that can't be made, though the system says that it is only missing": {
    make: () => "/proc/nope/values.sqlite",
    has: "nothing",
    isUnforeseen: true,
    reason: /ENOENT.*'\/proc\/nope'/,
    code: "STORE_UNAVAILABLE",
  },
  "two such folders": {
    make: () => "/proc/nope/deeper/values.sqlite",
    has: "nothing",
    isUnforeseen: true,
    reason: /ENOENT.*'\/proc\/nope'/,
    code: "STORE_UNAVAILABLE",
  },
  "a folder that nobody may make": {
    make: () => "/sys/nope/deeper/values.sqlite",
    has: "nothing",
    isUnforeseen: true,
    reason: /(?:EPERM|EROFS|EACCES).*'\/sys\/nope'/,
    code: "STORE_UNAVAILABLE",
  },
  "a file that nobody may make": {
    make: () => "/proc/values.sqlite",
    has: "nothing",
    isUnforeseen: true,
    reason: /ENOENT|EACCES/,
    code: "STORE_UNAVAILABLE",
  },
  "a file in the place of its folder": {
    make: (disk) => {
      writeFileSync(disk.at("file"), "text");
      return disk.at("file", "values.sqlite");
    },
    has: "nothing",
    reason: /ENOTDIR/,
    code: "STORE_UNAVAILABLE",
  },
  "a file in the place of a folder above it": {
    make: (disk) => {
      writeFileSync(disk.at("file"), "text");
      return disk.at("file", "deeper", "values.sqlite");
    },
    has: "nothing",
    reason: /ENOTDIR/,
    code: "STORE_UNAVAILABLE",
  },
  "a link to nothing in the place of its folder": {
    make: (disk) => {
      symlinkSync(disk.at("none"), disk.at("link"));
      return disk.at("link", "values.sqlite");
    },
    has: "nothing",
    isUnforeseen: true,
    reason: /EEXIST/,
    code: "STORE_UNAVAILABLE",
  },
  "a link to itself in the place of its folder": {
    make: (disk) => {
      symlinkSync(disk.at("link"), disk.at("link"));
      return disk.at("link", "values.sqlite");
    },
    has: "nothing",
    reason: /ELOOP/,
    code: "STORE_UNAVAILABLE",
  },
  "a name that is too long": {
    make: (disk) => disk.at(`${"x".repeat(300)}.sqlite`),
    has: "nothing",
    reason: /ENAMETOOLONG/,
    code: "STORE_UNAVAILABLE",
  },
  "a folder": {
    make: (disk) => {
      mkdirSync(disk.at("values.sqlite"));
      return disk.at("values.sqlite");
    },
    has: "nothing",
    reason: /it is a directory, not a file/,
    code: "BAD_STORE",
  },
  "a file of one byte": {
    make: (disk) => {
      writeFileSync(disk.at("values.sqlite"), "7");
      return disk.at("values.sqlite");
    },
    has: "nothing",
    reason: /it has one byte/,
    code: "BAD_STORE",
  },
  "a pipe": {
    make: (disk) => {
      expect(spawnSync("mkfifo", [disk.at("pipe")]).status).to.equal(0);
      return disk.at("pipe");
    },
    has: "nothing",
    reason: /it is not a regular file/,
    code: "BAD_STORE",
  },
  "a device": { make: () => "/dev/full", has: "nothing", reason: /it is not a regular file/, code: "BAD_STORE" },
  ...Object.fromEntries(
    ["-journal", "-wal", "-shm"].map((ending) => [
      `a pipe in the place of ${ending}`,
      {
        make: (disk: Disk, filled: string) => {
          copyFileSync(filled, disk.at("values.sqlite"));
          expect(spawnSync("mkfifo", [disk.at(`values.sqlite${ending}`)]).status).to.equal(0);
          return disk.at("values.sqlite");
        },
        has: "nothing",
        reason: new RegExp(`values\\.sqlite${ending} is not a regular file`),
        code: "BAD_STORE",
      } as const,
    ]),
  ),
  "a text": {
    make: (disk) => {
      writeFileSync(disk.at("values.sqlite"), "These are the names of birds.\n".repeat(100));
      return disk.at("values.sqlite");
    },
    has: "nothing",
    reason: /file is not a database/,
    code: "BAD_STORE",
    fault: "a store's file is cut off, or has other bytes",
  },
  "a database of something else": {
    make: (disk) => sql(disk.at("values.sqlite"), "CREATE TABLE birds (name TEXT)"),
    has: "nothing",
    reason: /an SQLite file of another program/,
    code: "BAD_STORE",
  },
  "a store that is cut off": {
    make: (disk, filled) => {
      copyFileSync(filled, disk.at("values.sqlite"));
      truncateSync(disk.at("values.sqlite"), 20_000);
      return disk.at("values.sqlite");
    },
    has: "nothing",
    reason: /malformed/,
    code: "BAD_STORE",
    fault: "a store's file is cut off, or has other bytes",
  },
  "a store of a newer layout": {
    make: (disk, filled) => {
      copyFileSync(filled, disk.at("values.sqlite"));
      return sql(disk.at("values.sqlite"), "PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)");
    },
    has: "nothing",
    reason:
      /the file has version 99 of the format, and this version of hypernodes reads up to version \d+\. Update hypernodes/,
    code: "NEWER_STORE",
  },
  "an empty file": {
    make: (disk) => {
      writeFileSync(disk.at("values.sqlite"), "");
      return disk.at("values.sqlite");
    },
    has: "a new store",
  },
  "folders that are not there yet": { make: (disk) => disk.at("a", "b", "c", "values.sqlite"), has: "a new store" },
  "a disk that can't be written to": {
    make: (disk) => {
      disk.protect(disk.mount("disk"));
      return disk.at("disk", "values.sqlite");
    },
    has: "nothing",
    reason: /EROFS/,
    code: "STORE_UNAVAILABLE",
    fault: TAKES_NOTHING,
  },
  "a folder on such a disk": {
    make: (disk) => {
      disk.protect(disk.mount("disk"));
      return disk.at("disk", "deeper", "values.sqlite");
    },
    has: "nothing",
    reason: /EROFS|ENOENT/,
    code: "STORE_UNAVAILABLE",
    fault: TAKES_NOTHING,
  },
  "a store on such a disk": {
    make: (disk, filled) => {
      const place = disk.mount("disk");
      copyFileSync(filled, path.join(place, "values.sqlite"));
      disk.protect(place);
      return path.join(place, "values.sqlite");
    },
    has: "what is there",
    reason: /is read-only, so new results are not stored/,
    fault: TAKES_NOTHING,
  },
  "a store on such a disk, whose last process was killed": {
    make: (disk, filled) => {
      const place = disk.mount("disk");
      // All entries are in the log beside the file, and none in the file.
      const open = new DatabaseSync(filled);
      open.exec(`CREATE TEMP TABLE kept AS SELECT * FROM entries; DELETE FROM entries; PRAGMA wal_checkpoint(TRUNCATE);
        PRAGMA wal_autocheckpoint = 0; INSERT INTO entries SELECT * FROM kept`);
      for (const ending of ["", "-wal", "-shm"])
        copyFileSync(filled + ending, path.join(place, `values.sqlite${ending}`));
      open.close();
      disk.protect(place);
      return path.join(place, "values.sqlite");
    },
    has: "what is there",
    reason: /is read-only, so new results are not stored/,
    fault: TAKES_NOTHING,
  },
  "a store that can't be written to": {
    make: (disk, filled) => {
      const file = disk.at("values.sqlite");
      copyFileSync(filled, file);
      disk.mountWith(file, "--bind", file);
      disk.protect(file);
      return file;
    },
    has: "what is there",
    reason: /is read-only, so new results are not stored/,
    fault: TAKES_NOTHING,
  },
  "a full disk": {
    make: (disk) => {
      const place = disk.mount("disk", "size=256k");
      fill(place);
      return path.join(place, "values.sqlite");
    },
    has: "nothing",
    isUnforeseen: true,
    reason: /full|disk I\/O|ENOSPC/,
    code: "STORE_UNAVAILABLE",
    fault: TAKES_NOTHING,
  },
  "a store on a full disk": {
    make: (disk, filled) => {
      const place = disk.mount("disk", "size=1m");
      copyFileSync(filled, path.join(place, "values.sqlite"));
      fill(place);
      return path.join(place, "values.sqlite");
    },
    has: "what is there",
    isUnforeseen: true,
    reason: /is read-only, so new results are not stored/,
    fault: TAKES_NOTHING,
  },
  "a disk that fills while the store is written": {
    make: (disk) => path.join(disk.mount("disk", "size=96k"), "values.sqlite"),
    has: "nothing",
    isUnforeseen: true,
    reason: /failed; the run continues without it: .*(?:full|disk I\/O)/,
    fault: "the disk is full while a store writes",
  },
};

describe("a store's path that is @slow", () => {
  let folder: string;
  let filled: string;
  let number = 0;
  before(() => {
    folder = newFolder("disks");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** A process that is ended if it does not end: none of these may hold a run up. */
  const run = async (file: string, to = COUNT) => {
    // A node that names a variable of the environment counts by its value: one log for all.
    const log = path.join(folder, "computed.log");
    writeFileSync(log, "");
    const args = ["-s", "KILL", "60", process.execPath, built(PROGRAM), file, "0", String(to), "sequential"];
    const { code, stdout, stderr } = await execute("timeout", args, { env: { DURABLE_LOG: log } });
    expect({ code, stdout }, stderr).to.deep.equal({ code: 0, stdout: `ready\n${expected(0, to)}\n` });
    return {
      computed: statSync(log).size,
      warnings: stderr.split("\n").filter((line) => /Warning: /.test(line)),
      stderr,
    };
  };

  for (const [what, { make, has, reason, code, isUnforeseen, fault }] of Object.entries(ROWS)) {
    it(`${what}: the run has ${has}`, async function () {
      const disk = new Disk(path.join(folder, String(++number)));
      mkdirSync(disk.folder);
      if (filled === undefined) {
        filled = path.join(folder, "filled.sqlite");
        expect((await run(filled)).computed).to.equal(COUNT);
        expect((await run(filled)).computed).to.equal(0);
        sql(filled, "PRAGMA wal_checkpoint(TRUNCATE)");
      }
      try {
        const file = await make(disk, filled);
        if (fault !== undefined) inject(fault);
        const before = contentOf(file);
        const first = await run(file);
        expect(first.computed).to.equal(has === "what is there" ? 0 : COUNT);
        if (has === "a new store") {
          expect(first.stderr).to.equal("");
          expect(await run(file)).to.deep.equal({ computed: 0, warnings: [], stderr: "" });
          return;
        }
        expect(first.warnings, first.stderr).to.have.length(1);
        expect(first.warnings[0]).to.match(reason!).and.to.contain(path.relative(process.cwd(), file));
        if (code !== undefined) {
          expect(contentOf(file)).to.deep.equal(before);
          expect(((await rejection(sqlite(file).stats())) as HypernodesError).code).to.equal(code);
        }
        if (has === "what is there") {
          // One more than there is.
          const more = await run(file, COUNT + 1);
          expect({ computed: more.computed, warnings: more.warnings.length }).to.deep.equal({
            computed: 1,
            warnings: 1,
          });
        }
        // To look before running says the same, as far as it can be known without writing.
        let told: unknown;
        const warnings = await warningsOf(async () => {
          const nodes = await new Sum().explain({ xs: [1, 2, 3] }, { cache: sqlite(file) });
          told = nodes.map(({ path: node, computed, cached }) => ({ node, computed, cached }));
        });
        expect(told).to.deep.include({ node: "Sum.double", computed: 3, cached: 0 });
        expect(warnings).to.have.length(isUnforeseen ? 0 : 1);
        if (!isUnforeseen) expect(warnings[0]).to.match(reason!);
      } catch (error) {
        if (error instanceof NoMount) this.skip();
        throw error;
      } finally {
        disk.end();
      }
    });
  }

  it("named by several pipelines of a run is opened once, and reported once", async () => {
    const file = "/proc/values.sqlite";
    @cached(sqlite(file))
    class Inner extends Pipeline {
      @input() x!: number;
      @node("x") y(x: number): number {
        return x + 1;
      }
    }
    class Outer extends Pipeline {
      @input() x!: number;
      @input() xs!: number[];
      @nested(Inner, { x: "x" }, "y") own!: Nested<number>;
      @mapOver("xs", Inner, { x: "xs" }, "y") many!: Nested<number[]>;
      @nested(Sum, { xs: "many" }, "sum") sum!: Nested<number>;
      @output("own", "sum") both(own: number, sum: number): Output<number> {
        return own + sum;
      }
    }
    const warnings = await warningsOf(async () => {
      const { both } = await new Outer().run({ x: 1, xs: [1, 2] }, { cache: sqlite(file) });
      expect(both).to.equal(12);
    });
    expect(warnings).to.have.length(1);
  });

  describe("that can't be used any more when it is pruned or cleared", () => {
    const rows: Record<
      string,
      {
        /** @returns the path of the spoilt file. */ readonly spoil: (disk: Disk, file: string) => string;
        readonly code: string;
        readonly reads: boolean;
      }
    > = {
      "the disk is full": {
        spoil: (_, file) => {
          fill(path.dirname(file));
          return file;
        },
        code: "STORE_UNAVAILABLE",
        reads: true,
      },
      "the disk is read-only": {
        spoil: (disk, file) => {
          sql(file, "PRAGMA wal_checkpoint(TRUNCATE)");
          const there = disk.mount("protected");
          copyFileSync(file, path.join(there, "values.sqlite"));
          disk.protect(there);
          return path.join(there, "values.sqlite");
        },
        code: "STORE_UNAVAILABLE",
        reads: true,
      },
      "its tables are gone": {
        spoil: (_, file) => sql(file, "DROP TABLE entries"),
        code: "BAD_STORE",
        reads: false,
      },
      "its pages are damaged": {
        spoil: (_, file) => {
          sql(file, "PRAGMA wal_checkpoint(TRUNCATE)");
          const bytes = readFileSync(file);
          bytes.fill(0xa5, 4096);
          writeFileSync(file, bytes);
          return file;
        },
        code: "BAD_STORE",
        reads: false,
      },
    };
    for (const [what, { spoil, code, reads }] of Object.entries(rows)) {
      it(`${what}: ${code}, and a run continues without it`, async function () {
        const disk = new Disk(newFolder("maintained"));
        try {
          const file = path.join(disk.mount("small", "size=4m"), "values.sqlite");
          const xs = Array.from({ length: 200 }, (_, i) => i);
          await new Sum().run({ xs }, { cache: sqlite(file) });
          const store = sqlite(spoil(disk, file));
          await warningsOf(async () => {
            for (const work of [() => store.prune({ maxBytes: 1 }), () => store.clear(), () => store.clear(Sum)]) {
              const error: Partial<HypernodesError> = await rejection(work());
              expect(error.code, error.message).to.equal(code);
              expect(error.message).to.contain("values.sqlite");
            }
            if (reads) expect((await store.stats()).entries).to.be.at.least(200);
            else expect(((await rejection(store.stats())) as HypernodesError).code).to.equal(code);
            expect(await new Sum().run({ xs }, { cache: store })).to.deep.equal(await new Sum().run({ xs }));
          });
        } catch (error) {
          if (error instanceof NoMount) this.skip();
          throw error;
        } finally {
          disk.end();
        }
      });
    }
  });
});
