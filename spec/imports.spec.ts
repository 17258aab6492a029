import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";

/**
 * The folders and files of `src` that each one may import, besides itself. Imports run one way: a name is listed below those that it
 * imports. Two folders that import each other are never listed.
 */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  "error-codes.ts": [],
  "errors.ts": ["error-codes.ts", "util"],
  util: ["errors.ts"],
  dsl: ["errors.ts", "util"],
  graph: ["dsl"],
  values: ["graph"],
  cache: ["values"],
  engine: ["cache"],
  placement: ["engine"],
  observe: ["engine"],
  view: ["engine", "observe"],
  "run-options.ts": ["observe"],
  "run-option-rules.ts": ["run-options.ts"],
  "pipeline.ts": ["placement", "run-option-rules.ts", "view"],
  "index.ts": ["pipeline.ts"],
  "require.cjs": ["index.ts"],
  cli: ["index.ts"],
};

/** The same for the folders and files of `src/engine`. */
const ENGINE: Readonly<Record<string, readonly string[]>> = {
  "settings.ts": [],
  elements: [],
  failures: ["elements"],
  "run-cache": ["program", "settings.ts"],
  lifecycle: ["failures", "elements", "run-cache"],
  program: ["failures", "elements"],
  "execution-context.ts": ["program", "lifecycle", "settings.ts"],
  "executor.ts": ["execution-context.ts"],
  scheduler: ["executor.ts"],
  inline: ["scheduler"],
  caching: ["executor.ts"],
  chunks: ["executor.ts"],
  remote: ["chunks"],
  threads: ["chunks"],
  routing: ["remote", "threads"],
  "execute-plan.ts": ["routing", "inline", "caching", "scheduler"],
  "run.ts": ["execute-plan.ts"],
  "stream.ts": ["run.ts"],
  "dry-run.ts": ["run.ts"],
  worker: ["run.ts"],
};

const sourceFiles = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => path.join(folder, name))
    .filter((name) => name.endsWith(".ts"));

const importsOf = (file: string): string[] =>
  [...readFileSync(file, "utf8").matchAll(/(?:from|import\()\s*"(\.{1,2}\/[^"]+)"/g)].map(([, to]) =>
    path.join(path.dirname(file), to!),
  );

/** The names that may be imported, directly or through others. */
function reachable(name: string, table: Readonly<Record<string, readonly string[]>>, found = new Set<string>()) {
  for (const next of table[name] ?? []) {
    if (found.has(next)) continue;
    found.add(next);
    reachable(next, table, found);
  }
  return found;
}

function wrongImports(root: string, table: Readonly<Record<string, readonly string[]>>): string[] {
  const partOf = (file: string) => path.relative(root, file).split(path.sep)[0]!.replace(/\.js$/, ".ts");
  return sourceFiles(root).flatMap((file) => {
    const from = partOf(file);
    const allowed = reachable(from, table);
    return importsOf(file)
      .filter((to) => to.startsWith(root + path.sep))
      .filter((to) => partOf(to) !== from && !allowed.has(partOf(to)))
      .map((to) => `${file} imports ${to}`);
  });
}

describe("imports run one way", () => {
  it("between the folders of src", () => {
    expect(wrongImports("src", FOLDERS)).to.deep.equal([]);
  });

  it("between the parts of the engine", () => {
    expect(wrongImports(path.join("src", "engine"), ENGINE)).to.deep.equal([]);
  });

  it("and each folder is in a table", () => {
    const parts = (root: string) => readdirSync(root).filter((name) => !name.endsWith(".d.ts"));
    expect(parts("src").filter((name) => !(name in FOLDERS))).to.deep.equal([]);
    expect(parts(path.join("src", "engine")).filter((name) => !(name in ENGINE))).to.deep.equal([]);
  });

  it("never back: no folder can reach itself", () => {
    for (const table of [FOLDERS, ENGINE]) {
      const circles = Object.keys(table).filter((name) => reachable(name, table).has(name));
      expect(circles.filter((name) => !["errors.ts", "util"].includes(name))).to.deep.equal([]);
    }
  });

  it("and the documents name files that exist", () => {
    const texts = ["CONTRIBUTING.md", "docs/architecture.md"].map((file) => readFileSync(file, "utf8")).join("\n");
    const named = [...texts.matchAll(/`((?:src|spec)\/[\w./-]+)`/g)].map(([, file]) => file!);
    expect(named).to.have.lengthOf.at.least(20);
    expect(named.filter((file) => !existsSync(file))).to.deep.equal([]);
    const all = sourceFiles("src");
    const short = [...readFileSync("docs/architecture.md", "utf8").matchAll(/`([\w/-]+\.ts)`/g)].map(
      ([, file]) => file!,
    );
    expect(short.filter((file) => !all.some((each) => each.endsWith(`/${file}`)))).to.deep.equal([]);
  });
});
