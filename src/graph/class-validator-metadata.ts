interface ValidatorStorage {
  readonly validationMetadatas: ReadonlyMap<unknown, readonly { propertyName: string }[]>;
  getTargetValidationMetadatas(
    target: Function,
    schema: string,
    always: boolean,
    strictGroups: boolean,
  ): { propertyName: string; name?: string }[];
}

/**
 * The metadata that class-validator's decorators recorded. class-validator keeps it on the global object, so a project
 * without its decorators does not pay for loading it (110 ms), and two copies of it share their metadata.
 */
function storage(): ValidatorStorage | undefined {
  return (globalThis as { classValidatorMetadataStorage?: ValidatorStorage }).classValidatorMetadataStorage;
}

function recordedFor(type: Function): { propertyName: string; name?: string }[] {
  return storage()?.getTargetValidationMetadatas(type, "", false, false) ?? [];
}

/** Returns all metadata recorded on a class itself. */
export function recordedOn(type: Function): readonly object[] | undefined {
  return storage()?.validationMetadatas.get(type);
}

/** Returns the number of classes that have decorators of class-validator. */
export function validatedCount(): number {
  return storage()?.validationMetadatas.size ?? 0;
}

/** Yields the classes that have decorators of class-validator, each with the decorated properties. */
export function* validatedClasses(): Generator<[type: Function, properties: string[]]> {
  for (const [type, recorded] of storage()?.validationMetadatas ?? []) {
    if (typeof type === "function") yield [type, recorded.map((metadata) => metadata.propertyName)];
  }
}

/** Returns the properties of a class that have decorators of class-validator. */
export function validatedProperties(type: Function): Set<string> {
  return new Set(recordedFor(type).map((metadata) => metadata.propertyName));
}

/** Returns the properties of a class decorated with `@IsOptional()`. */
export function optionalProperties(type: Function): Set<string> {
  return new Set(
    recordedFor(type)
      .filter(({ name }) => name === "isOptional")
      .map((m) => m.propertyName),
  );
}
