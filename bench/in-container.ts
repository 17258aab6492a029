import { type Each, execution, input, mapOver, node, type Output, output, Pipeline } from "../src/index.js";

export class Small extends Pipeline {
  @input() x!: number;
  @node("x") doubled(x: number): number {
    return 2 * x;
  }
}

/** Gives back what it got, and what its process took up at most. */
export class Big extends Pipeline {
  @input() bytes!: Uint8Array;
  @node("bytes") back(bytes: Uint8Array): Uint8Array {
    return bytes;
  }
  @node("back") peakMiB(_back: Uint8Array): number {
    return process.resourceUsage().maxRSS / 1024;
  }
}

/** Computes for 20 ms an element, without a pause. */
@execution({ maps: "sequential" })
export class Steady extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") spun(x: number): Each<number> {
    const end = performance.now() + 20;
    while (performance.now() < end);
    return x;
  }
}

/** Makes a matrix where it runs, and searches it there: only the answer leaves. */
export class MatrixThere extends Pipeline {
  @input() rows!: number;
  @node("rows") matrix(rows: number): Float32Array {
    return new Float32Array(rows * 384).fill(0.05);
  }
  @output("matrix") sum(matrix: Float32Array): Output<number> {
    let total = 0;
    for (const value of matrix) total += value;
    return total;
  }
  @output("matrix") peakMiB(_matrix: Float32Array): Output<number> {
    return process.resourceUsage().maxRSS / 1024;
  }
}
