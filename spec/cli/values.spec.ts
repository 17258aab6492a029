import { expect } from "chai";
import fc from "fast-check";
import { bytesFrom, millisecondsFrom, parseMaps, parsePlacement, parseSettings } from "../../src/cli/parse-args.js";
import { type BullmqQueue, image, local, modal } from "../../src/index.js";
import type { ModalPlacement } from "../../src/placement/modal/options.js";
import { hidePasswords } from "../../src/util/hide-passwords.js";

function problemOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("it is taken");
}

const connectionOf = (text: string) => (parseMaps(text) as BullmqQueue).options;

describe("options of a run on the command line", () => {
  it("are JSON values and texts, and groups of them", () => {
    const given = ["maxWorkers=8", "maps=parallel", "resourceLimits.stackSizeMb=16", 'resourceLimits={"x":1}'];
    expect(parseSettings(given.slice(0, 3))).to.deep.equal({
      maxWorkers: 8,
      maps: "parallel",
      resourceLimits: { stackSizeMb: 16 },
    });
    expect(parseSettings([given[3]!, given[2]!])).to.deep.equal({ resourceLimits: { x: 1, stackSizeMb: 16 } });
  });

  it("have times without a limit", () => {
    expect(parseSettings(["graceMs=Infinity"])).to.deep.equal({ graceMs: Number.POSITIVE_INFINITY });
    const { options } = parsePlacement("local-process:timeoutMs=Infinity,idleTimeoutMs=5") as unknown as {
      readonly options: Record<string, unknown>;
    };
    expect(options).to.deep.equal({ timeoutMs: Number.POSITIVE_INFINITY, idleTimeoutMs: 5 });
    expect(connectionOf("bullmq:queue=Infinity")).to.deep.equal({ queue: "Infinity" });
  });

  const wrong: [given: string[], says: string][] = [
    [["a=2", "a.x=3"], "--set a.x=3: a is 2 already by --set a=2, which has no options. Give one of them."],
    [["a=null", "a.x=3"], "--set a.x=3: a is null already by --set a=null, which has no options."],
    [["a=[1]", "a.0=3"], "--set a.0=3: a is [1] already by --set a=[1], which has no options."],
    [["a.b=2", "a.b.c=3"], "--set a.b.c=3: a.b is 2 already by --set a.b=2, which has no options."],
    [["a=2", "a=3"], "--set a=3: a is set already by --set a=2. Set it once."],
    [["a.x=2", "a.x=2"], "--set a.x=2: a.x is set already by --set a.x=2. Set it once."],
    [["a.x=3", "a=2"], "--set a=2: a is a group of options already by --set a.x=3."],
    [["a.b.c=3", "a.b=2"], "--set a.b=2: a.b is a group of options already by --set a.b.c=3."],
    [["a..b=3"], "--set a..b: a part of its name is empty"],
    [[".=3"], "--set .: a part of its name is empty"],
    [["a"], "--set a: it is not NAME=VALUE"],
    [["=a"], "--set: it is not NAME=VALUE"],
    [["a=[1,"], "--set a: it is not valid JSON: line 1, column 4: it ends where a value is expected"],
    [["a=[1,"], "Write JSON, or a text without quotes and brackets."],
    [["a=[x,y]"], `Shells remove double quotes: put single quotes around the whole, such as --set 'a=["a","b"]'`],
    [['a={"b":tru}'], '--set a: it is not valid JSON: line 1, column 6: a value is expected, not "tru"'],
    [
      ["a=9007199254740993"],
      "--set a: line 1, column 1: 9007199254740993 is an integer that a number can't represent exactly",
    ],
    ...["__proto__", "constructor", "prototype"].flatMap((name): [string[], string][] => [
      [[`${name}=1`], `--set ${name}: JavaScript has another meaning for this name`],
      [[`${name}.x=1`], `--set ${name}: JavaScript has another meaning for this name`],
      [[`a.${name}.x=1`], `--set ${name}: JavaScript has another meaning for this name`],
      [[`a={"b":[{"${name}":1}]}`], `--set a ${name}: JavaScript has another meaning for this name`],
    ]),
  ];
  for (const [given, says] of wrong) {
    it(`--set ${given.join(" --set ")} is explained`, () => {
      expect(problemOf(() => parseSettings(given))).to.contain(says);
      expect(({} as { x?: unknown }).x).to.equal(undefined);
    });
  }
});

describe("a place on the command line", () => {
  it("keeps the options of the class's own placement that --on does not name", () => {
    const declared = modal({ gpu: "A10", memoryMiB: 4096, image: image().cuda() });
    const { options } = parsePlacement("modal:gpu=H100,cpu=4", declared) as ModalPlacement;
    expect(options).to.deep.equal({ ...declared.options, gpu: "H100", cpu: 4 });
    expect((parsePlacement("modal", declared) as ModalPlacement).options).to.deep.equal(declared.options);
    expect((parsePlacement("modal:cpu=4", local()) as ModalPlacement).options).to.deep.equal({ cpu: 4 });
    expect(parsePlacement("local", declared).kind).to.equal("local");
    expect(parsePlacement("modal:containers=3", declared)).to.include({ containers: 3 });
  });

  it("has options, in whose values commas may be", () => {
    const url = "redis://user:p,w@host:6379/0";
    expect(connectionOf(`bullmq:connection=${url}`)).to.deep.equal({ connection: url });
    expect(connectionOf(`bullmq:queue=q,connection=${url},prefix=x`)).to.deep.equal({
      queue: "q",
      connection: url,
      prefix: "x",
    });
    const other = "rediss://user:p,queue=w@host";
    expect(connectionOf(`bullmq:connection=${other},queue=q`)).to.deep.equal({ connection: other, queue: "q" });
    const { options } = parsePlacement('modal:env={"A":"b","C":"d"},gpu=A10G,cpu=4') as ModalPlacement;
    expect(options).to.deep.equal({ env: { A: "b", C: "d" }, gpu: "A10G", cpu: 4 });
    expect(parsePlacement("local").kind).to.equal("local");
    expect(parseMaps("parallel")).to.equal("parallel");
  });

  it("takes any password that a URL can have, and leaves the options beside it as they are", () => {
    const password = fc.stringMatching(/^[a-zA-Z0-9,=.;!$&'()*+_~-]{1,20}$/);
    fc.assert(
      fc.property(password, (secret) => {
        const connection = `redis://user:${secret}@host:6379/0`;
        expect(connectionOf(`bullmq:queue=q,connection=${connection},prefix=p`)).to.deep.equal({
          ...{ queue: "q", connection, prefix: "p" },
        });
      }),
    );
  });

  const wrong = ["redis://user:pA,sW@h", "mars:connection=redis://user:pA,sW@h", "modal:gpu=A10G,redis://user:pA,sW@h"];
  const wrongMaps = [
    "bullmq:connection=http://user:pA,sW@h",
    "bullmq:conection=redis://user:pA,sW@h",
    "bullmq:conection=redis://user:pA,queue=sW@h",
    "bullmq:queue=a b,prefix=redis://user:pA,sW@h",
    'bullmq:connection="redis://user:pA,sW@h',
    "bullmq:redis://user:pA,sW@h",
    "bullmq:queue=q,redis://user:pA,sW@h",
    "bullmq:__proto__=redis://user:pA,sW@h",
    'bullmq:connection={"password":pAsW}',
  ];
  const secret = /pA|sW/;
  for (const text of [...wrong, 'modal:env={"TOKEN":pAsW}', "modal:volume=redis://user:pA,sW@h"]) {
    it(`--on ${text} is refused, and no password printed`, () => {
      expect(hidePasswords(problemOf(() => parsePlacement(text)))).not.to.match(secret);
    });
  }
  for (const text of wrongMaps) {
    it(`--maps ${text} is refused, and no password printed`, () => {
      expect(hidePasswords(problemOf(() => parseMaps(text)))).not.to.match(secret);
    });
  }

  it("names the option at fault", () => {
    const twice = "gpu is set twice. Set it once.";
    expect(problemOf(() => parsePlacement("modal:gpu=A10G,cpu=4,gpu=T4"))).to.equal(`--on modal: ${twice}`);
    expect(problemOf(() => parsePlacement("modal:gpu=A10G,redis://user:pA,sW@h"))).to.contain("the option gpu is");
    expect(problemOf(() => parseMaps("bullmq:redis://u:p@h"))).to.contain(
      "--maps bullmq: its beginning is not NAME=VALUE",
    );
    expect(problemOf(() => parseMaps('bullmq:queue="q'))).to.contain(
      "--maps bullmq:queue: it looks like JSON but is not valid",
    );
    expect(problemOf(() => parsePlacement("local:x"))).to.contain("local takes no options");
  });
});

describe("a time on the command line", () => {
  const right: [text: string, ms: number][] = [
    ...[["1ms", 1] as const, ["2s", 2_000] as const, ["30m", 1_800_000] as const, ["30min", 1_800_000] as const],
    ...[["12h", 43_200_000] as const, ["30d", 2_592_000_000] as const, ["1w", 604_800_000] as const],
    ...[["1.5 h", 5_400_000] as const, [".5S", 500] as const, ["0s", 0] as const],
  ].map(([text, ms]) => [text, ms] as [string, number]);
  for (const [text, ms] of right) it(text, () => expect(millisecondsFrom("--max-age", text)).to.equal(ms));

  for (const text of [
    "30",
    "0",
    "1e3",
    "-1d",
    "1.2.3s",
    "1.s",
    "d",
    "",
    "30 parsecs",
    "30constructor",
    "1d2h",
    "NaNs",
  ]) {
    it(`"${text}" is refused, with the units`, () => {
      expect(problemOf(() => millisecondsFrom("--max-age", text))).to.equal(
        `--max-age ${text}: it is not a time with its unit, such as 30d or 30m. Units: ms, s, m, min, h, d, w.`,
      );
    });
  }

  it("is not like bytes, which are plain numbers, too", () => {
    expect(bytesFrom("--max-bytes", "4096")).to.equal(4096);
    expect(bytesFrom("--max-bytes", "1.5 GiB")).to.equal(1.5 * 2 ** 30);
    for (const text of ["1..5GB", "-1", "5 parsecs", "5constructor"]) {
      expect(problemOf(() => bytesFrom("--max-bytes", text))).to.contain(
        `--max-bytes ${text}: it is not bytes, such as 500MiB`,
      );
    }
  });
});

describe("passwords in texts", () => {
  const cases: [text: string, hidden: string][] = [
    ["at redis://user:p,w@host:6379/0 and so on", "at redis://***@host:6379/0 and so on"],
    ["rediss://:secret@host", "rediss://***@host"],
    ["redis://user:p/w#x?y@host", "redis://***@host"],
    ["https://user:secret@host/path", "https://***@host/path"],
    ["postgres://u:p,q@h,amqp://u:p@h", "postgres://***@h,amqp://***@h"],
    ["redis://user:pA", "redis://***"],
    ["postgres://me:hun#ter2@h/db", "postgres://***@h/db"],
    ["postgres://me:pa/ss@h/db", "postgres://***@h/db"],
    ["amqp://me:a@b/c?d@h", "amqp://***@h"],
    [`mongodb://me:a"b'c@h`, "mongodb://***@h"],
    ["postgres://me:hunter2", "postgres://***"],
    ["https://host:8080/@scope/b", "https://host:8080/@scope/b"],
    ["http://[::1]:8080/a", "http://[::1]:8080/a"],
    ["http://127.0.0.1:37961: refused", "http://127.0.0.1:37961: refused"],
    ["redis://host:6379/0", "redis://host:6379/0"],
    ["redis://127.0.0.1:1: refused", "redis://127.0.0.1:1: refused"],
    ["redis://user:password@host:6379/0", "redis://user:password@host:6379/0"],
    ["file:///a/node_modules/@scope/b.js", "file:///a/node_modules/@scope/b.js"],
    ["https://www.npmjs.com/package/@scope/b", "https://www.npmjs.com/package/@scope/b"],
    ["mail me@example.com", "mail me@example.com"],
  ];
  for (const [text, hidden] of cases) {
    it(`${text} is printed as ${hidden}`, () => {
      expect(hidePasswords(text)).to.equal(hidden);
    });
  }
});
