import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import {
  bullmq,
  cached,
  decode,
  type Each,
  encode,
  eventLog,
  eventStream,
  execution,
  HypernodesError,
  image,
  input,
  keyv,
  local,
  localProcess,
  mapOver,
  memory,
  modal,
  model,
  node,
  Pipeline,
  progress,
  readEvents,
  report,
  reportOf,
  runOn,
  sqlite,
  tracing,
} from "../../src/index.js";
import { describeValue } from "../../src/util/describe.js";
import { newFolder } from "../support/caches.js";
import { revoked } from "../support/revoked.js";

class Plain extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") ys(x: number): Each<number> {
    return x + 1;
  }
  @node("xs") sum(xs: number[]): number {
    return xs.length;
  }
}

/** Tells how the elements of a map are executed. */
async function modeOf(options: object, change = (pipeline: Pipeline) => pipeline): Promise<"async" | "sequential"> {
  let [running, most] = [0, 0];
  class Waits extends Pipeline {
    @input() xs!: number[];
    @mapOver("xs") async ys(x: number): Promise<Each<number>> {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
      return x;
    }
  }
  await (change(new Waits()) as Waits).run(xs, options);
  return most > 1 ? "async" : "sequential";
}

type Call = (options: any) => unknown;

interface Taken {
  /** Calls with some options; may return a promise. */
  readonly call: Call;
  /** For each option a value that is right, then some that are not. */
  readonly options: Readonly<Record<string, readonly [right: unknown, ...wrong: unknown[]]>>;
  /** What every call needs. */
  readonly base?: object;
}

type Options = Taken["options"];

const xs = { xs: [1, 2] };
const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const times = { times: 1 };

const EXECUTION = {
  nodes: ["sequential", "quick", 1, null, []],
  maps: ["async", "fast", null, bullmq, {}, { kind: "bullmq" }],
  maxWorkers: [2, 0, -1, 0.5, nan, infinity, "2", null, 2n],
  graceMs: [infinity, -1, nan, "5", null],
  resourceLimits: [
    { stackSizeMb: 8 },
    { stackSizeMb: 0 },
    { stackSizeMb: "8" },
    { stackSize: 8 },
    { stackSizeMb: infinity },
    null,
    4,
    [],
  ],
} as const;

const CHOICES = {
  runOn: [{ kind: "local" }, "local", null, modal, {}, true],
  execution: [{}, null, "parallel", [], { maps: "fast" }, { maxWorker: 1 }],
  cache: [false, true, null, "file.sqlite", {}, memory, sqlite],
} as const;

const NODE = {
  cache: [false, true, null, 0],
  version: ["2", null, nan, "", true, {}],
  retries: [
    times,
    -1,
    0.5,
    infinity,
    nan,
    "2",
    null,
    {},
    { delayMs: 1 },
    { times: -1 },
    { times: "1" },
    { times: null },
    { ...times, delayMs: -1 },
    { ...times, delayMs: nan },
    { ...times, delayMs: "5" },
    { ...times, factor: 0.5 },
    { ...times, factor: infinity },
    { ...times, maxDelayMs: null },
    { ...times, delay: 5 },
    [],
    true,
  ],
  timeoutMs: [30, 0, -1, nan, "5", null, 5n],
  onError: ["throw", "ignore", null, true],
} as const;

const RUN = {
  ...CHOICES,
  outputs: [["sum"], "sum", [1], ["sum", "sum"], null, new Set(["sum"]), [undefined]],
  given: [{}, null, "sum", ["sum"], 1],
  signal: [new AbortController().signal, new AbortController(), null, {}, true],
  onEvent: [
    () => {},
    progress,
    report,
    tracing,
    eventStream,
    null,
    "log",
    1,
    [null],
    [progress],
    [() => {}, 1],
    class Reads {},
    revoked(),
  ],
  explain: [false, "yes", 1, null],
} as const;

const OVER: Options = {
  ...RUN,
  mode: ["zip", "cross", null],
  onError: ["collect", "ignore", null],
  over: ["xs", "ys", null, [], ["xs", "xs"], 1],
};
const DRAW: Options = {
  depth: [1, 0, -1, 0.5, nan, "2", null],
  direction: ["right", "left", null],
  theme: ["dark", "blue", null],
  report: [report(), report, {}, null, true],
};

/** A pipeline class whose node has some options. */
function withNode(options: object): Pipeline {
  class Optional extends Pipeline {
    @node(options) one(): number {
      return 1;
    }
  }
  return new Optional();
}

function withMap(options: object): Pipeline {
  class Optional extends Pipeline {
    @input() xs!: number[];
    @mapOver("xs", options as { mode: "zip" }) one(x: number): Each<number> {
      return x;
    }
  }
  return new Optional();
}

/** A class with decorators; they are checked when an object is made. */
function decorated(decorate: (type: any) => void): Pipeline {
  class Decorated extends Plain {}
  decorate(Decorated);
  return new Decorated();
}

const ALL: Readonly<Record<string, Taken>> = {
  "run()": { call: (options) => new Plain().run(xs, options), options: RUN },
  "map()": { call: (options) => new Plain().map({ xs: [[1]] }, options), options: OVER, base: { over: "xs" } },
  "explain()": { call: (options) => new Plain().explain(xs, options), options: RUN },
  "explain() of map()": {
    call: (options) => new Plain().explain({ xs: [[1]] } as never, options),
    options: OVER,
    base: { over: "xs" },
  },
  "stream()": {
    call: (options) => new Plain().stream({ xs: [[1]] }, options).next(),
    options: OVER,
    base: { over: "xs" },
  },
  "with()": { call: (options) => new Plain().with(options), options: CHOICES },
  "@node": { call: withNode, options: NODE },
  "@mapOver": {
    call: withMap,
    options: { ...NODE, mode: ["zip", "cross", null], batch: [undefined, 0, 0.5, nan, "2", null] },
  },
  "@execution": { call: (options) => decorated(execution(options)), options: EXECUTION },
  "execution of run()": { call: (execution) => new Plain().run(xs, { execution }), options: EXECUTION },
  "@model": {
    call: (options) => model(options)(class Model {}),
    options: { name: ["Model", "", 1, null], key: [["a"], "a", [1], null] },
  },
  "@input": {
    call: (options) =>
      decorated((type) => {
        input(options)(type.prototype, "other" as never);
      }),
    options: { optional: [true, "yes", 1, null] },
  },
  "encode()": {
    call: (options) => encode([1], options),
    options: {
      shared: [true, "yes", 1, null],
      unchecked: [true, "no", null],
      salt: ["a", 5, null],
      memory: [[], "a", {}, null],
    },
  },
  "decode()": {
    call: (options) => decode(encode([1]), options),
    options: { viewsFrom: [0, -1, nan, "5", null], memory: [[], "a", {}, null], salt: ["", 5, null] },
  },
  "memory()": { call: memory, options: { max: [5, 0, -1, nan, "5", null] } },
  "prune()": {
    call: (options) => memory().prune(options),
    options: { maxBytes: [0, -1, nan, "5", null], maxAge: [0, -1, nan, "5", null] },
    base: { maxBytes: 1, maxAge: 1 },
  },
  "progress()": {
    call: progress,
    options: {
      stream: [process.stderr, "stderr", {}, null],
      quiet: [true, "yes", 1, null],
      everyMs: [5, 0, -1, nan, "5", null],
    },
  },
  "tracing()": {
    call: tracing,
    options: { provider: [{ getTracer: () => ({}) }, {}, "otel", null], spansPerStep: [5, 0, -1, 0.5, nan, "5", null] },
  },
  "toMermaid()": {
    call: (options) => new Plain().graph().toMermaid(options),
    options: { ...DRAW, groupInputs: [true, 1, null], types: [true, "no", null], resources: [true, 0, null] },
  },
  "toDot()": { call: (options) => new Plain().graph().toDot(options), options: DRAW },
  "toSvg()": { call: (options) => new Plain().graph().toSvg(options), options: DRAW },
  "modal()": {
    call: modal,
    options: {
      gpu: ["A10", "", "H100:x", 1, null],
      cpu: [0.5, 0, -1, nan, 513, "2", null],
      memoryMiB: [512, 0, 0.5, nan, infinity, "512", null],
      timeoutMs: [1000, 0, nan, infinity, "5", 25 * 3_600_000, null],
      idleTimeoutMs: [1000, 999, nan, infinity, "5000", null],
      image: [image(), image, "node:22", {}, null],
      volume: ["cache", "", 1, null],
      secrets: [["a"], "a", [1], null],
      env: [{ A: "1" }, { A: 1 }, { "A-B": "1" }, "A=1", null, []],
      app: ["app", "", 1, null],
      region: ["us-east", 1, [1], null],
      containers: [2, 0, 0.5, nan, infinity, "2", null],
      keepWarm: [true, "yes", 1, null],
    },
  },
  "bullmq()": {
    call: bullmq,
    options: {
      connection: ["redis://127.0.0.1", "http://127.0.0.1", "", 6379, null, []],
      queue: ["q", "a:b", "", 1, null],
      prefix: ["p", "a b", 1, null],
      mode: ["threaded", "async", null],
      installed: [["a"], "a", [1], null],
      values: [new Map(), {}, "keyv", null],
      patienceMs: [infinity, 0, -1, nan, "5", null],
      expireMs: [60_000, 999, 1000.5, nan, infinity, 1e18, "60000", null],
      journal: [false, true, "", 1, null],
    },
  },
};

/** The error of a call, or what it gives. */
async function outcome(call: Call, options: unknown): Promise<unknown> {
  try {
    await call(options);
    return undefined;
  } catch (error) {
    return error;
  }
}

async function errorOf(call: Call, options: unknown, about: string): Promise<HypernodesError> {
  const error = await outcome(call, options);
  expect(error, about).to.be.instanceOf(HypernodesError);
  return error as HypernodesError;
}

describe("options", () => {
  for (const [name, { call, options, base = {} }] of Object.entries(ALL)) {
    describe(`of ${name}`, () => {
      it("are taken where they are right, and undefined is the default", async () => {
        for (const [option, [right]] of Object.entries(options)) {
          expect(await outcome(call, { ...base, [option]: right }), option).to.equal(undefined);
          if (option !== "over")
            expect(await outcome(call, { ...base, [option]: undefined }), option).to.equal(undefined);
        }
      });

      it("are refused where they are of another type or out of range, with the value and what they take", async () => {
        for (const [option, [, ...wrong]] of Object.entries(options)) {
          for (const value of wrong) {
            const error = await errorOf(call, { ...base, [option]: value }, `${option} ${describeValue(value)}`);
            expect(["BAD_OPTION", "UNKNOWN_OPTION"]).to.include(error.code);
            expect(error.message).to.contain(option === "execution" ? "option" : option);
            expect(error.message).to.match(/It takes|Did you mean|Pass them as/);
          }
        }
      });

      it("are read as they are found: inherited ones count, and what can't be read is refused by name", async () => {
        for (const [option, [right]] of Object.entries(options)) {
          const inherited = Object.create({ ...base, [option]: right }) as object;
          expect(await outcome(call, inherited), option).to.equal(undefined);
          const misspelt = await errorOf(call, Object.create({ ...base, [`${option}x`]: 1 }), option);
          expect(misspelt.code).to.equal("UNKNOWN_OPTION");
          const get = (): never => {
            throw new RangeError("torn");
          };
          const torn = await errorOf(
            call,
            Object.defineProperty({ ...base }, option, { get, enumerable: true }),
            option,
          );
          expect(torn.code).to.equal("BAD_OPTION");
          expect(torn.message).to.include(`${option} failed with RangeError: torn. Pass its value.`);
          if (!Array.isArray(right) || right.length === 0) continue;
          const holes = Object.assign(new Array<unknown>(1), { 1: right[0] });
          expect((await errorOf(call, { ...base, [option]: holes }, option)).code).to.equal("BAD_OPTION");
        }
        expect((await errorOf(call, revoked(), "a revoked Proxy")).code).to.match(/^BAD_(OPTION|ARGUMENT)$/);
      });

      it("are refused under a name that there is not, with the nearest one", async () => {
        for (const option of Object.keys(options)) {
          const misspelt = `${option}x`;
          const error = await errorOf(call, { ...base, [misspelt]: 1 }, misspelt);
          expect(error.code).to.equal("UNKNOWN_OPTION");
          expect(error.message).to.contain(`"${misspelt}"`).and.to.contain(`Did you mean "${option}"?`);
        }
      });

      it("have names that are texts", async () => {
        const error = await errorOf(call, { ...base, [Symbol("option")]: 1 }, name);
        expect(error.code).to.equal("UNKNOWN_OPTION");
        expect(error.message).to.contain("Symbol(option)").and.to.contain("A name is a text, not a symbol. ");
        const hidden = Object.defineProperty({ ...base }, Symbol("hidden"), { value: 1 });
        if (Object.keys(base).length > 0) expect(await outcome(call, hidden)).to.equal(undefined);
      });

      it("are an object", async () => {
        // A decorator takes a text for a name.
        if (name === "@node" || name === "@mapOver") return;
        for (const value of [null, "fast", 5, [], () => {}, new Map([["outputs", 1]]), new Date()]) {
          const error = await errorOf(call, value, String(value));
          expect(error.code).to.equal("BAD_OPTION");
        }
      });

      it("are all reported at once", async () => {
        const wrong = Object.entries(options).map(([option, [, value]]) => [option, value] as const);
        const error = await errorOf(call, { ...base, ...Object.fromEntries(wrong), nonsense: 1 }, name);
        expect(error.message).to.contain("nonsense");
        for (const [option] of wrong) {
          if (option !== "over") expect(error.message).to.contain(option === "execution" ? "execution" : option);
        }
      });
    });
  }

  it("say where a name belongs that is an option of something else", async () => {
    const run = async (options: object) => (await errorOf((o) => new Plain().run(xs, o), options, "")).message;
    expect(await run({ maxWorkers: 8 })).to.equal(
      'Plain: there is no option "maxWorkers". It is one of execution: { execution: { maxWorkers } }.',
    );
    expect(await run({ onevent: () => {} })).to.equal('Plain: there is no option "onevent". Did you mean "onEvent"?');
    expect(await run({ maxWorkers: 8, onevent: 1 })).to.equal(
      'Plain: 2 options are invalid:\n  - there is no option "maxWorkers". It is one of execution: { execution: { maxWorkers } }.\n  - there is no option "onevent". Did you mean "onEvent"?',
    );
    expect(await run({ maxWorker: 8 })).to.equal(
      'Plain: there is no option "maxWorker". Did you mean { execution: { maxWorkers } }?',
    );
    expect(await run({ over: "xs" })).to.contain("It is one of map() and stream().");
    expect(await run({ retries: 2 })).to.contain("It is one of nodes: @node(..., { retries }).");
  });

  it("say that something was not called", async () => {
    const run = async (options: object) => (await errorOf((o) => new Plain().run(xs, o), options, "")).message;
    expect(await run({ onEvent: progress })).to.contain("It was not called: onEvent: progress().");
    expect(await run({ onEvent: [report] })).to.contain("It was not called: onEvent: report().");
    expect(await run({ cache: memory })).to.contain("It was not called: cache: memory().");
    expect(await run({ runOn: modal })).to.contain("It was not called: runOn: modal({ ... }).");
    expect(await run({ signal: new AbortController() })).to.contain("controller.signal");
  });

  it("that class decorators take are checked when a pipeline is made", async () => {
    for (const store of [undefined, null, false, "file.sqlite", memory, {}]) {
      if (store === undefined) continue;
      const error = await errorOf(() => decorated(cached(store as never)), {}, String(store));
      expect(error.message).to.contain("Decorated: the option cache is ").and.to.contain("sqlite(path)");
    }
    for (const place of [null, "modal", modal, {}]) {
      const error = await errorOf(() => decorated(runOn(place as never)), {}, String(place));
      expect(error.message).to.contain("Decorated: the option runOn is ").and.to.contain("local() or modal");
    }
  });

  it("are read once: inherited, from a class, by accessors, and of options inside of them", async () => {
    class Settings {
      get outputs(): string[] {
        return ["sum"];
      }
    }
    const once = (name: string, value: unknown) => {
      let times = 0;
      const get = () => (times++ === 0 ? value : "read twice");
      return Object.defineProperty({}, name, { get, enumerable: true });
    };
    const sum = { sum: 2 };
    const hidden = Object.defineProperty({}, "outputs", { value: ["sum"] });
    const lookups: [object, unknown][] = [
      [new Settings(), sum],
      [Object.create(new Settings()), sum],
      [Object.create({ outputs: ["sum"] }), sum],
      [new Proxy({ outputs: ["sum"] }, {}), sum],
      [hidden, sum],
      [once("outputs", ["sum"]), sum],
      [once("execution", { maps: "sequential" }), { ys: [2, 3], sum: 2 }],
      [{ execution: once("maps", "sequential") }, { ys: [2, 3], sum: 2 }],
      [once("given", { ys: [5] }), { ys: [5], sum: 2 }],
      [{ given: once("ys", [5]) }, { ys: [5], sum: 2 }],
      [{ given: Object.create({ ys: [5] }) }, { ys: [5], sum: 2 }],
    ];
    for (const [options, result] of lookups) expect(await new Plain().run(xs, options)).to.deep.equal(result);
    const maps = Object.create({ maps: "sequential" }) as { maps: "sequential" };
    @execution(maps)
    class Inherits extends Plain {}
    const { optionsOf } = await import("../../src/dsl/metadata.js");
    expect(optionsOf(Inherits)).to.deep.equal({ execution: { maps: "sequential" } });
    expect(await modeOf({})).to.equal("async");
    expect(await modeOf({ execution: maps })).to.equal("sequential");
    expect(await modeOf(Object.create({ execution: maps }))).to.equal("sequential");
    expect(await modeOf({}, (plain) => plain.with({ execution: maps }))).to.equal("sequential");
    expect(await modeOf({}, (plain) => plain.with(Object.create({ execution: maps })))).to.equal("sequential");
    const torn = {
      get ys(): number[] {
        throw new RangeError("torn");
      },
    };
    const error = await errorOf((given) => new Plain().run(xs, { given }), torn, "given");
    expect(error.message).to.equal("Plain: reading the option given.ys failed with RangeError: torn. Pass its value.");
  });

  it("that are undefined leave what was chosen further out", async () => {
    @execution({ maxWorkers: undefined as never, maps: undefined as never, nodes: "sequential" })
    class Chosen extends Plain {}
    expect(await new Chosen().run(xs)).to.deep.equal({ ys: [2, 3], sum: 2 });
    const { optionsOf } = await import("../../src/dsl/metadata.js");
    expect(optionsOf(Chosen)).to.deep.equal({ execution: { nodes: "sequential" } });
    const run = { execution: { nodes: undefined, maxWorkers: undefined }, cache: undefined, runOn: undefined };
    expect(await new Chosen().with(run as never).run(xs, run as never)).to.deep.equal({ ys: [2, 3], sum: 2 });
  });

  it("of any shape are taken or refused by an error of ours, never by another one (property)", async () => {
    const names = fc.constantFrom(...Object.keys(ALL).filter((name) => name !== "progress()"));
    const property = fc.asyncProperty(
      names,
      fc.anything({ withBigInt: true, withNullPrototype: true }),
      async (name, value) => {
        const { call, options, base } = ALL[name]!;
        for (const option of [...Object.keys(options), "nonsense"]) {
          const error = await outcome(call, { ...base, [option]: value });
          if (error !== undefined) expect(error, `${name} ${option}`).to.be.instanceOf(HypernodesError);
        }
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });
});

describe("arguments that are no options objects", () => {
  it("are checked as options are", async () => {
    const folder = newFolder("options");
    type Row = [string, () => unknown, string];
    const wrong: readonly Row[] = [
      ...["", "/", ":memory:", "file:x.sqlite", "file:///tmp/x.sqlite", "http://host/x", "a\0b", "dir/"].map(
        (path) => [path, () => sqlite(path), "It takes the path of a file"] as [string, () => unknown, string],
      ),
      ["URL", () => sqlite(new URL("file:///tmp/x.sqlite") as never), "not a URL: fileURLToPath(url)"],
      ["undefined", () => sqlite(undefined as never), "It takes the path of a file."],
      ["null", () => sqlite(null as never), "It takes the path of a file."],
      [
        "folder",
        () => sqlite(folder).stats(),
        `Name a file in it: sqlite(${JSON.stringify(path.join(path.relative(process.cwd(), folder), "cache.sqlite"))}).`,
      ],
      ["keyv", () => keyv(null as never), "It takes a Keyv: new Keyv(...)."],
      ["log", () => eventLog(undefined as never), "It takes the path of a file."],
      ["log", () => eventLog(""), "It takes the path of a file."],
      ["types", () => eventStream("run" as never), 'It takes a list of types of events: "run", "node"'],
      ["types", () => eventStream(["runs" as never]), 'It takes a list of types of events: "run", "node"'],
      ["apt", () => image().aptInstall(), "names of Debian packages"],
      ["npm", () => image().npmInstall(), "names of npm packages"],
      ["env", () => image().env({ A: undefined as never }), "It takes texts, without a NUL"],
      ["env", () => image().env(null as never), "It takes texts by names"],
      ["node", () => image().nodeSlim(22 as never), "a version of Node"],
      ["bind", () => new Plain().bind({ xz: 1 } as never), 'no input is named "xz". Did you mean "xs"?'],
      ["bind", () => new Plain().bind({ sum: 1 } as never), 'no input is named "sum"'],
      ["bind", () => new Plain().bind(null as never), "Give them as { name: value }."],
      ["bind", () => new Plain().bind(new Map([["xs", []]]) as never), "Give them as { name: value }."],
      ["prune", () => memory().prune({}), "at least one of them"],
      ...[" ", "\t\n"].map((path) => [path, () => sqlite(path), "It takes the path of a file."] as Row),
      ...["~", "~/x.sqlite", "~\\x.sqlite"].map(
        (path) =>
          [path, () => sqlite(path), 'without "~", which only a shell replaces: path.join(os.homedir(), '] as Row,
      ),
      ...[5, null, ["xs"], {}].map(
        (name) =>
          ["unbind", () => new Plain().unbind(name as never), 'It takes names of inputs: unbind("a", "b")'] as Row,
      ),
    ];
    for (const [name, call, text] of wrong) {
      const error = await errorOf(call, undefined, name);
      expect(error.message, name).to.contain(text);
    }
    for (const given of [[], [undefined]] as const)
      expect(() => (cached as (...args: readonly unknown[]) => unknown)(...given)).to.throw(
        "@cached(store): the argument is undefined. It takes sqlite(path), memory() or keyv(store)",
      );
    for (const path of [":memory:x", "~x.sqlite", "a/~/x", " a"]) expect(sqlite(path).path).to.equal(path);
    expect(new Plain().bind({ xs: [1] }).unbind("nothing" as never).boundInputs).to.deep.equal({ xs: [1] });
  });

  /** Calls by what they take, with one argument more; or none more. */
  const SURPLUS: Readonly<Record<string, (...more: unknown[]) => unknown>> = {
    "sqlite(path)": (...more) => sqlite("x.sqlite", ...(more as [])),
    "memory({ max })": (...more) => memory({}, ...(more as [])),
    "keyv(store)": (...more) => keyv(new Map() as never, ...(more as [])),
    "report()": (...more) => report(...(more as [])),
    "reportOf(events)": (...more) => reportOf([], ...(more as [])),
    "eventStream(types)": (...more) => eventStream([], ...(more as [])),
    "readEvents(file)": (...more) => readEvents(EMPTY_LOG, ...(more as [])),
    "eventLog(file)": (...more) => eventLog(path.join(newFolder("options"), "log"), ...(more as [])),
    "progress({ ... })": (...more) => progress({}, ...(more as [])),
    "tracing({ ... })": (...more) => tracing({}, ...(more as [])),
    "local()": (...more) => local(...(more as [])),
    "localProcess({ ... })": (...more) => localProcess({}, ...(more as [])),
    "modal({ ... })": (...more) => modal({}, ...(more as [])),
    "bullmq({ ... })": (...more) => bullmq({}, ...(more as [])),
    "image()": (...more) => image(...(more as [])),
    "@cached(store)": (...more) => cached(memory(), ...(more as [])),
    "@execution({ ... })": (...more) => execution({}, ...(more as [])),
    "@runOn(placement)": (...more) => runOn(local(), ...(more as [])),
    "@model({ name, key })": (...more) => model({}, ...(more as [])),
    "@input({ optional })": (...more) => input({}, ...(more as [])),
    "Plain.run(inputs, options)": (...more) => new Plain().run(xs, {}, ...(more as [])),
    "Plain.explain(inputs, options)": (...more) => new Plain().explain(xs, {}, ...(more as [])),
    "Plain.map(inputs, options)": (...more) => new Plain().map({ xs: [[1]] }, { over: "xs" }, ...(more as [])),
    "Plain.stream(inputs, options)": (...more) =>
      new Plain().stream({ xs: [[1]] }, { over: "xs" }, ...(more as [])).next(),
    "Plain.bind(inputs)": (...more) => new Plain().bind(xs, ...(more as [])),
    "Plain.with(options)": (...more) => new Plain().with({}, ...(more as [])),
    "Plain.open()": (...more) => new Plain().open(...(more as [])),
    "Plain.graph()": (...more) => new Plain().graph(...(more as [])),
    "toMermaid(options)": (...more) => new Plain().graph().toMermaid({}, ...(more as [])),
    "toDot(options)": (...more) => new Plain().graph().toDot({}, ...(more as [])),
    "toSvg(options)": (...more) => new Plain().graph().toSvg({}, ...(more as [])),
    "toHtml(options)": (...more) => new Plain().graph().toHtml({}, ...(more as [])),
    "stats()": (...more) => memory().stats(...(more as [])),
    "prune({ maxBytes, maxAge })": (...more) => memory().prune({ maxAge: 1 }, ...(more as [])),
    "clear(pipeline)": (...more) => memory().clear(Plain, ...(more as [])),
    "encode(value, options)": (...more) => encode(1, {}, ...(more as [])),
    "decode(bytes, options)": (...more) => decode(encode(1), {}, ...(more as [])),
  };
  const EMPTY_LOG = path.join(newFolder("options"), "empty");
  writeFileSync(EMPTY_LOG, '{"hypernodes":"events","version":1}\n');
  for (const [call, perform] of Object.entries(SURPLUS)) {
    it(`are as many as ${call} takes: none is ignored`, async () => {
      for (const surplus of [5, {}, { maxBytes: "2GiB" }, null, "fast"]) {
        const error = await errorOf(() => perform(surplus), undefined, call);
        expect(error.code).to.equal("BAD_OPTION");
        expect(error.message).to.contain(`${call}: it received an extra argument: `);
      }
      expect(await outcome(() => perform(undefined), undefined)).to.equal(undefined);
      expect(await outcome(() => perform(), undefined)).to.equal(undefined);
    });
  }
});
