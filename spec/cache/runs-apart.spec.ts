import { expect } from "chai";
import fc from "fast-check";
import { codeDigestsOf, exportCodeDigests, nodesHaveRun } from "../../src/cache/code-digests.js";
import { loadCodeReading } from "../../src/cache/code-reading.js";
import { contentRef } from "../../src/cache/content-ref.js";
import { keyComponent } from "../../src/cache/model-codes.js";
import { programFor } from "../../src/engine/program/program.js";
import { planFor } from "../../src/graph/compile-plan.js";
import { graphOf } from "../../src/graph/reflect.js";
import { input, model, type Nested, nested, node, Pipeline } from "../../src/index.js";

@model({ name: "runs-apart.Word" })
class Word {
  text = "";
  shown(): string {
    return this.text;
  }
}

class Shout extends Pipeline {
  @input() word!: Word;
  @node("word") loud(word: Word): string {
    return word.shown();
  }
}

class Letter extends Pipeline {
  @input() word!: Word;
  @nested(Shout, { word: "word" }, "loud") shout!: Nested<string>;
  @node("word") quiet(word: Word): string {
    return word.shown();
  }
}

const FORMS: readonly ((this: Word) => string)[] = [
  Word.prototype.shown,
  function () {
    return this.text.toUpperCase();
  },
  function () {
    return this.text.trim();
  },
];

const STEP = fc.oneof(
  fc.record({ kind: fc.constant("change" as const), form: fc.nat(FORMS.length - 1) }),
  fc.record({ kind: fc.constantFrom("start" as const, "end" as const), run: fc.nat(3) }),
);

describe("the code digests of several runs", () => {
  const ref = contentRef(new Word());

  before(loadCodeReading);
  afterEach(() => {
    Word.prototype.shown = FORMS[0]!;
  });

  it("count the code of models each as it was when the run first read it", () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 20 }), (steps) => {
        const program = programFor(new Letter(), planFor(graphOf(Letter), ["shout", "quiet"]));
        const runs: { run: object; isOpen: boolean; components: () => string[]; first: string[] }[] = [];
        for (const step of steps) {
          const one = step.kind === "end" ? runs[step.run] : undefined;
          if (step.kind === "change") Word.prototype.shown = FORMS[step.form]!;
          else if (step.kind === "start") {
            const run = {};
            const all = [codeDigestsOf(program, run), codeDigestsOf(program.children[0]!.program, run)];
            const components = () => all.map((codes) => keyComponent(codes, ref));
            runs.push({ run, isOpen: true, components, first: components() });
          } else if (one?.isOpen) {
            nodesHaveRun(one.run);
            one.isOpen = false;
          }
          for (const { components, first } of runs) expect(components()).to.deep.equal(first);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("see a change that was made between them", () => {
    const program = programFor(new Letter(), planFor(graphOf(Letter), ["shout", "quiet"]));
    const components = FORMS.map((form) => {
      Word.prototype.shown = form;
      const run = {};
      const component = keyComponent(codeDigestsOf(program, run), ref);
      return component;
    });
    expect(new Set(components).size).to.equal(FORMS.length);
  });

  it("send the code of models to other processes as their own codes have it", () => {
    const program = programFor(new Letter(), planFor(graphOf(Letter), ["shout", "quiet"]));
    const run = {};
    const own = codeDigestsOf(program, run);
    const component = keyComponent(own, ref);
    Word.prototype.shown = FORMS[1]!;
    const other = {};
    codeDigestsOf(program, other);
    expect(keyComponent(exportCodeDigests(program, run), ref)).to.equal(component);
  });
});
