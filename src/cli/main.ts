#!/usr/bin/env node
import { endConnections } from "../cache/keyv-connections.js";
import { runCommand } from "./command-line.js";
import { EXIT } from "./exit-codes.js";
import { watchForStall, watchForUncaught } from "./in-flight.js";
import { endWithStreams } from "./output.js";
import { followParent } from "./parent-process.js";
import { STARTED } from "./respawn.js";

endWithStreams();
if (process.env[STARTED] !== undefined) followParent();
watchForUncaught();

const ended = watchForStall();
try {
  process.exitCode = await runCommand(process.argv.slice(2));
} finally {
  ended();
}
void endConnections();
// An aborted run may have left timers and connections that are no longer needed.
if (process.exitCode === EXIT.stopped) process.exit();
