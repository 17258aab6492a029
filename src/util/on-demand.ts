/** Makes something when it is first asked for, once. */
export function once<V>(make: () => V): () => V {
  let made: { readonly value: V } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
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
