import { readProperty } from "./describe.js";

/** Address of the troubleshooting page, which has an entry for each code. */
const PAGE = "https://github.com/hypernodes/hypernodes/blob/main/docs/troubleshooting.md";

/** Returns the address of a code's entry in the troubleshooting page. */
export function docsUrlOf(code: string): string {
  return `${PAGE}#${code.toLowerCase()}`;
}

/** Formats the addresses of some codes, each once, a line each: `See https://...#cycle`. */
export function formatDocsUrls(codes: readonly string[]): string[] {
  return [...new Set(codes)].map((code) => `See ${docsUrlOf(code)}`);
}

/**
 * Adds the addresses of an error's codes to its stack, behind the message: Node prints the stack of an uncaught error, and
 * so do test runners and loggers. An error whose stack has them already, or is read-only, is left as it is.
 */
export function addDocsUrls(error: Error, codes: readonly string[]): void {
  const stack = readProperty(error, "stack");
  const header = headerOf(error);
  if (typeof stack !== "string" || !stack.startsWith(header)) return;
  const lines = formatDocsUrls(codes).map((line) => `\n  ${line}`);
  const rest = stack.slice(header.length);
  if (!rest.startsWith(lines.join(""))) Reflect.set(error, "stack", [header, ...lines, rest].join(""));
}

/** Returns the beginning of an error's stack, up to its first frame: the message, and the addresses behind it. */
export function stackHeader(error: Error): string {
  const header = headerOf(error);
  const stack = readProperty(error, "stack");
  if (typeof stack !== "string" || !stack.startsWith(header)) return header;
  return header + (/^(?:\n {2}See \S+)*/.exec(stack.slice(header.length))?.[0] ?? "");
}

function headerOf({ name, message }: Error): string {
  return `${name}: ${message}`;
}
