import { cpSync } from "node:fs"; import { built } from "../spec/support/built.js";
cpSync(built("src/index.ts").replace("/src/index.js",""), "coverage/keepbuilt", { recursive: true });
