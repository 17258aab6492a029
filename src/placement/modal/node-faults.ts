import { HypernodesError } from "../../errors.js";

/** The oldest Node that runs what is in a container, as package.json has it for this process. */
const OLDEST = [20, 19] as const;

/** A program by its name alone, as it is asked for: no file, and no part of another name. */
const PROGRAM = String.raw`(?<![\w./-])["'\u2018]?(?:node|npm|npx)["'\u2019]?`;
/** The program that starts it: a shell at some line, or env. */
const CALLER = String.raw`(?:sh|env): (?:(?:line )?\d+: )?(?:can't execute )?`;
const NO_NODE = [
  new RegExp(`${PROGRAM}: (?:command not found|not found|executable file not found)`),
  new RegExp(`${CALLER}${PROGRAM}: No such file or directory`),
  new RegExp(`\\bspawn ${PROGRAM} ENOENT`),
  // The start of a process in a container.
  new RegExp(`No such file or directory: ${PROGRAM}$|\\bexecutable ${PROGRAM} in (?:\\$?PATH)`, "im"),
];

/** Words of a Node that is too old to begin. */
const TOO_OLD =
  /does not provide an export named 'crc32'|bad option: --(?:input-type|enable-source-maps|disable-warning)/;

/**
 * The error of an image that has no Node, or an old one.
 *
 * @param text what a build, or Node, has written.
 * @param base what the image was made from.
 * @param cause the error that this explains.
 * @returns undefined if it says nothing of that.
 */
export function nodeFault(text: string, base: string, cause?: unknown): HypernodesError | undefined {
  const version = /^Node\.js v(\d+\.\d+\.\d+)/m.exec(text)?.[1];
  if (version !== undefined && isOld(version)) return nodeTooOld(version, base, cause);
  if (TOO_OLD.test(text)) return nodeTooOld(undefined, base, cause);
  if (!NO_NODE.some((form) => form.test(text))) return undefined;
  return new HypernodesError({
    code: "IMAGE_WITHOUT_NODE",
    where: "modal({ image })",
    problem: `the image has no Node, or installs it after it is needed; its base is ${base}`,
    advice: `Install it before the commands that need it: image().from("${base}").nodeInstall("22").`,
    cause,
  });
}

/**
 * Checks the version that a container's Node says it has.
 *
 * @throws {HypernodesError} `IMAGE_NODE_TOO_OLD`
 */
export function checkNode(version: string, base: string): void {
  if (isOld(version.replace("v", ""))) throw nodeTooOld(version.replace("v", ""), base);
}

function isOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}

function nodeTooOld(version: string | undefined, base: string, cause?: unknown): HypernodesError {
  return new HypernodesError({
    code: "IMAGE_NODE_TOO_OLD",
    where: "modal({ image })",
    cause,
    problem: `the image's Node is too old: ${version === undefined ? "it does not start" : `it is ${version}`}, and ${OLDEST.join(".")} is the oldest that works; the image's base is ${base}`,
    advice:
      'Use a newer one, image().nodeSlim("22"), or install it: image().from(...).nodeInstall("22"). A cache in SQLite needs 22.13.',
  });
}
