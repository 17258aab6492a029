/// <reference path="../../values/class-transformer-storage.d.ts" />
import { defaultMetadataStorage } from "class-transformer/cjs/storage.js";
import { recordedOn } from "../../graph/validators.js";

const { _typeMetadatas, _transformMetadatas, _exposeMetadatas, _excludeMetadatas } = defaultMetadataStorage;
const TRANSFORMED = { _typeMetadatas, _transformMetadatas, _exposeMetadatas, _excludeMetadatas };

/** What class-validator's and class-transformer's decorators recorded on a class: it is part of what the class does. */
export function decorationsOf(type: Function): (readonly [place: string, value: unknown])[] {
  const validated = recordedOn(type);
  const found: (readonly [string, unknown])[] = validated === undefined ? [] : [["validation", validated]];
  for (const [place, recorded] of Object.entries(TRANSFORMED)) {
    const value = recorded.get(type);
    if (value !== undefined) found.push([place, value]);
  }
  return found;
}
