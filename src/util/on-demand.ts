/** Returns a function that creates a value when first called, and returns it from then on. */
export function once<V>(make: () => V): () => V {
  let created: { readonly value: V } | undefined;
  return () => {
    created ??= { value: make() };
    return created.value;
  };
}

/**
 * A function of a text that computes its result once for each. V8's compiler takes the computation into no caller: several functions
 * come here with one of their own.
 */
export function memoize<T extends string | boolean>(compute: (text: string) => T): (text: string) => T {
  const results = new Map<string, T>();
  return (text) => {
    let result = results.get(text);
    if (result === undefined) {
      result = compute(text);
      results.set(text, result);
    }
    return result;
  };
}

/** Modules of this package that a run loads when it first needs them. Concurrent calls load them once. */
export class OnDemand<M> {
  private loading: Promise<M> | undefined;
  /** The modules; undefined until they are loaded. */
  loaded: M | undefined;

  constructor(private readonly importThem: () => Promise<M>) {}

  async load(): Promise<M> {
    this.loading ??= this.importThem();
    this.loaded = await this.loading;
    return this.loaded;
  }
}

/**
 * Returns a function that loads a module of Node when first called. An import would load it, and everything it needs,
 * in every process that imports this package.
 *
 * @param name such as `node:zlib`.
 */
export function onDemand<M>(name: string): () => M {
  return once(() => process.getBuiltinModule(name) as M);
}
