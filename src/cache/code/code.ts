import { EventEmitter } from "node:events";
import { inspect, types } from "node:util";
import { once } from "../../util/on-demand.js";
import { sha256 } from "../../util/sha256.js";
import { language, timeZone } from "../../util/time-zone.js";
import { inspecting } from "../../util/v8-inspector.js";
import { filesLoadedWith } from "./loaded-files.js";
import { nodeOptions } from "./node-options.js";
import { declaringFile } from "./packages.js";
import type { Piece } from "./pieces.js";
import { NO_SOURCES, type Sources } from "./source-files.js";
import { noteState, oldContent } from "./standing.js";
import { ValueGraph } from "./value-graph.js";

/** The code that something can reach. */
export interface Code {
  /** SHA-256 of all of it, 64 hexadecimal digits. */
  readonly digest: string;
  /** The reason why its code cannot be known: then nothing is cached with it. */
  readonly problem: string | undefined;
  /** The pieces that it is made of. */
  parts(): readonly Part[];
  /** The files that it is from. */
  sources(): Sources;
  /** After the nodes have run, the name of something in it that others than they have changed since the run began. */
  changedWhileRunning(): string | undefined;
}

/** A piece of that code: what a reader calls it, where it is, and a hash of what it is without what it leads to. */
export interface Part {
  readonly name: string;
  readonly file: string;
  readonly hash: string;
}

/** Code that is asked for in a pass, its digest without the content of old state, and the digests of that, by the objects that have it. */
interface Lookup {
  ask(graph: ValueGraph): number;
  digest: string;
  isKnown: boolean;
  readonly old: Map<object, string>;
}

/** A method of a pipeline; undefined: the one that its class has by that name. */
export interface Method {
  readonly name: string;
  readonly method: Function | undefined;
}

/** The name of the part that stands for the settings of the process. */
const SETTINGS = "the time zone, the language, an option or the version of Node";

type Type = abstract new (...args: never[]) => object;

/** Settings that decide, beside the code, how it reads texts, and writes numbers, dates and objects. */
function engine(): string {
  const { node, icu } = process.versions;
  return JSON.stringify([
    node.split(".")[0],
    icu,
    timeZone(),
    language(),
    EventEmitter.defaultMaxListeners,
    inspect.defaultOptions,
    inspect.styles,
    inspect.colors,
    nodeOptions(),
  ]);
}

/** Reads code as it is now: functions by the values of all that they name. One pass over what several methods share. */
export class CodeReader {
  private readonly graph = new ValueGraph();
  private readonly engine = once(engine);
  private changed: string | undefined;
  private patches: readonly number[] | undefined;
  /** The lookups of the pass, to be repeated after the nodes have run. */
  private readonly lookups: Lookup[] = [];
  /** For each lookup, the name of something that it leads to, and that others than the nodes have changed. */
  private changedNames: ReadonlyMap<Lookup, string | undefined> = new Map();

  /** Nodes have run: what they have made of what they can reach is no change of their code. */
  nodesHaveRun(): void {
    try {
      const after = new ValueGraph();
      inspecting(() => {
        // Nothing was cached of code that is not known.
        const lookups = this.lookups.filter(({ isKnown }) => isKnown);
        const entries = lookups.map(({ ask }) => ask(after));
        const changed = after.follow(this.graph, entries);
        this.changedNames = new Map(lookups.map((lookup, i) => [lookup, changed[i]]));
        for (const [i, id] of entries.entries()) {
          const { fn, restored } = after.restoredFrom(id);
          const { digest, old } = lookups[i]!;
          if (fn !== undefined)
            for (const { owner } of restored) noteState(owner, fn, { code: digest, content: old.get(owner) });
        }
      });
    } catch {
      // Where V8 does not answer nothing was kept, and the run has its values.
    }
  }

  /** Several codes are read in one session with V8, and what was foreseen of them together. */
  pass<R>(work: () => R): R {
    return inspecting(work);
  }

  /** A method's code will be asked for: what V8 is asked about all of them it is asked at once. */
  foresee(object: object, name: string, skips: (name: string) => boolean, method = methodOf(object, name)): void {
    // A revoked Proxy in its place throws: so does the request for its code.
    if (method !== undefined && !types.isProxy(method)) this.graph.method(method, object, name, skips);
  }

  /**
   * A method of an object, with what it reads of that.
   *
   * @param skips the members that it can't read.
   * @param method the one that is called, if the class may have another one of that name by now.
   * @param others methods whose results it takes as they are: that one object is in both counts.
   */
  ofMethod(
    object: object,
    name: string,
    skips: (name: string) => boolean,
    method = methodOf(object, name),
    others: readonly Method[] = [],
  ): Code {
    const all: readonly Method[] = [{ name, method }, ...others];
    return this.code((graph) =>
      graph.together(
        all.map(({ name, method }) => graph.method(method ?? methodOf(object, name)!, object, name, skips)),
      ),
    );
  }

  /**
   * The values that enclosing functions gave to a method's class, without its own code: they distinguish the classes of one factory.
   *
   * @param name the method, or a field that stands for a nested pipeline.
   */
  closureValuesOf(
    object: object,
    name: string,
    skips: (name: string) => boolean,
    method = methodOf(object, name),
  ): Code {
    return this.code((graph) => graph.closureValues(method ?? (object.constructor as Function), object, skips));
  }

  ofFunction(fn: Function): Code {
    return this.code((graph) => graph.value(fn));
  }

  /** A class as a whole, with what decorators add to it. */
  ofClass(type: Type): Code {
    return this.code((graph) => graph.value(type));
  }

  /** The files of the project that other threads and processes load with some files: those, and all that they import. */
  filesLoadedWith(files: readonly string[]): readonly string[] {
    return filesLoadedWith(files);
  }

  private code(ask: (graph: ValueGraph) => number): Code {
    const { graph } = this;
    const lookup: Lookup = { ask, digest: "", isKnown: false, old: new Map() };
    this.lookups.push(lookup);
    let id: number;
    try {
      id = inspecting(() => {
        const entered = ask(graph);
        this.patches ??= graph.patches();
        this.changed ??= [this.engine(), ...this.patches.map((patch) => graph.digestOf(patch))].join();
        lookup.digest = sha256(`${this.changed}\n${graph.digestOf(entered)}\n${graph.sharingOf(entered)}`);
        return entered;
      });
    } catch (error) {
      const problem = `V8's inspector does not answer: ${error instanceof Error ? error.message : String(error)}`;
      return { digest: "", problem, parts: () => [], sources: () => NO_SOURCES, changedWhileRunning: () => undefined };
    }
    const problem = graph.flawOf(id);
    lookup.isKnown = problem === undefined;
    const { fn, restored } = graph.restoredFrom(id);
    for (const { owner, content } of restored) {
      const old = fn && oldContent(owner, fn, lookup.digest, content);
      if (old !== undefined) lookup.old.set(owner, old);
    }
    return {
      digest: lookup.old.size === 0 ? lookup.digest : sha256([lookup.digest, ...lookup.old.values()].join()),
      problem,
      parts: () => [
        ...graph
          .reachOf(id)
          .filter(({ name, text }) => name !== "" && text !== "")
          .map(partOf),
        ...this.patches!.flatMap((patch) => {
          const [{ name }, changed] = graph.reachOf(patch) as [Piece, Piece | undefined];
          // Packages count by their files, and add symbols of newer versions of the language.
          return /^(?:package|symbol) /.test(changed?.text ?? "")
            ? []
            : [{ name, file: "", hash: graph.digestOf(patch) }];
        }),
        { name: SETTINGS, file: "", hash: sha256(this.engine()) },
      ],
      sources: () => {
        const reached = graph.reachOf(id);
        return {
          loaded: reached.flatMap(({ source }) => source ?? []),
          lazy: graph.importsLazily ? reached.flatMap(({ lazySources }) => lazySources ?? []) : [],
          hasValues: reached.some(hasContent),
        };
      },
      changedWhileRunning: () => this.changedNames.get(lookup),
    };
  }
}

/** An object may have a field of that name: that of an input which a subclass made a node of. */
function methodOf(object: object, name: string): Function | undefined {
  return (Object.getPrototypeOf(object) as Record<string, Function | undefined>)[name];
}

/** A piece that is no more than the name of a class, which its version stands for, has none. */
function hasContent({ text, source }: Piece): boolean {
  return source !== undefined || (text !== "" && !text.startsWith("class "));
}

function partOf({ name, file, imported, text }: Piece): Part {
  return { name, file: (imported && declaringFile(...imported)) ?? file, hash: sha256(text) };
}
