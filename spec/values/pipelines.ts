import { Transform, Type } from "class-transformer";
import { IsNotEmpty, registerDecorator, ValidateIf, ValidateNested } from "class-validator";
import { type Each, input, mapOver, type Nested, nested, node, Pipeline } from "../../src/index.js";

/** A rule that reads a sibling. */
const Above =
  (other: string): PropertyDecorator =>
  (target, propertyName) =>
    registerDecorator({
      name: "above",
      target: target.constructor,
      propertyName: String(propertyName),
      validator: {
        validate: (value: number, about) => value > ((about!.object as Record<string, number>)[other] ?? 0),
        defaultMessage: () => `it must be above ${other}`,
      },
    });

/** `high` depends on `low` by a validator, `unit` on both by transformation; only `width` is asked for in some runs. */
export class Bounds extends Pipeline {
  @input() low!: number;
  @input() @Above("low") high!: number;
  @input() @ValidateIf((all: Bounds) => all.low < 0) @IsNotEmpty() reason?: string = "";
  @input() @Transform(({ value, obj }) => `${value} from ${obj.low} to ${obj.high}`) label!: string;
  @node("high", "reason", "label") shown(high: number, reason: string, label: string): string {
    return `${high}${reason} ${label}`;
  }
  @node("low") other(low: number): number {
    return low;
  }
}

export class Nesting extends Pipeline {
  @input() low!: number;
  @input() high!: number;
  @input() reason!: string;
  @input() label!: string;
  @nested(Bounds, { low: "low", high: "high", reason: "reason", label: "label" }, "shown") inner!: Nested<string>;
}

export class NestingLows extends Pipeline {
  @input() lows!: number[];
  @input() high!: number;
  @input() reason!: string;
  @input() label!: string;
  @mapOver("lows", Bounds, { low: "lows", high: "high", reason: "reason", label: "label" }, "shown")
  inner!: Nested<string[]>;
}

export class ValidPassage {
  @IsNotEmpty() text!: string;
}

export let transformations = 0;

/** Shared passages that no rule for a query reads. */
export class Searching extends Pipeline {
  @input()
  @ValidateNested({ each: true })
  @Type(() => ValidPassage)
  @Transform(({ value }) => {
    transformations++;
    return value;
  })
  passages!: ValidPassage[];
  @input() @IsNotEmpty() query!: string;
  @node("passages", "query") hits(passages: ValidPassage[], query: string): string[] {
    return passages.filter((p) => p instanceof ValidPassage && p.text.includes(query)).map(({ text }) => text);
  }
}

export class SearchingAll extends Pipeline {
  @input() passages!: ValidPassage[];
  @input() queries!: string[];
  @mapOver("queries", Searching, { query: "queries", passages: "passages" }, "hits") hits!: Nested<string[][]>;
}

export class Counting extends Pipeline {
  @input() @ValidateNested({ each: true }) @Type(() => ValidPassage) passages!: ValidPassage[];
  @mapOver("passages") sizes(passage: ValidPassage): Each<number> {
    return passage.text.length;
  }
}

/** Decorators make something of an undefined value, and iterators of numbers. */
export class Made extends Pipeline {
  @input() @Transform(({ value }) => `made of ${value}`) label!: string;
  @input() @Transform(({ value, obj }) => [value, obj.label].values()) seen!: Iterable<unknown>;
  @input() @Transform(({ value }) => ({ numbers: [value, value].values() })) record!: { numbers: Iterable<number> };
  @node("label", "seen", "record.numbers") all(label: string, seen: unknown, numbers: unknown): unknown[] {
    return [label, seen, numbers];
  }
}

export class MakingEach extends Pipeline {
  @input() labels!: string[];
  @input() seen!: Iterable<unknown>;
  @input() record!: { numbers: Iterable<number> };
  @mapOver("labels", Made, { label: "labels", seen: "seen", record: "record" }, "all")
  all!: Nested<unknown[][]>;
}
