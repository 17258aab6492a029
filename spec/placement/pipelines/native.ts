// @ts-expect-error it has no types.
import extract from "cbor-extract";
import { node, Pipeline } from "../../../src/index.js";

/** Needs a package with a native part. */
export class Native extends Pipeline {
  @node() kind(): string {
    return typeof extract.extractStrings;
  }
}
