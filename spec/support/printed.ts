/** What is printed while something is done. */
export async function printed(work: () => Promise<unknown>): Promise<string> {
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
    await work();
  } finally {
    process.stdout.write = out;
    process.stderr.write = err;
  }
  return text;
}
