import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";

/** The text of a Markdown document without its code blocks. */
function proseOf(file: string): string {
  return readFileSync(file, "utf8").replaceAll(/^```[\s\S]*?^```$/gm, "");
}

/** The anchors of a document, as GitHub makes them of headings, and those written as `<a id="..."></a>`. */
function anchorsOf(markdown: string): Set<string> {
  const counts = new Map<string, number>();
  const anchors = [...markdown.matchAll(/^#{1,6} (.+)$/gm)].map(([, title]) => {
    const words = title!
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, "")
      .replaceAll(" ", "-");
    const count = counts.get(words) ?? 0;
    counts.set(words, count + 1);
    return count === 0 ? words : `${words}-${count}`;
  });
  const explicit = [...markdown.matchAll(/<a id="([^"]+)"><\/a>/g)].map(([, id]) => id!);
  return new Set([...anchors, ...explicit]);
}

/** The targets of links and pictures within the repository. */
function linksOf(markdown: string): string[] {
  const plain = markdown.replaceAll(/`[^`\n]*`/g, "`code`");
  return [...plain.matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g)]
    .map(([, to]) => to!)
    .filter((to) => !/^[a-z][a-z\d+.-]*:/i.test(to));
}

/** The links of a document that lead nowhere. */
function deadLinksOf(file: string, markdown: string, anchors: (file: string) => Set<string>): string[] {
  return linksOf(markdown).filter((link) => {
    const [to, anchor] = link.split("#") as [string, string?];
    const target = to === "" ? file : path.join(path.dirname(file), to);
    if (!existsSync(target)) return true;
    if (anchor === undefined) return false;
    return statSync(target).isDirectory() || !anchors(target).has(anchor);
  });
}

describe("the documents' links", () => {
  const documents = [
    ...readdirSync(".").map(String),
    ...readdirSync("docs", { recursive: true }).map((name) => path.join("docs", String(name))),
  ].filter((name) => name.endsWith(".md"));

  for (const file of documents) {
    it(`lead to files and headings that exist: ${file}`, () => {
      expect(deadLinksOf(file, proseOf(file), (target) => anchorsOf(proseOf(target)))).to.deep.equal([]);
    });
  }

  it("are seen: files, headings and pictures that do not exist", () => {
    const anchors = () => anchorsOf("# Two words\n\n## `code` & [link](x.md)\n\n## Two words\n");
    const text = (links: string[]) => links.map((link) => `[a](${link}) ![b](${link})`).join("\n");
    const dead = ["none.md", "docs/none.md#two-words", "README.md#three-words", "#two-words-2"];
    const alive = ["README.md", "README.md#two-words", "#code--link", "#two-words-1", "docs", "https://example.org/#x"];
    expect(deadLinksOf("README.md", text(dead), anchors)).to.deep.equal(dead.flatMap((link) => [link, link]));
    expect(deadLinksOf("README.md", text(alive), anchors)).to.deep.equal([]);
  });
});
