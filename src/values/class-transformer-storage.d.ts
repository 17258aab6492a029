declare module "class-transformer/cjs/storage.js" {
  /** What class-transformer's decorators recorded. The package exports it from no other place. */
  export const defaultMetadataStorage: {
    findTypeMetadata(target: Function, property: string): { typeFunction: (help?: object) => Function } | undefined;
    findTransformMetadatas(target: Function, property: string, type: number): readonly unknown[];
  };
}
