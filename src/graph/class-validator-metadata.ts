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
 * What class-validator's decorators recorded on a class. It keeps that on the global object, so whoever decorates
 * nothing does not pay for loading it (110 ms), and two copies of it share what they know.
 */
function storage(): ValidatorStorage | undefined {
  return (globalThis as { classValidatorMetadataStorage?: ValidatorStorage }).classValidatorMetadataStorage;
}

function recordedFor(type: Function): { propertyName: string; name?: string }[] {
  return storage()?.getTargetValidationMetadatas(type, "", false, false) ?? [];
}

/** All that they recorded on a class itself. */
export function recordedOn(type: Function): readonly object[] | undefined {
  return storage()?.validationMetadatas.get(type);
}

/** How many classes class-validator's decorators stand in. */
export function validatedCount(): number {
  return storage()?.validationMetadatas.size ?? 0;
}

/** The classes that class-validator's decorators stand in, each with the properties that have one. */
export function* validatedClasses(): Generator<[type: Function, properties: string[]]> {
  for (const [type, recorded] of storage()?.validationMetadatas ?? []) {
    if (typeof type === "function") yield [type, recorded.map((metadata) => metadata.propertyName)];
  }
}

/** The properties of a class that class-validator's decorators stand on. */
export function validatedProperties(type: Function): Set<string> {
  return new Set(recordedFor(type).map((metadata) => metadata.propertyName));
}

/** The properties of a class that `@IsOptional()` stands on. */
export function optionalProperties(type: Function): Set<string> {
  return new Set(
    recordedFor(type)
      .filter(({ name }) => name === "isOptional")
      .map((m) => m.propertyName),
  );
}
