import os from "node:os";

/**
 * The document with all printed tables: a section for each bench. The text before the first section is written by hand,
 * and so are remarks: the paragraph of lines that begin with ">", below the machine.
 */
export const APPENDIX = "docs/benchmarks-appendix.md";

/** Describes a run: its date, Node, and the size of the machine. */
export function describeMachine(): string {
  const gibibytes = Math.round(os.totalmem() / 2 ** 30);
  return `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${os.availableParallelism()} cores (${os.cpus()[0]?.model.trim()}), ${gibibytes} GiB`;
}

/**
 * Puts the output of a bench into the document: in place of its section, whose remarks stay, or at the end.
 *
 * @param machine see {@link describeMachine}.
 * @throws {Error} for an output without a table, as of a bench that was left out: the figures in the document stay.
 */
export function recordBench(document: string, bench: string, printed: string, machine: string): string {
  if (!/^\|.*\|$/m.test(printed)) throw new Error(`${bench}: it printed no table, so its section stays as it is`);
  const parts = document.trimEnd().split(/\n(?=## )/);
  const at = parts.findIndex((part) => part.startsWith(`## ${bench}\n`));
  const remarks = at < 0 ? "" : (/^## .+\n\n.+\n\n((?:>.*\n)+\n)/.exec(parts[at]!)?.[1] ?? "");
  const section = `## ${bench}\n\n${machine}\n\n${remarks}${printed.trim()}\n`;
  parts.splice(at < 0 ? parts.length : at, 1, section.trimEnd());
  return `${parts.map((part) => part.trimEnd()).join("\n\n")}\n`;
}
