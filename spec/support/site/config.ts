import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { CATEGORIES } from "./categories.js";
import { slugify } from "./links.js";

interface Item {
  readonly text: string;
  readonly link?: string;
  readonly collapsed?: boolean;
  readonly items?: readonly Item[];
}

/** The guides in the order of the sidebar; others come behind them, by their names. */
const GUIDES = [
  ...[
    "tutorial",
    "language",
    "running",
    "cache",
    "threads",
    "local-process",
    "modal",
    "gpu",
    "scaling",
    "observing",
    "graphs",
  ],
  ...["command-line", "testing", "values", "reliability", "neural-tutorial", "architecture"],
];
/** Documents that have a place of their own in the sidebar. */
const OTHERS = new Set(["index", "coming-from", "troubleshooting", "benchmarks", "contributing", "changelog"]);

/** Makes VitePress's configuration for the staged documents of a folder. */
export function siteConfig(folder: string, base: string): Record<string, unknown> {
  return {
    base,
    title: "hypernodes",
    description: "Typed, decorator-based data pipelines for TypeScript",
    head: [["link", { rel: "icon", href: "data:," }]],
    outDir: "../dist-site",
    cacheDir: "./.vitepress/cache",
    markdown: { anchor: { slugify } },
    themeConfig: {
      search: { provider: "local" },
      outline: [2, 3],
      nav: [
        { text: "Guides", link: "/tutorial" },
        { text: "Troubleshooting", link: "/troubleshooting" },
        { text: "Reference", link: "/reference/" },
        { text: "Example graph", link: "/example-graph" },
      ],
      sidebar: sidebarOf(folder),
      socialLinks: [{ icon: "github", link: "https://github.com/hypernodes/hypernodes" }],
    },
  };
}

function sidebarOf(folder: string): Item[] {
  const names = documentsIn(folder).filter((name) => !OTHERS.has(name) && name !== "example-graph");
  const guides = [...GUIDES.filter((name) => names.includes(name)), ...names.filter((name) => !GUIDES.includes(name))];
  const section = (text: string, under: string, collapsed = false): Item[] => {
    const items = documentsIn(path.join(folder, under)).map((name) => itemOf(folder, `${under}/${name}`));
    return items.length === 0 ? [] : [{ text, collapsed, items }];
  };
  const single = (name: string): Item[] => (existsSync(path.join(folder, `${name}.md`)) ? [itemOf(folder, name)] : []);
  return [
    { text: "Overview", link: "/" },
    { text: "Guides", items: guides.map((name) => itemOf(folder, name)) },
    ...section("Recipes", "recipes"),
    ...single("coming-from"),
    ...section("Coming from", "coming-from"),
    ...single("example-graph"),
    ...single("troubleshooting"),
    { text: "Reference", link: "/reference/", collapsed: true, items: referenceOf(folder) },
    ...section("Decisions", "decisions", true),
    ...single("benchmarks"),
    ...single("contributing"),
    ...single("changelog"),
  ];
}

function referenceOf(folder: string): Item[] {
  const reference = path.join(folder, "reference");
  const pages = new Map(
    readdirSync(reference, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .map((name) => [path.basename(name, ".md"), `/reference/${name.replaceAll(path.sep, "/").replace(/\.md$/, "")}`]),
  );
  return Object.entries(CATEGORIES).map(([text, names]) => ({
    text,
    collapsed: true,
    items: names.map((name) => ({ text: name, link: pages.get(name)! })),
  }));
}

function documentsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".md"))
    .map((name) => path.basename(name, ".md"))
    .sort();
}

function itemOf(folder: string, name: string): Item {
  const title = /^# (.+)$/m.exec(readFileSync(path.join(folder, `${name}.md`), "utf8"))?.[1] ?? name;
  return { text: title.replaceAll("`", ""), link: `/${name}` };
}
