import {
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import type { HypernodesError } from "../../../src/index.js";
import {
  findRun,
  type JournaledRun,
  listUnfinished,
  RunJournal,
  type RunSummary,
  readRun,
} from "../../../src/placement/bullmq/run-journal.js";
import { inject } from "../../support/faults.js";

const TOLD: RunSummary = {
  ...{ file: "/a/pipeline.js", name: "Corpus", fields: {}, inputs: { xs: [1] }, outputs: undefined, given: {} },
  ...{ over: undefined, execution: undefined, chosen: undefined },
};

describe("a run's journal", () => {
  let parent: string;
  let warnings: string[];
  beforeEach(() => {
    parent = path.join(mkdtempSync(path.join(os.tmpdir(), "journal-")), "of", "runs");
    warnings = [];
  });
  afterEach(() => rmSync(path.dirname(path.dirname(parent)), { recursive: true }));

  const open = (run = "run") =>
    RunJournal.open(
      parent,
      run,
      "queue",
      () => TOLD,
      (problem) => warnings.push(problem),
    );
  const chunksFile = () => path.join(parent, "run", "chunks");
  const found = (journal: RunJournal) => [...journal.chunks].map(([id, bytes]) => [id, [...bytes]]);
  const keep = (journal: RunJournal, records: readonly (readonly [string, readonly number[]])[]) => {
    for (const [id, bytes] of records) journal.add(id, Uint8Array.from(bytes));
  };

  it("continues behind its last whole record, wherever it was cut off or damaged, also after the next kill (property)", () => {
    const records = fc.uniqueArray(fc.tuple(fc.string({ maxLength: 9 }), fc.array(fc.nat(255), { maxLength: 40 })), {
      selector: ([id]) => id,
      minLength: 1,
      maxLength: 6,
    });
    const fault = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), flips: fc.boolean() });
    fc.assert(
      fc.property(records, fault, (all, { at, flips }) => {
        rmSync(parent, { recursive: true, force: true });
        const first = open();
        keep(first, all);
        first.close(false);
        inject("a journal's record is torn");
        const bytes = readFileSync(chunksFile());
        const place = Math.min(bytes.length - 1, Math.floor(at * bytes.length));
        bytes[place]! ^= 0x10;
        writeFileSync(chunksFile(), flips ? bytes : bytes.subarray(0, place));
        const lengths = all.map(([id, value]) => 12 + Buffer.byteLength(id) + value.length);
        const ends = lengths.map((_, i) => lengths.slice(0, i + 1).reduce((sum, length) => sum + length, 0));
        const whole = all.filter((_, i) => ends[i]! <= place);
        const second = open();
        expect(found(second)).to.deep.equal(whole);
        // The next kill.
        const more = [["later than all", [1, 2, 3]]] as const;
        keep(second, more);
        second.close(false);
        const third = open();
        expect(found(third)).to.deep.equal([...whole, ...more]);
        third.close(false);
      }),
      { numRuns: 100 },
    );
  });

  it("is its owner's alone, and stays out of repositories", () => {
    const journal = open();
    keep(journal, [["a", [1]]]);
    const modes = [parent, path.join(parent, "run")].map((folder) => statSync(folder).mode & 0o777);
    expect(modes).to.deep.equal([0o700, 0o700]);
    for (const name of ["run.json", "summary", "chunks"])
      expect(statSync(path.join(parent, "run", name)).mode & 0o777, name).to.equal(0o600);
    expect(readFileSync(path.join(parent, "run", ".gitignore"), "utf8")).to.equal("*\n");
    journal.close(true);
    expect(existsSync(parent)).to.equal(false);
  });

  it("costs one warning on a disk that takes nothing, when it begins or later, and no run", function () {
    if (!existsSync("/dev/full")) this.skip();
    open().close(false);
    rmSync(chunksFile());
    // Whatever is written there finds the disk full.
    symlinkSync("/dev/full", chunksFile());
    inject("the disk is full under a queue's journal");
    const full = open();
    keep(full, [
      ["a", [1]],
      ["b", [2]],
    ]);
    full.close(false);
    expect(warnings).to.deep.equal(["ENOSPC: the disk is full"]);
  });

  it("is found by its id, or by what no other id begins with", () => {
    for (const run of ["run-1", "run-12", "run-2"]) open(run).close(false);
    for (const given of ["run-1", "run-12", "run-2"]) expect(findRun(parent, given).run).to.equal(given);
    for (const [given, says] of [
      ["", "the run is not in "],
      ["run-3", "the run is not in "],
      ["run-", "3 runs in"],
    ] as const) {
      expect(() => findRun(parent, given), given).to.throw(says);
    }
  });

  it("is not resumed if another user has put it there: its module would run", function () {
    for (const run of ["linked", "theirs"]) open(run).close(false);
    renameSync(path.join(parent, "linked"), path.join(parent, "..", "elsewhere"));
    symlinkSync(path.join(parent, "..", "elsewhere"), path.join(parent, "linked"));
    const expectRefused = (run: string) => {
      inject("another user can put code where it would be run");
      expect(() => findRun(parent, run))
        .to.throw("would run that user's code")
        .with.property("code", "UNSAFE_FOLDER");
    };
    expectRefused("linked");
    if (process.getuid?.() !== 0) this.skip();
    expect(findRun(parent, "theirs").run).to.equal("theirs");
    chownSync(path.join(parent, "theirs"), 12_345, 12_345);
    expectRefused("theirs");
  });

  it("is listed and read though others beside it are damaged", () => {
    for (const run of ["whole", "torn"]) open(run).close(false);
    writeFileSync(path.join(parent, "torn", "run.json"), '{"file":');
    expect(listUnfinished(parent).map(({ run }) => run)).to.deep.equal(["whole"]);
    expect(readRun(parent, "whole")).to.deep.equal(TOLD);
    const whole = JSON.parse(readFileSync(path.join(parent, "whole", "run.json"), "utf8")) as JournaledRun;
    const others: unknown[] = [null, 7, "x", [], {}];
    for (const part of Object.keys(whole))
      for (const value of [undefined, null, {}, ""]) others.push({ ...whole, [part]: value });
    others.push({ ...whole, startedAt: 9e15 }, { ...whole, startedAt: "1970" }, { ...whole, more: 1 });
    for (const other of others) {
      inject("a journal's record is torn");
      writeFileSync(path.join(parent, "torn", "run.json"), JSON.stringify(other));
      expect(
        listUnfinished(parent).map(({ run }) => run),
        JSON.stringify(other),
      ).to.deep.equal(["whole"]);
    }
    truncateSync(path.join(parent, "torn", "summary"), 20);
    const fault = (() => {
      try {
        return readRun(parent, "torn");
      } catch (error) {
        return error as HypernodesError;
      }
    })() as HypernodesError;
    expect(fault.code).to.equal("DAMAGED");
    expect(fault.message).to.contain("can't be read").and.to.contain("Run it again");
    expect(readdirSync(path.join(parent, "whole")).sort()).to.deep.equal([
      ".gitignore",
      "chunks",
      "run.json",
      "summary",
    ]);
  });
});
