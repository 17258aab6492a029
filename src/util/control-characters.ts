/**
 * Characters that control a terminal, or that change the order in which it shows others: C0 and C1 controls, line and
 * paragraph separators, and the marks, embeddings, overrides and isolates of bidirectional text.
 */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff]/gu;
const SHORT: Readonly<Record<string, string>> = { "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r" };

/**
 * Makes text from data safe to print: control characters are escaped as in JSON, `\u001b`.
 *
 * @param unescaped control characters that are not escaped: `"\n"`.
 */
export function escapeControls(text: string, unescaped = ""): string {
  return text.replace(CONTROLS, (character) => (unescaped.includes(character) ? character : escapeOf(character)));
}

/** Makes lines of text from data safe to print: line ends and tabs stay, other control characters are escaped. */
export function escapeControlsInLines(text: string): string {
  return escapeControls(text, "\n\t");
}

function escapeOf(character: string): string {
  return SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
