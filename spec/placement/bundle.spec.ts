import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import { classLocationOf } from "../../src/dsl/class-location.js";
import { modal } from "../../src/index.js";
import { bundleOf } from "../../src/placement/bundle/bundle.js";
import { installLayer, isExternal, packageOf } from "../../src/placement/bundle/packages.js";
import { BOOTSTRAP } from "../../src/placement/runtime/bootstrap.js";
import { loopback, onLoopback } from "../support/modal.js";
import { startRedis } from "../support/redis.js";
import { InRedis } from "./pipelines/in-redis.js";
import { Native } from "./pipelines/native.js";
import { Models } from "./pipelines/suite.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

function filesIn(packed: Uint8Array): Record<string, string> {
  return JSON.parse(gunzipSync(packed).toString("utf8")) as Record<string, string>;
}

describe("a bundle for a container", () => {
  const held = loopback();

  it("is the same for the same code, and has no path of this machine in it", async () => {
    const { packed, digest } = await bundleOf(classLocationOf(Models)!, [], [], "a spec");
    const again = await bundleOf(classLocationOf(Models)!, ["another"], [], "a spec");
    expect(again.digest)
      .to.equal(digest)
      .and.match(/^[0-9a-f]{64}$/);
    const files = Object.entries(filesIn(packed));
    for (const [name, text] of files) expect(text, name).not.to.contain(ROOT.slice(0, -1));
    expect(files.map(([name]) => name)).to.include.members([
      "pipeline.js",
      "task-process.js",
      "runner.js",
      "package.json",
    ]);
  });

  it("is started by a constant of less than 3 KB", () => {
    expect(Buffer.byteLength(BOOTSTRAP)).to.be.lessThan(3 * 1024);
  });

  it("keeps what decorators record of types", async () => {
    const { packed } = await bundleOf(classLocationOf(Models)!, [], [], "a spec");
    expect(filesIn(packed)["pipeline.js"]).to.contain("design:type").and.to.contain("design:paramtypes");
  });

  it("leaves native packages to the image, at the versions of the lock file", async () => {
    const { packed, layer } = await bundleOf(classLocationOf(Native)!, [], [], "a spec");
    expect(layer!.names).to.deep.equal(["cbor-extract"]);
    expect(filesIn(packed)["pipeline.js"]).to.contain('from"cbor-extract"');
    const [command] = layer!.commands;
    const written = (name: string) => {
      const [, encoded] = new RegExp(`echo (\\S+) \\| base64 -d \\| gunzip > ${name}\\.json`).exec(command!)!;
      return JSON.parse(gunzipSync(Buffer.from(encoded!, "base64")).toString()) as any;
    };
    const [manifest, lock] = [written("package"), written("package-lock")];
    const ours = JSON.parse(readFileSync(path.join(ROOT, "package-lock.json"), "utf8")) as any;
    const { version } = ours.packages["node_modules/cbor-extract"];
    expect(manifest.dependencies).to.deep.equal({ "cbor-extract": version });
    expect(lock.packages["node_modules/cbor-extract"].version).to.equal(version);
    expect(lock.packages).to.include.keys("node_modules/node-gyp-build-optional-packages");
    expect(lock.packages).not.to.include.keys("node_modules/mocha");
    expect(command).to.contain("npm ci --omit=dev");
    expect(installLayer([], ROOT)).to.equal(undefined);
  });

  it("distinguishes native and big packages from others", () => {
    const stays = (name: string) => isExternal(packageOf(path.join(ROOT, "node_modules", name, "index.js"))!);
    for (const name of ["cbor-extract", "typescript", "@swc/core"]) expect(stays(name), name).to.equal(true);
    for (const name of ["leven", "class-validator", "meriyah", "piscina"]) expect(stays(name), name).to.equal(false);
    expect(packageOf(path.join(ROOT, "src/index.ts"))).to.equal(undefined);
  });

  onLoopback("runs with the native package that the image has", async () => {
    held.server.forget();
    expect((await new Native().run({}, { runOn: modal() })).kind).to.equal("function");
    const layers = held.server.called("ImageGetOrCreate").map(({ image }) => image.dockerfileCommands);
    expect(layers.flat().some((command: string) => command.includes("npm ci --omit=dev"))).to.equal(true);
  });

  onLoopback("remembers in the Redis that a secret names", async () => {
    const redis = await startRedis();
    if (redis === undefined) return;
    try {
      held.server.secret("redis", { REDIS_URL: redis.url });
      const options = { runOn: modal({ secrets: ["redis"] }) };
      const events: string[] = [];
      const onEvent = ({ type, phase }: { type: string; phase: string }) => void events.push(`${type} ${phase}`);
      expect(await new InRedis().run({ xs: [1, 2] }, options)).to.deep.equal({ squares: [1, 4] });
      expect(await new InRedis().run({ xs: [1, 2] }, { ...options, onEvent })).to.deep.equal({ squares: [1, 4] });
      expect(events.filter((event) => event === "element cached")).to.have.length(2);
      expect(events).not.to.include("element start");
    } finally {
      await redis.stop();
    }
  });
});
