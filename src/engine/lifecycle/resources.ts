import { HypernodesError } from "../../errors.js";
import { describeChain } from "../../util/describe.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { isPromise } from "../../util/thenable.js";
import { wholeDigest } from "../../values/digest.js";

interface BuiltResource {
  readonly from: readonly unknown[];
  readonly contents: readonly unknown[] | undefined;
  /** The contents when it was built: building it may have changed them. */
  contentsAfter: readonly unknown[] | undefined;
  /** The resource, or the promise of it. */
  value: unknown;
}

interface Disposal {
  /** The resource: `Corpus.encoder`; undefined for connections. */
  readonly path: string | undefined;
  readonly end: () => unknown;
}

/** The owner of resources that `@resource` methods build: a run, or a pipeline that was opened. */
export class ResourceScope {
  private readonly built = new Map<Function, Map<string, BuiltResource[]>>();
  private readonly disposals: Disposal[] = [];
  /** Resources that this run has not used yet: a caller may have changed what they were built from. */
  private readonly unchecked = new Set<BuiltResource>();
  private ended = false;

  /**
   * @param sameness which arguments count as the same: one object; values of equal content, since each run has its own copy of what it
   *   computes; or the same for copies that were decoded, which nobody else can change.
   */
  constructor(private readonly sameness: "object" | "content" | "copy" = "object") {}

  /** True if there is anything to dispose of. */
  get hasResources(): boolean {
    return this.disposals.length > 0;
  }

  /** A run begins that shares resources with the runs before it. */
  beginRun(): void {
    for (const named of this.built.values())
      for (const known of named.values()) for (const one of known) this.unchecked.add(one);
  }

  /** Tells if what a run before has built a resource from still is as it was then. */
  private isCurrent(one: BuiltResource): boolean {
    if (!this.unchecked.delete(one) || one.contentsAfter === undefined) return true;
    return areSame(this.contentsOf(one.from), one.contentsAfter);
  }

  /**
   * The resource that a class builds under a name from some values; built now if it was not yet.
   *
   * @param isCut tells if building it was to stop: then it may be no whole one, and nobody else gets it.
   * @returns the resource, or a promise of it if building it takes a promise.
   */
  acquire(
    owner: Function,
    name: string,
    from: readonly unknown[],
    build: () => unknown,
    ended: () => void,
    isCut: () => boolean,
  ): unknown {
    if (this.ended) {
      throw new HypernodesError({
        code: "DISPOSED",
        where: `${owner.name}.${name}`,
        problem: "the pipeline that owns this resource was disposed of",
        advice: "Run it before its disposal, or open it again.",
      });
    }
    const named = getOrCreate(this.built, owner, () => new Map<string, BuiltResource[]>());
    let known = getOrCreate(named, name, () => []);
    if (this.unchecked.size > 0) {
      known = known.filter((one) => this.isCurrent(one));
      named.set(name, known);
    }
    const same = known.find((b) => areSame(b.from, from));
    if (same !== undefined) return same.value;
    const contents = this.sameness === "content" || known.length > 0 ? this.contentsOf(from) : undefined;
    const equal = known.find((b) => areSame(b.contents ?? this.contentsOf(b.from), contents!));
    if (equal !== undefined) return equal.value;

    const entry: BuiltResource = {
      from,
      // A caller may change its objects afterwards.
      contents: this.sameness === "content" ? contents : undefined,
      contentsAfter: undefined,
      value: undefined as unknown,
    };
    try {
      entry.value = build();
    } catch (error) {
      forget(from);
      throw error;
    }
    const drop = (): void => {
      const all = named.get(name)!;
      all.splice(all.indexOf(entry), 1);
    };
    const keep = (value: unknown): unknown => {
      entry.value = value;
      if (isCut()) drop();
      if (this.sameness === "content") entry.contentsAfter = this.contentsOf(from);
      this.disposals.push({ path: `${owner.name}.${name}`, end: () => dispose(value, ended) });
      return value;
    };
    // Building it may have started another run of the pipeline.
    named.get(name)!.push(entry);
    if (!isPromise(entry.value)) return keep(entry.value);
    entry.value = entry.value.then(keep, (error: unknown) => {
      drop();
      forget(from);
      throw error;
    });
    return entry.value;
  }

  /** For each value its digest; the value itself where it is a primitive, or has no content, as other resources. */
  private contentsOf(values: readonly unknown[]): readonly unknown[] {
    if (this.sameness === "object") return values;
    return values.map((value) => {
      if (typeof value !== "object" || value === null) return value;
      try {
        return this.sameness === "copy" ? getOrCreate(digests, value, () => wholeDigest(value)) : wholeDigest(value);
      } catch {
        return value;
      }
    });
  }

  /** Registers a function that runs when all is disposed of. */
  onDispose(end: () => unknown): void {
    this.disposals.push({ path: undefined, end });
  }

  /** Disposes of all that was built, the last built first. */
  async dispose(): Promise<void> {
    this.ended = true;
    const failures: { readonly path: string; readonly error: unknown }[] = [];
    this.built.clear();
    for (let next = this.disposals.pop(); next !== undefined; next = this.disposals.pop()) {
      try {
        await next.end();
      } catch (error) {
        failures.push({ path: next.path ?? "a connection", error });
      }
    }
    const [first, ...others] = failures;
    if (first === undefined) return;
    throw new HypernodesError({
      code: "DISPOSE_FAILED",
      where: failures.map(({ path }) => path).join(", "),
      problem:
        others.length === 0
          ? `the resource could not be disposed of: ${describeChain(first.error)}`
          : `${failures.length} resources could not be disposed of: ${failures.map(({ path, error }) => `${path}: ${describeChain(error)}`).join("; ")}`,
      cause: others.length === 0 ? first.error : new AggregateError(failures.map(({ error }) => error)),
    });
  }
}

function areSame(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.every((one, i) => Object.is(one, others[i]));
}

/** Digests of copies. */
const digests = new WeakMap<object, string>();

/** Forgets the digests of what a resource was built from: the build has failed, and may have changed it. */
function forget(values: readonly unknown[]): void {
  for (const value of values) digests.delete(value as object);
}

async function dispose(value: unknown, ended: () => void): Promise<void> {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return;
  const disposable = value as Partial<AsyncDisposable & Disposable>;
  if (typeof disposable[Symbol.asyncDispose] === "function") await disposable[Symbol.asyncDispose]!();
  else if (typeof disposable[Symbol.dispose] === "function") await disposable[Symbol.dispose]!();
  else return;
  ended();
}
