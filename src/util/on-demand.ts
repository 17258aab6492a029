/**
 * A module of Node that is loaded when it is first used. An import would load it, with all that its exports need, for everybody who
 * imports this package.
 *
 * @param name such as `node:zlib`.
 */
export function onDemand<M>(name: string): () => M {
  let loaded: M | undefined;
  return () => {
    loaded ??= process.getBuiltinModule(name) as M;
    return loaded;
  };
}
