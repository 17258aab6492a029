/**
 * The part of a URL that says who may go there. A password may have commas in it, and signs that belong in no URL; it may have
 * been cut off. The example that errors give is none.
 */
const AUTHORITIES: readonly [pattern: RegExp, hidden: string][] = [
  [/\b((?:redis|valkey)s?:\/\/)(?!user:password@)\S*@/gi, "$1***@"],
  // After a user and a colon comes a password, if no port does: it ends at the last @ of the text without a space.
  [
    /\b([a-z][a-z\d+.-]*:\/\/)(?!user:password@)[^\s/:@[\]"'`]*:(?!\d{1,5}(?:[/?#:,;\s]|$))(?:(?!:\/\/)\S)*@/gi,
    "$1***@",
  ],
  [/\b([a-z][a-z\d+.-]*:\/\/)(?!user:password@)[^\s/?#"'`]*@/gi, "$1***@"],
  [/\b([a-z][a-z\d+.-]*:\/\/)(?!user:password@)[^\s/:@[\]"'`*]*:(?!\d{1,5}\b)[^\s"'`]+/gi, "$1***"],
];

/** Text with `***` in the place of the users and passwords of its URLs. */
export function hidePasswords(text: string): string {
  return AUTHORITIES.reduce((hidden, [pattern, by]) => hidden.replace(pattern, by), text);
}
