import sqlite3 from "sqlite3";
import { node, Pipeline } from "../../../src/index.js";

/** Needs a package with a native part. */
export class Native extends Pipeline {
  @node() version(): string {
    return sqlite3.VERSION;
  }
}
