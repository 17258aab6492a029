import { expect } from "chai";
import ts from "typescript";
import { sourceProgram } from "../support/messages.js";
import { CATEGORIES } from "../support/site/categories.js";
import { anchorsOf, rewriteLinks, type SitePage, sitePages, slugify } from "../support/site/links.js";

describe("the site", () => {
  const program = sourceProgram();
  const checker = program.getTypeChecker();
  const index = program.getSourceFiles().find(({ fileName }) => fileName.endsWith("/src/index.ts"))!;
  const exported = checker
    .getExportsOfModule(checker.getSymbolAtLocation(index)!)
    .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol));

  describe("has no link that leads nowhere", () => {
    const pages = sitePages();
    for (const [file, { text }] of pages) {
      it(file, () => expect(rewriteLinks(file, text, pages).dead).to.deep.equal([]));
    }
  });

  describe("rewrites links", () => {
    const page = (name: string, text: string): [string, SitePage] => [`docs/${name}`, { page: name, text }];
    const pages = new Map([page("a.md", ""), page("decisions/b.md", "# B\n\n## Two words\n\n## Two words\n")]);
    const cases: [from: string, text: string, expected: string, dead: string[]][] = [
      ["docs/a.md", "[b](decisions/b.md#two-words-1)", "[b](./decisions/b.md#two-words-1)", []],
      ["docs/decisions/b.md", "[a](../a.md)", "[a](../a.md)", []],
      ["docs/a.md", "[b](decisions/b.md#three)", "[b](./decisions/b.md#three)", ["docs/a.md: decisions/b.md#three"]],
      [
        "docs/a.md",
        "[c](c.md)",
        "[c](https://github.com/hypernodes/hypernodes/blob/main/docs/c.md)",
        ["docs/a.md: c.md"],
      ],
      [
        "docs/a.md",
        "[p](../src/pipeline.ts)",
        "[p](https://github.com/hypernodes/hypernodes/blob/main/src/pipeline.ts)",
        [],
      ],
      ["docs/a.md", "`[c](c.md)` [w](https://a.b/c)", "`[c](c.md)` [w](https://a.b/c)", []],
    ];
    for (const [from, text, expected, dead] of cases) {
      it(`${text} in ${from}`, () => expect(rewriteLinks(from, text, pages)).to.deep.equal({ text: expected, dead }));
    }

    it("with the anchors that GitHub gives headings", () => {
      expect(slugify("MISSING_INPUTS")).to.equal("missing_inputs");
      expect(slugify("`run` and errors: a list")).to.equal("run-and-errors-a-list");
      expect([...anchorsOf('# A\n```\n# b\n```\n## A\n## [C](d.md) e\n<a id="was"></a>')]).to.deep.equal([
        "a",
        "a-1",
        "c-e",
        "was",
      ]);
    });
  });

  it("has a category for each public name", () => {
    expect(Object.values(CATEGORIES).flat().sort()).to.deep.equal(exported.map(({ name }) => name).sort());
  });

  /** The tags that the documentation of a function lacks. */
  const lacks = (
    symbol: ts.Symbol,
    name: string,
    declaration: ts.SignatureDeclaration,
    needsExample: boolean,
  ): string[] => {
    const tags = symbol.getJsDocTags(checker).map((tag) => tag.name);
    const own = ts.getJSDocTags(declaration).map((tag) => tag.tagName.text);
    const all = new Set([...tags, ...own]);
    const returned = checker.getReturnTypeOfSignature(checker.getSignatureFromDeclaration(declaration)!);
    return [
      ...(declaration.parameters.length > 0 && !all.has("param") ? ["@param"] : []),
      ...(returned.flags & ts.TypeFlags.Void || all.has("returns") ? [] : ["@returns"]),
      ...(needsExample && !all.has("example") ? ["@example"] : []),
    ].map((tag) => `${name}: ${tag}`);
  };

  it("documents the parameters, the result and an example of each public function", () => {
    const found = exported.flatMap((symbol) => {
      const declaration = symbol.declarations?.find(ts.isFunctionDeclaration);
      return declaration === undefined ? [] : lacks(symbol, symbol.name, declaration, true);
    });
    expect(found).to.deep.equal([]);
  });

  it("documents the parameters and the result of each public method", () => {
    const found = exported.flatMap((symbol) =>
      (symbol.declarations ?? [])
        .filter((each) => ts.isClassDeclaration(each) || ts.isInterfaceDeclaration(each))
        .flatMap((each) => [...each.members])
        .filter((each) => ts.isMethodDeclaration(each) || ts.isMethodSignature(each))
        // The last one of several declarations is not public: it is the implementation.
        .filter(
          (each, _, all) =>
            !(
              ts.isMethodDeclaration(each) &&
              each.body &&
              all.some((other) => other !== each && other.name.getText() === each.name.getText())
            ),
        )
        .filter(
          (each) => !ts.getCombinedModifierFlags(each) || ts.getCombinedModifierFlags(each) & ts.ModifierFlags.Public,
        )
        .filter(
          (each) =>
            ts.isIdentifier(each.name) && !ts.getJSDocTags(each).some(({ tagName }) => tagName.text === "internal"),
        )
        .flatMap((each) => {
          const member = checker.getSymbolAtLocation(each.name)!;
          return lacks(member, `${symbol.name}.${member.name}`, each, false);
        }),
    );
    expect([...new Set(found)]).to.deep.equal([]);
  });
});
