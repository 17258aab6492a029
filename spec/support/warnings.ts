/** What a process is warned of while something is done: `HypernodesWarning: ...`. */
export async function warningsOf(work: () => Promise<unknown>): Promise<string[]> {
  const warnings: string[] = [];
  const hear = ({ name, message }: Error) => warnings.push(`${name}: ${message}`);
  process.on("warning", hear);
  try {
    await work();
    await new Promise(setImmediate);
    return warnings;
  } finally {
    process.off("warning", hear);
  }
}
