/**
 * Characters that a terminal obeys instead of printing them, or that change the order in which it shows the others: C0 and
 * C1 controls, line and paragraph separators, and the marks, embeddings, overrides and isolates of bidirectional text.
 */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff]/gu;
const SHORT: Readonly<Record<string, string>> = { "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r" };

/**
 * Text from data that is safe to print: control characters are escaped as JSON writes them, `\u001b`.
 *
 * @param kept control characters that stay as they are: `"\n"`.
 */
export function escapeControls(text: string, kept = ""): string {
  return text.replace(CONTROLS, (character) => (kept.includes(character) ? character : escapeOf(character)));
}

/** Lines of text from data: line ends and tabs stay, other control characters are escaped. */
export function escapeControlsInLines(text: string): string {
  return escapeControls(text, "\n\t");
}

function escapeOf(character: string): string {
  return SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
