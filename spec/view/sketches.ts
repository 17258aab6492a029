import type { GraphModel, Member } from "../../src/view/graph-model.js";

/** A pipeline of many nodes that take from each other, crosswise. */
export function large(nodes: number): GraphModel {
  const members = Array.from({ length: nodes }, (_, i) => ({
    name: `node${i}`,
    kind: "node" as const,
    inputs: [7, 11]
      .map((step) => i - 1 - ((i * step) % 13))
      .filter((on) => on >= 0)
      .map((on) => ({ on: `node${on}`, path: [], elements: i % 5 === 0 })),
    options: [],
  }));
  return { pipeline: "Large", outputs: [`node${nodes - 1}`], members };
}

const CHILD: GraphModel = {
  pipeline: "Cleaning",
  outputs: ["words"],
  members: [
    { name: "text", kind: "input", inputs: [], options: [] },
    { name: "language", kind: "input", inputs: [], options: [] },
    { name: "clean", kind: "node", inputs: [taken("text"), taken("language")], options: [] },
    { name: "words", kind: "node", inputs: [taken("clean")], options: [] },
  ],
};

function taken(on: string, input?: string) {
  return { on, path: [], elements: false, ...(input !== undefined && { input }) };
}

/**
 * A pipeline as people write them: inputs, a resource, nodes that take two or three of those before them, and nested pipelines.
 *
 * @param members how many there are with all pipelines opened.
 */
export function mixedSketch(members: number): GraphModel {
  const made: Member[] = [
    { name: "texts", kind: "input", inputs: [], options: [] },
    { name: "language", kind: "input", inputs: [], options: [] },
    { name: "limit", kind: "input", inputs: [], options: [] },
    { name: "model", kind: "resource", inputs: [], options: [] },
  ];
  for (let i = 0, count = made.length; count < members; i++) {
    const last = made.slice(-3 - (i % 4)).filter(({ kind }) => kind !== "input");
    const on = i < 3 ? ["texts"] : [...new Set([last[0], last.at(-1)])].flatMap((member) => member?.name ?? []);
    const isNested = i % 6 === 2 && count + CHILD.members.length <= members;
    if (isNested) {
      made.push({
        ...{ name: `cleaned${i}`, kind: "nested", mapped: "for each", options: [] },
        inputs: [taken(on[0]!, "text"), taken("language", "language")],
        nested: { model: CHILD, outputs: CHILD.outputs },
      });
      count += CHILD.members.length;
    } else {
      const also = i % 5 === 0 ? [taken("limit")] : i % 7 === 0 ? [taken("model")] : [];
      made.push({ name: `step${i}`, kind: "node", inputs: [...on.map((name) => taken(name)), ...also], options: [] });
      count++;
    }
  }
  return { pipeline: "Mixed", outputs: [made.at(-1)!.name], members: made };
}
