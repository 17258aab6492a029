import { EventEmitter } from "node:events";
import { inspect, types } from "node:util";
import { sha256 } from "../../util/sha256.js";
import { language, timeZone } from "../../util/time-zone.js";
import { inspecting } from "../../util/v8-inspector.js";
import { nodeOptions } from "./node-options.js";
import type { Piece } from "./pieces.js";
import { NO_SOURCES, type Sources } from "./source-files.js";
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
  private changed: string | undefined;
  /** The lookups of the pass, to be repeated after the nodes have run. */
  private readonly lookups: ((graph: ValueGraph) => number)[] = [];
  /** For each lookup, the name of something that it leads to, and that others than the nodes have changed. */
  private changedNames: readonly (string | undefined)[] = [];

  /** Nodes have run: what they have made of what they can reach is no change of their code. */
  nodesHaveRun(): void {
    try {
      const after = new ValueGraph();
      inspecting(() => {
        const entries = this.lookups.map((ask) => ask(after));
        this.changedNames = after.follow(this.graph, entries);
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
  foresee(object: object, name: string, skips: (name: string) => boolean): void {
    const method = methodOf(object, name);
    // A revoked Proxy in its place throws: so does the request for its code.
    if (method !== undefined && !types.isProxy(method)) this.graph.method(method, object, name, skips);
  }

  /**
   * A method of an object, with what it reads of that.
   *
   * @param skips the members that it can't read.
   */
  ofMethod(object: object, name: string, skips: (name: string) => boolean): Code {
    const method = methodOf(object, name)!;
    return this.code((graph) => graph.method(method, object, name, skips));
  }

  /**
   * The values that enclosing functions gave to a method's class, without its own code: they distinguish the classes of one factory.
   *
   * @param name the method, or a field that stands for a nested pipeline.
   */
  closureValuesOf(object: object, name: string, skips: (name: string) => boolean): Code {
    const fn = methodOf(object, name) ?? (object.constructor as Function);
    return this.code((graph) => graph.closureValues(fn, object, skips));
  }

  ofFunction(fn: Function): Code {
    return this.code((graph) => graph.value(fn));
  }

  /** A class as a whole, with what decorators add to it. */
  ofClass(type: Type): Code {
    return this.code((graph) => graph.value(type));
  }

  private code(entry: (graph: ValueGraph) => number): Code {
    const { graph } = this;
    const lookup = this.lookups.push(entry) - 1;
    let id: number;
    let own: string;
    try {
      [id, own] = inspecting(() => {
        const entered = entry(graph);
        this.changed ??= [engine(), ...graph.patches().map((patch) => graph.digestOf(patch))].join();
        return [entered, `${graph.digestOf(entered)}\n${graph.sharingOf(entered)}`] as const;
      });
    } catch (error) {
      const problem = `V8's inspector does not answer: ${error instanceof Error ? error.message : String(error)}`;
      return { digest: "", problem, parts: () => [], sources: () => NO_SOURCES, changedWhileRunning: () => undefined };
    }
    const unknown = graph.flawOf(id);
    return {
      digest: sha256(`${this.changed}\n${own}`),
      problem: unknown && problemOf(unknown),
      parts: () =>
        graph
          .reachOf(id)
          .filter(({ name, text }) => name !== "" && text !== "")
          .map(partOf),
      sources: () => {
        const reached = graph.reachOf(id);
        return {
          loaded: reached.flatMap(({ source }) => source ?? []),
          lazy: graph.importsLazily ? reached.flatMap(({ lazySources }) => lazySources ?? []) : [],
        };
      },
      changedWhileRunning: () => this.changedNames[lookup],
    };
  }
}

/** An object may have a field of that name: that of an input which a subclass made a node of. */
function methodOf(object: object, name: string): Function | undefined {
  return (Object.getPrototypeOf(object) as Record<string, Function | undefined>)[name];
}

function problemOf({ problem, file }: Piece): string {
  return file === "" ? problem! : `${problem} in ${file}`;
}

function partOf({ name, file, text }: Piece): Part {
  return { name, file, hash: sha256(text) };
}
