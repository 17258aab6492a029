import { createHash } from "node:crypto";
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { envOf, needsNode, nodeInstalledBy, nodeOfTag } from "./dockerfile.js";

/** A build that fails: at a command that has this text. */
export interface BuildFailure {
  readonly at: string;
  readonly log: readonly string[];
  readonly exception: string;
}

interface ImageFaults {
  readonly build?: BuildFailure | undefined;
  readonly installsNothing?: boolean;
}

/** What an image has, as far as it matters here. */
interface Contents {
  /** The version of its Node; undefined: it has none. */
  node: string | undefined;
  env: Record<string, string>;
  /** By folder, the names of the npm packages in it. */
  readonly packages: Map<string, readonly string[]>;
}

/** An image that was built, or was not. */
export interface Built extends Readonly<Contents> {
  readonly folder: string;
  readonly log: readonly string[];
  readonly result: { readonly status: number; readonly exception?: string };
}

const REPOSITORY = fileURLToPath(new URL("../../../", import.meta.url));
/** The first Node that has SQLite. */
const WITH_SQLITE = [22, 13];

/**
 * Images: folders that have what npm would install in them, as links to what is installed here. They know their variables, and
 * whether they have Node: a command that needs it fails without. Other commands are taken as done. A layer is known by what it is
 * built of.
 */
export class Images {
  private readonly built = new Map<string, Built>();

  constructor(private readonly folder: string) {}

  getOrCreate(
    { baseImages, dockerfileCommands, secretIds }: any,
    { build: failure, installsNothing = false }: ImageFaults,
  ): object {
    const base = baseImages[0]?.imageId as string | undefined;
    const id = `im-${createHash("sha256")
      .update(JSON.stringify([base, dockerfileCommands, secretIds]))
      .digest("hex")
      .slice(0, 22)}`;
    const known = this.built.get(id);
    if (known?.result.status === 1) return { imageId: id, result: known.result };
    const { node, env, packages } = this.built.get(base ?? "") ?? { node: undefined, env: {}, packages: new Map() };
    const contents = { node, env: { ...env }, packages: new Map(packages) };
    const log: string[] = [];
    let exception: string | undefined;
    try {
      for (const command of dockerfileCommands as string[]) {
        log.push(`Step: ${command.slice(0, 60)}`);
        if (failure !== undefined && command.includes(failure.at)) {
          log.splice(0, log.length, ...failure.log);
          throw new Error(failure.exception);
        }
        carryOut(command, contents, log, installsNothing);
      }
    } catch (error) {
      exception = (error as Error).message;
    }
    const result = exception === undefined ? { status: 1 } : { status: 2, exception };
    this.built.set(id, { ...contents, folder: this.make(id, contents), log, result });
    // Who has asked has to join the build.
    return { imageId: id };
  }

  get(id: string): Built {
    return this.built.get(id)!;
  }

  private make(id: string, { node, packages }: Contents): string {
    const folder = path.join(this.folder, id);
    for (const [place, names] of packages) for (const name of names) link(name, path.join(folder, place));
    // The Node that runs the specs may have no SQLite of its own; that of an image has, unless it is old.
    if (node !== undefined && isAtLeast(node, WITH_SQLITE)) link("@photostructure/sqlite", folder);
    mkdirSync(folder, { recursive: true });
    return folder;
  }
}

/** @throws {Error} if it fails. */
function carryOut(command: string, contents: Contents, log: string[], installsNothing: boolean): void {
  if (command.startsWith("FROM ")) {
    if (command !== "FROM base") contents.node = nodeOfTag(command.slice(5));
  } else if (command.startsWith("ENV ")) Object.assign(contents.env, envOf(command, contents.env));
  else if (command.startsWith("RUN ")) {
    contents.node = nodeInstalledBy(command) ?? contents.node;
    if (contents.node === undefined && needsNode(command)) {
      log.push("/bin/sh: 1: npm: not found");
      throw new Error("RUN exited with code 127");
    }
    const folder = /\bcd (\S+)/.exec(command)?.[1];
    if (folder === undefined || installsNothing) return;
    const before = command.includes("npm ci") ? [] : (contents.packages.get(folder) ?? []);
    contents.packages.set(folder, [...before, ...installedBy(command)]);
  } else throw new Error(`unknown instruction: ${command.split(" ", 1)[0]}`);
}

/** Whether a version is one or a newer one. */
export function isAtLeast(version: string, [major = 0, minor = 0]: readonly number[]): boolean {
  const [ours = 0, minorOurs = 0] = version.split(".").map(Number);
  return ours > major || (ours === major && minorOurs >= minor);
}

function installedBy(command: string): string[] {
  const encoded = /echo (\S+) \| base64 -d \| gunzip > package\.json/.exec(command)?.[1];
  if (encoded !== undefined) {
    const manifest = JSON.parse(gunzipSync(Buffer.from(encoded, "base64")).toString()) as { dependencies: object };
    return Object.keys(manifest.dependencies);
  }
  if (!command.includes("npm install")) return [];
  return [...command.matchAll(/'((?:@[^'/]+\/)?[^'@]+)[^']*'/g)].map(([, name]) => name!);
}

function link(name: string, folder: string): void {
  const from = [path.join(REPOSITORY, "node_modules", name), path.join(REPOSITORY, "spec/support/packages", name)].find(
    existsSync,
  );
  const to = path.join(folder, "node_modules", name);
  if (from === undefined || existsSync(to)) return;
  mkdirSync(path.dirname(to), { recursive: true });
  symlinkSync(from, to);
}
