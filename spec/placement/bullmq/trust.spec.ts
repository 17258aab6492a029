import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import fc from "fast-check";
import { bullmq, type HypernodesError } from "../../../src/index.js";
import type { BlobStore } from "../../../src/placement/bullmq/blob-store.js";
import {
  type ChunkJob,
  checkJob,
  checkJobIsObject,
  otherQueueProtocol,
  QUEUE_PROTOCOL,
} from "../../../src/placement/bullmq/job-protocol.js";
import { type Signed, Signer } from "../../../src/placement/bullmq/signer.js";
import { ArtifactCache } from "../../../src/placement/bullmq/worker/artifact-cache.js";
import { createPrivateFolder } from "../../../src/placement/bullmq/worker/private-folder.js";
import { inject } from "../../support/faults.js";
import { rejection } from "../../support/rejection.js";

const KEY = "a key of the specs";
const DIGEST = "a".repeat(64);
const JOB: ChunkJob = {
  ...{
    protocol: QUEUE_PROTOCOL,
    version: "1.0.0",
    run: "run-1",
    where: "Corpus.words",
    bundle: DIGEST,
    stage: DIGEST,
  },
  ...{ chunk: { inline: "AAAA" }, inKeyv: false, alone: false, logs: false, graceMs: 100, expireMs: 1_000 },
};

const thrown = (work: () => unknown): HypernodesError => {
  try {
    work();
  } catch (error) {
    return error as HypernodesError;
  }
  throw new Error("nothing was thrown");
};

describe("what a worker takes from Redis", () => {
  const options = { key: KEY, prefix: "hypernodes", queue: "q" };
  const signer = new Signer(options);
  const json = fc.dictionary(fc.string(), fc.jsonValue()).filter((each) => !("mac" in each));

  it("counts as signed with the key for the same kind, queue and job alone, unchanged (property)", () => {
    const others = [
      new Signer({ ...options, key: `${KEY}!` }),
      new Signer({ ...options, queue: "r" }),
      new Signer({ ...options, prefix: "h", queue: "ypernodes:q" }),
      new Signer({ ...options, key: undefined }),
    ];
    fc.assert(
      fc.property(json, json, fc.string(), fc.string(), (message, other, id, otherId) => {
        // As it is after its way through Redis.
        const signed = JSON.parse(JSON.stringify(signer.sign("job", id, message))) as Signed<object>;
        expect(signer.verify("job", id, signed)).to.equal(true);
        for (const each of others) expect(each.verify("job", id, signed)).to.equal(false);
        expect(signer.verify("return", id, signed)).to.equal(false);
        if (id !== otherId) expect(signer.verify("job", otherId, signed)).to.equal(false);
        const isSame = JSON.stringify(message) === JSON.stringify(other);
        expect(signer.verify("job", id, { ...other, mac: signed.mac })).to.equal(isSame);
        for (const mac of [undefined, "", 7, null, "AAAA", { length: 32 }])
          expect(signer.verify("job", id, { ...message, mac } as Signed<object>), String(mac)).to.equal(false);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), (bytes, at) => {
        const signed = signer.signBytes("id", bytes);
        expect(signer.openBytes("id", signed)).to.deep.equal(Buffer.from(bytes));
        expect(signer.openBytes("other", signed)).to.equal(undefined);
        expect(signer.openBytes("id", signed.subarray(0, at % signed.length))).to.equal(undefined);
        signed[at % signed.length]! ^= 1;
        expect(signer.openBytes("id", signed)).to.equal(undefined);
        expect(signer.openBytes("id", Buffer.from(bytes))).to.equal(undefined);
      }),
    );
  });

  it("has the form of a job, whatever is in its parts (table)", () => {
    checkJob(JOB);
    checkJob({ ...JOB, chunk: { digest: DIGEST } });
    const values: unknown[] = [
      undefined,
      null,
      7.5,
      -1,
      "",
      "../../../etc/cron.d/x",
      `${DIGEST}/..`,
      DIGEST.toUpperCase(),
      [],
      {},
      { toString: 1 },
    ];
    const wanted: Partial<Record<keyof ChunkJob, readonly unknown[]>> = { graceMs: [7.5], run: [DIGEST.toUpperCase()] };
    for (const part of Object.keys(JOB) as (keyof ChunkJob)[]) {
      const isText = part === "where" || part === "version";
      for (const value of values) {
        if (wanted[part]?.includes(value) || (isText && typeof value === "string")) continue;
        const error = thrown(() => checkJob({ ...JOB, [part]: value } as ChunkJob));
        expect(error.code, `${part} ${JSON.stringify(value)}`).to.equal("BAD_JOB");
        expect(error.message).to.contain(part);
      }
    }
    for (const chunk of [{ digest: "../x" }, { inline: "AA", digest: DIGEST }, { inline: 7 }])
      expect(thrown(() => checkJob({ ...JOB, chunk } as ChunkJob)).code).to.equal("BAD_JOB");
    expect(thrown(() => checkJob({ ...JOB, more: 1 } as ChunkJob)).code).to.equal("BAD_JOB");
    for (const job of [null, "a job", 7, true, [], [JOB]])
      expect(thrown(() => checkJobIsObject(job)).code, String(job)).to.equal("BAD_JOB");
    checkJobIsObject({});
  });

  it("is shown without control characters, and shortened", () => {
    const hostile = {
      ...JOB,
      protocol: "\u001b[2J",
      version: "\u0007".repeat(1_000),
      where: `\u001b]0;x\u0007${"y".repeat(1e6)}`,
    };
    const error = otherQueueProtocol(hostile as never, "1.0.0");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about.
    expect(error.message).not.to.match(/[\u0000-\u001f]/);
    expect(error.message.length).to.be.lessThan(2_000);
    expect(otherQueueProtocol({ ...JOB, version: {}, protocol: [] } as never, "1.0.0").message).to.contain(
      "of an unknown version",
    );
  });

  describe("is unpacked", () => {
    let folder: string;
    let before: string;
    beforeEach(() => {
      before = process.cwd();
      folder = mkdtempSync(path.join(os.tmpdir(), "trust-"));
      mkdirSync(path.join(folder, "node_modules"));
      process.chdir(folder);
    });
    afterEach(() => {
      process.chdir(before);
      rmSync(folder, { recursive: true, force: true });
    });

    const fetchedFrom = (bytes: Uint8Array, into: string) =>
      new ArtifactCache({ get: async () => bytes } as Partial<BlobStore> as BlobStore, undefined, into);

    it("only if it has its digest, and if its files' names stay in its folder (table)", async () => {
      const into = createPrivateFolder();
      const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
      const unpackedFrom = (bytes: Uint8Array) => fetchedFrom(bytes, into).bundle({ ...JOB, bundle: digestOf(bytes) });
      const bundleOf = (files: object) => {
        const bytes = gzipSync(JSON.stringify(files));
        return { bundle: digestOf(bytes), unpacked: unpackedFrom(bytes) };
      };
      const { bundle, unpacked } = bundleOf({ "a-1.js": "1", "package.json": "{}" });
      expect(await unpacked).to.equal(path.join(into, bundle));
      for (const name of ["../x.js", "..", ".", "", "a/b.js", "a\\b.js", "/x.js", "a\0.js", ".npmrc", "C:x"]) {
        inject("someone else writes jobs, code or results");
        const error = await rejection<HypernodesError>(bundleOf({ [name]: "evil", "package.json": "{}" }).unpacked);
        expect(error.code, name).to.equal("BAD_BUNDLE");
      }
      for (const content of ["[]", "null", "7", '"x"', '{"a.js":7}', '{"a.js":{}}', "{"]) {
        inject("someone else writes jobs, code or results");
        const bytes = gzipSync(content);
        const error = await rejection<HypernodesError>(unpackedFrom(bytes));
        expect(error.code, content).to.equal("BAD_BUNDLE");
      }
      expect((await rejection<HypernodesError>(unpackedFrom(Buffer.from("no gzip")))).code).to.equal("BAD_BUNDLE");
      expect(readdirSync(folder)).to.deep.equal(["node_modules"]);
      const damaged = await rejection<HypernodesError>(fetchedFrom(Buffer.from("evil"), into).bundle(JOB));
      expect(damaged.code).to.equal("DAMAGED");
      expect(readdirSync(into)).to.deep.equal([bundle]);
    });

    it("into a folder that only the worker's user enters, whatever was there before", () => {
      const parent = path.join(folder, "node_modules", ".cache", "hypernodes");
      mkdirSync(path.join(parent, DIGEST), { recursive: true });
      chmodSync(parent, 0o777);
      writeFileSync(path.join(parent, DIGEST, "package.json"), "{}");
      const [one, other] = [createPrivateFolder(), createPrivateFolder()];
      expect(one).not.to.equal(other);
      for (const each of [parent, one, other]) expect(lstatSync(each).mode & 0o777).to.equal(0o700);
      expect(readdirSync(one)).to.deep.equal([]);
      rmSync(parent, { recursive: true });
      mkdirSync(path.join(folder, "theirs"));
      symlinkSync(path.join(folder, "theirs"), parent);
      inject("another user can put code where it would be run", 2);
      const error = thrown(createPrivateFolder);
      expect(error.code).to.equal("UNSAFE_FOLDER");
      expect(error.message).to.contain("others could put code there");
      expect(readdirSync(path.join(folder, "theirs"))).to.deep.equal([]);
    });

    it("but not where another user owns the folder", function () {
      if (process.getuid?.() !== 0) this.skip();
      const parent = path.join(folder, "node_modules", ".cache", "hypernodes");
      mkdirSync(parent, { recursive: true });
      for (const theirs of [parent, path.dirname(parent)]) {
        chownSync(theirs, 12_345, 12_345);
        inject("another user can put code where it would be run");
        expect(thrown(createPrivateFolder).code).to.equal("UNSAFE_FOLDER");
        chownSync(theirs, 0, 0);
      }
      // Their packages are what the worker runs.
      for (const theirs of [path.dirname(parent), path.resolve("node_modules")]) chownSync(theirs, 12_345, 12_345);
      expect(path.dirname(createPrivateFolder())).to.equal(parent);
    });

    it("but not where another user could put a folder in its place (table)", function () {
      if (process.getuid === undefined) this.skip();
      const cache = path.join(folder, "node_modules", ".cache");
      const temporary = process.env.TMPDIR;
      process.env.TMPDIR = path.join(folder, "tmp");
      try {
        const cases: readonly (readonly [string, number, boolean])[] = [
          [cache, 0o777, false],
          [cache, 0o1777, true],
          [cache, 0o775, true],
          [process.env.TMPDIR, 0o777, false],
          [process.env.TMPDIR, 0o1777, true],
        ];
        for (const [where, mode, isSafe] of cases) {
          for (const name of ["node_modules", "tmp"]) rmSync(path.join(folder, name), { recursive: true, force: true });
          mkdirSync(where, { recursive: true });
          chmodSync(where, mode);
          if (isSafe) {
            expect(path.dirname(createPrivateFolder()).startsWith(where), `${where} ${mode.toString(8)}`).to.equal(
              true,
            );
            continue;
          }
          inject("another user can put code where it would be run");
          const error = thrown(createPrivateFolder);
          expect(error.code).to.equal("UNSAFE_FOLDER");
          expect(error.message).to.contain("can be written to by other users").and.to.contain("chmod o-w");
        }
      } finally {
        if (temporary === undefined) delete process.env.TMPDIR;
        else process.env.TMPDIR = temporary;
      }
    });

    it("in no folder that a killed worker has left a day ago", () => {
      const left = createPrivateFolder();
      const kept = createPrivateFolder();
      utimesSync(left, new Date(0), new Date(0));
      createPrivateFolder();
      expect([existsSync(left), existsSync(kept)]).to.deep.equal([false, true]);
    });
  });

  it("is signed with a key that is one: errors never show it", () => {
    const before = process.env.HYPERNODES_QUEUE_KEY;
    try {
      for (const key of ["", "short s3cret", 7, null]) {
        const error = thrown(() => bullmq({ key } as object));
        expect(error.code).to.equal("BAD_OPTION");
        expect(error.message).to.contain("HYPERNODES_QUEUE_KEY, is not a valid key").and.not.to.contain("s3cret");
      }
      process.env.HYPERNODES_QUEUE_KEY = "short s3cret";
      expect(thrown(() => bullmq()).message).not.to.contain("s3cret");
    } finally {
      if (before === undefined) delete process.env.HYPERNODES_QUEUE_KEY;
      else process.env.HYPERNODES_QUEUE_KEY = before;
    }
  });
});
