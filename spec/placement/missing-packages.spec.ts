import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { built } from "../support/built.js";
import { newFolder } from "../support/caches.js";
import { execute } from "../support/execute.js";

/** Packages that only some uses need, each as if it were not installed; and what is told of whoever asked for it. */
const MISSING = [
  ["modal", "run({ xs }, { runOn: modal() })", "modal(...)", "npm install modal@0.11"],
  ["esbuild", "run({ xs }, { runOn: modal() })", "modal(...)", "npm install --save-dev esbuild"],
  ["esbuild", "run({ xs }, { execution: { maps: bullmq() } })", "bullmq(...)", "npm install --save-dev esbuild"],
  ["bullmq", "run({ xs }, { execution: { maps: bullmq() } })", "bullmq(...)", "npm install bullmq@6 ioredis@5"],
  ["ioredis", "run({ xs }, { execution: { maps: bullmq() } })", "bullmq(...)", "npm install bullmq@6 ioredis@5"],
  ["@viz-js/viz", "graph().toSvg()", "toSvg()", "npm install @viz-js/viz@3"],
] as const;

describe("a package that is not installed @slow", () => {
  // What would be sent is bundled first.
  for (const [name, use, asker, advice] of MISSING) {
    it(`is told to whoever asked for it: ${name}, ${use}`, async () => {
      const folder = newFolder("missing");
      const index = JSON.stringify(path.relative(folder, built("src/index.ts")));
      const program = path.join(folder, "program.mjs");
      const hook = path.join(folder, "hook.mjs");
      writeFileSync(
        path.join(folder, "squares.mjs"),
        `import { execution, input, mapOver, Pipeline } from ${index};
export class Squares extends Pipeline { square(x) { return x * x; } }
input()(Squares.prototype, "xs");
mapOver("xs")(Squares.prototype, "square", Object.getOwnPropertyDescriptor(Squares.prototype, "square"));
execution({})(Squares);`,
      );
      writeFileSync(
        program,
        `import { bullmq, modal } from ${index};
import { Squares } from "./squares.mjs";
const xs = [1, 2];
const error = await new Squares().${use}.catch((thrown) => thrown);
console.log(JSON.stringify({ code: error.code, message: error.message }));
process.exit();`,
      );
      writeFileSync(
        hook,
        `import { register } from "node:module";
register("data:text/javascript," + encodeURIComponent(\`export async function resolve(name, context, next) {
  if (name === ${JSON.stringify(name)}) throw new Error("it is not there");
  return next(name, context);
}\`));`,
      );
      const env = {
        ...process.env,
        MODAL_TOKEN_ID: "none",
        MODAL_TOKEN_SECRET: "none",
        MODAL_SERVER_URL: "http://127.0.0.1:9",
      };
      const { stdout, stderr } = await execute(process.execPath, ["--import", hook, program], { env });
      expect(stderr).to.equal("");
      const { code, message } = JSON.parse(stdout) as { code: string; message: string };
      expect(code, message).to.equal("MISSING_PACKAGE");
      expect(message.startsWith(`${asker}: the package ${name} is needed`), message).to.equal(true);
      expect(message).to.contain(`Install it: ${advice}`);
    });
  }
});
