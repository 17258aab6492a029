import { expect } from "chai";
import { codeDigestsOf, presetCodeDigests } from "../../src/cache/code-digests.js";
import { loadCodeReading } from "../../src/cache/code-reading.js";
import { contentRef } from "../../src/cache/content-ref.js";
import { keyComponent } from "../../src/cache/model-codes.js";
import type { CodeDigests } from "../../src/cache/program-digests.js";
import { programFor } from "../../src/engine/program/program.js";
import { planFor } from "../../src/graph/compile-plan.js";
import { graphOf } from "../../src/graph/reflect.js";
import { input, model, type Nested, nested, node, Pipeline } from "../../src/index.js";

@model({ name: "sent-digests.Word" })
class Word {
  text = "";
}

class Shout extends Pipeline {
  @input() word!: Word;
  @node("word") loud(word: Word): string {
    return word.text.toUpperCase();
  }
}

class Letter extends Pipeline {
  @input() word!: Word;
  @nested(Shout, { word: "word" }, "loud") shout!: Nested<string>;
  @node("word") quiet(word: Word): string {
    return word.text.toLowerCase();
  }
}

/** A program of a client, whose process has read the code of its models. */
function received(digest: string | undefined) {
  const program = programFor(new Letter(), planFor(graphOf(Letter), ["shout", "quiet"]));
  const models = new Map(
    digest === undefined ? [] : [["sent-digests.Word", { digest, problem: undefined, parts: [] }]],
  );
  const run = {};
  presetCodeDigests(program, { ...codeDigestsOf(program, run), models });
  return { own: codeDigestsOf(program, run), inner: codeDigestsOf(program.children[0]!.program, run) };
}

describe("the code digests that a host receives", () => {
  const ref = contentRef(new Word());
  const keyOf = (codes: CodeDigests) => keyComponent(codes, ref);

  before(loadCodeReading);

  it("count the models of their own client, whichever task came last, also in what is nested", () => {
    const first = received("a");
    const key = keyOf(first.own);
    const second = received("b");
    expect(keyOf(second.own)).not.to.equal(key);
    expect([keyOf(first.own), keyOf(first.inner)]).to.deep.equal([key, key]);
    expect(keyOf(second.inner)).to.equal(keyOf(second.own));
  });

  it("refuse only to their own client a model that it did not know", () => {
    const known = received("a");
    const unknown = received(undefined);
    expect(() => keyOf(unknown.own)).to.throw("its class was not known in the process that started the run");
    expect(() => keyOf(known.own)).not.to.throw();
  });

  it("are read here, where none were received", () => {
    received("a");
    expect(keyOf({ steps: [], resources: [] })).not.to.equal(keyOf(received("a").own));
  });
});
