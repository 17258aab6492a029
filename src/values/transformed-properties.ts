/// <reference path="./class-transformer-storage.d.ts" />
import { defaultMetadataStorage } from "class-transformer/cjs/storage.js";

export const PLAIN_TO_CLASS = 0;

/** Returns the properties of a class that have decorators of class-transformer. */
export function transformedProperties(type: Function, properties: readonly string[]): Set<string> {
  const storage = defaultMetadataStorage;
  if (!isDecorated(type)) return new Set();
  // Only the exposed properties remain of a class that excludes all.
  if (storage.getStrategy(type) === "excludeAll") return new Set(properties);
  return new Set(
    properties.filter(
      (property) =>
        storage.findTypeMetadata(type, property) !== undefined ||
        storage.findTransformMetadatas(type, property, PLAIN_TO_CLASS).length > 0 ||
        storage.findExposeMetadata(type, property) !== undefined ||
        storage.findExcludeMetadata(type, property) !== undefined,
    ),
  );
}

/** True if a class, or a base class, has decorators of class-transformer. */
export function isDecorated(type: Function): boolean {
  const { _typeMetadatas, _transformMetadatas, _exposeMetadatas, _excludeMetadatas } = defaultMetadataStorage;
  const recorded = [_typeMetadatas, _transformMetadatas, _exposeMetadatas, _excludeMetadatas];
  for (let c: unknown = type; typeof c === "function"; c = Object.getPrototypeOf(c)) {
    if (recorded.some((known) => known.has(c as Function))) return true;
  }
  return false;
}
