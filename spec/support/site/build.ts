/**
 * `npm run docs:site [-- --base /folder/]`: builds the static site into `dist-site`, from the documents, the reference and the graph of an
 * example. Links that lead nowhere fail it.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { Application, Comment, type CommentDisplayPart, CommentTag, Converter, type ProjectReflection } from "typedoc";
import { build } from "vitepress";
import { HebrewRetrieval } from "../../../examples/hebrew-retrieval/retrieval.js";
import { CATEGORIES } from "./categories.js";
import { rewriteLinks, sitePages } from "./links.js";

/** The staged documents. */
const STAGE = ".site";
const OUT = "dist-site";

const { base } = parseArgs({ options: { base: { type: "string", default: "/" } } }).values;

rmSync(STAGE, { recursive: true, force: true });
stageDocuments();
await writeReference();
writeGraph();
mkdirSync(path.join(STAGE, ".vitepress"), { recursive: true });
writeFileSync(
  path.join(STAGE, ".vitepress", "config.mjs"),
  `import { siteConfig } from ${JSON.stringify(path.resolve("spec/support/site/config.ts"))};\nexport default siteConfig(${JSON.stringify(path.resolve(STAGE))}, ${JSON.stringify(base)});\n`,
);
await build(STAGE);
makeLinksRelative();

function stageDocuments(): void {
  const pages = sitePages();
  const dead: string[] = [];
  for (const [file, { page, text }] of pages) {
    const rewritten = rewriteLinks(file, text, pages);
    dead.push(...rewritten.dead);
    mkdirSync(path.dirname(path.join(STAGE, page)), { recursive: true });
    writeFileSync(
      path.join(STAGE, page),
      rewritten.text.replaceAll(/(\]\(|src=")(?:\.\/)?docs\/pictures\//g, "$1./pictures/"),
    );
  }
  if (dead.length > 0) throw new Error(`Links that lead nowhere:\n  ${dead.join("\n  ")}`);
  cpSync("docs/pictures", path.join(STAGE, "pictures"), { recursive: true });
}

/** Writes the reference: a page for each public name. */
async function writeReference(): Promise<void> {
  const app = await Application.bootstrapWithPlugins({
    plugin: ["typedoc-plugin-markdown"],
    entryPoints: ["src/index.ts"],
    tsconfig: "tsconfig.build.json",
    out: path.join(STAGE, "reference"),
    readme: "none",
    excludePrivate: true,
    excludeInternal: true,
    disableSources: true,
    categorizeByGroup: false,
    categoryOrder: Object.keys(CATEGORIES),
    hidePageHeader: true,
    hideBreadcrumbs: true,
  } as object);
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }: { readonly project: ProjectReflection }) =>
    addCategories(project),
  );
  const project = await app.convert();
  if (project === undefined) throw new Error("typedoc could not read the source");
  await app.generateOutputs(project);
  const index = path.join(STAGE, "reference", "README.md");
  writeFileSync(
    path.join(STAGE, "reference", "index.md"),
    readFileSync(index, "utf8").replace(/^# .*$/m, "# Reference"),
  );
  rmSync(index);
}

function addCategories(project: ProjectReflection): void {
  const categoryOf = new Map(
    Object.entries(CATEGORIES).flatMap(([category, names]) => names.map((name) => [name, category])),
  );
  for (const child of project.children ?? []) {
    const text: CommentDisplayPart[] = [{ kind: "text", text: categoryOf.get(child.name) ?? "Other" }];
    for (const documented of child.signatures ?? [child]) {
      documented.comment ??= new Comment();
      documented.comment.blockTags.push(new CommentTag("@category", text));
    }
  }
}

/** Writes the interactive graph of an example, and the page that shows it. */
function writeGraph(): void {
  mkdirSync(path.join(STAGE, "public"), { recursive: true });
  writeFileSync(path.join(STAGE, "public", "hebrew-retrieval.html"), new HebrewRetrieval().graph().toHtml());
  writeFileSync(
    path.join(STAGE, "example-graph.md"),
    `# Example graph

The graph of the [Hebrew retrieval](https://github.com/hypernodes/hypernodes/blob/main/examples/hebrew-retrieval/retrieval.ts), as \`graph().toHtml()\`
draws it: nested pipelines open and close, and a node shows its inputs and outputs. See [graphs](./graphs.md).

<a href="${base}hebrew-retrieval.html" target="_blank" rel="noreferrer">Open it in a page of its own</a>

<iframe src="${base}hebrew-retrieval.html" title="Graph of the Hebrew retrieval" style="width: 100%; height: 640px; border: 1px solid var(--vp-c-divider); border-radius: 8px"></iframe>
`,
  );
}

/** Makes the links of all pages relative, so that they also open as files, without a server. */
function makeLinksRelative(): void {
  for (const name of readdirSync(OUT, { recursive: true, encoding: "utf8" }).filter((each) => each.endsWith(".html"))) {
    if (name === "hebrew-retrieval.html") continue;
    const file = path.join(OUT, name);
    const up = "../".repeat(name.split(path.sep).length - 1) || "./";
    const html = readFileSync(file, "utf8").replaceAll(
      / (href|src)="(\/[^"]*)"/g,
      (whole, attribute: string, to: string) => {
        if (!to.startsWith(base)) return whole;
        const [target = "", anchor] = to.slice(base.length).split("#");
        const named = target === "" || target.endsWith("/") ? `${target}index.html` : target;
        const found = existsSync(path.join(OUT, named)) ? named : `${named}.html`;
        return ` ${attribute}="${up}${found}${anchor === undefined ? "" : `#${anchor}`}"`;
      },
    );
    writeFileSync(file, html);
  }
}
