import path from "node:path";
import { HypernodesError } from "../../errors.js";
import { onDemand } from "../../util/on-demand.js";
import { MAX_COMMAND_LENGTH, writeFileCommand } from "../bundle/shell-files.js";

const fs = onDemand<typeof import("node:fs")>("node:fs");

/**
 * An ENV instruction that gives a variable exactly this value. In double quotes, Docker takes `$` for a variable, and a backslash
 * before `"`, `$` and itself for a quote of these; everything else stands for itself.
 *
 * @param value a text without control characters.
 * @see https://docs.docker.com/reference/dockerfile/#env
 */
export function envInstruction(name: string, value: string): string {
  return `ENV ${name}="${value.replace(/["$\\]/g, "\\$&")}"`;
}

/** Downloads of Node. */
const DOWNLOADS = "https://nodejs.org/dist";
/** A step of a shell that gets curl where there is none. */
const CURL =
  "if ! command -v curl > /dev/null; then apt-get update; apt-get install -y --no-install-recommends ca-certificates curl; rm -rf /var/lib/apt/lists/*; fi";

/**
 * A RUN instruction that installs Node, and npm with it, from its own downloads, in an image with a shell, tar and gzip; and with
 * curl, or apt to get it. The build fails where the archive is not the one that the release's list of SHA-256 sums names.
 *
 * @param version a line, `"22"`, of which the newest release is taken, or a release, `"22.13.1"`.
 */
export function nodeInstruction(version: string): string {
  const folder = `${DOWNLOADS}/${version.includes(".") ? `v${version}` : `latest-v${version}.x`}`;
  const steps = [
    "set -e",
    CURL,
    'case "$(uname -m)" in aarch64) arch=arm64;; *) arch=x64;; esac',
    "cd /tmp",
    `curl -fsSL --retry 3 -o node.sums ${folder}/SHASUMS256.txt`,
    'grep "linux-$arch[.]tar[.]gz$" node.sums > node.sum',
    "read -r sum archive < node.sum",
    `curl -fsSL --retry 3 -o "$archive" "${folder}/$archive"`,
    "sha256sum -c node.sum",
    'tar -xzf "$archive" -C /usr/local --strip-components=1 --no-same-owner',
    'rm "$archive" node.sums node.sum',
    "node --version",
  ];
  return `RUN ${steps.join("; ")}`;
}

/**
 * A RUN instruction that downloads a file, in an image with a shell; and with curl, or apt to get it. The build fails where its content
 * is not that of the SHA-256 sum.
 *
 * @param url without characters that end a text in single quotes.
 * @param remotePath without characters that a shell takes for its own.
 */
export function downloadInstruction(url: string, remotePath: string, sha256: string): string {
  const steps = [
    "set -e",
    CURL,
    `mkdir -p ${path.posix.dirname(remotePath)}`,
    `curl -fsSL --retry 3 -o ${remotePath} '${url}'`,
    `echo '${sha256}  ${remotePath}' | sha256sum -c -`,
  ];
  return `RUN ${steps.join("; ")}`;
}

/** A COPY instruction for a file of this machine. */
export function copyInstruction(localPath: string, remotePath: string): string {
  return `COPY ${JSON.stringify([localPath, remotePath])}`;
}

/**
 * An instruction as Modal takes it: it gets no files with an image, so that a COPY becomes a RUN with the file's content in it.
 * The file is read now, and not where the image is declared: that is done in the container as well.
 *
 * @throws {HypernodesError} `LOCAL_FILE`
 */
export function sentInstruction(instruction: string): string {
  if (!instruction.startsWith("COPY ")) return instruction;
  const [localPath, remotePath] = JSON.parse(instruction.slice("COPY ".length)) as [string, string];
  let content: Buffer;
  try {
    content = fs().readFileSync(localPath);
  } catch (error) {
    throw localFile(localPath, `can't be read: ${(error as Error).message}`, "Check that the file exists.", error);
  }
  const text = content.toString("latin1");
  // Of a path of Windows, too: its rules take both separators.
  const isNpmrc = [localPath, remotePath].some((each) => /^\.?npmrc$/.test(path.win32.basename(each)));
  if (PRIVATE_KEY.test(text) || TOKEN.test(text) || (isNpmrc && SECRET_OF_NPM.test(text))) {
    throw localFile(
      localPath,
      "contains a password, a token or a private key, which everyone who can read the image's commands would see",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: npm reads it so.
      'In an .npmrc, write ${NPM_TOKEN} instead, and give it to the build: image().buildSecrets("name of a Modal secret that has NPM_TOKEN").',
    );
  }
  const command = `RUN mkdir -p ${path.posix.dirname(remotePath)} && ${writeFileCommand(remotePath, content)}`;
  if (command.length <= MAX_COMMAND_LENGTH) return command;
  throw localFile(
    localPath,
    `is too large: ${content.length} bytes, and a command of an image can write about 90,000 bytes after compression`,
    "Put it on a volume, modal({ volumes }); or, if nodes read it, name it in modal({ files }).",
  );
}

const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----/;
/** Tokens whose form says that they are some: npm's, GitHub's, Hugging Face's, AWS's, Slack's; and a line of a .netrc. */
const TOKEN =
  /\b(?:npm_[A-Za-z0-9]{36}|gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,}|hf_[A-Za-z0-9]{30,}|AKIA[A-Z0-9]{16}|xox[abprs]-[\w-]{20,})\b|^\s*machine\s+\S+[\s\S]{0,200}?\bpassword\s+\S/m;
/** A secret of npm that stands there as a text. */
const SECRET_OF_NPM = /^\s*[^#;\s]*_(?:authToken|auth|password)\s*=\s*(?!["']?\$\{)\S/m;

function localFile(file: string, problem: string, advice: string, cause?: unknown): HypernodesError {
  return new HypernodesError({
    code: "LOCAL_FILE",
    where: "image().addLocalFile",
    problem: `the file ${file} ${problem}`,
    advice,
    cause,
  });
}
