/**
 * The text of a module with a pipeline of many nodes of all kinds, as an editor sees it: of ten, six are `@node`, two
 * `@mapOver`, one a batch, one `@nested`; every third has options; the last is an `@output`.
 *
 * @param nodes how many.
 * @param library what the decorators are imported from.
 * @param isDecorated false for the same class without decorators, for comparison.
 */
export function mixedPipeline(nodes: number, library: string, isDecorated = true): string {
  const members = Array.from({ length: nodes }, (_, i) => memberAt(i, nodes));
  const text = (decorator: string, member: string) => `  ${isDecorated ? `${decorator} ` : ""}${member}`;
  return `import { type Batch, type Each, input, mapOver, type Nested, nested, node, type Output, output, Pipeline } from "${library}";
export class Child extends Pipeline {
${text("@input()", "text!: string;")}
${text("@input()", "limit?: number = 1;")}
${text('@node("text", "limit")', "words(text: string, limit: number): string[] { return text.split(' ', limit); }")}
}
export class Many extends Pipeline {
${text("@input()", "texts!: string[];")}
${text("@input()", "title!: string;")}
${text("@input()", "limit?: number = 1;")}
${members.map(([decorator, member]) => text(decorator, member)).join("\n")}
}
`;
}

function memberAt(i: number, nodes: number): readonly [decorator: string, member: string] {
  /** The nearest member before that gives what is wanted. */
  const before = (kind: number, otherwise: string) => (i >= 10 ? `n${i - 10 - (i % 10) + kind}` : otherwise);
  const options = i % 3 === 0 ? ", { retries: 2, timeoutMs: 1_000 }" : "";
  if (i === nodes - 1) {
    return [
      `@output("${before(0, "limit")}", "texts")`,
      `n${i}(a: number, texts: string[]): Output<number> { return a + texts.length; }`,
    ];
  }
  switch (i % 10) {
    case 3:
      return [`@mapOver("texts"${options})`, `n${i}(text: string): Each<number> { return text.length; }`];
    case 5:
      return [
        `@mapOver(["${before(3, "texts")}", "texts"], "limit"${options})`,
        `n${i}(a: ${i >= 10 ? "number" : "string"}, text: string, limit: number): Each<{ a: ${i >= 10 ? "number" : "string"}; text: string; limit: number }> { return { a, text, limit }; }`,
      ];
    case 7:
      return [
        `@mapOver("texts", "limit", { batch: 8 })`,
        `n${i}(texts: string[], limit: number): Batch<string> { return texts.map((text) => text.slice(limit)); }`,
      ];
    case 9:
      return [`@nested(Child, { text: "title", limit: "limit" }, "words"${options})`, `n${i}!: Nested<string[]>;`];
    default:
      return [
        `@node("${before(0, "limit")}", "${before(9, "texts")}", "title"${options})`,
        `n${i}(a: number, words: string[], title: string): number { return a + words.length + title.length; }`,
      ];
  }
}
