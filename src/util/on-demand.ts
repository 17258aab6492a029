/** Makes something when it is first asked for, once. */
export function once<V>(make: () => V): () => V {
  let made: { readonly value: V } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Modules of this package that are loaded when a run first needs them; asked for twice at once, they are loaded once. */
export class OnDemand<M> {
  private loading: Promise<M> | undefined;
  /** Undefined until they are loaded. */
  loaded: M | undefined;

  constructor(private readonly importThem: () => Promise<M>) {}

  async load(): Promise<M> {
    this.loading ??= this.importThem();
    this.loaded = await this.loading;
    return this.loaded;
  }
}

/**
 * A module of Node that is loaded when it is first used. An import would load it, with all that its exports need, for everybody who
 * imports this package.
 *
 * @param name such as `node:zlib`.
 */
export function onDemand<M>(name: string): () => M {
  return once(() => process.getBuiltinModule(name) as M);
}
