/** `npm run docs:codes`: writes docs/troubleshooting.md from the table of codes, src/error-codes.ts. */
import { writeFileSync } from "node:fs";
import { TROUBLESHOOTING, troubleshootingPage } from "./troubleshooting.js";

writeFileSync(TROUBLESHOOTING, troubleshootingPage());
