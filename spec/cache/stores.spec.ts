import { deepStrictEqual } from "node:assert";
import { rmSync } from "node:fs";
import path from "node:path";
import { mock } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import KeyvRedis from "@keyv/redis";
import { DatabaseSync } from "@photostructure/sqlite";
import { expect } from "chai";
import fc from "fast-check";
import { Keyv } from "keyv";
import { KeyvStore } from "../../src/cache/keyv-store.js";
import { CacheSession } from "../../src/cache/session.js";
import type { Store } from "../../src/cache/store.js";
import {
  type Cache,
  type Each,
  HypernodesError,
  input,
  keyv,
  mapOver,
  memory,
  type Nested,
  nested,
  node,
  Pipeline,
  sqlite,
} from "../../src/index.js";
import { newFolder, newSqlite } from "../support/caches.js";
import { checkPurity } from "../support/check-purity.js";
import { inject } from "../support/faults.js";
import { FolderStore } from "../support/folder-store.mjs";
import { startRedis } from "../support/redis.js";
import { rejection } from "../support/rejection.js";
import { withClockSet } from "../support/set-clock.js";
import { VALUES } from "../support/values.js";
import { warningsOf } from "../support/warnings.js";

interface Opened {
  readonly store: Cache;
  close?(): Promise<unknown>;
}

/** Counted apart: what a node can reach counts by its value, and another pipeline's runs would change it. */
let calls = 0;
let innerCalls = 0;
class Same extends Pipeline {
  @input() value!: unknown;
  @node("value") same(value: unknown): unknown {
    calls++;
    return value;
  }
}

class Texts extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") texts(x: number): Each<string> {
    calls++;
    return String(x).padStart(1000);
  }
}

class Inner extends Pipeline {
  @input() x!: number;
  @node("x") twice(x: number): number {
    innerCalls++;
    return 2 * x;
  }
}
class Outer extends Pipeline {
  @input() x!: number;
  @nested(Inner, { x: "x" }, "twice") twice!: Nested<number>;
}

/** What every store promises. */
function promises(name: string, open: () => Promise<Opened | string> | Opened): void {
  describe(`${name} as a store`, () => {
    let opened: Opened | undefined;
    let store: Cache;
    before(async function () {
      const found = await open();
      if (typeof found === "string") {
        console.log(`      skipped: ${found}`);
        this.skip();
      }
      opened = found;
      store = found.store;
    });
    after(() => opened?.close?.());
    beforeEach(async () => {
      await store.clear();
      calls = 0;
    });

    it("gives back what it was given, of every kind (property)", async () => {
      await fc.assert(
        fc.asyncProperty(VALUES, async (value) => {
          const same = new Same().with({ cache: store });
          const first = await same.run({ value: [value] });
          calls = 0;
          deepStrictEqual(await same.run({ value: [value] }), first);
          expect(calls).to.equal(0);
        }),
        { numRuns: 40 },
      );
    });

    it("holds thousands of entries", async () => {
      const texts = new Texts().with({ cache: store });
      const xs = Array.from({ length: 2000 }, (_, i) => i);
      const first = await texts.run({ xs });
      expect(await texts.run({ xs: [...xs].reverse() })).to.deep.equal({ texts: [...first.texts].reverse() });
      expect(calls).to.equal(2000);
    });

    it("counts its entries, in total and for each node", async () => {
      expect(await store.stats()).to.deep.equal({ entries: 0, bytes: 0, nodes: [] });
      await new Texts().with({ cache: store }).run({ xs: [1, 2, 3] });
      await new Outer().with({ cache: store }).run({ x: 1 });
      const { entries, bytes, nodes } = await store.stats();
      const of = (pipeline: string, name: string) => nodes.find((n) => n.pipeline === pipeline && n.node === name)!;
      expect(of("Texts", "texts").entries).to.equal(3);
      expect(of("Texts", "texts").bytes).to.be.within(3000, 5000);
      expect(of("Inner", "twice").entries).to.equal(1);
      expect(entries).to.equal(nodes.reduce((sum, n) => sum + n.entries, 0));
      expect(bytes).to.equal(nodes.reduce((sum, n) => sum + n.bytes, 0));
    });

    it("is not cleared of everything by an argument that is no pipeline", async () => {
      await new Texts().with({ cache: store }).run({ xs: [1, 2] });
      const { entries } = await store.stats();
      for (const wrong of [undefined, null, "Texts", {}, class Texts {}, 5]) {
        const error = (await rejection(store.clear(wrong as never))) as HypernodesError;
        expect(error.code).to.equal("BAD_OPTION");
        expect(error.message).to.contain("clear(pipeline): the argument is ");
      }
      expect((await store.stats()).entries).to.equal(entries);
    });

    it("is cleared of one pipeline and what is nested in it, or of everything", async () => {
      const run = async () => {
        calls = innerCalls = 0;
        await new Texts().with({ cache: store }).run({ xs: [1, 2] });
        await new Outer().with({ cache: store }).run({ x: 1 });
        return calls + innerCalls;
      };
      expect(await run()).to.equal(3);
      expect((await store.clear(Outer)).entries).to.be.at.least(1);
      expect((await store.stats()).nodes.map(({ pipeline }) => pipeline))
        .to.not.include.members(["Outer"])
        .and.not.include("Inner");
      expect(await run()).to.equal(1);
      await store.clear(new Texts());
      expect(await run()).to.equal(2);
      await store.clear();
      expect((await store.stats()).bytes).to.equal(0);
      expect(await run()).to.equal(3);
    });

    it("is pruned of what was not used for the longest", async () => {
      const texts = (xs: number[]) => new Texts().with({ cache: store }).run({ xs });
      await texts([1, 2, 3, 4]);
      expect(await store.prune({ maxAge: 60_000 })).to.deep.equal({ entries: 0, bytes: 0 });
      expect(await store.prune({ maxBytes: 1_000_000 })).to.deep.equal({ entries: 0, bytes: 0 });
      await sleep(20);
      await texts([5, 6]);
      const before = await store.stats();
      const removed = await store.prune({ maxBytes: 3200 });
      const after = await store.stats();
      expect(after.bytes).to.be.at.most(3200);
      expect(removed).to.deep.equal({ entries: before.entries - after.entries, bytes: before.bytes - after.bytes });
      calls = 0;
      await texts([5, 6]);
      expect(calls).to.equal(0);
      await texts([1, 2, 3, 4]);
      expect(calls).to.be.at.least(3);
      await sleep(20);
      await store.prune({ maxAge: 10 });
      expect((await store.stats()).entries).to.equal(0);
    });

    it("is pruned of what was used while the clock was ahead as of what is used now", async () => {
      await store.clear();
      const texts = (xs: number[]) => new Texts().with({ cache: store }).run({ xs });
      await withClockSet(86_400_000, () => texts([1, 2]));
      await store.prune({ maxAge: 3_600_000 });
      const { entries } = await store.stats();
      expect(entries).to.be.greaterThan(0);
      await withClockSet(7_200_000, () => store.prune({ maxAge: 3_600_000 }));
      expect((await store.stats()).entries).to.equal(0);
      await texts([1, 2]);
    });

    it("is pruned only by the options that were given", async () => {
      expect((await rejection(store.prune({}))).message).to.equal(
        "prune({ maxBytes, maxAge }): the option maxBytes or maxAge is undefined. It takes at least one of them.",
      );
      expect((await rejection(store.prune({ maxAge: -1 }))).message).to.contain(
        "the option maxAge is -1. It takes milliseconds from 0.",
      );
    });
  });
}

describe("stores", () => {
  checkPurity();
  const folder = newFolder("stores");
  after(() => rmSync(folder, { recursive: true, force: true }));

  promises("sqlite(path)", () => ({ store: sqlite(path.join(folder, "new", "folder", "values.sqlite")) }));
  promises("memory()", () => ({ store: memory() }));
  promises("keyv(new Keyv())", () => ({ store: keyv(new Keyv()) }));
  promises("keyv(new Keyv(an adapter of files))", () => ({
    store: keyv(new Keyv(new FolderStore(path.join(folder, "keyv")))),
  }));
  promises("keyv(new Keyv(new KeyvRedis(...))) @slow", async () => {
    const redis = await startRedis();
    if (redis === undefined) return "there is no redis-server (apt-get install redis-server)";
    const inner = new Keyv(new KeyvRedis(redis.url));
    return {
      store: keyv(inner),
      close: async () => {
        await inner.disconnect();
        await redis.stop();
      },
    };
  });

  for (const options of [
    {},
    { execution: { maps: "sequential" } },
    { explain: true },
    { outputs: ["texts"] },
  ] as const) {
    it(`sqlite: what a run has only read, ${JSON.stringify(options)}, was used; what explain has read was not`, async () => {
      const store = newSqlite();
      const texts = new Texts().with({ cache: store });
      await texts.run({ xs: [3, 4] });
      await texts.run({ xs: [1, 2] });
      const file = new DatabaseSync(store.path);
      file.exec("UPDATE entries SET used = used - 7200000");
      file.close();
      await texts.explain({ xs: [3, 4] });
      await texts.run({ xs: [1, 2] }, options);
      await store.prune({ maxAge: 3_600_000 });
      const [explained] = await texts.explain({ xs: [1, 2, 3, 4] });
      expect(explained).to.include({ computed: 2, cached: 2 });
    });
  }

  it("keyv(store) gives an entry whole, though two programs have written it at once in different forms", async () => {
    const keyv = new Keyv();
    const [value, alias] = (["value", "alias"] as const).map((kind) => ({
      ...{ key: "k", kind, digest: "d", models: "", bytes: 1, value: Buffer.from(kind) },
      owner: { pipeline: "P", node: "n", code: "c" },
    }));
    const namesOf = async () => {
      const names: string[] = [];
      for await (const [name] of keyv.iterator!(undefined)) names.push(String(name));
      return names;
    };
    const store = new KeyvStore(keyv);
    await store.write([value!]);
    const head = (await namesOf()).find((name) => name.endsWith("k"))!;
    const ofValue = await keyv.get(head);
    await store.write([alias!]);
    await keyv.set(head, ofValue);
    const [found] = await store.entries(["k"]);
    expect(found).to.deep.include({ kind: "alias", digest: "d", value: Buffer.from("alias") });
  });

  describe("keyv(store) whose server cannot be reached", () => {
    const away = () => Promise.reject(new Error("connect ECONNREFUSED"));
    const silent = () => new Promise<never>(() => {});
    const head = { kind: "value", digest: "d", models: "", bytes: 1, pipeline: "P", node: "n", code: "c", usedAt: 0 };
    const listing = async function* () {
      yield ["hypernodes:1:a", head];
    };
    const works = ["stats", "prune", "clear"] as const;
    for (const [what, broken, failing] of [
      ["rejects what is listed", { iterator: () => ({ [Symbol.asyncIterator]: () => ({ next: away }) }) }, works],
      ["never lists anything @slow", { iterator: () => ({ [Symbol.asyncIterator]: () => ({ next: silent }) }) }, works],
      ["rejects what is removed", { iterator: listing, delete: away }, ["prune", "clear"]],
      ["rejects what is removed together", { iterator: listing, deleteMany: away }, ["prune", "clear"]],
      ["never removes anything @slow", { iterator: listing, delete: silent }, ["prune", "clear"]],
    ] as const) {
      it(`${what}: STORE_UNAVAILABLE for ${failing.join(", ")}`, async () => {
        const store = keyv({ get: async () => undefined, set: async () => true, delete: async () => true, ...broken });
        const all = { stats: () => store.stats(), prune: () => store.prune({ maxAge: 1 }), clear: () => store.clear() };
        const errors = await Promise.all(failing.map((work) => rejection<HypernodesError>(all[work]())));
        for (const { code, where } of errors) {
          expect(code).to.equal("STORE_UNAVAILABLE");
          expect(where).to.equal("keyv(...)");
        }
      });
    }
  });

  describe("keyv(store) that fails in ways of its own: a run has the same result, with one warning,", () => {
    class Both extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs") next(x: number): Each<number> {
        return (x + 1) as Each<number>;
      }
      @mapOver("next") text(x: number): Each<string> {
        return `${x}` as Each<string>;
      }
    }
    const inTurn = (...results: (() => unknown)[]) => {
      let n = 0;
      return async () => results[n++ % results.length]!();
    };
    const rejects = () => new Promise<never>((_, reject) => setImmediate(reject, new Error("not today")));
    const throws = () => {
      throw new Error("not today");
    };
    /** The first request is rejected later; the second one throws at once. */
    const firstRejects = () => {
      let n = 0;
      return () => (n++ === 0 ? rejects() : throws());
    };
    for (const [what, made] of [
      ["get throws", () => ({ get: throws })],
      ["get rejects", () => ({ get: rejects })],
      ["one get rejects and the next one throws", () => ({ get: firstRejects() })],
      ["set throws", () => ({ set: throws })],
      ["set rejects", () => ({ set: rejects })],
      ["one set rejects and the next one throws", () => ({ set: firstRejects() })],
      ["getMany throws", () => ({ getMany: throws })],
      ["getMany leaves out what is not there", () => ({ getMany: async () => [] })],
      [
        "getMany answers with more",
        () => ({ getMany: async (keys: string[]) => [...keys, "more"].map(() => undefined) }),
      ],
      ["getMany answers with nothing", () => ({ getMany: inTurn(() => undefined) })],
      ["set gives false", () => ({ set: async () => false })],
      ["setMany gives false for one of them", () => ({ setMany: async () => [true, false] })],
      ["setMany throws", () => ({ setMany: throws })],
      ["setMany rejects", () => ({ setMany: rejects })],
    ] as const) {
      it(what, async () => {
        const unhandled: unknown[] = [];
        const note = (reason: unknown) => unhandled.push(reason);
        const own = process.listeners("unhandledRejection");
        process.removeAllListeners("unhandledRejection");
        process.on("unhandledRejection", note);
        try {
          const held = new Map<string, unknown>();
          const store = keyv({
            get: async (key) => held.get(key),
            set: async (key, value) => held.set(key, value),
            delete: async (key) => held.delete(key),
            ...made(),
          } as Parameters<typeof keyv>[0]);
          const warnings = await warningsOf(async () => {
            const result = await new Both().run({ xs: [1, 2, 3] }, { cache: store });
            expect(result).to.deep.equal({ next: [2, 3, 4], text: ["2", "3", "4"] });
            for (let i = 0; i < 3; i++) await new Promise(setImmediate);
          });
          expect(warnings.filter((warning) => warning.includes("the run continues without it"))).to.have.length(1);
          expect(unhandled).to.deep.equal([]);
        } finally {
          process.off("unhandledRejection", note);
          for (const listener of own) process.on("unhandledRejection", listener);
        }
      });
    }

    const damages: Readonly<Record<string, (text: string) => string>> = {
      "no JSON": () => "garbage",
      "a part of it": (text) => text.slice(0, -20),
      "JSON of others": () => `{"x":1}`,
      null: () => "null",
    };
    for (const [what, damaged] of Object.entries(damages)) {
      for (const end of ["", ":value"]) {
        for (const hasMany of [true, false]) {
          it(`a value that is ${what}: only what it is of is computed, key${end}, ${hasMany ? "getMany" : "get"}`, async () => {
            const held = new Map<string, string>();
            const get = async (key: string): Promise<unknown> => {
              const text = held.get(key);
              return text === undefined ? undefined : JSON.parse(text);
            };
            // A store warns once.
            const newStore = () =>
              keyv({
                get,
                set: async (key, value) => held.set(key, JSON.stringify(value)),
                delete: async (key) => held.delete(key),
                ...(hasMany && { getMany: (keys: string[]) => Promise.all(keys.map(get)) }),
              });
            const run = async (): Promise<string[]> => {
              const computed: string[] = [];
              const onEvent = { onElementStart: ({ path }: { path: string }) => void computed.push(path) };
              const result = await new Both().run({ xs: [1, 2, 3] }, { cache: newStore(), onEvent });
              expect(result).to.deep.equal({ next: [2, 3, 4], text: ["2", "3", "4"] });
              return computed;
            };
            await run();
            for (const key of [...held.keys()].filter((each) => each.endsWith(":value") === (end !== ""))) {
              const text = held.get(key)!;
              held.set(key, damaged(text));
              let computed: string[] = [];
              const warnings = await warningsOf(async () => {
                computed = await run();
              });
              expect(computed.length, key).to.be.at.most(1);
              // Not each entry is looked at. Of what is not there nothing is said.
              if (computed.length > 0 && what !== "null")
                expect(warnings.join(), key).to.contain("is damaged; it is computed again");
              expect(await run(), key).to.deep.equal([]);
              held.set(key, text);
            }
          });
        }
      }
    }

    it("getMany that leaves out what is not there gives no entry of another key", async () => {
      const held = new Map<string, unknown>();
      const store = new KeyvStore({
        get: async (key) => held.get(key),
        set: async (key, value) => held.set(key, value),
        delete: async (key) => held.delete(key),
        getMany: async (keys) => keys.filter((key) => held.has(key)).map((key) => held.get(key)),
      });
      const head = { kind: "value", digest: "d", models: "", bytes: 1, value: Uint8Array.of(1) } as const;
      await store.write([{ key: "b", ...head, owner: { pipeline: "P", node: "n", code: "c" } }]);
      expect((await rejection(store.heads(["a", "b"]))).message).to.contain("2 keys");
      expect((await rejection(store.entries(["a", "b"]))).message).to.contain("keys");
    });
  });

  it("memory({ max }) keeps the entries that were used last", async () => {
    const store = memory({ max: 3 });
    const same = new Same().with({ cache: store });
    // The node can reach it: it counts by its value.
    calls = 0;
    for (const value of [1, 2, 1, 3, 4]) await same.run({ value });
    calls = 0;
    await same.run({ value: 4 });
    expect(calls).to.equal(0);
    await same.run({ value: 2 });
    expect(calls).to.equal(1);
    expect((await store.stats()).entries).to.be.at.most(3);
  });

  it("a run whose Redis ends in the middle has the same result as one without a cache @slow", async function () {
    const redis = await startRedis();
    if (redis === undefined) {
      console.log("      skipped: there is no redis-server (apt-get install redis-server)");
      this.skip();
    }
    const adapter = new KeyvRedis(redis.url, { connectionTimeout: 500 });
    const inner = new Keyv(adapter);
    class Ends extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs", { version: 1 }) async y(x: number): Promise<Each<number>> {
        if (x === 2) {
          await redis!.stop();
          inject("the Redis of a keyv is lost during a run");
        }
        return (x + 1) as Each<number>;
      }
      @node("y") sum(y: number[]): number {
        return y.reduce((a, b) => a + b, 0);
      }
    }
    try {
      const warnings = await warningsOf(async () => {
        expect((await new Ends().run({ xs: [1, 2, 3] }, { cache: keyv(inner) })).sum).to.equal(9);
      });
      expect(warnings.filter((warning) => warning.includes("the run continues without it"))).to.have.length(1);
    } finally {
      adapter.client.destroy();
      await redis.stop();
    }
  });

  it("have more time for an answer, the more they have to write before it", async () => {
    const write = (session: CacheSession, count: number) => {
      for (let i = 0; i < count; i++) {
        const owner = { pipeline: "P", node: "n", code: "" };
        const head = { kind: "value", digest: "", models: "", bytes: 1 } as const;
        session.enqueue({ key: `${count} ${i}`, owner, ...head, value: Uint8Array.of(1) });
      }
      return session.flush();
    };
    /** Two batches and a look, of a store that answers them all after so long. */
    const warningsAfter = async (ms: number) => {
      const warnings = await warningsOf(async () => {
        const ends: (() => void)[] = [];
        const answer = new Promise<void>((resolve) => ends.push(resolve));
        const session = new CacheSession({
          name: "slow",
          write: () => answer,
          heads: async (keys: readonly string[]) => answer.then(() => keys.map(() => undefined)),
        } as unknown as Store);
        mock.timers.enable({ apis: ["setTimeout"] });
        // A busy machine would flush in the middle of a batch, by the clock.
        const clock = mock.method(performance, "now", () => 1);
        try {
          const written = [write(session, 1000), write(session, 1), session.heads(["another"])];
          mock.timers.tick(ms);
          for (const end of ends) end();
          await Promise.all(written);
        } finally {
          clock.mock.restore();
          mock.timers.reset();
        }
      });
      return warnings.filter((warning) => warning.startsWith("HypernodesWarning"));
    };
    expect(await warningsAfter(19_900)).to.deep.equal([]);
    expect(await warningsAfter(20_100)).to.deep.equal([
      "HypernodesWarning: the cache slow failed; the run continues without it: no answer within 20 seconds",
    ]);
  });

  it("are named as they are meant to be, or an error says how", async () => {
    const message = (make: () => unknown) => {
      try {
        make();
      } catch (error) {
        expect(error).to.be.instanceOf(HypernodesError);
        return (error as Error).message;
      }
      return undefined;
    };
    expect(message(() => sqlite(""))).to.equal('sqlite(path): the option path is "". It takes the path of a file.');
    expect(message(() => memory({ max: 0 }))).to.contain("the option max is 0. It takes a number of entries from 1.");
    expect(message(() => keyv({} as never))).to.contain("It takes a Keyv: new Keyv(...).");
    const wrong = new Same().with({ cache: { kind: "redis" } as never });
    expect((await rejection(wrong.run({ value: 1 }))).message).to.equal(
      'Same: the cache is {"kind":"redis"}. It takes sqlite(path), memory() or keyv(store).',
    );
  });

  it("a Keyv that can't be gone through says so when it is to be counted", async () => {
    const held = new Map<string, unknown>();
    const plain = keyv({
      get: async (k) => held.get(k),
      set: async (k, v) => held.set(k, v),
      delete: async (k) => held.delete(k),
    });
    await new Same().with({ cache: plain }).run({ value: 1 });
    expect((await rejection(plain.stats())).message).to.contain("this Keyv has no iterator");
  });
});
