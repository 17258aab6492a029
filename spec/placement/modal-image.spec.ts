import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { type HypernodesError, type Image, image, type ModalOptions, modal, type Pipeline } from "../../src/index.js";
import { nodeInstruction, sentInstruction } from "../../src/placement/modal/dockerfile.js";
import { nodeFault } from "../../src/placement/modal/node-faults.js";
import { inject } from "../support/faults.js";
import { loopback, onLoopback } from "../support/modal.js";
import { envOf } from "../support/modal-server/dockerfile.js";
import { printed } from "../support/printed.js";
import { rejection } from "../support/rejection.js";
import { Native } from "./pipelines/native.js";
import { Chain, Remembered, Variables } from "./pipelines/suite.js";

const CUDA = "nvidia/cuda:12.6.0-runtime-ubuntu22.04";

const commandsOf = ({ layers }: Image) => layers.flatMap(({ commands }) => commands);

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(path.join(os.tmpdir(), "image-"));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("image()", () => {
  it("gives variables the values that they are given, whatever is in them (property)", () => {
    const before = { HOME: "/root", A: "other" };
    const texts = fc.oneof(
      fc.string({ unit: fc.constantFrom(..."$\\\"'`{}#=; \u{a0}aA") }),
      fc.string({ unit: "grapheme" }).filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text)),
    );
    fc.assert(
      fc.property(texts, texts, (first, second) => {
        const lines = commandsOf(image().env({ FIRST: first, SECOND: second }));
        expect(Object.assign({}, ...lines.map((line) => envOf(line, before)))).to.deep.equal({
          ...{ FIRST: first, SECOND: second },
        });
      }),
      { numRuns: 500 },
    );
  });

  it("refuses variables that an image or a process can't hold", () => {
    for (const value of ["a\nb", "a\rb", "\0", "\x1b[0m", "\x7f", "\x85", "\ud800"]) {
      expect(() => image().env({ A: value }), JSON.stringify(value)).to.throw("image().env: the argument is");
    }
    for (const value of ["a\0b", "\udc00"]) {
      expect(() => image().buildEnv({ A: value }), JSON.stringify(value)).to.throw("image().buildEnv");
      expect(() => modal({ env: { A: value } }), JSON.stringify(value)).to.throw('the option env is "A"');
    }
    modal({ env: { A: "two\nlines" } });
  });

  it("says at once what is wrong with an argument", () => {
    const wrong: [() => Image, string][] = [
      [() => image().nodeInstall("22.13"), 'a line of Node, "22", or a release, "22.13.1"'],
      [() => image().nodeInstall("lts"), "image().nodeInstall: "],
      [() => image().nodeSlim("22; id"), "image().nodeSlim: "],
      [() => image().from("a b"), "image().from: "],
      [() => image().from("a", { secrets: "x" } as object), 'there is no option "secrets". Did you mean "secret"?'],
      [() => image().buildSecrets(), "names of secrets"],
      [() => image().buildSecrets("a b"), "names of secrets"],
      [() => image().addLocalFile("", "/a"), "the path of a file of this machine"],
      [() => image().addLocalFile("a", "a"), "the absolute path of a file in the image"],
      [() => image().addLocalFile("a", "/a/../b"), "the absolute path"],
      [() => image().addLocalFile("a", "/a b"), "the absolute path"],
      [() => image().addLocalFile("a", "/a/"), "the absolute path"],
      [() => image().cuda({ version: "11" as "12" }), 'a line of CUDA: "12" or "13"'],
      [() => image().cuda({ version: "toString" as "12" }), 'a line of CUDA: "12" or "13"'],
      [() => image().cuda({ node: "22.13" }), 'a line of Node, "22", or a release, "22.13.1"'],
      [
        () => image().npmInstall("sharp").cuda(),
        'image().cuda: the list of packages before it is ["sharp"]. It takes none: its image',
      ],
      [() => image().cuda().cuda({ version: "12" }), "Call cuda() once, and npmInstall after it."],
      [() => image().cuda({ versions: "12" } as object), 'there is no option "versions". Did you mean "version"?'],
      ...[
        "http://a.example/x",
        "https://a.example/x'; id",
        "https://a.example/$(id)",
        "file:///x",
        "https://a.example",
      ].map((url): [() => Image, string] => [
        () => image().addRemoteFile(url, "/x", "0".repeat(64)),
        "an address of https:",
      ]),
      [
        () => image().addRemoteFile("https://a.example/x", "x", "0".repeat(64)),
        "the absolute path of a file in the image",
      ],
      [() => image().addRemoteFile("https://a.example/x", "/x", "0".repeat(63)), "a SHA-256 sum"],
    ];
    for (const [make, message] of wrong) expect(make, message).to.throw(message);
  });

  it("has files of this machine, read when it is built", () => {
    inFolder((folder) => {
      const file = path.join(folder, ".npmrc");
      const [command] = commandsOf(image().addLocalFile(file, "/root/sub/.npmrc"));
      expect(() => sentInstruction(command!)).to.throw(/^image\(\)\.addLocalFile: the file .* can't be read: ENOENT/);
      // biome-ignore lint/suspicious/noTemplateCurlyInString: npm reads it so.
      const text = "registry=https://registry.example/\n//registry.example/:_authToken=${NPM_TOKEN}\n";
      writeFileSync(file, text);
      const run = sentInstruction(command!).replace("RUN ", "").replaceAll("/root", path.join(folder, "root"));
      execFileSync("/bin/sh", ["-c", run]);
      expect(readFileSync(path.join(folder, "root/sub/.npmrc"), "utf8")).to.equal(text);
      for (const secret of [
        "//registry.example/:_authToken=npm_abc",
        "_password = eA==",
        "_auth=abc",
        'key="-----BEGIN RSA PRIVATE KEY-----',
      ]) {
        writeFileSync(file, `${text}${secret}\n`);
        expect(() => sentInstruction(command!), secret).to.throw(
          /^(?!.*npm_abc).*contains a password, a token or a private key/,
        );
      }
      expect(sentInstruction('RUN echo "COPY"')).to.equal('RUN echo "COPY"');
    });
  });

  it("has no file with a secret of a known form, whatever the file is called", () => {
    inFolder((folder) => {
      for (const [name, remotePath, text] of [
        ["npmrc", "/root/.npmrc", "//registry.example/:_authToken=secret"],
        ["company", "/root/.npmrc", "_auth=secret"],
        // A path of Windows, where the backslash separates.
        ["home\\.npmrc", "/root/rc", "_auth=secret"],
        ["rc", "/root/rc", `token=npm_${"a".repeat(36)}`],
        ["git", "/root/.git-credentials", `https://me:ghp_${"a".repeat(36)}@github.com`],
        ["hub", "/root/token", `hf_${"a".repeat(34)}`],
        ["aws", "/root/.aws/credentials", `aws_access_key_id = AKIA${"A".repeat(16)}`],
        ["netrc", "/root/.netrc", "machine registry.example\n  login me\n  password secret"],
        ["key", "/root/key", "-----BEGIN PGP PRIVATE KEY BLOCK-----"],
        ["pem", "/root/key.pem", "-----BEGIN PRIVATE KEY-----"],
      ] as const) {
        mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
        writeFileSync(path.join(folder, name), text);
        const [command] = commandsOf(image().addLocalFile(path.join(folder, name), remotePath));
        expect(() => sentInstruction(command!), name).to.throw("contains a password, a token or a private key");
      }
      for (const text of ["-----BEGIN CERTIFICATE-----", "a machine that has a password", "password = $1"]) {
        writeFileSync(path.join(folder, "other"), text);
        const [command] = commandsOf(image().addLocalFile(path.join(folder, "other"), "/root/other"));
        expect(sentInstruction(command!), text).to.match(/^RUN /);
      }
    });
  });

  it("refuses a file that is too large for a command", () => {
    inFolder((folder) => {
      const file = path.join(folder, "large");
      const noise = Array.from({ length: 8_000 }, (_, i) => createHash("sha256").update(String(i)).digest());
      writeFileSync(file, Buffer.concat(noise));
      const [command] = commandsOf(image().addLocalFile(file, "/large"));
      expect(() => sentInstruction(command!)).to.throw(/is too large: 256000 bytes.* modal\(\{ volumes \}\)/);
    });
  });

  describe("cuda", () => {
    for (const [options, tag, onnxruntime] of [
      [undefined, "nvidia/cuda:13.0.1-cudnn-runtime-ubuntu24.04", "1.30.0"],
      [{}, "nvidia/cuda:13.0.1-cudnn-runtime-ubuntu24.04", "1.30.0"],
      [{ version: "12" }, "nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04", "1.26.0"],
    ] as const) {
      it(`has versions that fit each other: ${JSON.stringify(options)}`, () => {
        const cuda = image().env({ A: "1" }).cuda(options).npmInstall("leven@4");
        expect(cuda.base).to.equal(tag);
        expect(cuda.packages).to.deep.equal(["onnxruntime-node", "leven"]);
        const commands = commandsOf(cuda);
        expect(commands[0]).to.equal('ENV A="1"');
        expect(commands[1]).to.equal(nodeInstruction("22"));
        expect(commands[2])
          .to.contain(`ONNXRUNTIME_NODE_INSTALL=cuda12 npm install`)
          .and.contain(`'onnxruntime-node@${onnxruntime}'`);
        expect(commands[3]).to.contain("ldd");
      });
    }

    it("has the release of onnxruntime-node that the project is tested with", () => {
      const { devDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
      expect(commandsOf(image().cuda()).join()).to.contain(`'onnxruntime-node@${devDependencies["onnxruntime-node"]}'`);
    });

    it("takes another Node, the settings of builds, and forgets the secret of another base", () => {
      const cuda = image().from("ghcr.io/me/x:1", { secret: "registry" }).buildSecrets("npm").cuda({ node: "24.1.0" });
      expect(cuda.baseSecret).to.equal(undefined);
      expect(commandsOf(cuda)[0]).to.contain("dist/v24.1.0/");
      for (const { secrets } of cuda.layers) expect(secrets).to.deep.equal(["npm"]);
    });

    /** Runs the check of the provider in a shell whose ldd says something. @returns the code and what it wrote. */
    const check = (folder: string, libraries: readonly string[] | undefined) => {
      const bin = path.join(folder, "bin");
      const provider = path.join(folder, "packages/node_modules/onnxruntime-node/bin/napi-v6/linux/x64");
      for (const each of [bin, provider]) mkdirSync(each, { recursive: true });
      if (libraries !== undefined) writeFileSync(path.join(provider, "libonnxruntime_providers_cuda.so"), "");
      writeFileSync(path.join(bin, "ldd"), `#!/bin/sh\ncat <<END\n${(libraries ?? []).join("\n")}\nEND\n`, {
        mode: 0o755,
      });
      const command = commandsOf(image().cuda())[2]!.slice("RUN ".length);
      const { status, stderr } = spawnSync(
        "/bin/sh",
        ["-c", command.replaceAll("/opt/hypernodes", path.join(folder, "packages"))],
        {
          env: { PATH: `${bin}:/usr/bin:/bin` },
          encoding: "utf8",
        },
      );
      return { status, stderr };
    };

    for (const [title, libraries, status, says] of [
      [
        "all libraries",
        ["\tlibcudart.so.13 => /usr/local/cuda/lib64/libcudart.so.13 (0x1)", "\tlibc.so.6 => /lib/libc.so.6 (0x2)"],
        0,
        "",
      ],
      ["all but those of the driver", ["\tlibcuda.so.1 => not found", "\tlibnvidia-ml.so.1 => not found"], 0, ""],
      [
        "a missing one",
        ["\tlibcublasLt.so.13 => not found", "\tlibcuda.so.1 => not found"],
        1,
        "lacks libraries:\n\tlibcublasLt.so.13 => not found\n",
      ],
      [
        "a missing one whose name begins like the driver's",
        ["\tlibcudart.so.13 => not found"],
        1,
        "libcudart.so.13 => not found",
      ],
      ["no provider", undefined, 1, "has no CUDA provider: its install script did not run"],
    ] as const) {
      it(`has a build that ${status === 0 ? "succeeds" : "fails"} with ${title}`, () => {
        const ran = inFolder((folder) => check(folder, libraries));
        expect(ran.status, ran.stderr).to.equal(status);
        expect(ran.stderr).to.contain(says);
      });
    }
  });

  describe("addRemoteFile", () => {
    /** Runs the instruction in a shell whose curl gives a content. */
    const download = (folder: string, content: string, sha256: string) => {
      const bin = path.join(folder, "bin");
      mkdirSync(bin);
      writeFileSync(path.join(folder, "remote"), content);
      const curl = `#!/bin/sh\nwhile [ $# -gt 1 ]; do [ "$1" = -o ] && out=$2; shift; done\necho "$1"\nexec cp ${folder}/remote "$out"\n`;
      writeFileSync(path.join(bin, "curl"), curl, { mode: 0o755 });
      const url = "https://hub.example/me/model/resolve/0123abc/model.onnx?download=true";
      const [command] = commandsOf(image().addRemoteFile(url, path.join(folder, "weights/model.onnx"), sha256));
      const env = { PATH: `${bin}:/usr/bin:/bin` };
      const ran = spawnSync("/bin/sh", ["-c", command!.slice("RUN ".length)], { env, encoding: "utf8" });
      return { ...ran, url, file: path.join(folder, "weights/model.onnx") };
    };
    const sumOf = (text: string) => createHash("sha256").update(text).digest("hex");

    it("has the file where it is said to be", () => {
      inFolder((folder) => {
        const { status, stdout, url, file } = download(folder, "weights", sumOf("weights"));
        expect(status).to.equal(0);
        expect(stdout).to.contain(url);
        expect(readFileSync(file, "utf8")).to.equal("weights");
      });
    });

    it("fails for another content", () => {
      inFolder((folder) => expect(download(folder, "weighty", sumOf("weights")).status).not.to.equal(0));
    });
  });

  describe("nodeInstall", () => {
    /** Runs the instruction in a shell whose curl finds a release in a folder. @returns what it wrote. */
    const install = (
      folder: string,
      version: string,
      change: (release: string) => void = () => {},
      machine = "x86_64",
    ) => {
      const [bin, local, downloads] = ["bin", "local", "downloads"].map((name) => path.join(folder, name));
      const release = path.join(downloads!, version.includes(".") ? `v${version}` : `latest-v${version}.x`);
      const full = version.includes(".") ? version : `${version}.7.0`;
      for (const each of [bin!, local!, release]) mkdirSync(each, { recursive: true });
      const sums = ["x64", "arm64"].map((arch) => {
        const name = `node-v${full}-linux-${arch}`;
        mkdirSync(path.join(folder, name, "bin"), { recursive: true });
        writeFileSync(path.join(folder, name, "bin/node"), `#!/bin/sh\necho v${full} ${arch}\n`, { mode: 0o755 });
        execFileSync("tar", ["-czf", path.join(release, `${name}.tar.gz`), "-C", folder, name]);
        const digest = createHash("sha256")
          .update(readFileSync(path.join(release, `${name}.tar.gz`)))
          .digest("hex");
        return `${digest}  ${name}.tar.gz\n${"0".repeat(64)}  ${name}.tar.xz\n`;
      });
      writeFileSync(path.join(release, "SHASUMS256.txt"), sums.join(""));
      change(release);
      const curl = `#!/bin/sh\nwhile [ $# -gt 1 ]; do [ "$1" = -o ] && out=$2; shift; done\nexec cp "${downloads}/\${1#https://nodejs.org/dist/}" "$out"\n`;
      writeFileSync(path.join(bin!, "curl"), curl);
      writeFileSync(path.join(bin!, "uname"), `#!/bin/sh\necho ${machine}\n`);
      for (const name of ["curl", "uname"]) chmodSync(path.join(bin!, name), 0o755);
      const command = nodeInstruction(version).replace("RUN ", "").replace("cd /tmp", `cd ${folder}`);
      return execFileSync("/bin/sh", ["-c", command.replace("/usr/local", local!)], {
        env: { PATH: `${bin}:${local}/bin:/usr/bin:/bin` },
        stdio: "pipe",
      }).toString();
    };

    for (const [version, machine, says] of [
      ["22", "x86_64", "v22.7.0 x64"],
      ["22.13.1", "x86_64", "v22.13.1 x64"],
      ["24", "aarch64", "v24.7.0 arm64"],
    ] as const) {
      it(`puts ${version} on a machine of ${machine}`, () => {
        expect(inFolder((folder) => install(folder, version, undefined, machine))).to.contain(says);
      });
    }

    it("fails where the archive is damaged, not listed, or not there", () => {
      const archive = (release: string) => path.join(release, "node-v22.13.1-linux-x64.tar.gz");
      const changes: ((release: string) => void)[] = [
        (release) => writeFileSync(archive(release), Buffer.concat([readFileSync(archive(release)), Buffer.of(0)])),
        (release) => writeFileSync(path.join(release, "SHASUMS256.txt"), ""),
        (release) => rmSync(archive(release)),
        (release) => rmSync(path.join(release, "SHASUMS256.txt")),
      ];
      for (const change of changes) {
        inFolder((folder) => {
          expect(() => install(folder, "22.13.1", change), String(change)).to.throw();
          expect(existsSync(path.join(folder, "local/bin")), String(change)).to.equal(false);
        });
      }
    });
  });
});

describe("what says that an image has no Node, or an old one", () => {
  const codes: [string, string | undefined][] = [
    ["/bin/sh: 1: npm: not found", "IMAGE_WITHOUT_NODE"],
    ["bash: line 1: node: command not found", "IMAGE_WITHOUT_NODE"],
    ['exec: "node": executable file not found in $PATH', "IMAGE_WITHOUT_NODE"],
    ["spawn node ENOENT", "IMAGE_WITHOUT_NODE"],
    ["sh: node: No such file or directory", "IMAGE_WITHOUT_NODE"],
    ["The requested module 'node:zlib' does not provide an export named 'crc32'", "IMAGE_NODE_TOO_OLD"],
    ["node: bad option: --input-type=module", "IMAGE_NODE_TOO_OLD"],
    ["ReferenceError: x is not defined\n\nNode.js v20.11.1", "IMAGE_NODE_TOO_OLD"],
    ["ReferenceError: x is not defined\n\nNode.js v22.11.1", undefined],
    ["/usr/bin/env: \u2018node\u2019: No such file or directory", "IMAGE_WITHOUT_NODE"],
    ["/usr/bin/env: 'node': No such file or directory", "IMAGE_WITHOUT_NODE"],
    ["env: can't execute 'node': No such file or directory", "IMAGE_WITHOUT_NODE"],
    ["[Errno 2] No such file or directory: 'node'", "IMAGE_WITHOUT_NODE"],
    ['error finding executable "node" in PATH [/bin]: no such file or directory', "IMAGE_WITHOUT_NODE"],
    ["sh: 1: ts-node: not found", undefined],
    ["error: /usr/src/node: not found", undefined],
    ["find: '/opt/node': No such file or directory", undefined],
    ["cp: cannot stat 'node': No such file or directory", undefined],
    ["ENOENT: no such file or directory, open '/root/.cache/node-gyp/22/include/node/common.gypi'", undefined],
    ["fatal error: node.h: No such file or directory", undefined],
    ["/bin/sh: 1: ffmpeg: not found", undefined],
    ["npm error code E404\nnpm error 404 Not Found", undefined],
    ["Cannot find module 'node:fs'", undefined],
    ["", undefined],
  ];
  for (const [text, code] of codes) {
    it(`${JSON.stringify(text)}: ${code ?? "nothing of that"}`, () => {
      expect(nodeFault(text, "debian:12")?.code).to.equal(code);
    });
  }
});

describe("the image of a container @slow", () => {
  const held = loopback();

  const failure = async (pipeline: Pipeline, inputs: object, options: ModalOptions): Promise<HypernodesError> => {
    let error: HypernodesError | undefined;
    await printed(async () => {
      error = await rejection(pipeline.run(inputs as never, { runOn: modal(options) } as never));
    });
    return error!;
  };

  onLoopback("has the layer of the lock file after its own, whatever they bring Node by", async () => {
    const bases = {
      run: image().from(CUDA).run("apt-get update && apt-get install -y nodejs=22.13.1-1"),
      nodeInstall: image().from(CUDA).nodeInstall("22"),
      npmInstall: image().from(CUDA).nodeInstall("22.13.1").npmInstall("leven@4"),
      slim: image(),
    };
    for (const [name, base] of Object.entries(bases)) {
      held.server.forget();
      const { kind } = await new Native().run({}, { runOn: modal({ image: base }) });
      expect(kind, name).to.equal("function");
      const layers = held.server.called("ImageGetOrCreate").map(({ image }) => image.dockerfileCommands as string[]);
      expect(layers.at(-1)!.join(), name).to.contain("npm ci --omit=dev");
      expect(layers.slice(0, -1).flat().join(), name).not.to.contain("npm ci");
    }
  });

  onLoopback("is another one when a file that it has is another one", async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "local-file-"));
    const file = path.join(folder, "company.pem");
    const runOn = modal({ image: image().addLocalFile(file, "/usr/local/share/company.pem") });
    held.server.forget();
    for (const text of ["one", "two", "two"]) {
      writeFileSync(file, text);
      await new Chain().run({ x: 1 }, { runOn });
    }
    rmSync(folder, { recursive: true });
    const commands = held.server
      .called("ImageGetOrCreate")
      .flatMap(({ image }) => image.dockerfileCommands as string[]);
    expect(new Set(commands.filter((command) => command.includes("company.pem"))).size).to.equal(2);
  });

  onLoopback("has its own log when several are built at once", async () => {
    held.server.faults.build = { at: "broken", log: ["E: it is broken"], exception: "RUN exited with code 100" };
    inject("an image is not built, or has no Node for it", 2);
    const built = (on: Image) => Promise.resolve(new Chain().run({ x: 1 }, { runOn: modal({ image: on }) }));
    const [broken, bare] = await Promise.all([
      rejection<HypernodesError>(built(image().run("broken"))),
      rejection<HypernodesError>(built(image().from(CUDA).run("npm ping"))),
      built(image().run("echo well")),
    ]);
    expect(broken.code).to.equal("IMAGE_FAILED");
    expect(broken.message)
      .to.contain("E: it is broken")
      .and.not.to.match(/npm|well|Step/);
    expect(bare.code).to.equal("IMAGE_WITHOUT_NODE");
  });

  onLoopback("keeps what npmInstall has installed beside what the lock file has", async () => {
    const both = image().npmInstall("leven@4");
    await new Native().run({}, { runOn: modal({ image: both, app: "both" }) });
    const box = [...held.server.boxes.values()].at(-1)!;
    expect(box.has("opt/hypernodes/node_modules/leven")).to.equal(true);
    expect(box.has("opt/hypernodes/run/node_modules/cbor-extract")).to.equal(true);
  });

  onLoopback("is built with secrets and variables that are not in it, the lock file's layer as well", async () => {
    held.server.secret("npm", { NPM_TOKEN: "open sesame" });
    held.server.secret("registry", { REGISTRY_USERNAME: "me", REGISTRY_PASSWORD: "mine" });
    const built = image()
      .from("ghcr.io/me/node:22", { secret: "registry" })
      .run("true")
      .buildSecrets("npm")
      .buildEnv({ HTTPS_PROXY: "http://proxy.example:3128" })
      .env({ NPM_CONFIG_CAFILE: "/etc/ssl/company.pem" })
      .run("npm ping");
    held.server.forget();
    const { seen } = await new Variables().run(
      { names: ["NPM_TOKEN", "HTTPS_PROXY", "NPM_CONFIG_CAFILE"] },
      {
        runOn: modal({ image: built, app: "built" }),
      },
    );
    expect(seen).to.deep.equal([null, null, "/etc/ssl/company.pem"]);
    await new Native().run({}, { runOn: modal({ image: built, app: "built" }) });
    const asked = held.server.called("ImageGetOrCreate").map(({ image }) => image);
    expect(asked[0].imageRegistryConfig?.secretId).to.equal("st-registry");
    const seenBy = asked.map(({ dockerfileCommands, secretIds }) => [
      dockerfileCommands.at(-1).slice(0, 12),
      secretIds.map((id: string) => held.server.secretOf(id)),
    ]);
    const own = [{ NPM_TOKEN: "open sesame" }, { HTTPS_PROXY: "http://proxy.example:3128" }];
    expect(new Map(seenBy as [string, object[]][]).get("RUN true")).to.deep.equal([]);
    expect(new Map(seenBy as [string, object[]][]).get("RUN npm ping")).to.have.deep.members(own);
    expect(seenBy.at(-1)![1]).to.have.deep.members(own);
    expect(JSON.stringify(asked)).not.to.contain("sesame").and.not.to.contain("proxy.example");
  });

  onLoopback("gives what runs the variables as they are", async () => {
    const values = {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is to stay so.
      ...{ DOLLAR: "$HOME and ${PATH}", QUOTES: `"it's"`, BACKSLASH: "C:\\n\\", HASH: "# a=b; c", SPACES: "  a  " },
      ...{ TEXT: "שלום 👋", EMPTY: "", JSON: JSON.stringify({ a: ["$1", "\\"] }) },
    };
    const { seen } = await new Variables().run(
      { names: Object.keys(values) },
      {
        runOn: modal({ image: image().env(values) }),
      },
    );
    expect(seen).to.deep.equal(Object.values(values));
  });

  for (const [title, options, inputs, pipeline, code, says] of [
    ["no Node", { image: image().from(CUDA) }, { x: 1 }, Chain, "IMAGE_WITHOUT_NODE", CUDA],
    [
      "no Node, at its build",
      { image: image().from(CUDA).npmInstall("leven") },
      { x: 1 },
      Chain,
      "IMAGE_WITHOUT_NODE",
      "nodeInstall",
    ],
    ["no Node for the lock file", { image: image().from(CUDA) }, {}, Native, "IMAGE_WITHOUT_NODE", "nodeInstall"],
    [
      "Node 18",
      { image: image().nodeSlim("18") },
      { x: 1 },
      Chain,
      "IMAGE_NODE_TOO_OLD",
      "it is 18.19.0, and 20.19 is the oldest",
    ],
    ["Node 20.16", { image: image().nodeSlim("20.16") }, { x: 1 }, Chain, "IMAGE_NODE_TOO_OLD", "it is 20.16.0"],
    [
      "Node 22.12 and a SQLite cache",
      { image: image().nodeSlim("22.12"), volume: "old" },
      { xs: [1] },
      Remembered,
      "IMAGE_NODE_TOO_OLD",
      "a cache in SQLite needs Node 22.13",
    ],
  ] as const) {
    onLoopback(`is at fault, and nothing is tried again: ${title}`, async () => {
      inject("an image is not built, or has no Node for it");
      held.server.forget();
      const error = await failure(new (pipeline as new () => Pipeline)(), inputs, options as ModalOptions);
      expect(error.code, error.message).to.equal(code);
      expect(error.message).to.contain(says).and.to.contain("modal({ image })");
      expect(held.server.called("SandboxCreateV2").length).to.be.lessThan(2);
      expect(held.server.living).to.deep.equal([]);
    });
  }

  onLoopback("does with an old Node that has the SQLite package", async () => {
    const old = image().nodeSlim("22.12").npmInstall("@photostructure/sqlite@1");
    let outputs: unknown;
    await printed(async () => {
      outputs = await new Remembered().run({ xs: [2] }, { runOn: modal({ image: old, volume: "packaged" }) });
    });
    expect(outputs).to.deep.equal({ total: 4 });
  });
});
