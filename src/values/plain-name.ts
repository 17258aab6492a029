/// <reference path="./class-transformer-storage.d.ts" />
import { defaultMetadataStorage } from "class-transformer/cjs/storage.js";

/** Returns the name of a property in plain objects: `@Expose({ name })` gives it a different one than its own. */
export function plainName(type: Function, property: string): string {
  return defaultMetadataStorage.findExposeMetadata(type, property)?.options?.name ?? property;
}
