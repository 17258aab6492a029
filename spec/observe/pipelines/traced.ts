import "./registered.js";
import { context, trace } from "@opentelemetry/api";
import { type Each, input, mapOver, type Nested, nested, node, Pipeline } from "../../../src/index.js";

class Inner extends Pipeline {
  @node()
  deep(): string {
    return idsHere();
  }
}

/** Says in which trace and under which span its nodes are. */
export class Spans extends Pipeline {
  @input() xs!: number[];

  @mapOver("xs")
  here(_: number): Each<string> {
    return idsHere();
  }

  @node()
  one(): string {
    return idsHere();
  }

  @nested(Inner, {}) inner!: Nested<{ deep: string }>;
}

function idsHere(): string {
  const { traceId, spanId } = trace.getSpanContext(context.active()) ?? { traceId: "none", spanId: "none" };
  return `${traceId} ${spanId}`;
}
