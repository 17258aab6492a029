import { trace } from "@opentelemetry/api";
import "./pipelines/registered.js";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { expect } from "chai";
import { modal, tracing } from "../../src/index.js";
import { loopback, onLoopback } from "../support/modal.js";
import { rejection } from "../support/rejection.js";
import { Yard } from "../support/workers.js";
import { attempts, Seen, Words } from "./pipelines/seen.js";
import { Spans } from "./pipelines/traced.js";

describe("tracing", () => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  loopback();
  beforeEach(() => {
    exporter.reset();
    attempts.clear();
  });

  const spans = () => exporter.getFinishedSpans();
  const named = (name: string): ReadableSpan => {
    const span = spans().find((s) => s.name === name);
    return span ?? expect.fail(`no span ${name} among ${spans().map((s) => s.name)}`);
  };
  const parentOf = ({ parentSpanContext }: ReadableSpan) =>
    spans().find((span) => span.spanContext().spanId === parentSpanContext?.spanId)?.name;
  const ids = (span: ReadableSpan) => `${span.spanContext().traceId} ${span.spanContext().spanId}`;

  it("is a tree of run, nodes, maps, chunks, and what is nested in them", async () => {
    await new Seen().run({ texts: ["one bad", "two"] }, { onEvent: tracing({ provider }), cache: false });
    expect(parentOf(named("Seen"))).to.equal(undefined);
    expect(parentOf(named("counts"))).to.equal("Seen");
    expect(parentOf(named("counts (chunk)"))).to.equal("counts");
    expect(parentOf(named("words"))).to.equal("counts (chunk)");
    expect(parentOf(named("lengths"))).to.equal("counts (chunk)");
    expect(parentOf(named("lengths (chunk)"))).to.equal("lengths");
    expect(parentOf(named("scale (resource)"))).to.equal("Seen");
    expect(named("counts").attributes).to.include({ "hypernodes.path": "Seen.counts", "hypernodes.elements": 2 });
    expect(named("counts (chunk)").attributes).to.include({ "hypernodes.elements": 2, "hypernodes.first_element": 0 });
    expect(new Set(spans().map((span) => span.spanContext().traceId)).size).to.equal(1);
    for (const span of spans()) expect(span.ended).to.equal(true);
  });

  it("records errors where they happened, and attempts", async () => {
    await new Seen().run({ texts: ["one bad"] }, { onEvent: tracing({ provider }), cache: false });
    const [exception] = named("lengths (chunk)").events;
    expect(exception!.attributes).to.include({ "exception.type": "NODE_FAILED" });
    expect(exception!.attributes!["exception.message"]).to.contain("Seen.counts[0].lengths[1]");
    expect(named("lengths (chunk)").status.code).to.equal(2);
    expect(named("lengths").attributes).to.include({ "hypernodes.failed": 1 });
    const [retried] = named("total").events;
    expect(retried).to.include({ name: "retried" });
    expect(retried!.attributes).to.include({ "hypernodes.attempt": 1, "exception.message": "not yet" });
    expect(named("Seen").status.code).to.equal(0);
  });

  it("closes every span of a run that fails", async () => {
    const onEvent = tracing({ provider });
    await rejection(new Seen().run({ texts: [null as never] }, { onEvent, cache: false }));
    expect(named("Seen").status.code).to.equal(2);
    expect(named("counts").ended).to.equal(true);
  });

  it("counts cached values", async () => {
    const seen = new Seen();
    await seen.run({ texts: ["one"] });
    await seen.run({ texts: ["one"] }, { onEvent: tracing({ provider }) });
    expect(named("counts").attributes).to.include({ "hypernodes.cached": 1 });
    expect(named("Seen").events.map(({ name }) => name)).to.include("cached");
  });

  it("bounds the spans of a step, and says how many it left out", async () => {
    await new Seen().run(
      { texts: ["a", "b", "c", "d"] },
      { onEvent: tracing({ provider, spansPerStep: 2 }), cache: false },
    );
    expect(spans().filter(({ name }) => name === "words")).to.have.length(2);
    expect(named("Seen").attributes["hypernodes.spans_dropped"]).to.equal(2 + 2 + 2);
  });

  it("is the context of what nodes do here", async () => {
    const tracer = provider.getTracer("spec");
    const outer = tracer.startSpan("outer");
    const { context } = await import("@opentelemetry/api");
    const found = await context.with(trace.setSpan(context.active(), outer), () =>
      new Spans().run({ xs: [1, 2] }, { onEvent: tracing({ provider }) }),
    );
    outer.end();
    expect(found.one).to.equal(ids(named("one")));
    expect(found.inner.deep).to.equal(ids(named("deep")));
    expect(found.here).to.deep.equal([ids(named("here (chunk)")), ids(named("here (chunk)"))]);
    expect(parentOf(named("Spans"))).to.equal("outer");
  });

  it("is carried into threads", async () => {
    const execution = { nodes: "threaded", maps: "threaded" } as const;
    const found = await new Spans().run({ xs: [1] }, { onEvent: tracing({ provider }), execution });
    expect(found.here).to.deep.equal([ids(named("here (chunk)"))]);
    expect(named("here (chunk)").attributes["hypernodes.thread"]).to.be.greaterThan(0);
    expect(found.one).to.equal(ids(named("one (chunk)")));
    expect(parentOf(named("one"))).to.equal("one (chunk)");
  });

  onLoopback("is carried into containers", async () => {
    const found = await new Spans().run({ xs: [1] }, { onEvent: tracing({ provider }), runOn: modal() });
    expect(found.one).to.equal(ids(named("Spans")));
    expect(parentOf(named("modal container"))).to.equal("Spans");
    expect(parentOf(named("one"))).to.equal("Spans");
    expect(named("here (chunk)").attributes["hypernodes.container"]).to.be.a("string");
  });

  onLoopback("is carried into a container that streams", async () => {
    const options = { over: "xs", outputs: ["one"], onEvent: tracing({ provider }), runOn: modal() } as const;
    const found: string[] = [];
    for await (const { one } of new Spans().stream({ xs: [[1], [2]] }, options)) found.push(one.split(" ")[0]!);
    const { traceId } = named("modal container").spanContext();
    expect(found).to.deep.equal([traceId, traceId]);
  });

  onLoopback("is carried into containers that share a map", async () => {
    const runOn = modal({ containers: 2 });
    const found = await new Spans().run({ xs: [1, 2] }, { onEvent: tracing({ provider }), runOn });
    const chunks = spans().filter(({ name }) => name === "here (chunk)");
    expect(found.here).to.have.members(chunks.map(ids));
    for (const chunk of chunks) {
      expect(parentOf(chunk)).to.equal("here");
      expect(chunk.attributes["hypernodes.container"]).to.be.a("string");
    }
    expect(found.one).to.equal(ids(named("Spans")));
    expect(parentOf(named("one"))).to.equal("Spans");
  });

  it("is carried into workers of a queue @slow", async function () {
    const yard = await Yard.open();
    if (yard === undefined) this.skip();
    try {
      const queue = yard.queue();
      await yard.worker(queue);
      const found = await new Spans().run({ xs: [1] }, { onEvent: tracing({ provider }), ...yard.maps(queue) });
      expect(found.here).to.deep.equal([ids(named("here (chunk)"))]);
      expect(parentOf(named("here (chunk)"))).to.equal("here");
      expect(named("here (chunk)").attributes["hypernodes.container"]).to.match(/^worker-/);
    } finally {
      await yard.close();
    }
  });

  it("costs no run anything if nobody has set up an SDK", async () => {
    const { counted } = await new Words().run({ text: "a b" }, { onEvent: tracing() });
    expect(counted).to.equal(2);
  });
});
