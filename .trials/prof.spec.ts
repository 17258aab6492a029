import { execFileSync } from "node:child_process";
import { cpSync } from "node:fs";
