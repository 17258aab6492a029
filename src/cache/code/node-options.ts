/**
 * The beginnings of options of Node that change no result: those of debuggers, profilers, reports, tests, loaders, permissions, memory
 * and warnings. All others count: they may change the language, Node's modules and constants, or which of a package's files is loaded.
 */
const HARMLESS = [
  "inspect debug cpu-prof heap perf prof trace report diagnostic track node-memory stack-trace-limit",
  "warnings redirect-warnings disable-warning deprecation pending-deprecation throw-deprecation",
  "max-old max-semi huge-max v8-pool expose-gc abort-on unhandled-rejections snapshot build-snapshot title",
  "import$ require$ loader$ experimental-loader experimental-vm-modules enable-source-maps env-file input-type",
  "experimental-strip-types experimental-transform-types eval$ print$ check$ run$ test watch",
  "permission experimental-permission allow-",
].flatMap((names) => names.split(" "));

const IS_HARMLESS = new RegExp(`^--(?:no-)?(?:${HARMLESS.join("|")})`);

/** `-r module`, `-e code`. */
const SHORT_HARMLESS = new Set(["-r", "-e", "-p", "-pe", "-i", "-c"]);

/** The options that this process was started with, as far as they may change what code does. */
export function nodeOptions(): string[] {
  const found: string[] = [];
  let isTaken = false;
  for (const part of [...(process.env.NODE_OPTIONS ?? "").split(/\s+/), ...process.execArgv]) {
    if (!part.startsWith("-")) {
      if (isTaken) found.push(`${found.pop()}=${part}`);
      continue;
    }
    const [name, ...value] = part.split("=");
    const known = name === "-C" ? "--conditions" : name!.replaceAll("_", "-");
    isTaken = !SHORT_HARMLESS.has(known) && !IS_HARMLESS.test(known);
    if (isTaken) found.push([known, ...value].join("="));
  }
  return found.sort();
}
