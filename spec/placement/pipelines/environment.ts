import { type Each, input, mapOver, type Nested, nested, node, Pipeline } from "../../../src/index.js";

const scale = (): number => Number(process.env.SPEC_SCALE ?? 1);
const SCALE = scale();

/** Reads a variable of the environment, in a call and when its module is imported. */
export class Scaled extends Pipeline {
  @input() x!: number;
  @node("x") inCall(x: number): number {
    return x * Number(process.env.SPEC_SCALE ?? 1);
  }
  @node("x") atImport(x: number): number {
    return x * SCALE;
  }
  @node("x", { version: 1 }) versioned(x: number): number {
    return x * SCALE;
  }
}

export class ScaledInside extends Pipeline {
  @input() x!: number;
  @nested(Scaled, { x: "x" }) inside!: Nested<{ inCall: number; atImport: number; versioned: number }>;
}

export class ScaledEach extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") inCalls(x: number): Each<number> {
    return x * Number(process.env.SPEC_SCALE ?? 1);
  }
}

/** Reads what differs from process to process, and in some also the folder. */
export class OfProcess extends Pipeline {
  @input() x!: number;
  @node("x") args(x: number): string {
    return `${process.argv.slice(2).join()} ${x}`;
  }
  @node("x") id(x: number): number {
    return x * process.pid;
  }
  @node("x") folder(x: number): string {
    return `${process.cwd()} ${x}`;
  }
  @node("x") system(x: number): string {
    return `${process.platform} ${x}`;
  }
}

export class OfProcessInside extends Pipeline {
  @input() x!: number;
  @nested(OfProcess, { x: "x" }) inside!: Nested<{ args: string; id: number; folder: string; system: string }>;
}

export class Hour extends Pipeline {
  @input() at!: number;
  @node("at") hour(at: number): number {
    return new Date(at).getHours();
  }
}
