import { EventEmitter } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import {
  type EventOf,
  eventLog,
  eventStream,
  type HypernodesError,
  type Listener,
  local,
  type RunEvent,
  type RunObserver,
  readEvents,
  type SharedState,
} from "../../src/index.js";
import { inject } from "../support/faults.js";
import { rejection } from "../support/rejection.js";
import { warningsOf } from "../support/warnings.js";
import { Busy, Seen, Slowly, Words } from "./pipelines/seen.js";

const texts = ["one bad word", "two words"];

describe("readers of events", () => {
  it("have a method for each kind of event, share state, and receive events in order", async () => {
    const heard: string[] = [];
    class First implements RunObserver {
      onRunStart({ inputs }: EventOf<"run", "start">) {
        heard.push(`run of ${inputs.join()}`);
      }
      onNodeStart({ path: place }: EventOf<"node", "start">, shared: SharedState) {
        shared.set(`span_${place}`, place);
      }
      onMapEnd({ elements, failed }: EventOf<"map", "end">) {
        heard.push(`${elements} elements, ${failed} failed`);
      }
      onRunEnd({ outputs }: EventOf<"run", "end">) {
        heard.push(`gives ${outputs.join()}`);
      }
    }
    class Second implements RunObserver {
      onNodeEnd({ path: place, durationMs }: EventOf<"node", "end">, shared: SharedState) {
        expect(durationMs).to.be.at.least(0);
        heard.push(`${place} in ${shared.get(`span_${place}`)}`);
      }
    }
    await new Words().run({ text: "a bad day" }, { onEvent: [new First(), new Second()] });
    expect(heard).to.deep.equal([
      "run of text",
      "Words.words in Words.words",
      "3 elements, 1 failed",
      "Words.counted in Words.counted",
      "gives counted",
    ]);
  });

  it("never break a run, nor each other: an exception is one warning", async () => {
    class Broken implements RunObserver {
      onNodeStart() {
        throw new Error("no");
      }
      async onNodeEnd() {
        throw new Error("not later either");
      }
      onAfterRun() {
        throw new Error("nor at the end");
      }
    }
    const heard: string[] = [];
    const listener: Listener = ({ type }) => heard.push(type);
    const warnings = await warningsOf(async () => {
      const { counted } = await new Words().run({ text: "a b" }, { onEvent: [new Broken(), listener] });
      expect(counted).to.equal(2);
    });
    expect(warnings).to.deep.equal(["HypernodesWarning: an event listener threw: Broken: Error: no"]);
    expect(heard).to.include("map");
  });

  it("name the placements that they can read, and a run at another one is refused before it begins", async () => {
    const reader: RunObserver = { placements: ["modal"] };
    const error = await rejection(new Words().run({ text: "a" }, { onEvent: reader, runOn: local() }));
    expect(error.message).to.equal(
      'Words: the observer Object is not compatible with the placement "local": it observes modal. Remove it from this run, or run the pipeline where it can observe it: { runOn: local() }.',
    );
    const nothing = await rejection(new Words().run({ text: "a" }, { onEvent: 5 as never }));
    expect(nothing.message).to.contain("option onEvent is 5");
  });

  describe("are refused where they would never receive an event:", () => {
    class Named {
      onNodeEnds() {}
    }
    class Inherited extends Named {}
    class SmallLetters {
      onnodeend() {}
    }
    class InSmallLetters extends SmallLetters {
      onEvent() {}
    }
    class Nothing {
      nodeEnd() {}
    }
    const wrong: [what: string, onEvent: unknown, says: string][] = [
      [
        "an unknown name",
        { onNodeEnds: () => {} },
        'the observer Object has onNodeEnds, which is not called for any event. Did you mean "onNodeEnd"?',
      ],
      ["in a list", [() => {}, { onNodeEnds: () => {} }], "has onNodeEnds, which is not called for any event"],
      ["of a class", new Named(), "the observer Named has onNodeEnds"],
      ["of a class above", new Inherited(), "the observer Inherited has onNodeEnds"],
      ["in other letters", { onNodeend: () => {} }, 'Did you mean "onNodeEnd"?'],
      [
        "in small letters",
        { onnodeend: () => {} },
        'has onnodeend, which is not called for any event. Did you mean "onNodeEnd"?',
      ],
      ["in small letters of a class above", new InSmallLetters(), 'Did you mean "onNodeEnd"?'],
      ["in capitals", { ONNODEEND: () => {} }, 'Did you mean "onNodeEnd"?'],
      ["with a capital", { OnRunEnd: () => {} }, 'Did you mean "onRunEnd"?'],
      ["with underlines", { on_node_end: () => {} }, 'Did you mean "onNodeEnd"?'],
      ["beside one that is called", { onEvent: () => {}, onrunend: () => {} }, 'Did you mean "onRunEnd"?'],
      ["nothing", {}, "the observer Object has no method that is called for an event, such as onNodeEnd or onEvent"],
      ["nothing in a list", [() => {}, {}], "the observer Object has no method that is called for an event"],
      ["nothing of a class", new Nothing(), "the observer Nothing has no method that is called for an event"],
      ["a Map", new Map(), "the observer Map has no method that is called for an event"],
      ["a promise", Promise.resolve(() => {}), "the observer Promise has no method that is called for an event"],
      [
        "no prototype",
        Object.assign(Object.create(null), { onRun: () => {} }),
        "has onRun, which is not called for any event",
      ],
      ["no function", { onNodeEnd: 5 }, "onNodeEnd of the observer Object is 5, not a function"],
      ["null", { onEvent: null }, "onEvent of the observer Object is null, not a function"],
    ];
    for (const [what, onEvent, says] of wrong) {
      it(what, async () => {
        for (const run of [
          new Words().run({ text: "a" }, { onEvent: onEvent as never }),
          new Words().map({ text: ["a"] }, { over: "text", onEvent: onEvent as never }),
        ]) {
          const error = await rejection<HypernodesError>(run);
          expect(error.message).to.contain(says);
          expect(error.code).to.equal("BAD_OPTION");
        }
      });
    }

    it("and not for other names, nor for one that is undefined", async () => {
      const reader = { onNodeEnd: undefined, once: 1, on: 2, onlyErrors: 3, only: () => {}, online: true };
      await new Words().run({ text: "a" }, { onEvent: reader as never });
      class Emitting extends EventEmitter {
        onNodeEnd() {
          this.emit("end");
        }
      }
      const emitting = new Emitting();
      let ends = 0;
      emitting.on("end", () => ends++);
      await new Words().run({ text: "a" }, { onEvent: [emitting, { traceContext: undefined }] as never });
      expect(ends).to.equal(2);
    });
  });

  it("may be an async iterator, which ends with the run, also with one that never begins", async () => {
    const events = eventStream(["run", "node"]);
    const running = new Words().run({ text: "a b" }, { onEvent: events });
    const read: string[] = [];
    for await (const { phase, path: place } of events) read.push(`${place} ${phase}`);
    await running;
    expect(read).to.deep.equal([
      "Words start",
      "Words.words start",
      "Words.words end",
      "Words.counted start",
      "Words.counted end",
      "Words end",
    ]);
    const none = eventStream();
    const failing = rejection(new Words().run({} as never, { onEvent: none }));
    for await (const event of none) expect.fail(event.type);
    expect((await failing).message).to.contain("text");
  });

  it("that stop iterating get no more, and the run continues", async () => {
    const events = eventStream();
    const running = new Words().run({ text: "a b" }, { onEvent: events });
    for await (const { type } of events) if (type === "node") break;
    expect((await running).counted).to.equal(2);
  });

  it("receive the queue time of a node, and events from other threads", async () => {
    const events: RunEvent[] = [];
    const onEvent: Listener = (event) => events.push(event);
    const execution = { nodes: "threaded", maps: "threaded" } as const;
    await new Slowly().run({ times: [1, 2] }, { onEvent, execution });
    const start = events.find((e) => e.type === "node" && e.phase === "start") as EventOf<"node", "start">;
    expect(start.queuedMs).to.be.greaterThan(0);
    expect(start.thread).to.be.greaterThan(0);
    const elements = events.filter(({ type }) => type === "element");
    expect(elements.every(({ thread }) => thread! > 0)).to.equal(true);
  });

  it("receive events of a thread's elements while others of the same chunk still compute, though no timer runs there", async () => {
    const said = new Map<string, number>();
    const ended = new Map<string, number>();
    const onEvent: Listener = ({ type, phase, path: place, at }) => {
      if (type !== "element") return;
      if (phase === "start") said.set(place, performance.timeOrigin + performance.now());
      else ended.set(place, at);
    };
    await new Busy().run({ times: [300, 300] }, { onEvent, execution: { maxWorkers: 1 } });
    expect(ended.size).to.equal(2);
    for (const [place, at] of ended) expect(said.get(place)).to.be.lessThan(at);
  });
});

describe("a log of events", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "events-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("keeps them as lines of JSON with a version, and gives them back", async () => {
    const file = path.join(folder, "run.jsonl");
    const heard: RunEvent[] = [];
    await new Seen().run({ texts }, { onEvent: [(event) => heard.push(event), eventLog(file)] });
    expect(readFileSync(file, "utf8").split("\n")[0]).to.equal('{"hypernodes":"events","version":1}');
    const read = readEvents(file);
    expect(read.map(({ type, phase, path: place, at }) => [type, phase, place, at])).to.deep.equal(
      heard.map(({ type, phase, path: place, at }) => [type, phase, place, at]),
    );
    const failed = read.find(({ phase }) => phase === "failed") as EventOf<"element", "failed">;
    expect(failed.error).to.include({ name: "NodeError", code: "NODE_FAILED" });
  });

  it("takes several runs, and says if it can't be written", async () => {
    const file = path.join(folder, "runs.jsonl");
    const log = eventLog(file);
    await Promise.all([
      new Words().run({ text: "a" }, { onEvent: log }),
      new Words().run({ text: "b" }, { onEvent: log }),
    ]);
    await new Words().run({ text: "c" }, { onEvent: log });
    expect(new Set(readEvents(file).map(({ run }) => run)).size).to.equal(3);
    expect(() => eventLog(path.join(folder, "none", "x"))).to.throw("it can't be written: ENOENT");
  });

  it("warns once of a disk that is full, and the run continues", async function () {
    if (!existsSync("/dev/full")) this.skip();
    inject("the disk is full under an event log");
    const warnings = await warningsOf(async () => {
      const { counted } = await new Words().run({ text: "a b" }, { onEvent: eventLog("/dev/full") });
      expect(counted).to.equal(2);
    });
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.contain("/dev/full: events can't be written any more: Error: ENOSPC");
  });

  it("is read without a last line that was cut off; anything else is said clearly", () => {
    const file = path.join(folder, "run.jsonl");
    const head = '{"hypernodes":"events","version":1}';
    const write = (text: string) => writeFileSync(file, text);
    const event = { type: "resource", phase: "start", run: "r", path: "P.a", name: "a", at: 1 };
    write(`${head}\n${JSON.stringify(event)}\n{"ty`);
    expect(readEvents(file)).to.deep.equal([event]);
    write(`${head}\n{"ty\n${JSON.stringify(event)}\n`);
    expect(() => readEvents(file)).to.throw("line 2 is not valid JSON");
    write("hello\n");
    expect(() => readEvents(file)).to.throw("it is not an event log");
    write('{"hypernodes":"events","version":7}\n');
    expect(() => readEvents(file)).to.throw(
      "its events are of version 7, but this version of hypernodes reads version 1",
    );
  });
});
