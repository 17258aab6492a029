import { type ClassLocation, isBundled } from "../../dsl/class-location.js";
import type { HostCode } from "../provider.js";

/**
 * The name of what has loaded the code of a class: its bundle, which stays as it was made, or a process that imports its files.
 *
 * @param origin the location of the class in this process.
 * @param id the id of the host.
 */
export function codeHolder(code: HostCode, origin: ClassLocation, id: string): string {
  return isBundled(code.locate(origin)) ? `bundle ${code.digest}` : `process ${id}`;
}
