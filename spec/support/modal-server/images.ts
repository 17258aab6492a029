import { createHash } from "node:crypto";
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

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

interface Built {
  readonly folder: string;
  readonly log: readonly string[];
  readonly result: { readonly status: number; readonly exception?: string };
}

const REPOSITORY = fileURLToPath(new URL("../../../", import.meta.url));

/**
 * Images: folders that have what npm would install in them, as links to what is installed here. Other commands are taken as
 * done. A layer is known by what it is built of.
 */
export class Images {
  private readonly built = new Map<string, Built>();

  constructor(private readonly folder: string) {}

  getOrCreate(
    { baseImages, dockerfileCommands }: any,
    { build: failure, installsNothing = false }: ImageFaults,
  ): object {
    const base = baseImages[0]?.imageId as string | undefined;
    const id = `im-${createHash("sha256")
      .update(JSON.stringify([base, dockerfileCommands]))
      .digest("hex")
      .slice(0, 22)}`;
    const known = this.built.get(id);
    if (known?.result.status === 1) return { imageId: id, result: known.result };
    const fails = failure !== undefined && dockerfileCommands.some((command: string) => command.includes(failure.at));
    const log = fails ? failure.log : dockerfileCommands.map((command: string) => `Step: ${command.slice(0, 60)}`);
    const result = fails ? { status: 2, exception: failure.exception } : { status: 1 };
    this.built.set(id, { folder: this.make(id, base, installsNothing ? [] : dockerfileCommands), log, result });
    // Who has asked has to join the build.
    return { imageId: id };
  }

  join(id: string): Built {
    return this.built.get(id)!;
  }

  folderOf(id: string): string {
    return this.built.get(id)!.folder;
  }

  private make(id: string, base: string | undefined, commands: readonly string[]): string {
    const folder = path.join(this.folder, id);
    mkdirSync(path.join(folder, "node_modules"), { recursive: true });
    const before = base === undefined ? [] : (this.packages.get(base) ?? []);
    const packages = [...before, ...commands.flatMap(installedBy)];
    this.packages.set(id, packages);
    // The Node that runs the specs may have no SQLite of its own; that of an image has.
    for (const name of [...packages, "@photostructure/sqlite"]) link(name, folder);
    return folder;
  }

  private readonly packages = new Map<string, string[]>();
}

function installedBy(command: string): string[] {
  const encoded = /echo (\S+) \| base64 -d > package\.json/.exec(command)?.[1];
  if (encoded !== undefined) {
    const manifest = JSON.parse(Buffer.from(encoded, "base64").toString("utf8")) as { dependencies: object };
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
