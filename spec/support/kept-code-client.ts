import { addedCount } from "../../src/cache/code/saved-forms.js";
import { input, type Output, output, Pipeline, sqlite } from "../../src/index.js";

/** `kept-code-client STORE`: a run, and how often a script was read for it that no process before had read. */
let computed = 0;

const SCALE = { by: 2 };
class Scaler {
  #by = SCALE.by;
  scaled(x: number): number {
    return x * this.#by;
  }
}
const scaler = new Scaler();
function scaled(x: number, by = (y: number) => scaler.scaled(y)): number {
  return by(x);
}

/** Its callback, which a method of a list would only call, is read when it is asked for. */
class Rounding {
  rounded: (y: number) => number = Number;
  map(rounded: (y: number) => number): this {
    this.rounded = rounded;
    return this;
  }
}
const rounding = new Rounding().map((y) => Math.round(y));

class Scaled extends Pipeline {
  @input() x!: number;
  @output("x") y(x: number): Output<number> {
    computed++;
    return rounding.rounded(scaled(x));
  }
}

const { y } = await new Scaled().run({ x: 21 }, { cache: sqlite(process.argv[2]!) });
process.stdout.write(JSON.stringify({ y, computed, read: addedCount() }));
