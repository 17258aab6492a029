const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or directory",
  EISDIR: "it is a directory, not a file",
  ENOTDIR: "a part of its path is a file, not a directory",
  EACCES: "there is no permission",
  EPERM: "there is no permission",
  EBUSY: "another program uses it",
  EROFS: "its file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "it would exceed the maximum size of a file",
  EPIPE: "its reader has closed it",
  ENXIO: "nothing reads this named pipe",
  ELOOP: "its symbolic links form a loop",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "its name is too long",
  ERR_FS_FILE_TOO_LARGE: "it is larger than 2 GiB",
  ERR_STRING_TOO_LONG: "it is larger than the longest string (512 MiB)",
};

/**
 * Describes the error of a file operation with its code: `ENOENT: there is no such file`. For unknown codes it is
 * Node's message.
 */
export function fileProblem(error: unknown): string {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  const words = code === undefined ? undefined : PROBLEMS[code];
  return words === undefined ? (message ?? String(error)) : `${code}: ${words}`;
}

/** Tells if errors with this code have a description of their own. */
export function isFileCode(code: unknown): boolean {
  return typeof code === "string" && Object.hasOwn(PROBLEMS, code);
}
