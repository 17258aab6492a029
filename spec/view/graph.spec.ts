import { expect } from "chai";
import { report } from "../../src/index.js";
import type { GraphModel } from "../../src/view/graph-model.js";
import { sceneOf } from "../../src/view/scene.js";
import { svg } from "../../src/view/svg.js";
import { toGraphModel } from "../../src/view/to-graph-model.js";
import { Corpus, Wired, שאלות } from "./pipelines.js";
import { large, mixedSketch } from "./sketches.js";

const texts = ["one two", "three"];
const titles = ["one"];

describe("a graph as Mermaid", () => {
  it("has a shape for each kind of member, marks maps and outputs, and says the types", () => {
    const text = new Corpus().graph().toMermaid();
    expect(text).to.contain("flowchart TD");
    expect(text).to.contain('texts(["texts"])');
    expect(text).to.contain('model[("model<br/>resource")]');
    expect(text).to.contain('essays[["essays<br/>Essay · for each"]]');
    expect(text).to.contain('pairs[["pairs<br/>for each pair"]]');
    expect(text).to.contain('vectors[["vectors<br/>in batches of 64"]]');
    expect(text).to.contain('joined["joined"]');
    expect(text).to.contain("texts ==> essays").and.to.contain("joined --> whole");
    expect(text).to.contain('model -->|"Model"| vectors');
    expect(text).not.to.match(/"(string|number|boolean|array)(\[\])?"\|/);
    expect(text).to.match(/style summary .*stroke-width:3px/);
  });

  it("has no types if they are not wanted, points to the right, is dark", () => {
    const text = new Corpus().graph().toMermaid({ types: false, direction: "right", theme: "dark" });
    expect(text).to.contain("flowchart LR").and.to.contain("theme: dark");
    expect(text).to.contain("texts ==> essays");
  });

  it("has no resources if they are not wanted", () => {
    const text = new Corpus().graph().toMermaid({ resources: false });
    expect(text).not.to.contain("model");
    expect(text).to.contain("vectors -->");
  });

  it("is closed at depth 1, and has what is nested inside at depth 2, with readable ids, none twice", () => {
    const closed = new Corpus().graph().toMermaid({ depth: 1 });
    expect(closed).not.to.contain("words");
    const open = new Corpus().graph().toMermaid({ depth: 2 });
    expect(open).to.contain('subgraph essays["essays: Essay · for each"]');
    expect(open).to.contain('    essays__words["words"]');
    expect(open).to.contain('    whole__words["words"]');
    expect(open).to.contain("texts ==> essays__text");
    expect(open).to.contain("essays__count --").and.to.contain("essays__longest --");
    expect(open).to.contain("whole__count --").and.not.to.contain("whole__longest --");
    const ids = [...open.matchAll(/^ +(\w+)[[(]/gm)].map(([, id]) => id);
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it("puts inputs together that the same nodes take in the same way", () => {
    const together = new Corpus().graph().toMermaid({ groupInputs: true, depth: 2 });
    expect(together).to.contain('texts(["texts"])');
    expect(together).to.contain('essays__text(["text<br/>language"])');
    expect(together).not.to.contain("essays__language");
  });

  it("ends each arrow at a box that is there, also when inputs of what is nested stand together", () => {
    const scene = sceneOf(toGraphModel(new Wired().graph()), { groupInputs: true, depth: 2 });
    const ids = new Set(scene.boxes.map(({ id }) => id));
    expect([...ids]).to.deep.equal([
      "texts",
      "language",
      "essays.text",
      "essays.words",
      "essays.count",
      "essays.longest",
    ]);
    for (const { from, to } of scene.arrows) expect([ids.has(from), ids.has(to)]).to.deep.equal([true, true]);
    expect(scene.arrows.filter(({ to }) => to === "essays.text")).to.have.length(2);
  });

  it("escapes what would be syntax, and keeps names in other scripts", () => {
    const text = new שאלות().graph().toMermaid();
    expect(text).to.contain('title: "שאלות"');
    expect(text).to.contain('טקסטים(["טקסטים"])');
    expect(text).to.contain('end_["end"]');
  });

  it("shows control characters of names escaped, in all formats", async () => {
    const { OddlyNamed } = await import("./odd-names.js");
    const graph = new OddlyNamed().graph();
    for (const drawn of [graph.toMermaid(), graph.toDot(), await graph.toSvg(), graph.toHtml()]) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
      expect(drawn).to.not.match(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    }
  });

  it("shows how the last run went, as colours and in words", async () => {
    const seen = report();
    await new Corpus().run({ texts, titles }, { onEvent: seen });
    const text = new Corpus().graph().toMermaid({ report: seen, depth: 2 });
    expect(text).to.match(/pairs\[\["pairs<br\/>for each pair · [\d.]+ (µs|ms)"\]\]/);
    expect(text).to.match(/essays__words\["words<br\/>[\d.]+ (µs|ms)"\]/);
    expect(text).to.match(/style pairs fill:#f\w+,stroke:#bc4c00/);
  });
});

describe("a graph in Graphviz' language, and as SVG", () => {
  it("has clusters for what is nested", () => {
    const text = new Corpus().graph().toDot({ depth: 2, direction: "right" });
    expect(text).to.match(/^digraph "Corpus" \{/);
    expect(text).to.contain('rankdir="LR"');
    expect(text).to.contain('subgraph "cluster_essays" {');
    expect(text).to.contain('"essays.words" [label="words"');
    expect(text).to.match(/"vectors" \[label="vectors\\nin batches of 64" .*peripheries="2"\]/);
    expect(text).to.match(/"summary" \[.*penwidth="2.5"/);
    expect(text).to.contain('"texts" -> "essays.text" [penwidth="2"]');
  });

  it("is drawn without anything that has to be installed", async () => {
    const picture = await new Corpus().graph().toSvg({ depth: 2 });
    expect(picture).to.contain('<svg role="img" aria-label="the graph of Corpus"');
    // Boxes, and a title for each that is open.
    expect(picture.match(/class="node"/g)).to.have.length(18 + 2);
    expect(picture.match(/class="cluster"/g)).to.have.length(2);
    expect(picture).to.contain(">for each pair<").and.to.contain(">essays: Essay<");
    expect(picture.match(/>whole: Essay</g)).to.have.length(1);
    const hebrew = await new שאלות().graph().toSvg();
    expect(hebrew).to.contain(">תשובות<");
  });
});

describe("a picture's shape", () => {
  const aspectOf = (picture: string) => {
    const [, width, height] = /<svg [^>]*width="([\d.]+)pt" height="([\d.]+)pt"/.exec(picture)!;
    return Number(width) / Number(height);
  };
  const node = (name: string, ...on: string[]) => ({
    ...{ name, kind: "node" as const, options: [] },
    inputs: on.map((on) => ({ on, path: [], elements: false })),
  });
  const names = Array.from({ length: 15 }, (_, i) => `branch${i}`);
  const branches = names.flatMap((name) => [node(name, "root"), node(`${name}b`, name), node(`${name}c`, `${name}b`)]);
  const fan: GraphModel = {
    ...{ pipeline: "Fan", outputs: ["all"] },
    members: [node("root"), ...branches, node("all", ...names.map((name) => `${name}c`))],
  };

  for (const [what, sketch] of [
    ["opened pipelines", mixedSketch(46)],
    ["nodes crosswise", large(46)],
    ["fifteen branches", fan],
  ] as const) {
    it(`is at most three times as wide as it is tall, and the other way round, at some 46 members: ${what}`, async () => {
      expect(aspectOf(await svg(sketch, { depth: Number.POSITIVE_INFINITY }))).to.be.within(1 / 3, 3);
    });
  }

  it("is what the direction makes of it where that is said", async () => {
    expect(aspectOf(await svg(fan, { direction: "down" }))).to.be.greaterThan(3);
  });
});

describe("a graph that draws itself", () => {
  it("is the plain data it was", () => {
    const graph = new Corpus().graph();
    expect(graph).to.equal(new Corpus().graph());
    expect(Object.keys(graph)).to.deep.equal(["pipeline", "nodes", "edges", "outputs"]);
    expect(Object.isFrozen(graph)).to.equal(true);
  });
});
