import { expect } from "chai";
import { type CliFolder, cliFolder } from "../support/hypernodes.js";
import { type RedisServer, startRedis } from "../support/redis.js";

/** A cache that is connected to a server, as a class of a file has it. */
const pipelineOf = (url: string) => `import KeyvRedis from "@keyv/redis";
import Keyv from "keyv";
import { cached, input, keyv, node, Pipeline } from "hypernodes";

@cached(keyv(new Keyv(new KeyvRedis(${JSON.stringify(url)}))))
export class Squares extends Pipeline {
  @input() x!: number;
  @node("x") square(x: number): number {
    return x * x;
  }
}
`;

describe("a command whose pipeline caches in Redis @slow", () => {
  let server: RedisServer;
  let cli: CliFolder;
  before(async function () {
    const started = await startRedis();
    if (started === undefined) {
      console.log("      skipped: redis-server is not installed");
      this.skip();
    }
    server = started;
    cli = cliFolder();
    cli.write("squares.mjs", pipelineOf(server.url));
  });
  after(async () => {
    cli?.remove();
    await server?.stop();
  });

  for (const [command, prints] of [
    ["run squares.mjs --input x=3 --json", '{"square":9}'],
    ["run squares.mjs --input x=3 --json --explain", '{"square":9}'],
    ["run squares.mjs --input x=3 --dry-run", "Squares.square"],
    ["cache explain squares.mjs --input x=3", "Squares.square"],
  ] as const) {
    it(`ends when it is done: ${command}`, async () => {
      const { code, stdout, stderr } = await cli.shell(`timeout 60 $HYPERNODES ${command}`);
      expect({ code, stderr: stderr.includes("Error") }, stdout + stderr).to.deep.equal({ code: 0, stderr: false });
      expect((stdout + stderr).replaceAll(/\s/g, "")).to.contain(prints);
    });
  }
});
