// Each `// error:` tells what tsc must say of the line below it, under TypeScript 6 and 7. No other error may be there.
import {
  type Batch,
  type Each,
  input,
  mapOver,
  type Nested,
  nested,
  node,
  type Output,
  output,
  Pipeline,
  resource,
} from "../../../src/index.js";

class Encoded {
  vector = new Float32Array(2);
}
class Child extends Pipeline {
  @input() text!: string;
  @input() scale!: number;
  @node("text") encoded(text: string): Encoded {
    return new Encoded();
  }
  @node("encoded") size(encoded: Encoded): number {
    return 1;
  }
}

export class Hidden extends Pipeline {
  @input() xs!: number[];
  @input() text!: string;
  @input() scale!: number;
  // error: inputs and nodes are public: make 'a' public
  @input() private a!: number;
  // error: inputs and nodes are public: make 'b' public
  @input({ optional: true }) protected b?: number;
  // error: inputs and nodes are public: make 'c' public
  @node("xs") private c(xs: number[]): number {
    return 1;
  }
  // error: inputs and nodes are public: make 'd' public
  @node() protected async d(): Promise<number> {
    return 1;
  }
  // error: inputs and nodes are public: make 'e' public
  @output("xs") private e(xs: number[]): Output<number> {
    return 1 as Output<number>;
  }
  // error: inputs and nodes are public: make 'f' public
  @resource() private f(): number {
    return 1;
  }
  // error: inputs and nodes are public: make 'g' public
  @mapOver("xs") private g(x: number): Each<number> {
    return 1 as Each<number>;
  }
  // error: inputs and nodes are public: make 'h' public
  @mapOver("xs", { batch: 2 }) protected h(x: number[]): Batch<number> {
    return [1] as Batch<number>;
  }
  // error: inputs and nodes are public: make 'i' public
  @nested(Child, { text: "text", scale: "scale" }) private i!: Nested<{ encoded: Encoded; size: number }>;
  // error: inputs and nodes are public: make 'j' public
  @mapOver("xs", Child, { text: "text", scale: "xs" }, "size") private j!: Nested<number[]>;
}

export class Names extends Pipeline {
  @input() a!: number;
  @input() abacus!: number;
  @input() xs!: string[];
  @node("xs") split(xs: string[]): { train: string[]; test: { name: string } } {
    return { train: xs, test: { name: "" } };
  }
  private secret(): number {
    return 1;
  }

  // error: no input or node is named 'aa'
  @node("aa") misspelt(a: number): number {
    return a;
  }
  // error: 'xs' gives another type than this parameter takes
  @node("a", "a", "xs") rest(first: number, ...more: number[]): number {
    return 1;
  }
  // error: no input or node is named 'run'
  @node("run") reserved(run: unknown): number {
    return 1;
  }
  // error: no input or node is named 'secret'
  @node("secret") hidden(secret: number): number {
    return secret;
  }
  // error: no input or node is named 'split.tran'
  @node("split.tran") path(train: string[]): number {
    return 1;
  }
  // error: no input or node is named 'split.test.name.more'
  @node("split.test.name.more") tooDeep(name: string): number {
    return 1;
  }
  // error: no input or node is named 'bb'
  @node("a", "bb") second(a: number, b: number): number {
    return a;
  }
  // error: no input or node is named 'aba'
  @node("aba") prefix(a: number): number {
    return a;
  }
  // error: no input or node is named 'xz'
  @mapOver("xz") list(x: string): Each<string> {
    return x;
  }
  // error: no input or node is named 'yz'
  @mapOver("xs", "yz") shared(x: string, y: number): Each<string> {
    return x;
  }
  // error: no input or node is named 'xz'
  @mapOver(["xs", "xz"]) lists(x: string, y: string): Each<string> {
    return x;
  }
  // error: no input or node is named 'aa'
  @output("aa") out(a: number): Output<number> {
    return a;
  }
  // error: no input or node is named 'aa'
  @resource("aa") built(a: number): object {
    return {};
  }
}

export class Types extends Pipeline {
  @input() a!: number;
  @input() xs!: string[];
  @input() text!: string;
  @input() either!: number | null;
  @node("xs") split(xs: string[]): { train: string[] } {
    return { train: xs };
  }
  @mapOver("xs") lengths(x: string): Each<number> {
    return x.length;
  }

  // error: 'a' gives another type than this parameter takes
  @node("a") differs(a: string): string {
    return a;
  }
  // error: 'either' gives another type than this parameter takes
  @node("either") narrower(a: number): number {
    return a;
  }
  // error: 'split.train' gives another type than this parameter takes
  @node("split.train") atPath(train: number[]): number {
    return 1;
  }
  // error: 'lengths' gives another type than this parameter takes
  @node("lengths") whole(length: number): number {
    return length;
  }
  // error: 'xs' gives another type than this parameter takes
  @mapOver("xs", "xs") shared(x: string, xs: number[]): Each<string> {
    return x;
  }
  // error: the elements of 'xs' are of another type than this parameter takes
  @mapOver("xs") element(x: number): Each<number> {
    return x;
  }
  // error: the elements of 'xs' are of another type than this parameter takes
  @mapOver(["lengths", "xs"]) zipped(length: number, x: number): Each<number> {
    return x;
  }
  // error: the elements of 'xs' are of another type than this parameter takes
  @mapOver("xs", { batch: 8 }) batched(xs: string): Batch<number> {
    return [];
  }
  // error: 'a' is not a list: @mapOver iterates over arrays and other iterables, not strings
  @mapOver("a") noList(a: number): Each<number> {
    return a;
  }
  // error: 'text' is not a list: @mapOver iterates over arrays and other iterables, not strings
  @mapOver("text") characters(c: string): Each<string> {
    return c;
  }
  // error: 'a' gives another type than this parameter takes
  @output("a") out(a: string): Output<string> {
    return a;
  }
}

export class Counts extends Pipeline {
  @input() a!: number;
  @input() xs!: string[];

  // error: the method takes 2 parameters, but 1 name is given
  @node("a") tooFew(a: number, b: number): number {
    return a;
  }
  // error: the method takes 1 parameter, but no names are given
  @node() none(a: number): number {
    return a;
  }
  // error: the method takes no parameter for 'xs'
  @node("a", "xs") tooMany(a: number): number {
    return a;
  }
  // error: the method takes 3 parameters, but 2 names are given
  @mapOver("xs", "a") mapped(x: string, a: number, b: number): Each<number> {
    return a;
  }
  // error: the method takes no parameter for 'a'
  @mapOver("xs", "a") unused(x: string): Each<string> {
    return x;
  }
  // error: the method takes no parameter for an element of 'xs'
  @mapOver("xs") ignored(): Each<string> {
    return "";
  }
  // error: the method takes 2 parameters, but 1 name is given
  @output("a") out(a: number, b: number): Output<number> {
    return a;
  }
}

export class Brands extends Pipeline {
  @input() a!: number;
  @input() xs!: string[];

  // error: the method returns Each<T>: use @mapOver, not @node
  @node("a") eachInNode(a: number): Each<number> {
    return a;
  }
  // error: the method returns Batch<T>: use @mapOver with { batch }, not @node
  @node("a") batchInNode(a: number): Batch<number> {
    return [a];
  }
  // error: the method returns Output<T>: use @output, not @node
  @node("a") async outputInNode(a: number): Promise<Output<number>> {
    return a;
  }
  // error: the method returns Output<T>: use @output, not @resource
  @resource("a") outputInResource(a: number): Output<number> {
    return a;
  }
  // error: Nested<T> is for a field with @nested or @mapOver, not for a method with @node
  @node("a") nestedInNode(a: number): Nested<number> {
    return a;
  }
  // error: the field is declared Nested<T>: use @nested or @mapOver, not @input
  @input() nestedInput!: Nested<number>;
  // error: an input is declared with its bare type
  @input() outputInput!: Output<number>;
  // error: an input is a field that holds data
  @input() tokenizer!: (text: string) => string[];
  // error: a @mapOver method returns Each<T>
  @mapOver("xs") noEach(x: string): string {
    return x;
  }
  // error: a @mapOver method returns Each<T>
  @mapOver("xs") async asyncNoEach(x: string): Promise<string> {
    return x;
  }
  // error: with { batch } the method returns Batch<T>
  @mapOver("xs", { batch: 4 }) noBatch(xs: string[]): Each<string> {
    return "";
  }
  // error: the method returns Batch<T>: give @mapOver a last { batch: size }
  @mapOver("xs") batchWithout(xs: string): Batch<string> {
    return [];
  }
  // error: an @output method returns Output<T>
  @output("a") noOutput(a: number): number {
    return a;
  }
}

export class Options extends Pipeline {
  @input() a!: number;
  @input() xs!: string[];

  // error: 'retry' does not exist in type 'NodeOptions'
  @node("a", { retry: 3 }) misspelt(a: number): number {
    return a;
  }
  // error: 'timeoutMS' does not exist in type 'NodeOptions'
  @node("a", { retries: 3, timeoutMS: 3 }) oneOfTwo(a: number): number {
    return a;
  }
  // error: 'batch' does not exist in type 'NodeOptions'
  @node("a", { batch: 3 }) notForNodes(a: number): number {
    return a;
  }
  // error: Type '"cross"' is not assignable to type '
  @mapOver("xs", { mode: "cross" }) mode(x: string): Each<string> {
    return x;
  }
}

export class Nesting extends Pipeline {
  @input() text!: string;
  @input() texts!: string[];
  @input() k!: number;

  // error: the nested pipeline gives another type than the field declares
  @nested(Child, { text: "text", scale: "k" }, "encoded") otherType!: Nested<number>;
  // error: the nested pipeline gives another type than the field declares
  @nested(Child, { text: "text", scale: "k" }) record!: Nested<{ encoded: number }>;
  // error: declare the field Nested<T>
  @nested(Child, { text: "text", scale: "k" }, "encoded") unmarked!: Encoded;
  // error: the nested pipeline has no node named 'encodd'
  @nested(Child, { text: "text", scale: "k" }, "encodd") pick!: Nested<Encoded>;
  // error: the nested pipeline has no input named 'txt'
  @nested(Child, { txt: "text", scale: "k" }, "encoded") unknownInput!: Nested<Encoded>;
  // error: no input or node is named 'txt'
  @nested(Child, { text: "txt", scale: "k" }, "encoded") unknownName!: Nested<Encoded>;
  // error: 'k' gives another type than this input takes
  @nested(Child, { text: "k", scale: "k" }, "encoded") wrongWire!: Nested<Encoded>;
  // error: the nested pipeline gives another type than the field declares
  @mapOver("texts", Child, { text: "texts", scale: "k" }, "size") notList!: Nested<number>;
  // error: declare the field Nested<T>
  @mapOver("texts", Child, { text: "texts", scale: "k" }, "size") unmarkedMap!: number[];
  // error: no input of the nested pipeline is wired to 'texts'
  @mapOver("texts", Child, { text: "text", scale: "k" }, "size") unwired!: Nested<number[]>;
  // error: the elements of 'texts' are of another type than this parameter takes
  @mapOver("texts", Child, { text: "text", scale: "texts" }, "size") wrongElement!: Nested<number[]>;
  // error: 'k' is not a list
  @mapOver("k", Child, { text: "text", scale: "k" }, "size") overNoList!: Nested<number[]>;
  // error: 'retry' does not exist in type
  @mapOver("texts", Child, { text: "texts", scale: "k" }, "size", { retry: 1 }) option!: Nested<number[]>;
  // error: 'retry' does not exist in type
  @nested(Child, { text: "text", scale: "k" }, { retry: 1 }) nestedOption!: Nested<{ encoded: Encoded; size: number }>;
  // error: @mapOver on a field maps a nested pipeline
  @mapOver("texts") bare!: Nested<number[]>;
  // error: declare the field Nested<T>
  @mapOver("texts", Child, { text: "texts", scale: "k" }, "size") method(text: string): Each<number> {
    return 1;
  }
}
