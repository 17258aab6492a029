import { type Each, input, mapOver, model, type Nested, node, Pipeline } from "../../../src/index.js";

@model()
export class Gauge {
  constructor(readonly level: number) {}
  doubled(): number {
    return this.level * 2;
  }
}

class OneGauge extends Pipeline {
  @input() gauge!: Gauge;
  @node("gauge") doubled(gauge: Gauge): number {
    return gauge.doubled();
  }
  @mapOver("gauges") each(gauge: Gauge): Each<number> {
    return gauge.doubled();
  }
  @node("gauge") gauges(gauge: Gauge): Gauge[] {
    return [gauge, new Gauge(gauge.level + 1)];
  }
}

/** Instances go through nested pipelines that have a cache. */
export class Gauges extends Pipeline {
  @input() levels!: number[];
  @mapOver("levels") gauges(level: number): Each<Gauge> {
    return new Gauge(level);
  }
  @mapOver("gauges", OneGauge, { gauge: "gauges" }, "each") each!: Nested<number[][]>;
  @mapOver("gauges", OneGauge, { gauge: "gauges" }, "doubled") doubled!: Nested<number[]>;
}
