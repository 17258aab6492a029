import { badOption, HypernodesError } from "../../errors.js";
import { checkNoMore, checkOptions, isRecord, type RulesOf, that } from "../../util/options.js";
import { PACKAGES } from "../bundle/paths.js";
import { CUDA_RELEASES, type CudaVersion, onnxruntimeInstruction, providerCheckInstruction } from "./cuda.js";
import { copyInstruction, downloadInstruction, envInstruction, nodeInstruction } from "./dockerfile.js";

/**
 * Settings of the builds of layers.
 *
 * @example
 * ```ts
 * const [layer] = image().buildEnv({ HTTPS_PROXY: "http://proxy:3128" }).aptInstall("ffmpeg").layers;
 * const { env, secrets }: ImageBuild = layer!;
 * ```
 */
export interface ImageBuild {
  /** The names of Modal secrets: their variables are in the environment of commands, and not in the image. */
  readonly secrets: readonly string[];
  /** Environment variables of commands, that are not in the image. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * One layer of an image.
 *
 * @example
 * ```ts
 * for (const { commands } of image().aptInstall("ffmpeg").layers) console.log(commands.join("\n"));
 * ```
 */
export interface ImageLayer extends ImageBuild {
  /** The instructions of a Dockerfile. */
  readonly commands: readonly string[];
}

/**
 * The source of a base image.
 *
 * @example
 * ```ts
 * const options: FromOptions = { secret: "registry" };
 * image().from("registry.example/base:1", options);
 * ```
 */
export interface FromOptions {
  /**
   * The name of the Modal secret with the registry's `REGISTRY_USERNAME` and `REGISTRY_PASSWORD`. Default: none, for a public
   * image.
   */
  readonly secret?: string;
}

/**
 * Options of `image().cuda`.
 *
 * @example
 * ```ts
 * const options: CudaOptions = { version: "12", node: "22" };
 * modal({ gpu: "A10", image: image().cuda(options) });
 * ```
 */
export interface CudaOptions {
  /** The line of CUDA: `"13"` (drivers from 580), or `"12"` (drivers from 525). Default: `"13"`. */
  readonly version?: CudaVersion;
  /** The line of Node, or a release. Default: `"22"`. */
  readonly node?: string;
}

/**
 * An immutable definition of a container image. Each method returns a new image.
 *
 * @example
 * ```ts
 * const base: Image = image().nodeSlim("22").aptInstall("ffmpeg");
 * modal({ image: base });
 * ```
 */
export interface Image {
  /** Marks images. */
  readonly kind: "image";
  /** The image it is built on. */
  readonly base: string;
  /** The name of the Modal secret that its registry asks for. */
  readonly baseSecret: string | undefined;
  /** The layers on it. After them comes, as the last one, that of the native packages which the pipeline needs. */
  readonly layers: readonly ImageLayer[];
  /** The names of the packages that it installs: bundles leave them out. */
  readonly packages: readonly string[];
  /** The settings for the build of the next layer. */
  readonly build: ImageBuild;
  /**
   * Starts from Node's official slim image.
   *
   * @param version of Node: `"22"` (the default), `"22.13.1"`, `"24"`.
   * @returns a new image.
   * @throws {HypernodesError} `BAD_OPTION`.
   */
  nodeSlim(version: string): Image;
  /**
   * Starts from another image. It has to have Node 20.19 or newer, with npm; one that has none gets it by `nodeInstall`.
   *
   * @param tag of a registry: `"ghcr.io/me/node-cuda:22"`.
   * @param options the secret of a private registry.
   * @returns a new image.
   * @throws {HypernodesError} `BAD_OPTION`, `UNKNOWN_OPTION`.
   */
  from(tag: string, options?: FromOptions): Image;
  /**
   * Installs Node from its own downloads, checked against the release's SHA-256 sum. The image has to have curl, or apt to get it.
   *
   * @param version `"22"`, the newest release of that line, or a release, `"22.13.1"`.
   * @returns a new image.
   * @throws {HypernodesError} `BAD_OPTION`.
   */
  nodeInstall(version: string): Image;
  /**
   * Starts from an image for ONNX Runtime on a GPU: NVIDIA's image of CUDA and cuDNN, Node, and the release of onnxruntime-node that fits them, with
   * its CUDA provider. The build fails if a library of the provider is missing. Bundles leave onnxruntime-node out. Call `npmInstall` after it:
   * NVIDIA's image has no npm.
   *
   * @param options the versions.
   * @returns a new image.
   * @throws {HypernodesError} `BAD_OPTION`, `UNKNOWN_OPTION`.
   */
  cuda(options?: CudaOptions): Image;
  /**
   * Adds a file of the network, such as a model's weights. The build fails if its content is not the expected one. The image has to have
   * curl: `image().cuda()` does.
   *
   * @param url of `https:`, best with a revision in it: `https://huggingface.co/me/model/resolve/<commit>/model.onnx`.
   * @param remotePath absolute, with the file's name: `"/weights/model.onnx"`.
   * @param sha256 the SHA-256 sum of its content, in hexadecimal.
   * @returns a new image.
   * @throws {HypernodesError} `BAD_OPTION`.
   */
  addRemoteFile(url: string, remotePath: string, sha256: string): Image;
  /**
   * Installs Debian packages.
   *
   * @param packages their names.
   * @returns a new image.
   * @throws {HypernodesError} `BAD_OPTION`.
   */
  aptInstall(...packages: string[]): Image;
  /**
   * Installs npm packages. Bundles leave them out.
   *
   * @param packages as npm takes them: `"onnxruntime-node@1.20.1"`.
   * @returns a new image.
   * @throws {HypernodesError} `BAD_OPTION`.
   */
  npmInstall(...packages: string[]): Image;
  /**
   * Adds a small file of this machine: an `.npmrc`, a certificate. It is read when the image is built.
   *
   * @param localPath relative to the working directory.
   * @param remotePath absolute, with the file's name: `"/root/.npmrc"`.
   * @returns a new image.
   * @throws {HypernodesError} `BAD_OPTION`.
   */
  addLocalFile(localPath: string, remotePath: string): Image;
  /**
   * Sets environment variables, for the layers after it and at run time.
   *
   * @param variables their values by name, each of one line.
   * @returns a new image.
   * @throws {HypernodesError} `BAD_OPTION`.
   */
  env(variables: Readonly<Record<string, string>>): Image;
  /**
   * Sets environment variables for the builds of the layers after it only: a proxy.
   *
   * @param variables their values by name.
   * @returns a new image.
   * @throws {HypernodesError} `BAD_OPTION`.
   */
  buildEnv(variables: Readonly<Record<string, string>>): Image;
  /**
   * Adds Modal secrets to the builds of the layers after it: a token for a registry. They are not in the image.
   *
   * @param names of the secrets.
   * @returns a new image.
   * @throws {HypernodesError} `BAD_OPTION`.
   */
  buildSecrets(...names: string[]): Image;
  /**
   * Runs a shell command.
   *
   * @param command on one line.
   * @returns a new image.
   * @throws {HypernodesError} `BAD_OPTION`.
   */
  run(command: string): Image;
}

type Parts = Pick<Image, "base" | "baseSecret" | "layers" | "packages" | "build">;

/** An npm package with a version or a range; nothing that a shell takes for its own. */
const NPM = /^(@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*(@[\w.^~<>=*-]+)?$/i;
const DEBIAN = /^[a-z0-9][a-z0-9+.-]*(=[\w.+:~-]+)?$/;
const TAG = /^[\w.-]+(:\d+)?(\/[\w.-]+)*(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$/;
const VERSION = /^\d+(\.\d+){0,2}$/;
const RELEASE = /^\d+(\.\d+\.\d+)?$/;
const URL_FORM = /^https:\/\/[\w.-]+(?::\d+)?\/[\w.~%@:+,;=&?/-]+$/;
const SHA256 = /^[0-9a-f]{64}$/;
export const VARIABLE = /^[A-Za-z_]\w*$/;
/** Bytes that one command of a Dockerfile may have. */
const LONGEST = 64 * 1024;

const REMOTE_PATH = /^(?:\/[\w.@+-]+)+$/;
/** Characters that no variable of an image can have: an instruction is one line, of whole characters. */
const UNWRITABLE = /[\p{Cc}\p{Cs}]/u;
/** The name of something at Modal. */
export const NAME = /^[A-Za-z0-9][\w.-]{0,62}$/;

const FROM_RULES: RulesOf<FromOptions> = {
  secret: that(
    "the name of a secret: letters, digits, - . _",
    (value) => typeof value === "string" && NAME.test(value),
  ),
};

const CUDA_RULES: RulesOf<CudaOptions> = {
  version: that(
    'a line of CUDA: "12" or "13"',
    (value) => typeof value === "string" && Object.hasOwn(CUDA_RELEASES, value),
  ),
  node: that(
    'a line of Node, "22", or a release, "22.13.1"',
    (value) => typeof value === "string" && RELEASE.test(value),
  ),
};

/**
 * Defines an image for containers: Node 22 and the layers that its methods add.
 *
 * @returns the image, for `modal({ image })`. Its methods throw `BAD_OPTION` for a bad name of a package, a variable or an image.
 * @throws {HypernodesError} `BAD_OPTION`, if an argument is passed.
 *
 * @example
 * ```ts
 * image().nodeSlim("22").aptInstall("ffmpeg").npmInstall("onnxruntime-node@1.20.1").env({ OMP_NUM_THREADS: "4" })
 * ```
 */
export function image(): Image;
export function image(...more: unknown[]): Image {
  checkNoMore("image()", more, 'To name the base: image().from("node:22-slim").');
  const build = { secrets: [], env: {} };
  return createImage({ base: "node:22-slim", baseSecret: undefined, layers: [], packages: [], build });
}

function createImage(parts: Parts): Image {
  const on = (base: string, baseSecret?: string) => createImage({ ...parts, base, baseSecret });
  const layer = (commands: readonly string[], packages: readonly string[] = []) => {
    for (const command of commands) checkLength(command);
    const layers = [...parts.layers, { commands, ...parts.build }];
    return createImage({ ...parts, layers, packages: [...parts.packages, ...packages] });
  };
  return {
    kind: "image",
    ...parts,
    nodeSlim: (version) =>
      on(`node:${assertPattern("nodeSlim", version, VERSION, 'a version of Node: "22", "22.13.1"')}-slim`),
    from: (tag, options) => {
      checkOptions("image().from", options, FROM_RULES);
      return on(assertPattern("from", tag, TAG, 'the tag of an image: "node:22-slim"'), options?.secret);
    },
    cuda: (options) => {
      checkOptions("image().cuda", options, CUDA_RULES);
      if (parts.packages.length > 0) {
        const takes = "none: its image has npm only after it. Call cuda() once, and npmInstall after it";
        const problem = badOption("list of packages before it", parts.packages, takes);
        throw new HypernodesError({ where: "image().cuda", ...problem });
      }
      const { version = "13", node = "22" } = options ?? {};
      const release = CUDA_RELEASES[version];
      const cuda = on(release.tag).nodeInstall(node);
      const layers = [onnxruntimeInstruction(release), providerCheckInstruction()];
      return createImage({
        ...cuda,
        layers: [...cuda.layers, { commands: layers, ...parts.build }],
        packages: [...cuda.packages, "onnxruntime-node"],
      });
    },
    addRemoteFile: (url, remotePath, sha256) => {
      assertPattern("addRemoteFile", url, URL_FORM, 'an address of https: "https://example.com/model.onnx"');
      if (!isFilePath(remotePath))
        throw badArgument(
          "addRemoteFile",
          remotePath,
          'the absolute path of a file in the image: "/weights/model.onnx"',
        );
      assertPattern("addRemoteFile", sha256, SHA256, "a SHA-256 sum: 64 hexadecimal digits, in lower case");
      return layer([downloadInstruction(url, remotePath, sha256)]);
    },
    nodeInstall: (version) =>
      layer([
        nodeInstruction(
          assertPattern("nodeInstall", version, RELEASE, 'a line of Node, "22", or a release, "22.13.1"'),
        ),
      ]),
    aptInstall: (...packages) => {
      assertPatterns("aptInstall", packages, DEBIAN, "names of Debian packages");
      return layer([
        `RUN apt-get update && apt-get install -y --no-install-recommends ${packages.join(" ")} && rm -rf /var/lib/apt/lists/*`,
      ]);
    },
    npmInstall: (...packages) => {
      assertPatterns("npmInstall", packages, NPM, 'names of npm packages: "onnxruntime-node@1.20.1"');
      const quoted = packages.map((name) => `'${name}'`).join(" ");
      return layer(
        [`RUN mkdir -p ${PACKAGES} && cd ${PACKAGES} && npm install --no-audit --no-fund ${quoted}`],
        packages.map((name) => name.replace(/(?<=.)@.*$/, "")),
      );
    },
    addLocalFile: (localPath, remotePath) => {
      if (typeof localPath !== "string" || localPath === "" || localPath.includes("\0"))
        throw badArgument("addLocalFile", localPath, 'the path of a file of this machine: ".npmrc"');
      if (!isFilePath(remotePath))
        throw badArgument("addLocalFile", remotePath, 'the absolute path of a file in the image: "/root/.npmrc"');
      return layer([copyInstruction(localPath, remotePath)]);
    },
    env: (variables) => {
      checkVariables("env", variables);
      for (const [name, value] of Object.entries(variables)) {
        if (UNWRITABLE.test(value))
          throw badArgument("env", { [name]: value }, "texts of one line, without control characters");
      }
      return layer(Object.entries(variables).map(([name, value]) => envInstruction(name, value)));
    },
    buildEnv: (variables) => {
      checkVariables("buildEnv", variables);
      const { build } = parts;
      return createImage({ ...parts, build: { ...build, env: { ...build.env, ...variables } } });
    },
    buildSecrets: (...names) => {
      assertPatterns("buildSecrets", names, NAME, "names of secrets: letters, digits, - . _");
      const { build } = parts;
      return createImage({ ...parts, build: { ...build, secrets: [...new Set([...build.secrets, ...names])] } });
    },
    run: (command) => {
      if (typeof command !== "string" || command.trim() === "" || /[\r\n]/.test(command.replaceAll(/\\\r?\n/g, " "))) {
        throw badArgument("run", command, "one shell command, on one line");
      }
      return layer([`RUN ${command}`]);
    },
  };
}

/** True for a path in a container that is absolute, has no way back, and nothing that a shell takes for its own. */
export function isFilePath(text: unknown): boolean {
  return typeof text === "string" && REMOTE_PATH.test(text) && !/\/\.\.?(?:\/|$)/.test(text);
}

function assertPatterns(call: string, values: readonly string[], form: RegExp, takes: string): void {
  if (values.length === 0) throw badArgument(call, values, takes);
  for (const value of values) assertPattern(call, value, form, takes);
}

function checkVariables(call: string, variables: unknown): void {
  if (!isRecord(variables)) throw badArgument(call, variables, 'texts by names: { OMP_NUM_THREADS: "4" }');
  for (const [name, value] of Object.entries(variables)) {
    assertPattern(call, name, VARIABLE, "names of variables: letters, digits, _");
    if (!isVariableValue(value)) throw badArgument(call, { [name]: value }, "texts, without a NUL or half a character");
  }
}

/** True for a value that an environment can hold: one of whole characters, none of which is NUL. */
export function isVariableValue(value: unknown): value is string {
  return typeof value === "string" && !/[\0\p{Cs}]/u.test(value);
}

function assertPattern(call: string, value: string, form: RegExp, takes: string): string {
  if (typeof value === "string" && form.test(value)) return value;
  throw badArgument(call, value, takes);
}

function checkLength(command: string): void {
  const { length } = Buffer.from(command);
  if (length > LONGEST)
    throw badArgument("run", `${command.slice(0, 40)}... (${length} bytes)`, `commands of at most ${LONGEST} bytes`);
}

function badArgument(call: string, value: unknown, takes: string): HypernodesError {
  return new HypernodesError({ where: `image().${call}`, ...badOption("argument", value, takes) });
}
