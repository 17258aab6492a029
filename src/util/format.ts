/** Formats of quantities. */

let whole: Intl.NumberFormat | undefined;

/** Formats a number as `1,234`. */
export function formatCount(value: number): string {
  // The first of Intl's formats takes 10 ms in a process.
  whole ??= new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
  return whole.format(value);
}

/** Formats milliseconds as `0.3 ms`, `120 ms`, `1.20 s`, `2 min 05 s`. */
export function formatDuration(ms: number): string {
  if (ms < 0.0005) return "0";
  if (ms < 1) return `${round(ms * 1_000)} µs`;
  if (ms < 1_000) return `${round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
  return `${Math.floor(seconds / 3_600)} h ${String(Math.floor(seconds / 60) % 60).padStart(2, "0")} min`;
}

function round(value: number): string {
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}

/** Formats bytes as `0 B`, `1.2 KiB`, `34 MiB`. */
export function formatBytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = value;
  let unit = 0;
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024;
  return `${unit === 0 ? size : round(size)} ${units[unit]}`;
}

/** Formats a number per second. */
export function formatRate(perSecond: number): string {
  return `${perSecond < 10 ? perSecond.toFixed(1) : formatCount(perSecond)}/s`;
}

/** Formats milliseconds as `0:04`, `12:30`, `1:02:03`. */
export function formatClock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const [first, ...rest] = parts[0] === 0 ? parts.slice(1) : parts;
  return [first, ...rest.map((part) => String(part).padStart(2, "0"))].join(":");
}

/** Formats a number of things: `1 edge`, `2 edges`. */
export function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}
