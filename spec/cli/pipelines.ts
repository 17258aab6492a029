/** Pipelines that specs of the command line run: each has an input `x` of another declared type, and prints it. */
export const TYPED = `import { inspect } from "node:util";
import { Transform, Type } from "class-transformer";
import { IsInt, IsOptional } from "class-validator";
import { input, node, type Output, output, Pipeline } from "hypernodes";
import { setTimeout as sleep } from "node:timers/promises";

const show = (value: unknown) => inspect(value, { breakLength: Infinity });
class CliPassage { text!: string; }
export class Num extends Pipeline { @input() x!: number; @output("x") out(x: number): Output<string> { return show(x); } }
export class Int extends Pipeline { @input() @IsInt() x!: number; @output("x") out(x: number): Output<string> { return show(x); } }
export class May extends Pipeline { @input() @IsOptional() x?: number = 1; @output("x") out(x: number): Output<string> { return show(x); } }
export class Big extends Pipeline { @input() x!: bigint; @output("x") out(x: bigint): Output<string> { return show(x); } }
export class Str extends Pipeline { @input() x!: string; @output("x") out(x: string): Output<string> { return show(x); } }
export class Bool extends Pipeline { @input() x!: boolean; @output("x") out(x: boolean): Output<string> { return show(x); } }
export class Day extends Pipeline { @input() x!: Date; @output("x") out(x: Date): Output<string> { return show(x); } }
export class List extends Pipeline { @input() x!: unknown[]; @output("x") out(x: unknown[]): Output<string> { return show(x); } }
export class Any extends Pipeline { @input() x!: unknown; @output("x") out(x: unknown): Output<string> { return show(x); } }
export class Made extends Pipeline { @input() @Type(() => CliPassage) x!: CliPassage; @output("x") out(x: CliPassage): Output<string> { return show(x); } }
export class Cut extends Pipeline { @input() @Transform(({ value }) => value.split(",")) x!: string[]; @output("x") out(x: string[]): Output<string> { return show(x); } }
export class BigMade extends Pipeline { @input() @Transform(({ value }) => BigInt(value) + 1n) x!: bigint; @output("x") out(x: bigint): Output<string> { return show(x); } }
export class NumMade extends Pipeline { @input() @Type(() => Number) x!: number; @output("x") out(x: number): Output<string> { return show(x); } }
export class Two extends Pipeline { @input() a!: number; @input() b!: boolean; @output("a", "b") out(a: number, b: boolean): Output<string> { return show([a, b]); } }
export class Large extends Pipeline { @node() large(): string { return "a".repeat(3e6); } }
export class Many extends Pipeline { @node() many(): string[] { return Array.from({ length: 5000 }, (_, i) => "element " + i); } }
export class Stuck extends Pipeline {
  @node() async stuck(): Promise<number> { console.log("begun"); setInterval(() => {}, 1000); return new Promise(() => {}); }
}
export class Ends extends Pipeline { @node() ends(): number { process.exit(0); } }
function later(): never { throw new Error("stray redis://user:pA,sW@host"); }
export class Timer extends Pipeline {
  @node() async stray(): Promise<number> { setTimeout(() => later(), 1); await sleep(5000); return 1; }
}
export class Rejects extends Pipeline {
  @node() async stray(): Promise<number> { void sleep(1).then(later); await sleep(5000); return 1; }
}
export class Symbols extends Pipeline {
  @node() async stray(): Promise<number> { setTimeout(() => { throw Symbol("stray"); }, 1); await sleep(5000); return 1; }
}
export class Noisy extends Pipeline {
  @node() async noise(): Promise<number> {
    for (let i = 0; i < 200; i++) { console.log("line", i, "x".repeat(1000)); await sleep(5); }
    return 1;
  }
}
export class Pair extends Pipeline { @node() first(): number { return 1; } @node("first") second(first: number): number { return first; } }
export class Cyclic extends Pipeline { @node() cycle(): object { const a: { me?: object } = {}; a.me = a; return a; } }
export class Share extends Pipeline { @input() x!: number; @node("x") share(x: number): object { return { each: [-0, x / x] }; } }
export class Dirty extends Pipeline {
  @node() dirty(): unknown { return { text: "\\u009b\\u202e", error: new Error("bad \\u001b[31m\\u0007") }; }
}
export class Throws extends Pipeline { @node() thrown(): number { throw new Error("bad \\u001b[31m\\u0007\\r\\u202e redis://user:pA,sW@host"); } }
export class Late extends Pipeline {
  @input() x!: { i: number };
  @node("x") async late(x: { i: number }): Promise<number> { await sleep(Math.random() * 2); return x.i; }
}
`;
