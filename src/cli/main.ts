#!/usr/bin/env node
import { runCommand } from "./command-line.js";
import { endWithStreams } from "./output.js";

endWithStreams();

process.exitCode = await runCommand(process.argv.slice(2));
