declare module "class-transformer/cjs/storage.js" {
  export interface TypeOptions {
    readonly discriminator?: {
      readonly property: string;
      readonly subTypes: readonly { readonly name: string; readonly value: Function }[];
    };
    readonly keepDiscriminatorProperty?: boolean;
  }

  interface TypeMetadata {
    readonly propertyName: string;
    /** The type that the loader emitted for the property. */
    readonly reflectedType: unknown;
    readonly typeFunction: (help?: object) => Function;
    readonly options: TypeOptions | undefined;
  }

  /** The metadata recorded by class-transformer's decorators. The package has no other export of it. */
  export const defaultMetadataStorage: {
    readonly _typeMetadatas: ReadonlyMap<Function, ReadonlyMap<string, TypeMetadata>>;
    readonly _transformMetadatas: ReadonlyMap<Function, unknown>;
    readonly _exposeMetadatas: ReadonlyMap<Function, unknown>;
    readonly _excludeMetadatas: ReadonlyMap<Function, unknown>;
    findTypeMetadata(target: Function, property: string): TypeMetadata | undefined;
    findTransformMetadatas(target: Function, property: string, type: number): readonly unknown[];
    findExposeMetadata(
      target: Function,
      property: string,
    ): { readonly options?: { readonly name?: string } } | undefined;
    findExcludeMetadata(target: Function, property: string): object | undefined;
    getStrategy(target: Function): "none" | "excludeAll" | "exposeAll";
  };
}

declare module "class-transformer/cjs/TransformOperationExecutor.js" {
  /** The class behind `plainToInstance`. */
  export class TransformOperationExecutor {
    constructor(transformationType: number, options: object);
    transform(
      source: unknown,
      value: unknown,
      targetType: unknown,
      arrayType?: unknown,
      isMap?: boolean,
      level?: number,
    ): unknown;
    getKeys(target: Function, object: object, isMap: boolean): string[];
  }
}

declare module "class-transformer/cjs/constants/default-options.constant.js" {
  export const defaultOptions: object;
}

declare module "class-validator/cjs/validation/ValidationExecutor.js" {
  import type { ValidationError, Validator, ValidatorConstraintInterface, ValidatorOptions } from "class-validator";

  /** The class behind `validate`. */
  export class ValidationExecutor {
    constructor(validator: Validator, options: ValidatorOptions);
    metadataStorage: {
      getTargetValidationMetadatas(type: Function, ...rest: unknown[]): readonly unknown[];
      getTargetValidatorConstraints(
        type: Function,
      ): readonly { readonly name: string; readonly instance: ValidatorConstraintInterface }[];
    };
    readonly awaitingPromises: readonly Promise<unknown>[];
    execute(object: object, targetSchema: string, errors: ValidationError[]): void;
    stripEmptyErrors(errors: ValidationError[]): ValidationError[];
  }
}
