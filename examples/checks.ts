/** Things that have to hold, by name. */
export type Checks = Readonly<Record<string, () => Promise<void>>>;

/** Tries each of them, and says how it went. @returns whether all hold. */
export async function passes(checks: Checks): Promise<boolean> {
  let passed = 0;
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check();
      passed++;
      console.log(`ok      ${name}`);
    } catch (error) {
      console.log(`FAILED  ${name}: ${error}`);
    }
  }
  const count = Object.keys(checks).length;
  console.log(`Passed: ${passed}/${count}`);
  return passed === count;
}
