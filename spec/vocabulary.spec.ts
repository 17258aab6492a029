import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import ts from "typescript";

/** The folders that speak the vocabulary: all of the source. */
const FOLDERS = ["src"];

/** The documents that speak it as well. */
const DOCUMENTS = ["README.md", "CONTRIBUTING.md", "docs"];

/** Words that have no place in a name, a comment or a message, each with the words that replace it. */
const WORDS: Readonly<Record<string, string>> = {
  anew: "again, new",
  asker: "purpose, caller",
  away: "remote",
  barren: "crash loop",
  begun: "started",
  crew: "worker pool",
  crowded: "hadCoTenants",
  dragged: "evicted, collateral",
  elsewhere: "remote, another host",
  errand: "task",
  errands: "tasks",
  fragment: "stage",
  fragments: "stages",
  halved: "bisected",
  happening: "event",
  happenings: "events",
  hear: "receive, listener",
  heard: "received, emitted",
  hears: "receives",
  landed: "converted, received",
  lands: "is converted, is received",
  remember: "cache, memoize",
  remembered: "cached",
  remembers: "caches",
  standing: "context",
  stillborn: "failed to start",
  telling: "emitting, reporting",
  tell: "emit, print, return",
  told: "emitted, printed, returned",
  travel: "be serialized",
  travels: "is serialized",
  trip: "task, submission",
  trips: "tasks, submissions",
  upward: "frame writer",
  visit: "task (sent to a worker), walk (of a graph)",
  visiting: "task, in flight",
  visitor: "executor",
  visitors: "maxInFlight",
  visits: "tasks",
};

/** Words with an ordinary meaning of their own in the sentences of a document. */
const ORDINARY = new Set(["away", "elsewhere", "standing", "tell"]);

/** Words that have no place in the prose of a document: outside of code. */
const OF_PROSE: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(WORDS).filter(([word]) => !ORDINARY.has(word)),
);

/** Parts of names only: in a sentence these words have a meaning of their own. */
const NAMES: Readonly<Record<string, string>> = {
  company: "isolation",
  kept: "cached, stored",
  said: "declared, parsed",
  says: "describes",
  straight: "fast path",
  suspected: "isSuspect",
  tells: "is, has",
};

/** Two words of a name. */
const PAIRS: Readonly<Record<string, string>> = { "go on": "continue, resume", "under way": "in progress, in flight" };

const OF_NAMES: Readonly<Record<string, string>> = { ...WORDS, ...NAMES, ...PAIRS };

/** Sentences that were said of people, and are of programs now. */
const PHRASES: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/\bunder way\b/i, "in progress, in flight"],
  [/\blets? go of\b/i, "release, close, evict"],
  [/\b(?:comes?|goes|go|takes?) home\b|\bat home\b/i, "is returned, is sent, in the main thread"],
  [/\bstraight run\b/i, "fast path"],
  [/\bgo(?:es)? on (?:where|with)\b/i, "continue"],
  [/\btells(?! if\b)/i, "emits, prints, reports; in a docstring, Tells if is fine"],
  [/\b(?:it|is|are) no (?:JSON|list|function|value)\b/, "is not a"],
  [/\bwhoever\b/i, "the caller, a class that"],
];

/** Phrases of titles: a title is a promise in plain English, and needs no table to be understood. */
const OF_TITLES: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/^\W*(?:fault |row )?\d+(?:, \d+| to \d+)*:/, "a promise, without the number of a row"],
  [/\bgo(?:es)? on\b/i, "continues"],
  [/\b(?:on their|on its|on the) way\b/i, "while they start, in transit"],
  [/\b(?:barren|dear|house|stragglers?|torn)\b/i, "a plain word"],
];

/** A docstring begins with the thing, or with a verb. */
const OPENING = /^(?:What|Whatever|Who|Whoever|Whose|Whether|How|Where|Which|When)\b/;

interface OldWord {
  readonly place: string;
  readonly text: string;
}

describe("the vocabulary", () => {
  const files = FOLDERS.flatMap(typescriptIn).map((file) => parse(file, readFileSync(file, "utf8")));

  it("has files to look at in each of its folders", () => {
    expect(FOLDERS.filter((folder) => typescriptIn(folder).length === 0)).to.deep.equal([]);
  });

  for (const [what, find] of [
    ["names", badNames],
    ["comments and messages", badTexts],
    ["openings of docstrings", badOpenings],
  ] as const) {
    it(`has no old words in ${what}`, () => {
      const found = files.flatMap(find);
      expect(found, found.map(({ place, text }) => `${place}: ${text}`).join("\n")).to.deep.equal([]);
    });
  }

  it("has no old words, metaphors or numbers of rows in titles of specs", () => {
    const found = typescriptIn("spec").flatMap((file) => badTitles(parse(file, readFileSync(file, "utf8"))));
    expect(found, found.map(({ place, text }) => `${place}: ${text}`).join("\n")).to.deep.equal([]);
  });

  it("has no old words in the prose of documents", () => {
    const documents = DOCUMENTS.flatMap((name) => filesIn(name, /\.md$/));
    expect(documents).to.include.members([
      "README.md",
      "CONTRIBUTING.md",
      path.join("docs", "cache.md"),
      path.join("docs", "decisions", "threads.md"),
    ]);
    const found = documents.flatMap((file) => badProse(file, readFileSync(file, "utf8")));
    expect(found, found.map(({ place, text }) => `${place}: ${text}`).join("\n")).to.deep.equal([]);
  });

  describe("finds in prose", () => {
    const cases: readonly (readonly [text: string, found: readonly string[]])[] = [
      ["A chunk\nis a **visit**.", ['a.md:2: for "visit" write task (sent to a worker), walk (of a graph)']],
      ["# Told\n\n| it | comes home |", ['a.md:1: for "Told"', 'a.md:3: for "comes home"']],
      ["- work that is under\n  way", ['a.md:1: for "under way" write in progress, in flight']],
      ["```ts\nvisit();\n```\n\n[Anew](c.md)", ['a.md:5: for "Anew" write again, new']],
      ["`visit` and whoever `told` it", ['a.md:1: for "whoever"']],
      ["| word | meaning | not |\n| --- | --- | --- |\n| task | work | visit |\n\nTold.", ['a.md:5: for "Told"']],
      ["```ts\nvisit();\n```", []],
      ["- a block:\n\n  ````md\n  ```\n  told\n  ```\n  ````\n", []],
      ["`told` ``visit ` told`` [a](told.md#visit)", []],
      ["Unvisited nodes tell of a trippy crewman, far away.", []],
    ];
    for (const [text, expected] of cases) {
      it(JSON.stringify(text), () => {
        const found = badProse("a.md", text).map((each) => `${each.place}: ${each.text}`);
        expect(found.length, found.join("\n")).to.equal(expected.length);
        for (const [i, beginning] of expected.entries())
          expect(found[i]).to.satisfy((each: string) => each.startsWith(beginning));
      });
    }
  });

  describe("finds in titles", () => {
    for (const [title, text] of [
      ["tells of it", 'for "tells" write emits'],
      ["12: a chain", "without the number of a row"],
      ["31 to 33: a chain", "without the number of a row"],
      ["holds up no straggler", 'for "straggler" write a plain word'],
      ["and the run goes on", 'for "goes on" write continues'],
    ] as const) {
      it(JSON.stringify(title), () => {
        for (const call of ["it", "describe", "it.skip"]) {
          const found = badTitles(parse("a.ts", `${call}(${JSON.stringify(title)}, () => {});`));
          expect(found.map((each) => each.text).join("\n")).to.contain(text);
        }
      });
    }
  });

  describe("finds", () => {
    const cases: readonly (readonly [source: string, text: string])[] = [
      ["const toldEvents = 1;", 'toldEvents: for "told" write emitted, printed, returned'],
      ["class A { #isRemembered = 1 }", '#isRemembered: for "remembered" write cached'],
      ["let MOST_VISITS = 1;", 'MOST_VISITS: for "visits" write tasks'],
      ["function isUnderWay() {}", 'isUnderWay: for "under way" write in progress, in flight'],
      ["interface A { readonly goOnAt: number }", 'goOnAt: for "go on" write continue, resume'],
      ["// it runs elsewhere", 'for "elsewhere" write remote, another host'],
      ["const message = `it is under way`;", 'for "under way" write in progress, in flight'],
      ['fail("it can\'t travel");', 'for "travel" write be serialized'],
      ["/** Lets go of all. */\nconst a = 1;", 'for "Lets go of" write release, close, evict'],
      ["/** What it is. */\nconst a = 1;", 'a docstring begins with "What": begin with the thing, or with a verb'],
      ["interface A {\n  /**\n   * Whether it is.\n   */\n  b: 1;\n}", 'begins with "Whether"'],
    ];
    for (const [source, text] of cases) {
      it(source, () => {
        const file = parse("a.ts", source);
        const found = [badNames, badTexts, badOpenings].flatMap((find) => find(file));
        expect(found.map((each) => each.text).join("\n")).to.contain(text);
        expect(found.every(({ place }) => /^a\.ts:\d+$/.test(place))).to.equal(true);
      });
    }

    for (const source of [
      "const foretold = retelling(visitedNodes, stories);",
      "/** Tells if a value is an error. */\nconst isError = 1;",
      'import { tell } from "another-library";',
      "library.tell();",
    ]) {
      it(`nothing in ${source}`, () => {
        const file = parse("a.ts", source);
        expect([badNames, badTexts, badOpenings].flatMap((find) => find(file))).to.deep.equal([]);
      });
    }
  });
});

function typescriptIn(folder: string): string[] {
  return filesIn(folder, /(?<!\.d)\.ts$/);
}

/** A file, or the files of a folder whose paths match. */
function filesIn(name: string, pattern: RegExp): string[] {
  if (!statSync(name).isDirectory()) return [name];
  return readdirSync(name, { recursive: true })
    .map((inner) => path.join(name, String(inner)))
    .filter((file) => pattern.test(file));
}

function parse(file: string, text: string): ts.SourceFile {
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
}

function placeIn(file: ts.SourceFile, at: number): string {
  return `${file.fileName}:${file.getLineAndCharacterOfPosition(at).line + 1}`;
}

function nodesOf(file: ts.SourceFile): ts.Node[] {
  const nodes: ts.Node[] = [file];
  for (const node of nodes) nodes.push(...node.getChildren(file));
  return nodes;
}

/** Names that are declared: those that are only used may be another library's. */
function badNames(file: ts.SourceFile): OldWord[] {
  return nodesOf(file).flatMap((node) => {
    if (!ts.isIdentifier(node) && !ts.isPrivateIdentifier(node)) return [];
    const { parent } = node as { parent: ts.Node & { readonly name?: ts.Node } };
    const isDeclared = parent.name === node && !ts.isPropertyAccessExpression(parent) && !ts.isImportSpecifier(parent);
    if (!isDeclared) return [];
    // The keys of the table of error codes are values: codes stay as they are.
    if (file.fileName === path.join("src", "error-codes.ts") && ts.isPropertyAssignment(parent)) return [];
    const parts = node.text
      .replace("#", "")
      .split(/_|(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/)
      .map((part) => part.toLowerCase());
    const pairs = parts.slice(1).map((part, i) => `${parts[i]} ${part}`);
    return [...parts, ...pairs]
      .filter((part) => Object.hasOwn(OF_NAMES, part))
      .map((part) => ({
        place: placeIn(file, node.getStart(file)),
        text: `${node.text}: for "${part}" write ${OF_NAMES[part]}`,
      }));
  });
}

function badTexts(file: ts.SourceFile): OldWord[] {
  return [...commentsOf(file), ...messagesOf(file)].flatMap(({ at, text }) =>
    oldWordsIn(text, WORDS).map((found) => ({ place: placeIn(file, at + found.at), text: found.text })),
  );
}

function badTitles(file: ts.SourceFile): OldWord[] {
  return nodesOf(file).flatMap((node) => {
    if (!ts.isCallExpression(node) || !/^(?:describe|it)(?:\.\w+)?$/.test(node.expression.getText(file))) return [];
    const title = node.arguments[0]?.getText(file) ?? "";
    return oldWordsIn(title, WORDS, [...PHRASES, ...OF_TITLES]).map(({ text }) => ({
      place: placeIn(file, node.getStart(file)),
      text: `${title}: ${text}`,
    }));
  });
}

function badProse(file: string, text: string): OldWord[] {
  return oldWordsIn(proseOf(text), OF_PROSE)
    .sort((a, b) => a.at - b.at)
    .map((found) => ({ place: `${file}:${text.slice(0, found.at).split("\n").length}`, text: found.text }));
}

/** Fences; code in a line; targets of links; and the table of CONTRIBUTING.md that names the old words. */
const NO_PROSE = [
  /^ *(`{3,})[^\n]*\n[\s\S]*?^ *\1 *$/gm,
  /(?<!`)(`+)(?!`)(?:(?!\n\n)[\s\S])*?(?<!`)\1(?!`)/g,
  /(?<=\]\()[^)\s]*/g,
  /^\| word \| meaning \| not \|\n(?:\|.*\n)+/gm,
];

/** The sentences of a document, at their positions. */
function proseOf(text: string): string {
  const blank = (code: string) => code.replace(/[^\n]/g, "\0");
  return NO_PROSE.reduce((rest, pattern) => rest.replace(pattern, blank), text);
}

/** Old words and phrases of a text, and their positions in it. */
function oldWordsIn(text: string, words: Readonly<Record<string, string>>, phrases = PHRASES): Text[] {
  const pattern = new RegExp(`\\b(?:${Object.keys(words).join("|")})\\b`, "gi");
  return [
    ...[...text.matchAll(pattern)].map(({ 0: word, index }) => ({
      at: index,
      text: `for "${word}" write ${words[word.toLowerCase()]}`,
    })),
    ...phrases.flatMap(([{ source, flags }, replacement]) => {
      // A line may end inside of a phrase.
      const phrase = new RegExp(source.replaceAll(" ", "(?: +| *\\n *)"), `${flags}g`);
      return [...text.matchAll(phrase)].map(({ 0: found, index }) => ({
        at: index,
        text: `for "${found.replace(/\s+/g, " ")}" write ${replacement}`,
      }));
    }),
  ];
}

function badOpenings(file: ts.SourceFile): OldWord[] {
  return commentsOf(file).flatMap(({ at, text }) => {
    const opening = OPENING.exec(/^\/\*\*[\s*]*(.*)/.exec(text)?.[1] ?? "")?.[0];
    if (opening === undefined) return [];
    const advice = "begin with the thing, or with a verb";
    return [{ place: placeIn(file, at), text: `a docstring begins with "${opening}": ${advice}` }];
  });
}

interface Text {
  readonly at: number;
  readonly text: string;
}

function commentsOf(file: ts.SourceFile): Text[] {
  const { text } = file;
  const comments = new Map<number, Text>();
  for (const node of nodesOf(file)) {
    for (const range of [
      ...(ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(text, node.getEnd()) ?? []),
    ]) {
      comments.set(range.pos, { at: range.pos, text: text.slice(range.pos, range.end) });
    }
  }
  return [...comments.values()];
}

/** Texts of several words: one word is a key, a name or a kind. */
function messagesOf(file: ts.SourceFile): Text[] {
  return nodesOf(file)
    .filter(
      (node) => ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node),
    )
    .map((node) => ({ at: node.getStart(file), text: node.getText(file) }))
    .filter(({ text }) => /[a-z] [a-z]/i.test(text));
}
