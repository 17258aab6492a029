import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** Address of a file of the repository that is not a page of the site. */
const REPOSITORY = "https://github.com/hypernodes/hypernodes/blob/main/";

/** A document of the repository that is a page of the site. */
export interface SitePage {
  /** Path of the page in the site: `threads.md`. */
  readonly page: string;
  readonly text: string;
}

/** Returns the pages of the site by the documents that they are made from. */
export function sitePages(): Map<string, SitePage> {
  const documents = readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => [path.join("docs", name), name]);
  const pages = [
    ["README.md", "index.md"],
    ["CONTRIBUTING.md", "contributing.md"],
    ["CHANGELOG.md", "changelog.md"],
    ["SECURITY.md", "security-policy.md"],
    ["CODE_OF_CONDUCT.md", "code-of-conduct.md"],
    ...documents,
  ];
  return new Map(pages.map(([file, page]) => [file!, { page: page!, text: readFileSync(file!, "utf8") }]));
}

/** Returns the anchor that GitHub gives a heading; the site uses the same, so that links work in both. */
export function slugify(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/g, "-");
}

/** Returns the anchors of a document: those of its headings, and `<a id="..."></a>`. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading] of withoutCode(text).matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = slugify(heading!.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1"));
    let unique = slug;
    for (let i = 1; anchors.has(unique); i++) unique = `${slug}-${i}`;
    anchors.add(unique);
  }
  // Those of headings that had another title.
  for (const [, id] of withoutCode(text).matchAll(/<a id="([^"]+)"><\/a>/g)) anchors.add(id!);
  return anchors;
}

/**
 * Rewrites the links of a document for the site: to other documents, and to files of the repository.
 *
 * @param file path of the document in the repository.
 * @param pages the site's pages by the documents that they are made from, with their texts.
 * @returns the text, and the links that lead nowhere.
 */
export function rewriteLinks(
  file: string,
  text: string,
  pages: ReadonlyMap<string, SitePage>,
): { readonly text: string; readonly dead: readonly string[] } {
  const dead: string[] = [];
  const { page } = pages.get(file)!;
  const rewritten = replaceOutsideCode(
    text,
    /\]\(\s*(?!https?:|mailto:)([^)\s#]*)(#[^)\s]*)?\)/g,
    (whole, to = "", anchor = "") => {
      const target = to === "" ? file : path.join(path.dirname(file), to);
      const linked = pages.get(target);
      if (linked !== undefined) {
        if (anchor !== "" && !anchorsOf(linked.text).has(anchor.slice(1))) dead.push(`${file}: ${to}${anchor}`);
        return to === "" ? whole : `](${relative(page, linked.page)}${anchor})`;
      }
      if (!existsSync(target)) dead.push(`${file}: ${to}`);
      if (/\.(?:svg|png)$/.test(to)) return whole;
      return `](${REPOSITORY}${target}${anchor})`;
    },
  );
  return { text: rewritten, dead };
}

function relative(from: string, to: string): string {
  const found = path.relative(path.dirname(from), to);
  return found.startsWith(".") ? found : `./${found}`;
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, "");
}

/** Replaces in the parts of a document that are not code. */
function replaceOutsideCode(
  text: string,
  pattern: RegExp,
  replace: (whole: string, to?: string, anchor?: string) => string,
): string {
  return text
    .split(/(^```[\s\S]*?^```$|`[^`\n]+`)/gm)
    .map((part, i) => (i % 2 === 1 ? part : part.replaceAll(pattern, replace)))
    .join("");
}
