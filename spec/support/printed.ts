/** What is printed while something is done. */
export async function printed(work: (shown: () => string) => Promise<unknown>): Promise<string> {
  const { write: out } = process.stdout;
  const { write: err } = process.stderr;
  let text = "";
  const take = (chunk: string) => {
    text += chunk;
    return true;
  };
  process.stdout.write = take as typeof out;
  process.stderr.write = take as typeof err;
  try {
    await work(() => text);
  } finally {
    process.stdout.write = out;
    process.stderr.write = err;
  }
  return text;
}
