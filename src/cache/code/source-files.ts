import { statSync } from "node:fs";

/** The start of this process, in milliseconds since the Unix epoch, by the clock that dates files. */
export const STARTED = performance.timeOrigin;

/** The files of some code: those that it was loaded from, and those that it loads when it runs. */
export interface Sources {
  readonly loaded: readonly string[];
  readonly lazy: readonly string[];
  /** True if values count as well: those may come from any module that a host loads with the pipelines'. */
  readonly hasValues: boolean;
}

export const NO_SOURCES: Sources = { loaded: [], lazy: [], hasValues: false };

export function joinSources(all: readonly Sources[]): Sources {
  return {
    loaded: [...new Set(all.flatMap(({ loaded }) => loaded))],
    lazy: [...new Set(all.flatMap(({ lazy }) => lazy))],
    hasValues: all.some(({ hasValues }) => hasValues),
  };
}

/** The reason why code of a file can't be known that was changed after its process had started. */
export function changedSource(name: string): string {
  return `${name} was changed after this process had started: what runs may be another version. Run it again`;
}

/**
 * Tells if a file may be another one than it was at some time. Its content may be old, so what counts is when the file system last
 * changed anything of it.
 *
 * @param since milliseconds since the Unix epoch.
 */
export function isChangedSince(file: string, since: number): boolean {
  try {
    return statSync(file).ctimeMs > since;
  } catch {
    return true;
  }
}
