import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { expect } from "chai";
import { progress, type RunEvent, readEvents, reportOf, tracing } from "../../src/index.js";

const HEAD = '{"hypernodes":"events","version":1}';
const about = { run: "r", path: "P", name: "P" };
const node = { run: "r", path: "P.a", name: "a", type: "node" };
const events = [
  { ...about, type: "run", phase: "start", at: 1_000, inputs: [] },
  { ...node, phase: "start", at: 1_001, queuedMs: 1 },
  { ...node, phase: "end", at: 1_004.5, durationMs: 3.25 },
  { ...about, type: "run", phase: "end", at: 1_010, outputs: ["a"], durationMs: 10 },
] as RunEvent[];
/** Kinds of events that a newer version may have: a new type, and a new phase of each type. */
const unknown = [
  { ...node, type: "gpu", phase: "end", at: 9e9, durationMs: 5, thread: 4 },
  { ...node, type: "constructor", phase: "start", at: 9e9 },
  ...["run", "node", "map", "element", "cache", "resource", "threads", "container"].map((type) => ({
    ...{ ...node, type, phase: "paused", at: 9e9, durationMs: 5, thread: 4, element: 1, elements: 3, id: "c" },
  })),
] as unknown as RunEvent[];

describe("a log of events", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "events-"));
    file = path.join(folder, "run.jsonl");
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const read = (...lines: (string | object)[]): RunEvent[] => {
    const texts = [HEAD, ...lines].map((line) => (typeof line === "string" ? line : JSON.stringify(line)));
    writeFileSync(file, `${texts.join("\n")}\n`);
    return readEvents(file);
  };

  const end = { ...node, phase: "end", at: 1, durationMs: 1 };
  const bad: [what: string, line: string | object, says: string][] = [
    ["that is no JSON", '{"type":', " is not valid JSON: column 9: it ends where a value is expected"],
    ["that is no object", "5", ": it is 5, not an event"],
    ["that is a list", [1], ": it is [1], not an event"],
    ["that is null", "null", ": it is null, not an event"],
    ["without a type", {}, ": it has no type"],
    ["whose type is no text", { type: 5, phase: "end" }, ": its type is 5, not a text"],
    ["whose phase is no text", { type: "node", phase: {} }, ": its phase is {}, not a text"],
    ["without a place", { ...end, path: undefined }, ": it has no path"],
    ["without a run", { ...end, run: undefined }, ": it has no run"],
    ["whose time is a text", { ...end, at: "now" }, ': its at is "now", not a number'],
    ["whose time is too large", JSON.stringify(end).replace('"at":1', '"at":1e999'), ": its at is 1e999, not a number"],
    ["that is not timed", { ...end, durationMs: null }, ": its durationMs is null, not a number"],
    ["without an error", { ...end, phase: "failed" }, ": it has no error"],
    [
      "with an error of another kind",
      { ...end, phase: "failed", error: "no" },
      ': its error is "no", not an error with',
    ],
    ["without an index", { ...end, type: "element" }, ": it has no element"],
    ["with a negative index", { ...end, type: "element", element: -1 }, ": its element is -1, not a whole number"],
    ["with names that are none", { ...about, type: "run", phase: "start", at: 1, inputs: [1] }, ": its inputs is [1]"],
    ...["phase", "path", "name", "run", "at"].map(
      (name) => [`without a ${name}`, { ...end, [name]: undefined }, `: it has no ${name}`] as [string, object, string],
    ),
    ["of a known type with nothing else", { type: "node" }, ": it has no phase"],
    ["of an unknown phase without a place", { ...end, phase: "paused", path: undefined }, ": it has no path"],
    ["of a time before all", { ...end, at: -1 }, ": its at is -1, not a number from 0"],
    ["that ended before it started", { ...end, durationMs: -5 }, ": its durationMs is -5, not a number from 0"],
    ["that waited less than nothing", { ...end, phase: "start", queuedMs: -1 }, ": its queuedMs is -1, not a number"],
    ["of half a thread", { ...end, thread: 0.5 }, ": its thread is 0.5, not a whole number from 0"],
    [
      "of an attempt that is none",
      { ...end, phase: "retried", error: { message: "" }, attempt: 0, delayMs: 1 },
      ": its attempt is 0, not a whole number from 1",
    ],
    [
      "of a negative delay",
      { ...end, phase: "retried", error: { message: "" }, attempt: 1, delayMs: -1 },
      ": its delayMs is -1, not a number from 0",
    ],
    [
      "of an empty batch",
      { ...end, type: "element", element: 0, size: 0 },
      ": its size is 0, not a whole number from 1",
    ],
    [
      "of another stream",
      { ...end, type: "container", phase: "log", id: "c", stream: "stdin", text: "" },
      ': its stream is "stdin", not "stdout" or "stderr"',
    ],
    ["with a label that is no text", { ...end, type: "resource", label: 5 }, ": its label is 5, not a text"],
    ["with a long value", { ...end, name: [..."x".repeat(99)] }, "…, not a text"],
  ];
  for (const [what, line, says] of bad) {
    it(`says of a line ${what} which it is, and what is wrong`, () => {
      expect(() => read(events[0]!, "", line, events[1]!))
        .to.throw(`${file}: line 4`)
        .with.property("message")
        .contains(says);
    });
  }

  it("says which line is not UTF-8, and takes a byte order mark, CRLF and empty lines", () => {
    const [first, second] = events.map((event) => JSON.stringify(event));
    writeFileSync(
      file,
      Buffer.concat([Buffer.from(`${HEAD}\n${first}\n`), Buffer.from([0x22, 0xff, 0x0a]), Buffer.from(second!)]),
    );
    expect(() => readEvents(file)).to.throw(`${file}: line 3: it is not UTF-8`);
    writeFileSync(file, `\ufeff${HEAD}\r\n\r\n${first}\r\n${second}`);
    expect(readEvents(file)).to.deep.equal(events.slice(0, 2));
  });

  it("leaves out a last line that was cut off at any byte, and no other", () => {
    const whole = Buffer.from(`${HEAD}\n${JSON.stringify({ ...events[0], name: "naïve 日" })}\n`);
    for (let size = HEAD.length + 1; size < whole.length - 1; size++) {
      writeFileSync(file, whole.subarray(0, size));
      expect(readEvents(file), String(size)).to.deep.equal([]);
    }
    writeFileSync(file, `${HEAD}\n{"type":"node","phase":"end"}`);
    expect(() => readEvents(file)).to.throw("line 2: it has no run");
  });

  it("says of what is no log that it is none: a directory, nothing, bytes, another file", () => {
    expect(() => readEvents(folder)).to.throw("it can't be read: EISDIR: it is a directory, not a file");
    for (const content of ["", "\n", "null\n", "[]", Buffer.from([0xff, 0xfe, 0x00]), '{"version":1}\n']) {
      writeFileSync(file, content);
      expect(() => readEvents(file)).to.throw(`${file}: it is not an event log`);
    }
  });

  it("keeps events of kinds that it does not know, for readers to pass over", () => {
    expect(read(...events, ...unknown)).to.deep.equal([...events, ...unknown]);
  });
});

describe("events of a newer version", () => {
  const mixed = events.flatMap((event, i) => [event, ...(i < events.length - 1 ? unknown : [])]);

  it("are passed over by the report", () => {
    expect(String(reportOf(mixed))).to.equal(String(reportOf(events)));
    expect(reportOf(mixed).rows).to.deep.equal(reportOf(events).rows);
    expect(reportOf(mixed).toHtml()).to.equal(reportOf(events).toHtml());
  });

  it("are passed over by progress", () => {
    const told = (all: readonly RunEvent[]) => {
      const lines: string[] = [];
      const reader = progress({ stream: { write: (line: string) => lines.push(line) } as never });
      return Promise.resolve(reader.onBeforeRun?.()).then(() => {
        for (const event of all) reader.onEvent?.(event, new Map());
        return lines.join("");
      });
    };
    return Promise.all([told(mixed), told(events)]).then(([one, other]) => expect(one).to.equal(other));
  });

  it("are passed over by traces", () => {
    const spans = (all: readonly RunEvent[]) => {
      const exporter = new InMemorySpanExporter();
      const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
      const reader = tracing({ provider });
      for (const event of all) reader.onEvent?.(event, new Map());
      return exporter
        .getFinishedSpans()
        .map(({ name, attributes, events: inSpan, duration }) => ({ name, attributes, inSpan, duration }));
    };
    expect(spans(events).map(({ name }) => name)).to.deep.equal(["a", "P"]);
    expect(spans(mixed)).to.deep.equal(spans(events));
  });
});

describe("the report of a log", () => {
  it("has the time of a call that was the only one as its median, its 95th percentile and its longest", () => {
    const [row] = reportOf(events).rows;
    expect(row).to.include({ calls: 1, p50Ms: 3.25, p95Ms: 3.25, maxMs: 3.25, computeMs: 3.25 });
  });

  const controls = [
    "\u001b[31m",
    "\u0007",
    "\r",
    "\b",
    "\n",
    "\u009b2J",
    "\u202e",
    "\u2066",
    "\u200f",
    "\u0000",
    "\u2028",
  ];
  for (const control of controls) {
    it(`shows ${JSON.stringify(control)} in names and errors escaped`, async () => {
      const dirty = (text: string) => `${text}${control}`;
      const error = Object.assign(new Error(dirty("failed ")), { name: "Error" });
      const all = [
        { ...about, name: dirty("P"), type: "run", phase: "start", at: 1_000, inputs: [] },
        { ...node, name: dirty("a"), type: "map", phase: "start", at: 1_001, elements: 1 },
        { ...node, name: dirty("a"), path: dirty("P.a"), type: "node", phase: "end", at: 1_001, durationMs: 1 },
        { ...about, name: dirty("P"), type: "run", phase: "failed", at: 1_010, durationMs: 10, error },
      ] as RunEvent[];
      const lines: string[] = [];
      const reader = progress({ stream: { write: (line: string) => lines.push(line) } as never });
      await reader.onBeforeRun?.();
      for (const event of all) reader.onEvent?.(event, new Map());
      const texts = [String(reportOf(all)), reportOf(all).waterfall(), ...lines.map((line) => line.trimEnd())];
      for (const text of texts) {
        expect(text.replaceAll("\n", "")).not.to.match(/[\p{Cc}\p{Zl}\p{Bidi_Control}]/u);
      }
      expect(texts[0])
        .to.contain(JSON.stringify(control).length > 3 ? "\\" : "")
        .and.to.contain("a\\");
      expect(lines.join("")).to.contain("P\\");
    });
  }
});
