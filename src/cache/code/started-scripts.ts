import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { memoize } from "../../util/on-demand.js";
import { cwd } from "../../util/primordials.js";
import { isLoaded } from "../../util/v8-inspector.js";
import type { Flaw } from "./flaws.js";
import { filesOf, type Unit } from "./import-closure.js";
import { fileOf } from "./packages.js";
import type { Walk } from "./walk.js";

/**
 * Scripts that code may start in a thread or a process by the names of their files, wherever those are: in its text, in a constant, in a
 * pool's options. A file counts whose module this process has not loaded, and each one if the code starts threads or processes itself.
 */
export class StartedScripts {
  /** The pieces of texts, with the files that they may name, of which it is not known yet. */
  private named: { readonly id: number; readonly file: string; readonly units: readonly Unit[] }[] = [];
  private readonly seen = new Set<string>();
  private readonly starters: number[] = [];
  /** Pieces that are the names of scripts, or have them in their code. */
  readonly naming = new Set<number>();
  /** Pieces of code that has the address of its own file. */
  private readonly ownAddress = new Set<number>();

  constructor(
    private readonly walk: Walk,
    private readonly imported: (id: number, specifier: string, from: string) => void,
  ) {}

  /** A text that may be the name of a script, at a piece. @param from the script that has it in its code. */
  text(id: number, text: string, from?: string): void {
    const isAddress = text.startsWith("file:");
    if (isAddress || path.isAbsolute(text)) this.add(id, isAddress ? pathOf(text) : text);
    // The end of a text with parts that are computed: `${here}/worker.js`.
    const name = text.replace(/^[\\/]+/, "");
    const own = from && fileOf(from);
    if (own !== undefined) this.add(id, path.resolve(path.dirname(own), name));
    if (!isAddress) this.add(id, path.resolve(cwd.call(process), name));
  }

  /** A function that starts a script was reached. */
  starter(id: number): void {
    this.starters.push(id);
  }

  /** Code has the address of its own file, at a piece: it may start that. */
  own(id: number, address: string): void {
    this.ownAddress.add(id);
    this.text(id, address);
  }

  /** That a function starts a script, if code leads to it and to no name of a script. */
  namelessFrom(id: number): Flaw | undefined {
    if (this.starters.length === 0) return undefined;
    const reached = this.walk.reachedFrom(id);
    const starter = this.starters.find((each) => reached.has(each));
    if (starter === undefined || [...this.naming].some((each) => reached.has(each))) return undefined;
    return {
      problem: "it starts a script, and no text that it leads to is the name of that script's file",
      at: starter,
    };
  }

  private add(id: number, file: string | undefined): void {
    if (file === undefined || this.seen.has(`${id} ${file}`)) return;
    this.seen.add(`${id} ${file}`);
    const units = filesOf(file, file);
    if (units.length > 0) this.named.push({ id, file, units });
  }

  /** Adds the content of the scripts to the pieces that name them. @returns true if there was any. */
  resolve(): boolean {
    const found = this.named.filter(({ id, units }) => this.mayStart(id) || !units.some(wasLoaded));
    if (found.length === 0) return false;
    this.named = this.named.filter((each) => !found.includes(each));
    for (const { id, file } of found) {
      const at = this.walk.isCounted(id) ? this.starters.at(-1)! : id;
      this.naming.add(at);
      this.imported(at, `./${path.basename(file)}`, pathToFileURL(file).href);
    }
    return true;
  }

  private mayStart(id: number): boolean {
    if (!this.ownAddress.has(id)) return this.starters.length > 0;
    return this.walk.pieces[id]!.next.some((next) => this.starters.includes(next));
  }
}

/** Nodes may load it later, and other runs of the process come to the same keys. */
const wasLoaded = memoize(isLoaded);

function pathOf(address: string): string | undefined {
  try {
    return fileURLToPath(address);
  } catch {
    return undefined;
  }
}
