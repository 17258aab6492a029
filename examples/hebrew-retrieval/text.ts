/** Hebrew text made comparable: what is written in several ways becomes one. */

const MARKS = /[\u0591-\u05BD\u05BF\u05C1\u05C2\u05C4\u05C5\u05C7]/g; // niqqud and cantillation
const SEPARATORS = /[\u05BE\u05C0\u05C3\u05C6\u2010-\u2015-]/g; // maqaf, paseq, sof pasuq, dashes
const WORD = /[\p{L}\p{N}]+(?:["'][\p{L}\p{N}]+)*/gu;
const FINAL: Record<string, string> = { ך: "כ", ם: "מ", ן: "נ", ף: "פ", ץ: "צ" };
const PREFIXES = "ושהבלמכ";

/** Compatibility forms composed (NFKC), marks removed, one kind of quotation mark, lower case. */
export function normalise(text: string): string {
  return text
    .normalize("NFKC")
    .replace(MARKS, "")
    .replace(SEPARATORS, " ")
    .replace(/[\u05F4\u201C-\u201F]/g, '"')
    .replace(/[\u05F3\u2018-\u201B]/g, "'")
    .toLowerCase();
}

/** The words of a text: abbreviations without their marks (`רשב"י`), final letters as within a word. */
export function words(text: string): string[] {
  return (normalise(text).match(WORD) ?? []).map((word) =>
    word.replace(/["']/g, "").replace(/[ךםןףץ]/g, (letter) => FINAL[letter]!),
  );
}

/** A word, and what is left of it without one and two of the letters that Hebrew puts before it: and, that, the, in, to, from, as. */
export function withoutPrefixes(word: string): string[] {
  const forms = [word];
  for (let rest = word; forms.length < 3 && rest.length > 3 && PREFIXES.includes(rest[0]!); ) {
    rest = rest.slice(1);
    forms.push(rest);
  }
  return forms;
}
