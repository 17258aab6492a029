import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { built } from "../support/built.js";
import { newFolder } from "../support/caches.js";
import { execute } from "../support/execute.js";

describe("an error from another process that nothing catches", () => {
  for (const thrown of ['new TypeError("wrong")', 'Object.assign(new Error("wrong"), { code: "E" })']) {
    it(`is printed without a line of this package above its message: ${thrown}`, async () => {
      const program = path.join(newFolder("uncaught"), "program.mjs");
      writeFileSync(
        program,
        `import { decode, encode } from ${JSON.stringify(built("src/index.ts"))};
await Promise.reject(decode(encode(${thrown})));`,
      );
      const { stderr, code } = await execute(process.execPath, [program]);
      expect(code).to.equal(1);
      const [above, message] = [stderr.slice(0, stderr.indexOf("Error: wrong")), "Error: wrong"];
      expect(stderr).to.contain(message);
      expect(above).to.not.contain("rehydrate").and.to.not.contain("new type()");
    });
  }
});
