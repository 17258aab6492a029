import type { Files, Loader, Project } from "../../support/edited-projects.js";

/** An edit of a small project, and what is computed after it. */
export interface Row extends Project {
  /** A kind of issue 15, 1 to 12; 0: edits that change no value. */
  readonly kind: number;
  readonly what: string;
  /** The nodes that are computed after the edit. */
  readonly computes: readonly string[];
  /** Why a node is not kept, before and after the edit. */
  readonly unkept: RegExp | undefined;
  /** True if its nodes change what they read in a way that is not known to be theirs: another run in the process computes them. */
  readonly isFilled?: boolean;
  /** The loaders under which it can't run. */
  readonly except: readonly Loader[];
}

/** What is in a project: a pipeline P with a node `y`, and a node `other` that no edit reaches. */
export interface Content {
  /** What stands before the class in `pipeline.ts`. */
  readonly head?: string;
  /** The body of y(x), or what it returns. */
  readonly y?: string;
  /** More members of P. */
  readonly members?: string;
  /** What stands behind the class. */
  readonly tail?: string;
  /** Other files; `pipeline.ts` in the place of what is said above. */
  readonly files?: Files;
}

/** A file with a text in it that becomes another one; or a file that gets a new text, or goes. */
type Edit = readonly [file: string, from: string | RegExp, to: string] | readonly [file: string, text: string | null];

interface More extends Partial<Pick<Row, "links" | "alias" | "env" | "isAlone" | "unkept" | "isFilled" | "except">> {
  /** The only loaders under which it can run. */
  readonly only?: readonly Loader[];
}

/** The loaders of rows about the state of a process, in which a loader has no part: those that start the fastest. */
export const COMPILED: readonly Loader[] = ["esm", "cjs"];

let count = 0;

/** @param computes the nodes that are computed after the edits, with spaces between. */
export function row(
  kind: number,
  what: string,
  content: Content,
  edits: Edit | readonly Edit[],
  computes: string,
  { only, except = [], unkept, ...more }: More = {},
): Row {
  const before = filesOf(content);
  const after = { ...before };
  const list = (typeof edits[0] === "string" ? [edits] : edits) as readonly Edit[];
  for (const [file, from, to] of list) {
    if (to !== undefined) {
      const text = after[file]!.replace(from!, to);
      if (text === after[file]) throw new Error(`"${what}" changes nothing in ${file}`);
      after[file] = text;
    } else if (from === null) delete after[file];
    else after[file] = from as string;
  }
  const all: readonly Loader[] = ["swc", "tsx", "esm", "cjs"];
  return {
    ...{ name: `r${count++}`, kind, what, before, after, unkept },
    computes: computes.split(" ").filter(Boolean).sort(),
    except: only === undefined ? except : all.filter((loader) => !only.includes(loader)),
    ...more,
  };
}

function filesOf({ head = "", y = "x", members = "", tail = "", files = {} }: Content): Record<string, string> {
  const body = /\breturn\b/.test(y) ? y : `return ${y};`;
  const pipeline = `import { input, node, Pipeline } from "hypernodes";
${head}
export class P extends Pipeline {
  @input() x!: number;
  @node("x") y(x: number): any { ${body} }
  @node("x") other(x: number): any { return x; }
  ${members}
}
${tail}
`;
  return { "pipeline.ts": pipeline, ...files };
}
