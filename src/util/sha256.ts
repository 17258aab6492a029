import { onDemand } from "./on-demand.js";

const crypto = onDemand<typeof import("node:crypto")>("node:crypto");

/** Returns the SHA-256 of bytes, or of a text in UTF-8, as 64 hexadecimal digits. */
export function sha256(content: string | Uint8Array): string {
  return crypto().hash("sha256", content, "hex");
}

/** Returns the SHA-256 with one character per byte: Node returns a string twice as fast as a Buffer. */
export function sha256Binary(content: string | Uint8Array): string {
  return crypto().hash("sha256", content, "binary");
}
