/// <reference path="./class-transformer-storage.d.ts" />
import { plainToInstance } from "class-transformer";
import { defaultMetadataStorage } from "class-transformer/cjs/storage.js";

const PLAIN_TO_CLASS = 0;

/** The properties of a class that class-transformer's `@Type` or `@Transform` stand on. */
export function transformedProperties(type: Function, properties: readonly string[]): Set<string> {
  return new Set(
    properties.filter(
      (property) =>
        defaultMetadataStorage.findTypeMetadata(type, property) !== undefined ||
        defaultMetadataStorage.findTransformMetadatas(type, property, PLAIN_TO_CLASS).length > 0,
    ),
  );
}

/** Makes what is plain into what the property's decorators say. What is an instance already stays that very instance. */
export function transform(type: Function, property: string, value: unknown): unknown {
  const typed = defaultMetadataStorage.findTypeMetadata(type, property);
  if (typed === undefined) return whole(type, property, value);
  const target = typed.typeFunction({ newObject: undefined, object: { [property]: value }, property });
  const isDone = (v: unknown) => v === undefined || v === null || (typeof target === "function" && v instanceof target);
  if (!Array.isArray(value)) return isDone(value) || isContainer(value) ? value : whole(type, property, value);
  if (value.every(isDone)) return value;
  const made = whole(
    type,
    property,
    value.filter((v) => !isDone(v)),
  ) as unknown[];
  let next = 0;
  return value.map((v) => (isDone(v) ? v : made[next++]));
}

function isContainer(value: unknown): boolean {
  return value instanceof Map || value instanceof Set || ArrayBuffer.isView(value);
}

function whole(type: Function, property: string, value: unknown): unknown {
  const made = plainToInstance(type as new () => Record<string, unknown>, { [property]: value });
  return made[property];
}
