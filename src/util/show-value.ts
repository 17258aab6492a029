const LONGEST = 200;

/**
 * Formats a value for a message, on one line: a text in quotes, a function by its name, an instance by its class. Never
 * throws.
 */
export function showValue(value: unknown): string {
  try {
    const text = shown(value);
    return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
  } catch {
    return `a value of type ${typeof value} that can't be shown`;
  }
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") {
    const kind = /^class\b/.test(Function.prototype.toString.call(value)) ? "class" : "function";
    return value.name === "" ? `a ${kind}` : `the ${kind} ${value.name}`;
  }
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : String(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = Array.isArray(value) || prototype === null || prototype === Object.prototype;
  if (isPlain) return JSON.stringify(value, inside);
  return `an instance of ${(value.constructor as { name?: string } | undefined)?.name || "a class without a name"}`;
}

function inside(_: string, value: unknown): unknown {
  if (typeof value === "bigint" || typeof value === "function" || typeof value === "symbol") return showValue(value);
  // JSON would omit it.
  if (value === undefined) return "undefined";
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}
