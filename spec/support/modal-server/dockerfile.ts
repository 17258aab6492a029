/**
 * The variables that an ENV instruction sets, by the rules of Docker: words are separated by spaces outside of quotes; in single
 * quotes all is as it stands; in double quotes `$` names a variable, and a backslash takes its meaning from `"`, `$` and itself,
 * and is a backslash before anything else; outside of quotes it is dropped.
 *
 * @see https://docs.docker.com/reference/dockerfile/#env
 */
export function envOf(instruction: string, before: Readonly<Record<string, string>>): Record<string, string> {
  if (/[\r\n]/.test(instruction)) throw new Error(`dockerfile parse error: ${JSON.stringify(instruction)}`);
  const text = instruction.replace(/^ENV\s+/, "");
  const found: Record<string, string> = {};
  let at = 0;
  const variable = (): string => {
    const [all, braced, bare] = /^\$(?:\{(\w+)\}|(\w+))/.exec(text.slice(at)) ?? [];
    if (all === undefined) {
      at++;
      return "$";
    }
    at += all.length;
    return before[braced ?? bare!] ?? "";
  };
  const doubleQuoted = (): string => {
    let value = "";
    for (at++; text[at] !== '"'; ) {
      if (at >= text.length) throw new Error("unexpected end of statement while looking for matching double-quote");
      if (text[at] === "$") value += variable();
      else if (text[at] === "\\" && /["$\\]/.test(text[at + 1] ?? "")) {
        value += text[at + 1];
        at += 2;
      } else value += text[at++];
    }
    at++;
    return value;
  };
  const singleQuoted = (): string => {
    const end = text.indexOf("'", at + 1);
    if (end < 0) throw new Error("unexpected end of statement while looking for matching single-quote");
    const value = text.slice(at + 1, end);
    at = end + 1;
    return value;
  };
  while (at < text.length) {
    if (/\s/.test(text[at]!)) {
      at++;
      continue;
    }
    const [head, name] = /^(\w+)=/.exec(text.slice(at)) ?? [];
    if (head === undefined) throw new Error(`Syntax error - can't find = in ${JSON.stringify(text.slice(at))}`);
    at += head.length;
    let value = "";
    while (at < text.length && !/\s/.test(text[at]!)) {
      if (text[at] === '"') value += doubleQuoted();
      else if (text[at] === "'") value += singleQuoted();
      else if (text[at] === "$") value += variable();
      else if (text[at] === "\\") {
        value += text[at + 1] ?? "";
        at += 2;
      } else value += text[at++];
    }
    found[name!] = value;
  }
  return found;
}

/** The version of Node that an image of this tag has; undefined: none. */
export function nodeOfTag(tag: string): string | undefined {
  const version = /(?:^|\/)[\w-]*node[\w-]*:(\d+(?:\.\d+)*)/.exec(tag)?.[1];
  return version && whole(version);
}

/** The version of Node that a command installs; undefined: none. */
export function nodeInstalledBy(command: string): string | undefined {
  const [all, official, packaged] =
    /nodejs\.org\/dist\/(?:latest-)?v([\d.]+\d)|install[^&;]* nodejs(?:=(\d+))?/.exec(command) ?? [];
  // Debian's own is an old one.
  return all && whole(official ?? packaged ?? "18");
}

/** Whether a shell command starts Node or npm. */
export function needsNode(command: string): boolean {
  return /(?:^RUN |&& |; |\|\| |\| )(?:node|npm|npx) /.test(command);
}

/** The newest of a line, more or less. */
function whole(version: string): string {
  const [major, minor = "19", patch = "0"] = version.split(".");
  return `${major}.${minor}.${patch}`;
}
