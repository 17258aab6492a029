declare module "class-transformer/cjs/storage.js" {
  /** What class-transformer's decorators recorded. The package exports it from no other place. */
  export const defaultMetadataStorage: {
    readonly _typeMetadatas: ReadonlyMap<Function, ReadonlyMap<string, { typeFunction: (help?: object) => unknown }>>;
    readonly _transformMetadatas: ReadonlyMap<Function, unknown>;
    readonly _exposeMetadatas: ReadonlyMap<Function, unknown>;
    readonly _excludeMetadatas: ReadonlyMap<Function, unknown>;
    findTypeMetadata(target: Function, property: string): { typeFunction: (help?: object) => Function } | undefined;
    findTransformMetadatas(target: Function, property: string, type: number): readonly unknown[];
  };
}
