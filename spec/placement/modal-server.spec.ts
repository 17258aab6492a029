import { expect } from "chai";
import { ModalClient, type Sandbox } from "modal";
import { loopback, onLoopback } from "../support/modal.js";
import { envOf } from "../support/modal-server/dockerfile.js";
import { rejection } from "../support/rejection.js";

/** Modal's own behavior, as its pages and Docker's have it: the specs of the placement rest on it. */
describe("the loopback server @slow", () => {
  const held = loopback();
  const client = () => new ModalClient({ logger: { debug() {}, info() {}, warn() {}, error() {} } });

  it("reads variables by Docker's rules", () => {
    const before = { abc: "hello", foo: "/bar" };
    const rows: [string, Record<string, string>][] = [
      ["ENV abc=bye def=$abc", { abc: "bye", def: "hello" }],
      [
        'ENV MY_NAME="John Doe" MY_DOG=Rex\\ The\\ Dog MY_CAT=fluffy',
        { MY_NAME: "John Doe", MY_DOG: "Rex The Dog", MY_CAT: "fluffy" },
      ],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Docker reads it so.
      ["ENV A=${foo} B=\\$foo C='$foo' D=\"\\${foo}\"", { A: "/bar", B: "$foo", C: "$foo", D: "${foo}" }],
      ['ENV A="a\\nb" B="\\"" C="\\\\" D=$none E=""', { A: "a\\nb", B: '"', C: "\\", D: "", E: "" }],
    ];
    for (const [line, variables] of rows) expect(envOf(line, before), line).to.deep.equal(variables);
    for (const line of ['ENV A="a', "ENV A='a", "ENV A", "ENV A=a\nB"])
      expect(() => envOf(line, before), line).to.throw();
  });

  onLoopback("gives a name to one living sandbox alone", async () => {
    const modal = client();
    const app = await modal.apps.fromName("names", { createIfMissing: true });
    const image = modal.images.fromRegistry("node:22-slim");
    const create = () => modal.sandboxes.create(app, image, { name: "only-one" });
    const first = await create();
    expect((await rejection(create())).name).to.equal("AlreadyExistsError");
    await first.terminate();
    await (await create()).terminate();
  });

  onLoopback("gives each sandbox a copy of a volume: others see what is committed, when they reload it", async () => {
    held.server.volume("old", 1, { seed: "1" });
    held.server.volume("new", 2, { seed: "2" });
    const modal = client();
    const app = await modal.apps.fromName("volumes", { createIfMissing: true });
    const volumes = { "/old": await modal.volumes.fromName("old"), "/new": await modal.volumes.fromName("new") };
    const start = () => modal.sandboxes.create(app, modal.images.fromRegistry("node:22-slim"), { volumes });
    const env = { OLD: "/old", NEW: "/new" };
    const shell = async (sandbox: Sandbox, script: string) => {
      const run = await sandbox.exec(["/bin/sh", "-c", script], { env });
      return (await run.stdout.readText()).trim();
    };
    const list = (sandbox: Sandbox) => shell(sandbox, "cat $OLD/* $NEW/* | tr '\\n' ' '");
    const [one, two] = [await start(), await start()];
    await shell(one, "echo 3 > $OLD/a; echo 4 > $NEW/a");
    await two.reloadVolumes();
    expect(await list(two)).to.equal("12");
    await shell(one, "sync $NEW");
    expect(await list(two)).to.equal("12");
    await two.reloadVolumes();
    expect(await list(two)).to.equal("14 2");
    await one.terminate();
    await two.reloadVolumes();
    expect(await list(two)).to.equal("3 14 2");
    await two.terminate();
  });

  onLoopback("knows which volumes and secrets there are, and of which version", async () => {
    held.server.volume("first", 1);
    const modal = client();
    expect((await rejection(modal.volumes.fromName("none"))).name).to.equal("NotFoundError");
    expect((await rejection(modal.volumes.fromName("first", { version: 2 }))).name).to.equal("InvalidError");
    expect((await rejection(modal.secrets.fromName("none"))).name).to.equal("NotFoundError");
    await modal.volumes.fromName("none", { createIfMissing: true });
    await modal.volumes.fromName("none");
  });

  onLoopback("fails a build that needs Node where there is none", async () => {
    const modal = client();
    const app = await modal.apps.fromName("images", { createIfMissing: true });
    const build = (tag: string, ...commands: string[]) =>
      modal.images.fromRegistry(tag).dockerfileCommands(commands).build(app);
    for (const command of ["RUN npm ci", "RUN cd /a && npm install 'x'", "RUN node --version"]) {
      expect((await rejection(build("debian:12", command))).message, command).to.contain("exited with code 127");
      await build("node:22-slim", command);
      await build("debian:12", "RUN apt-get install -y nodejs npm", command);
    }
  });
});
