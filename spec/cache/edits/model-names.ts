import { type Row, row } from "./row.js";

/** Two classes of one factory, which differ in what it is given, and a list of them. */
const MADE = `import { mapOver, nested } from "hypernodes";
const make = (k: string): any => class Made { n = 1; who(): any { return k; } };
const one = make("one"), other = make("other");
const made: any[] = [one, other];
`;

/** Their exports have other names. */
const NAMED = "export { one as First, other as Second };";
const SWAPPED = "export { other as First, one as Second };";

/** A node that asks instances who they are. */
const WHO = `@node("y") who(y: any): any { return [y].flat().map((each: any) => each.who()); }`;

type Shape = readonly [what: string, y: string, members?: string, computes?: string];

const SHAPES: readonly Shape[] = [
  ["an instance", "new made[0]()"],
  ["a list of instances", "made.map((each) => new each())"],
  [
    "a part of a record",
    "({ first: new made[0](), all: new Map([[1, new made[1]()]]) })",
    `@node("y.first") who(first: any): any { return first.who(); }`,
  ],
  [
    "the elements of a map",
    "[x, x + 1]",
    `@mapOver("y") each(y: number): any { return new made[y % 2](); }
  @node("each") who(each: any): any { return each.map((one: any) => one.who()); }`,
    "each who",
  ],
];

/** Instances are stored by the names of their classes: an entry is not found if such a name stands for another class by now. */
export const MODEL_NAMES: readonly Row[] = [
  ...SHAPES.map(([what, y, members = WHO, computes = "who y"]) =>
    row(
      4,
      `names of exports change places: ${what}`,
      { head: MADE, y, members, tail: NAMED },
      ["pipeline.ts", NAMED, SWAPPED],
      computes,
      { isAlone: true },
    ),
  ),
  row(
    4,
    "names of exports change places: the result of a nested pipeline",
    {
      head: `${MADE}
export class Inner extends Pipeline {
  @input() v!: number;
  @node("v") w(v: number): any { return new made[0](); }
}`,
      members: `@nested(Inner, { v: "x" }, "w") found!: any;
  @node("found") who(found: any): any { return found.who(); }`,
      tail: NAMED,
    },
    ["pipeline.ts", NAMED, SWAPPED],
    "found found.w who",
    { isAlone: true },
  ),
  row(
    4,
    "a class gives its name to one of another module",
    {
      head: `import { found } from "./found.js";
import "./more.js";
`,
      y: "found()",
      members: WHO,
      files: {
        "found.ts": `export class Found { n = 1; who(): any { return 1; } }
export const found = (): any => new Found();`,
        "more.ts": "export class Other { n = 1; who(): any { return 2; } }",
      },
    },
    [
      ["found.ts", "export class Found", "class Found"],
      ["more.ts", "class Other", "class Found"],
    ],
    "who y",
    { isAlone: true, isFilled: true, unkept: /Found/ },
  ),
  row(
    10,
    "a version stands for the classes of instances, too",
    {
      head: MADE,
      members: `@node("x", { version: 1 }) told(x: number): any { return new made[0](); }
  @node("told") who(told: any): any { return told.who(); }`,
      tail: NAMED,
    },
    ["pipeline.ts", "return k;", "return k + 1;"],
    "who",
    { isAlone: true },
  ),
  row(
    10,
    "a version in a nested pipeline stands for the class of an instance whose code can't be known",
    {
      head: `import { nested } from "hypernodes";
export class Unknown { n = 1; who(k: string): any { return eval(k); } }
export class Inner extends Pipeline {
  @input() v!: number;
  @node("v", { version: 1 }) w(v: number): any { return new Unknown(); }
}`,
      members: `@nested(Inner, { v: "x" }, "w") found!: any;`,
    },
    ["pipeline.ts", "version: 1", "version: 2"],
    "found found.w",
    { isAlone: true, isFilled: true },
  ),
  ...(
    [
      ["an error", "class Hidden extends Error { says(): any { return 1; } }"],
      [
        "an error of a class between",
        "class Base extends Error { says(): any { return 1; } }\nclass Hidden extends Base {}",
      ],
      ["an object that is no error", "class Hidden { #own = 2; says(): any { return 1 + this.#own; } }"],
    ] as const
  ).map(([what, hidden]) =>
    row(
      6,
      `a method of what was thrown and collected: ${what}`,
      {
        head: `import { mapOver, NodeError } from "hypernodes";
${hidden}`,
        y: "[x, -1]",
        members: `@mapOver("y", { onError: "collect" }) each(v: number): any { if (v < 0) throw new Hidden(); return v; }
  @node("each") said(each: any[]): any { return each.map((one) => (one instanceof NodeError ? (one.cause as any).says() : one)); }`,
      },
      ["pipeline.ts", "return 1", "return 4"],
      "each said",
      { isFilled: true },
    ),
  ),
];
