import { expect } from "chai";
import ts from "typescript";
import { sourceProgram } from "../support/messages.js";
import { CATEGORIES } from "../support/site/categories.js";
import { compileExamples, examplesOf } from "../support/site/examples.js";
import { anchorsOf, rewriteLinks, type SitePage, sitePages, slugify } from "../support/site/links.js";
import { throwFinder } from "../support/throws.js";

/** Names of numbers that have a unit. */
const QUANTITY =
  /(?:^(?:bytes|age|delay|timeout|duration|time|size|memory|at|interval)|Ms|MiB|Mb|Bytes|Age|Time|Size|At)$/;
const UNIT = /millisecond|\bms\b|second|byte|\bMiB\b|number of elements/i;

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

  it("has an example for each public name, and those of types and classes compile", async () => {
    const isFunction = (symbol: ts.Symbol) => symbol.declarations?.some(ts.isFunctionDeclaration) === true;
    const examples = exported.flatMap((symbol) =>
      examplesOf(symbol).map((code) => ({ name: symbol.name, code, isCompiled: !isFunction(symbol) })),
    );
    const names = exported.map(({ name }) => name);
    expect(names.filter((name) => !examples.some((each) => each.name === name && each.code !== ""))).to.deep.equal([]);
    const compiled = examples.filter(({ isCompiled, code }) => isCompiled && !code.includes("{ ... }"));
    expect(compiled).to.have.lengthOf.at.least(80);
    const wrong = { name: "Wrong", code: "const depth: DrawOptions = { depht: 1 };\n" };
    const [problem, ...others] = await compileExamples([wrong, ...compiled], names);
    expect(problem).to.match(/^Wrong: .*depht/);
    expect(others.join("\n")).to.equal("");
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

  it("documents the errors of each public function and method that throws", () => {
    const canThrow = throwFinder(checker);
    const callables = exported.flatMap((symbol) =>
      (symbol.declarations ?? []).flatMap((each): [string, ts.Symbol, ts.FunctionLikeDeclaration][] => {
        if (ts.isFunctionDeclaration(each)) return [[symbol.name, symbol, each]];
        if (!ts.isClassDeclaration(each)) return [];
        return each.members
          .filter((member) => ts.isMethodDeclaration(member) || ts.isGetAccessor(member))
          .filter(({ name }) => ts.isIdentifier(name))
          .map((member) => [
            `${symbol.name}.${member.name.getText()}`,
            checker.getSymbolAtLocation(member.name)!,
            member,
          ]);
      }),
    );
    const throwing = callables.filter(([, , callable]) => canThrow(callable));
    const names = throwing.map(([name]) => name);
    expect(names).to.include.members(["Pipeline.run", "Pipeline.graph", "Pipeline.missingInputs", "sqlite", "digest"]);
    expect(names).not.to.include("HypernodesError.docsUrl");
    const hasThrows = (symbol: ts.Symbol) => symbol.getJsDocTags(checker).some(({ name }) => name === "throws");
    expect(throwing.filter(([, symbol]) => !hasThrows(symbol)).map(([name]) => name)).to.deep.equal([]);
  });

  it("documents the unit of each public number that is a time or a size", () => {
    const seen: string[] = [];
    const lacking: string[] = [];
    const visit = (node: ts.Node, owner: string) => {
      if ((ts.isPropertySignature(node) || ts.isPropertyDeclaration(node)) && node.type?.getText().includes("number")) {
        const name = node.name.getText();
        if (QUANTITY.test(name)) {
          seen.push(`${owner}.${name}`);
          const text = ts
            .getJSDocCommentsAndTags(node)
            .map((each) => each.getText())
            .join("\n");
          if (!UNIT.test(text)) lacking.push(`${owner}.${name}`);
        }
      }
      ts.forEachChild(node, (child) => visit(child, owner));
    };
    // What an exported type is made of is in the same file.
    const files = new Set(
      exported.flatMap(({ declarations }) => (declarations ?? []).map((each) => each.getSourceFile())),
    );
    for (const statement of [...files].flatMap((file) => [...file.statements])) {
      if (
        ts.isInterfaceDeclaration(statement) ||
        ts.isClassDeclaration(statement) ||
        ts.isTypeAliasDeclaration(statement)
      ) {
        // Checked options, with their defaults, are not public.
        if (!statement.name?.text.startsWith("Resolved")) visit(statement, statement.name?.text ?? "");
      }
    }
    expect(seen).to.include.members(["NodeOptions.timeoutMs", "ModalOptions.memoryMiB", "PruneOptions.maxBytes"]);
    expect(lacking).to.deep.equal([]);
  });
});
