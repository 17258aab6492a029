import { passes } from "../checks.js";
import { smokeChecks } from "./checks.js";

if (!(await passes(smokeChecks({})))) process.exitCode = 1;
