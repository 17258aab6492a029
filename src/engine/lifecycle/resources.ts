import { HypernodesError } from "../../errors.js";
import { describeChain } from "../../util/describe.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { isPromise } from "../../util/thenable.js";
import { digest } from "../../values/digest.js";

interface BuiltResource {
  readonly from: readonly unknown[];
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
  private ended = false;

  /** @param byContent whether values of equal content count as the same: in a thread, what was decoded twice is. */
  constructor(private readonly byContent = false) {}

  /** True if there is anything to dispose of. */
  get hasResources(): boolean {
    return this.disposals.length > 0;
  }

  /**
   * The resource that a class builds under a name from some values; built now if it was not yet.
   *
   * @returns the resource, or a promise of it if building it takes a promise.
   */
  acquire(owner: Function, name: string, from: readonly unknown[], build: () => unknown, ended: () => void): unknown {
    if (this.ended) {
      throw new HypernodesError({
        code: "DISPOSED",
        where: `${owner.name}.${name}`,
        problem: "the pipeline that owns this resource was disposed of",
        advice: "Run it before its disposal, or open it again.",
      });
    }
    const named = getOrCreate(this.built, owner, () => new Map<string, BuiltResource[]>());
    const known = getOrCreate(named, name, () => []);
    const same = known.find((b) => b.from.every((value, i) => this.compareByContent(value, from[i])));
    if (same !== undefined) return same.value;

    const entry: BuiltResource = { from, value: build() };
    const keep = (value: unknown): unknown => {
      entry.value = value;
      this.disposals.push({ path: `${owner.name}.${name}`, end: () => dispose(value, ended) });
      return value;
    };
    known.push(entry);
    if (!isPromise(entry.value)) return keep(entry.value);
    entry.value = entry.value.then(keep, (error: unknown) => {
      known.splice(known.indexOf(entry), 1);
      throw error;
    });
    return entry.value;
  }

  private compareByContent(a: unknown, b: unknown): boolean {
    return Object.is(a, b) || (this.byContent && typeof a === "object" && typeof b === "object" && sameContent(a, b));
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

const digests = new WeakMap<object, string>();

/** Resources are built from other resources, too: those have no content, and are the same only if they are one. */
function sameContent(a: object | null, b: object | null): boolean {
  if (a === null || b === null) return false;
  try {
    return getOrCreate(digests, a, () => digest(a)) === getOrCreate(digests, b, () => digest(b));
  } catch {
    return false;
  }
}

async function dispose(value: unknown, ended: () => void): Promise<void> {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return;
  const disposable = value as Partial<AsyncDisposable & Disposable>;
  if (typeof disposable[Symbol.asyncDispose] === "function") await disposable[Symbol.asyncDispose]!();
  else if (typeof disposable[Symbol.dispose] === "function") await disposable[Symbol.dispose]!();
  else return;
  ended();
}
