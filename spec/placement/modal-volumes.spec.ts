import { readFileSync } from "node:fs";
import path from "node:path";
import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import { type HypernodesError, image, type ModalOptions, modal } from "../../src/index.js";
import { loopback, onLoopback } from "../support/modal.js";
import { printed } from "../support/printed.js";
import { rejection } from "../support/rejection.js";
import { Chain, Shelves } from "./pipelines/suite.js";

describe("the option volumes", () => {
  it("takes folders of its own, each with a volume of its own", () => {
    modal({ volumes: {} });
    modal({ volumes: { "/models": "weights", "/data/in": "corpus", "/root/.cache/huggingface": "hub" } });
    modal({ volumes: { "/usr/src/app": "a", "/home/node": "b", "/var/lib/models": "c", "/usr/local/share/x": "d" } });
    const wrong: Record<string, unknown>[] = [
      ...[{ models: "weights" }, { "/": "weights" }, { "/a/../b": "weights" }, { "/a/": "weights" }, { "/a b": "x" }],
      ...[{ "/hypernodes": "x" }, { "/hypernodes/a": "x" }, { "/opt": "x" }, { "/opt/hypernodes/run": "x" }],
      ...[
        "/usr/local",
        "/usr/local/bin",
        "/usr/local/lib/node_modules",
        "/usr/bin",
        "/usr/lib/x",
        "/bin/x",
        "/etc/ssl",
      ].map((folder) => ({ [folder]: "x" })),
      ...["/home", "/lib/x86_64-linux-gnu", "/root/.ssh", "/var", "/run/secrets"].map((folder) => ({ [folder]: "x" })),
      ...[{ "/usr": "x" }, { "/dev/shm": "x" }, { "/tmp": "x" }, { "/a": "" }, { "/a": "b c" }, { "/a": 1 }],
      ...[
        { "/a": "x", "/a/b": "y" },
        { "/a/b": "x", "/a": "y" },
        { "/a": "x", "/b": "x" },
      ],
    ];
    for (const volumes of wrong) {
      const make = () => modal({ volumes } as ModalOptions);
      expect(make, JSON.stringify(volumes)).to.throw("modal(...): the option volumes is {");
      expect(make, JSON.stringify(volumes)).to.throw('{ "/models": "weights" }. /hypernodes, /opt/hypernodes and');
    }
    expect(() => modal({ volumes: ["weights"] as never })).to.throw('the option volumes is ["weights"]');
    expect(() => modal({ volume: "a", volumes: { "/a": "a" } })).to.throw(
      "volumes other than the one of the option volume",
    );
  });
});

describe("volumes of a container @slow", () => {
  const held = loopback();
  const env = { MODELS: "/models", DATA: "/data/in" };
  const at = { runOn: modal({ volume: "kept", volumes: { "/models": "weights", "/data/in": "corpus" }, env }) };
  const folders = Object.keys(env);

  onLoopback("are where they are said to be, beside that of the cache", async () => {
    const weights = held.server.volume("weights", 2, { "model.bin": "0.5" });
    held.server.volume("corpus", 1, { "text.txt": "words", "more.txt": "more" });
    const first = await new Shelves().run({ folders, leaves: "by the first" }, at);
    const all = [["model.bin: 0.5"], ["more.txt: more", "text.txt: words"]];
    expect(first).to.deep.equal({ counted: 3, all });
    expect(readFileSync(path.join(weights, "left"), "utf8")).to.equal("by the first");
    const second = await new Shelves().run({ folders }, at);
    expect(second).to.deep.equal({
      counted: 5,
      all: all.map((files) => [...files, "left: by the first"].sort()),
    });
    const text = await printed(() => new Shelves().run({ folders }, at));
    expect(text).not.to.contain("counting");
  });

  onLoopback("have what a run left that failed, or was streamed", async () => {
    held.server.volume("shelf", 2, {});
    const shelf = { runOn: modal({ volumes: { "/shelf": "shelf" }, env: { SHELF: "/shelf" } }) };
    const missing = () => new Shelves().run({ folders: ["SHELF", "NOWHERE"], leaves: "by one that failed" }, shelf);
    await printed(async () => void (await rejection(missing())));
    const results: unknown[] = [];
    await printed(async () => {
      const given = { folders: [["SHELF"], ["SHELF"]], leaves: "by a stream" };
      for await (const { all } of new Shelves().stream(given, { over: "folders", ...shelf })) results.push(all);
    });
    expect(results[0]).to.deep.equal([["left: by one that failed"]]);
    const { all } = await new Shelves().run({ folders: ["SHELF"] }, shelf);
    expect(all).to.deep.equal([["left: by a stream"]]);
  });

  for (const [title, options, code, says] of [
    [
      "a misspelt secret",
      { secrets: ["huggingfaec"] },
      "SECRET_NOT_FOUND",
      'the option secrets names a secret "huggingfaec", which does not exist. Did you mean "huggingface"? Create it at',
    ],
    [
      "a secret of the image's builds",
      { image: image().buildSecrets("npm-tokne").run("true") },
      "SECRET_NOT_FOUND",
      'the option image names a secret "npm-tokne"',
    ],
    [
      "a secret of the image's registry",
      { image: image().from("a/b", { secret: "ghcr" }) },
      "SECRET_NOT_FOUND",
      '"ghcr"',
    ],
    [
      "a missing volume",
      { volumes: { "/models": "wieghts" } },
      "VOLUME_NOT_FOUND",
      'the option volumes names a volume "wieghts", which does not exist. Did you mean "weights"? Create it, modal volume create wieghts',
    ],
    ["a volume for caches of version 1", { volume: "old" }, "VOLUME_VERSION", 'the volume "old" is of version 1'],
    [
      "several of these",
      { secrets: ["a-1", "b-1"], volume: "old", volumes: { "/c": "c-1" } },
      "SECRET_NOT_FOUND",
      "4 options are invalid:",
    ],
  ] as const) {
    onLoopback(`are looked for before anything is made: ${title}`, async () => {
      held.server.secret("huggingface", {});
      held.server.volume("weights", 2);
      held.server.volume("old", 1);
      held.server.forget();
      const error = await rejection<HypernodesError>(
        new Chain().run({ x: 1 }, { runOn: modal({ app: "nothing-made", ...options } as ModalOptions) }),
      );
      expect(error.code, error.message).to.equal(code);
      expect(error.message).to.contain(says);
      const made = held.server.calls.filter(
        ({ method, request }) => /^(?:App|Image|Sandbox)/.test(method) || request.objectCreationType > 0,
      );
      expect(made.map(({ method }) => method)).to.deep.equal([]);
    });
  }

  onLoopback("are not asked for names where Modal does not tell them", async () => {
    held.server.faults.refuses = { SecretList: status.PERMISSION_DENIED };
    const error = await rejection<HypernodesError>(
      new Chain().run({ x: 1 }, { runOn: modal({ secrets: ["nowhere"] }) }),
    );
    expect(error.message).to.contain("which does not exist. Create it at");
  });
});
