#!/usr/bin/env node
import { runCommand } from "./command-line.js";
import { EXIT } from "./failure.js";

// Who reads the output may have had enough of it.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : EXIT.failed));

process.exitCode = await runCommand(process.argv.slice(2));
