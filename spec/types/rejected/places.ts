// Decorators without parentheses, and where they can't stand. Many of these once crashed TypeScript 5 and 6.
import {
  cached,
  type Each,
  execution,
  input,
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

export class WithoutParentheses extends Pipeline {
  // error: Did you mean to call it first and write '@input()'?
  @input xs!: number[];

  // error: write @node(...), with parentheses
  @node none(): number {
    return 1;
  }
  // error: write @node(...), with parentheses
  @node one(xs: number[]): number {
    return xs.length;
  }
  // error: write @node(...), with parentheses
  @node async three(xs: number[], more: string, most?: boolean): Promise<number> {
    return 1;
  }
  // error: write @mapOver(...), with parentheses
  @mapOver each(x: number): Each<number> {
    return x;
  }
  // error: write @output(...), with parentheses
  @output out(xs: number[]): Output<number> {
    return xs.length;
  }
  // error: write @resource(...), with parentheses
  @resource built(): object {
    return {};
  }
  // error: write @node(...), with parentheses
  @node get accessor(): number {
    return 1;
  }
  // error: write @resource(...), with parentheses
  @resource static shared(): object {
    return {};
  }
  // error: write @node(...), with parentheses
  @node field!: number;
  // error: write @mapOver(...), with parentheses
  @mapOver mapped!: Nested<number[]>;
  // error: write @nested(Child, { input: \"member\" }), with parentheses
  @nested child!: Nested<number>;
}

// error: write @execution({ ... }), with parentheses
@execution
export class Executed extends Pipeline {}
// error: write @cached(memory()), with parentheses
@cached
export class Cached extends Pipeline {}
// error: write @runOn(local()), with parentheses
@runOn
export class Placed extends Pipeline {}
// error: write @model(), with parentheses
@model
export class Passage {}
// error: @input() goes on a field, not on a class
@input
export class Input extends Pipeline {}
// error: @node(...) goes on a member, not on a class
@node
export class Node extends Pipeline {}
// error: @mapOver(...) goes on a member, not on a class
@mapOver
export class Map extends Pipeline {}

export class Misplaced extends Pipeline {
  @input() a!: number;

  // error: an input is a field of the instance: leave static out
  @input() static shared: number;
  // error: an input is a field, not an accessor
  @input() get read(): number {
    return 1;
  }
  // error: an input is a field, not an accessor
  @input() accessor automatic = 1;
  // error: Unable to resolve signature of parameter decorator
  parameter(@input() a: number): number {
    return a;
  }
  // error: Unable to resolve signature of parameter decorator
  another(@node("a") a: number): number {
    return a;
  }
  // error: Unable to resolve signature of method decorator
  @execution({ maps: "async" }) method(): number {
    return 1;
  }
  // error: Unable to resolve signature of property decorator
  @cached(memory()) field!: number;
  // error: Unable to resolve signature of property decorator
  @model() made!: number;
}

class Child extends Pipeline {
  @input() text!: string;
  @input() scale!: number;
  @input() language?: string = "he";
  @node("text", "scale") sized(text: string, scale: number): number {
    return scale;
  }
  @output("text", "language") cleaned(text: string, language: string): Output<string> {
    return text;
  }
}
export class Unwired extends Pipeline {
  @input() text!: string;
  @input() texts!: string[];

  // error: Property 'scale' is missing in type '{ text:
  @nested(Child, { text: "text" }) all!: Nested<{ cleaned: string }>;
  // error: Property 'scale' is missing
  @nested(Child, { text: "text" }, "cleaned") only!: Nested<string>;
  // error: Property 'scale' is missing
  @mapOver("texts", Child, { text: "texts" }, "cleaned") mapped!: Nested<string[]>;
  // error: Property 'text' is missing
  @nested(new Child().bind({ scale: 1 }), {}, "cleaned") bound!: Nested<string>;
  // What one node of several needs is known when the class is made.
  @nested(Child, { text: "text" }, "sized") some!: Nested<number>;
  @nested(new Child().bind({ scale: 1 }), { text: "text" }) right!: Nested<{ cleaned: string }>;
}
