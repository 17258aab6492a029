/** The folder of a bundle on a host, and the one that the same files are in on this machine. */
interface BundleFolders {
  /** The bundle's digest, which is the name of its folder on the host. */
  readonly digest: string;
  readonly root: string;
}

/** Replaces the names of a host's files in the stacks of an error and its causes by those of this machine. */
export function remapStacks(error: unknown, { digest, root }: BundleFolders): unknown {
  // A URL, a path, or one of a worker on Windows: file:///C:/folder, C:\folder.
  const folder = new RegExp(`(?:file://)?(?:/?[A-Za-z]:)?[\\\\/][^\\s()]*[\\\\/]${digest}[\\\\/]`, "g");
  const seen = new Set<unknown>();
  for (let each = error; each instanceof Error && !seen.has(each); each = each.cause) {
    seen.add(each);
    if (typeof each.stack === "string") each.stack = each.stack.replaceAll(folder, `${root}/`);
  }
  return error;
}
