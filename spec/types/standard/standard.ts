// A project whose tsconfig.json does not set experimentalDecorators: each decorator's error names the setting.
import {
  cached,
  type Each,
  execution,
  input,
  local,
  mapOver,
  memory,
  model,
  type Nested,
  nested,
  node,
  type Output,
  output,
  Pipeline,
  resource,
  runOn,
} from "../../../src/index.js";

// A model has no wiring to check.
@model()
class Passage {
  text = "";
}
class Child extends Pipeline {
  // error: set \"experimentalDecorators\": true in tsconfig.json
  @input() text!: string;
  // error: set \"experimentalDecorators\": true in tsconfig.json
  @output("text") length(text: string): Output<number> {
    return text.length;
  }
}

// error: set \"experimentalDecorators\": true in tsconfig.json
@execution({ maps: "async" })
export class Executed extends Pipeline {}
// error: set \"experimentalDecorators\": true in tsconfig.json
@cached(memory())
export class Cached extends Pipeline {}
// error: set \"experimentalDecorators\": true in tsconfig.json
@runOn(local())
export class Placed extends Pipeline {}

export class Standard extends Pipeline {
  // error: set \"experimentalDecorators\": true in tsconfig.json
  @input() passages!: Passage[];
  // error: set \"experimentalDecorators\": true in tsconfig.json
  @node("passages") first(passages: Passage[]): string {
    return passages[0]!.text;
  }
  // error: set \"experimentalDecorators\": true in tsconfig.json
  @node("passages", { retries: 1 }) async last(passages: Passage[]): Promise<string> {
    return passages.at(-1)!.text;
  }
  // error: set \"experimentalDecorators\": true in tsconfig.json
  @mapOver("passages") lengths(passage: Passage): Each<number> {
    return passage.text.length;
  }
  // error: set \"experimentalDecorators\": true in tsconfig.json
  @resource() tokenizer(): object {
    return {};
  }
  // error: set \"experimentalDecorators\": true in tsconfig.json
  @node() constant(): number {
    return 1;
  }
  // error: set \"experimentalDecorators\": true in tsconfig.json
  @nested(Child, { text: "first" }, "length") length!: Nested<number>;
  // error: set \"experimentalDecorators\": true in tsconfig.json
  @mapOver("passages", Child, { text: "passages" }, "length") all!: Nested<number[]>;
}
