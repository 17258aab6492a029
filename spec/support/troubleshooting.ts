import { ERROR_CODES, type ErrorEntry, WARNINGS } from "../../src/error-codes.js";

/** File of the page that is made from the table of codes. */
export const TROUBLESHOOTING = "docs/troubleshooting.md";

const INTRO = `# Troubleshooting

<!-- Made from src/error-codes.ts by \`npm run docs:codes\`. -->

Every error of hypernodes has a \`code\`, the location (\`where\`), the problem, and advice. \`docsUrl\` is the address of the code's entry on
this page. Node, mocha, the spec reporter of \`node --test\` and the command line print it behind the message; vitest prints the message alone
until it is [set to print the address](testing.md#vitest), and the TAP reporter prints the code.

\`\`\`ts
import { HypernodesError, Pipeline, input, output, type Output } from "hypernodes";

class Greeting extends Pipeline {
  @input() name!: string;

  @output("name")
  text(name: string): Output<string> {
    return \`Hello \${name}\`;
  }
}

try {
  await new Greeting().run({} as { name: string });
} catch (error) {
  if (!(error instanceof HypernodesError)) throw error;
  console.log(error.code);
  console.log(error.message);
  console.log(error.docsUrl);
}
\`\`\`

\`\`\`text
MISSING_INPUTS
Greeting: missing input "name" (required: "name"). An optional input needs a default or @input({ optional: true }): TypeScript's ? is erased at run time.
https://github.com/hypernodes/hypernodes/blob/main/docs/troubleshooting.md#missing_inputs
\`\`\`

The \`cause\` of an error is the original error, for example the one that a node threw. A \`DefinitionError\` reports all \`defects\` of a
class at once, each with its own code, and an \`InputError\` all \`violations\`. [Running and errors](running.md) explains the classes of errors.
`;

/** Makes the troubleshooting page from the table of codes. */
export function troubleshootingPage(): string {
  const entries = Object.entries<ErrorEntry>(ERROR_CODES);
  const areas = [...new Set(entries.map(([, { area }]) => area))];
  const sections = areas.map((area) => {
    const own = entries.filter(([, entry]) => entry.area === area).sort(([a], [b]) => (a < b ? -1 : 1));
    return [`## ${area}`, ...own.map(([code, entry]) => formatEntry(code, entry))].join("\n\n");
  });
  return `${[INTRO.trimEnd(), formatIndex(entries), ...sections, formatWarnings()].join("\n\n")}\n`;
}

function formatIndex(entries: readonly [string, ErrorEntry][]): string {
  const links = entries.map(([code]) => `[${code}](#${code.toLowerCase()})`).sort();
  return `All codes: ${links.join(", ")}.`;
}

function formatWarnings(): string {
  const rows = WARNINGS.map(
    ({ text, cause, fix }) => `- \`${text.replace(/^[;:, ]+|[:, ]+$/g, "")}\`: ${cause} ${fix}`,
  );
  return `## Warnings\n\nWarnings have the type \`HypernodesWarning\`, and do not end a run. A part of their text:\n\n${rows.join("\n")}`;
}

function formatEntry(code: string, { summary, causes, fix }: ErrorEntry): string {
  const list = (title: string, lines: readonly string[]) =>
    lines.length === 1 ? `${title}: ${lines[0]}` : `${title}:\n\n${lines.map((line) => `- ${line}`).join("\n")}`;
  return [`### ${code}`, summary, list(causes.length === 1 ? "Cause" : "Causes", causes), list("Fix", fix)].join(
    "\n\n",
  );
}
