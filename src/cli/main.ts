#!/usr/bin/env node
import { runCommand } from "./command-line.js";
import { EXIT } from "./failure.js";
import { STARTED } from "./loader.js";
import { endWithStreams } from "./output.js";
import { followParent } from "./parent-process.js";
import { watchForStall, watchForUncaught } from "./under-way.js";

endWithStreams();
if (process.env[STARTED] !== undefined) followParent();
watchForUncaught();

const ended = watchForStall();
try {
  process.exitCode = await runCommand(process.argv.slice(2));
} finally {
  ended();
}
// What was stopped may have left timers and connections behind, which nobody waits for any more.
if (process.exitCode === EXIT.stopped) process.exit();
