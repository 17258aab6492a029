/**
 * The user information of a URL. A password may contain commas and characters that are not valid in a URL, and it may
 * be cut off. The example URL of error messages is not a password.
 */
const AUTHORITIES: readonly [pattern: RegExp, hidden: string][] = [
  [/\b((?:redis|valkey)s?:\/\/)(?!user:password@)\S*@/gi, "$1***@"],
  // A colon after the user is followed by a password unless it is followed by a port. The password ends at the last @
  // of the text without a space.
  [
    /\b([a-z][a-z\d+.-]*:\/\/)(?!user:password@)[^\s/:@[\]"'`]*:(?!\d{1,5}(?:[/?#:,;\s]|$))(?:(?!:\/\/)\S)*@/gi,
    "$1***@",
  ],
  [/\b([a-z][a-z\d+.-]*:\/\/)(?!user:password@)[^\s/?#"'`]*@/gi, "$1***@"],
  [/\b([a-z][a-z\d+.-]*:\/\/)(?!user:password@)[^\s/:@[\]"'`*]*:(?!\d{1,5}\b)[^\s"'`]+/gi, "$1***"],
];

/** Replaces the users and passwords of URLs in a text by `***`. */
export function hidePasswords(text: string): string {
  return AUTHORITIES.reduce((hidden, [pattern, by]) => hidden.replace(pattern, by), text);
}
