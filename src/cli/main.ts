#!/usr/bin/env node
import { runCommand } from "./command-line.js";
import { endWithStreams } from "./output.js";
import { watchForStall } from "./under-way.js";

endWithStreams();

const ended = watchForStall();
try {
  process.exitCode = await runCommand(process.argv.slice(2));
} finally {
  ended();
}
