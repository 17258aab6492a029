import { badOption, HypernodesError } from "../../errors.js";
import { isRecord } from "../../util/options.js";

/** What a container's file system has before code comes into it. Each call gives another image. */
export interface Image {
  readonly kind: "image";
  /** The image it is built on. */
  readonly base: string;
  /** The layers on it, each with its Dockerfile commands. */
  readonly layers: readonly (readonly string[])[];
  /** The names of the packages that it installs: bundles leave them out. */
  readonly packages: readonly string[];
  /** Node's official slim image, of a version: `"22"` (the default), `"22.13.1"`, `"24"`. */
  nodeSlim(version: string): Image;
  /** Another image of a registry: `"ghcr.io/me/node-cuda:22"`. It has to have Node 20.19 or newer. */
  from(tag: string): Image;
  /** Debian packages. */
  aptInstall(...packages: string[]): Image;
  /** npm packages, as npm takes them: `"onnxruntime-node@1.20.1"`. Bundles leave them out. */
  npmInstall(...packages: string[]): Image;
  /** Environment variables, for what is built after it and for what runs. */
  env(variables: Readonly<Record<string, string>>): Image;
  /** A shell command. */
  run(command: string): Image;
}

type Parts = Pick<Image, "base" | "layers" | "packages">;

/** An npm package with a version or a range; nothing that a shell takes for its own. */
const NPM = /^(@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*(@[\w.^~<>=*-]+)?$/i;
const DEBIAN = /^[a-z0-9][a-z0-9+.-]*(=[\w.+:~-]+)?$/;
const TAG = /^[\w.-]+(:\d+)?(\/[\w.-]+)*(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$/;
export const VARIABLE = /^[A-Za-z_]\w*$/;
/** Bytes that one command of a Dockerfile may have. */
const LONGEST = 64 * 1024;

/** Where `npmInstall` puts packages: modules that run in `/opt/hypernodes` find them. */
const FOLDER = "/opt/hypernodes";

/**
 * An image for containers: Node 22 and what is added to it.
 *
 * @throws {HypernodesError} `BAD_OPTION` for what is no name of a package, a variable or an image.
 *
 * @example
 * ```ts
 * image().nodeSlim("22").aptInstall("ffmpeg").npmInstall("onnxruntime-node@1.20.1").env({ OMP_NUM_THREADS: "4" })
 * ```
 */
export function image(): Image {
  return made({ base: "node:22-slim", layers: [], packages: [] });
}

function made(parts: Parts): Image {
  const on = (base: string) => made({ ...parts, base });
  const layer = (commands: readonly string[], packages: readonly string[] = []) => {
    for (const command of commands) checkLength(command);
    return made({ ...parts, layers: [...parts.layers, commands], packages: [...parts.packages, ...packages] });
  };
  return {
    kind: "image",
    ...parts,
    nodeSlim: (version) => {
      if (typeof version !== "string" || !/^\d+(\.\d+){0,2}$/.test(version))
        throw bad("nodeSlim", version, 'a version of Node: "22", "22.13.1"');
      return on(`node:${version}-slim`);
    },
    from: (tag) => on(checked("from", tag, TAG, 'the tag of an image: "node:22-slim"')),
    aptInstall: (...packages) => {
      if (packages.length === 0) throw bad("aptInstall", packages, "names of Debian packages");
      for (const name of packages) checked("aptInstall", name, DEBIAN, "names of Debian packages");
      return layer([
        `RUN apt-get update && apt-get install -y --no-install-recommends ${packages.join(" ")} && rm -rf /var/lib/apt/lists/*`,
      ]);
    },
    npmInstall: (...packages) => {
      if (packages.length === 0) throw bad("npmInstall", packages, 'names of npm packages: "onnxruntime-node@1.20.1"');
      for (const name of packages) checked("npmInstall", name, NPM, 'names of npm packages: "onnxruntime-node@1.20.1"');
      const quoted = packages.map((name) => `'${name}'`).join(" ");
      return layer(
        [`RUN mkdir -p ${FOLDER} && cd ${FOLDER} && npm install --no-audit --no-fund ${quoted}`],
        packages.map((name) => name.replace(/(?<=.)@.*$/, "")),
      );
    },
    env: (variables) => {
      if (!isRecord(variables)) throw bad("env", variables, 'texts by names: { OMP_NUM_THREADS: "4" }');
      for (const [name, value] of Object.entries(variables)) {
        checked("env", name, VARIABLE, "names of variables: letters, digits, _");
        if (typeof value !== "string") throw bad("env", { [name]: value }, "texts");
      }
      return layer(Object.entries(variables).map(([name, value]) => `ENV ${name}=${JSON.stringify(value)}`));
    },
    run: (command) => {
      if (typeof command !== "string" || command.trim() === "" || /[\r\n]/.test(command.replaceAll(/\\\r?\n/g, " "))) {
        throw bad("run", command, "one shell command, on one line");
      }
      return layer([`RUN ${command}`]);
    },
  };
}

function checked(call: string, value: string, form: RegExp, takes: string): string {
  if (typeof value === "string" && form.test(value)) return value;
  throw bad(call, value, takes);
}

function checkLength(command: string): void {
  const { length } = Buffer.from(command);
  if (length > LONGEST)
    throw bad("run", `${command.slice(0, 40)}... (${length} bytes)`, `commands of at most ${LONGEST} bytes`);
}

function bad(call: string, value: unknown, takes: string): HypernodesError {
  return new HypernodesError({ where: `image().${call}`, ...badOption("its argument", value, takes) });
}
