import { type Row, row } from "./row.js";

/** What stands before the class, more of its members, what the node returns, and an edit of all three. */
type Sketch = readonly [what: string, head: string, members: string, y: string, from: string | RegExp, to: string];

const EMBED = `import { nested, type Nested } from "hypernodes";
class Inner extends Pipeline {
  @input() v!: number;
  @input() w?: number = 1;
  @node("v", "w") z(v: number, w: number): any { return [v, w, 2]; }
}
class Outer extends Pipeline {
  @input() v!: number;
  @nested(Inner, { v: "v" }, "z") inner!: Nested<any>;
}`;
const OBJECT = `${EMBED}\nconst embed = new Inner().bind({ w: 10 });`;
const IN_CODE = ["v, w, 2", "v, w, 3"] as const;
const BOUND = ["w: 10", "w: 20"] as const;
const RUN = "return embed.run({ v: x }).then((r: any) => r.z);";

const SKETCHES: readonly Sketch[] = [
  ["the code of a pipeline object that a node runs", OBJECT, "", RUN, ...IN_CODE],
  ["an input bound to it", OBJECT, "", RUN, ...BOUND],
  ["an input bound to it, which is asked for", OBJECT, "", "embed.boundInputs", ...BOUND],
  ["how it is run", OBJECT, "", RUN, "embed.run({ v: x })", "embed.run({ v: -x })"],
  [
    "an input bound by the node itself",
    EMBED,
    "",
    "return new Inner().bind({ w: 10 }).run({ v: x }).then((r: any) => r.z);",
    ...BOUND,
  ],
  ["the code of one that is mapped", OBJECT, "", "embed.map({ v: [x] } as any, { over: 'v' } as any)", ...IN_CODE],
  [
    "an input of one that is opened",
    OBJECT,
    "",
    "const o = embed.open(); return o.run({ v: x }).finally(() => o[Symbol.asyncDispose]());",
    ...BOUND,
  ],
  ["one in a list", `${OBJECT}\nconst all: any[] = [embed];`, "", "return all[0].run({ v: x });", ...BOUND],
  [
    "one in a registry",
    `${OBJECT}\nconst all = new Map([["e", embed]]);`,
    "",
    "return all.get('e')!.run({ v: x });",
    ...IN_CODE,
  ],
  ["one in a field", OBJECT, "child = embed;", "return this.child.run({ v: x });", ...IN_CODE],
  ["an input bound to one in a field", OBJECT, "child = embed;", "return this.child.run({ v: x });", ...BOUND],
  ["one whose method is bound", `${OBJECT}\nconst go = embed.run.bind(embed);`, "", "return go({ v: x });", ...BOUND],
  [
    "the field of a pipeline object",
    `${OBJECT.replace("@node", "extra = 1; @node")}`,
    "",
    RUN,
    "extra = 1",
    "extra = 2",
  ],
  ["a pipeline nested in the one that is run", EMBED, "", "return new Outer().run({ v: x });", ...IN_CODE],
  [
    "an input bound to one that is nested there",
    EMBED.replace("@nested(Inner, ", "@nested(new Inner().bind({ w: 10 }), "),
    "",
    "return new Outer().run({ v: x });",
    ...BOUND,
  ],
  ["what its nodes take", EMBED, "", "return new Inner().run({ v: x, w: 5 });", '@node("v", "w")', '@node("w", "v")'],
  [
    "which node a nested pipeline gives",
    EMBED.replace("@node", '@node("v") other(v: number): any { return v; }\n  @node'),
    "",
    "return new Outer().run({ v: x });",
    '{ v: "v" }, "z"',
    '{ v: "v" }, "other"',
  ],
  [
    "what a node does with errors",
    EMBED.replace("return [v, w, 2]", "if (v > 0) throw new Error('no'); return 1"),
    "",
    "return new Inner().run({ v: x }).then((r: any) => String(r.z), () => 'failed');",
    '@node("v", "w")',
    '@node("v", "w", { onError: "collect" })',
  ],
];

/** Pipelines that a node runs itself. */
export const INNER_RUNS: readonly Row[] = [
  ...SKETCHES.map(([what, head, members, y, from, to]) =>
    row(4, `a pipeline run by a node: ${what}`, { head, members, y }, ["pipeline.ts", from, to], "y"),
  ),
  row(
    0,
    "a comment in a pipeline that a node runs",
    { head: OBJECT, y: RUN },
    ["pipeline.ts", "[v, w, 2]", "/* all */ [v, w, 2]"],
    "",
  ),
];
