const BEYOND_LATIN = /[\u0100-\uffff]/;

/** Maximum length of a text that is written character by character, which is faster than a call of Buffer. */
export const SHORT_TEXT = 24;

/** Tells if Latin-1 has all characters of a text. */
export function isLatin1(text: string): boolean {
  return !BEYOND_LATIN.test(text);
}

/**
 * Writes a short text, one byte a character.
 *
 * @returns whether Latin-1 has them all.
 */
export function writeShortLatin1(text: string, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) return false;
    bytes[at + i] = code;
  }
  return true;
}
