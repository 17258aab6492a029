import type { ExecutionOptions } from "../../src/index.js";
import { Stalls } from "./awkward.js";

await new Stalls().run({ xs: [1, 2, 3] }, { execution: JSON.parse(process.argv[2] ?? "{}") as ExecutionOptions });
