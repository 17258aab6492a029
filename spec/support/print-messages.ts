/**
 * `npm run docs:messages [folder]`: prints every text that the program may print as part of an error, a warning or its help, with
 * its place in the source.
 */
import { findMessages, sourceProgram } from "./messages.js";

const [folder = "src"] = process.argv.slice(2);
let last = "";
for (const { file, line, kind, text } of findMessages(sourceProgram())) {
  if (!file.startsWith(folder)) continue;
  if (file !== last) console.log(`\n${file}`);
  last = file;
  console.log(`  ${line} ${kind}: ${text.replaceAll("\n", "\n      ")}`);
}
