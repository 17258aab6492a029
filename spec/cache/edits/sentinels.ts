import { type Row, row } from "./row.js";

/** Pairs of equal values, of which code may mean the one or the other. */
const PAIRS: Readonly<Record<string, string>> = {
  symbols: `Symbol("mode")`,
  "symbols without a text": "Symbol()",
  records: "({})",
  "frozen records": "Object.freeze({ kind: 1 })",
  lists: "[] as any[]",
  "functions of one factory": "made()",
  "instances of a class": "new Sentinel()",
};

const head = (value: string): string => `import { resource } from "hypernodes";
const made = () => () => 1;
class Sentinel {}
const ANY: any = ${value}, NONE: any = ${value};
void [made, Sentinel, NONE];
`;

const CHANGE = ["pipeline.ts", "mode = ANY", "mode = NONE"] as const;

/** Nodes that compare what other code gives them with what they know. */
export const SENTINELS: readonly Row[] = [
  ...Object.entries(PAIRS).flatMap(([what, value]) => [
    row(
      4,
      `a resource holds one of two equal ones: ${what}`,
      {
        head: `${head(value)}
class Filter { mode = ANY; }`,
        members: `@resource() filter(): any { return new Filter(); }
  @node("x", "filter") z(x: number, f: any): any { return f.mode === ANY; }`,
      },
      CHANGE,
      "z",
    ),
    row(
      4,
      `a resource is built from another one that holds one of two equal ones: ${what}`,
      {
        head: `${head(value)}
class Filter { mode = ANY; }`,
        members: `@resource() filter(): any { return new Filter(); }
  @resource("filter") outer(f: any): any { return { is: (v: any) => v === f.mode }; }
  @node("x", "outer") z(x: number, f: any): any { return f.is(ANY); }`,
      },
      CHANGE,
      "z",
    ),
  ]),
  ...["Symbol()", `Symbol("mode")`].flatMap((value) => [
    row(
      4,
      `the class of an argument gives one of two equal symbols: ${value}`,
      {
        head: `${head(value)}
export class Asked { n = 1; mode(): any { const mode = ANY; return mode; } }`,
        y: "new Asked()",
        members: `@node("y") z(y: any): any { return y.mode() === ANY; }`,
      },
      CHANGE,
      "y z",
      { isAlone: true },
    ),
    row(
      4,
      `a method that the program adds to lists gives one of two equal symbols: ${value}`,
      {
        head: `${head(value)}
Object.defineProperty(Array.prototype, "modeOf", { configurable: true, value() { const mode = ANY; return mode; } });`,
        y: "([] as any).modeOf() === ANY",
      },
      CHANGE,
      "other y",
      { isAlone: true },
    ),
  ]),
];
