import leven from "leven";

/** Returns the most similar of some names, if one is similar. */
export function nearest(unknown: string, names: readonly string[]): string | undefined {
  const limit = unknown.length < 3 ? 1 : Math.max(2, Math.floor(unknown.length / 3));
  let found: string | undefined;
  let distance = limit + 1;
  for (const name of names) {
    const d = leven(unknown.toLowerCase(), name.toLowerCase(), { maxDistance: distance });
    if (d < distance) [found, distance] = [name, d];
  }
  return found;
}

/** Returns `Did you mean "words"?` if a name is similar; otherwise the list of names. */
export function didYouMean(unknown: string, names: readonly string[]): string {
  const found = nearest(unknown, names);
  if (found !== undefined) return `Did you mean "${found}"?`;
  return names.length === 0 ? "There are none." : `There ${names.length === 1 ? "is" : "are"} ${formatList(names)}.`;
}

/** Formats a list as `"a", "b" and "c"`; a long list, by its first twelve elements. */
export function formatList(names: readonly string[]): string {
  const shown = names.slice(0, 12).map((name) => `"${name}"`);
  if (names.length > 12) return `${shown.join(", ")} and ${names.length - 12} more`;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}
