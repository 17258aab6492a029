import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import type { Executed } from "../support/execute.js";
import { inject } from "../support/faults.js";
import { type CliFolder, cliFolder } from "../support/hypernodes.js";
import { TYPED } from "./pipelines.js";

const EXACT = "is an integer that a number can't represent exactly";

describe("the command line", () => {
  let cli: CliFolder;
  before(() => {
    cli = cliFolder();
    cli.write("typed.mjs", TYPED);
    mkdirSync(path.join(cli.folder, "folder"));
  });
  after(() => cli.remove());
  const run = (name: string, ...args: string[]): Promise<Executed> =>
    cli.hypernodes("run", `typed.mjs#${name}`, "--quiet", "--json", ...args);
  /** With a file as standard input. */
  const reading = (file: string, name: string, ...args: string[]): Promise<Executed> =>
    cli.reading(file, "run", `typed.mjs#${name}`, "--quiet", "--json", ...args);
  const told = async (executing: Promise<Executed>, code: number, says: string | RegExp) => {
    const { stdout, stderr, ...ended } = await executing;
    if (typeof says === "string") expect(stderr).to.contain(says);
    else expect(stderr).to.match(says);
    expect(stderr).not.to.match(/\n {4}at |Uncaught|node:internal/);
    expect([ended.code, stdout]).to.deep.equal([code, ""]);
  };
  const gives = async (executing: Promise<Executed>, out: string) => {
    const { code, stdout, stderr } = await executing;
    expect({ code, stderr, out: code === 0 ? (JSON.parse(stdout) as { out: string }).out : stdout }).to.deep.equal({
      ...{ code: 0, stderr: "", out },
    });
  };

  describe("reads an input as the type that it is declared with", () => {
    const right: [name: string, text: string, out: string][] = [
      ["Num", "-2.5e3", "-2500"],
      ["Big", "123456789012345678901234567890", "123456789012345678901234567890n"],
      ["Str", "007", "'007'"],
      ["Str", "true", "'true'"],
      ["Str", "null", "'null'"],
      ["Str", "1e3", "'1e3'"],
      ["Str", '["a', `'["a'`],
      ["Bool", "false", "false"],
      ["Day", "2024-02-29", "2024-02-29T00:00:00.000Z"],
      ["List", '["a"]', "[ 'a' ]"],
      ["Any", "two", "'two'"],
      ["Any", "5", "5"],
      ["Cut", "a,b", "[ 'a', 'b' ]"],
      ["Made", '{"text":"a"}', "CliPassage { text: 'a' }"],
      ["BigMade", "123456789012345678901234567890", "123456789012345678901234567891n"],
    ];
    for (const [name, text, out] of right) it(`${name}: x=${text}`, () => gives(run(name, "-i", `x=${text}`), out));

    const wrong: [name: string, text: string, says: string][] = [
      ["Num", "two", 'Num: x: it takes a number, such as 3 or -2.5e3, not "two" (type)'],
      ["Num", "", 'Num: x: it takes a number, such as 3 or -2.5e3, not ""'],
      ["Num", "null", "not null"],
      ["Num", "9007199254740993", `Num: x: 9007199254740993 ${EXACT}`],
      ["Int", "two", "  - x: x must be an integer number (isInt)"],
      ["May", "two", 'May: x: it takes a number, such as 3 or -2.5e3, not "two"'],
      ["NumMade", "two", 'it takes a number, such as 3 or -2.5e3, not "two"'],
      ["Big", "1.5", "Big: x: it takes an integer, such as 3 or -20, not 1.5"],
      ["Bool", "yes", 'Bool: x: it takes true or false, not "yes"'],
      ["Day", "2024-02-30", 'not "2024-02-30"'],
      ["List", "two", 'List: x: it takes a JSON list, such as ["a","b"], not "two"'],
      ["List", "[1,", "--input x: it is not valid JSON: line 1, column 4: it ends where a value is expected"],
      ["Any", '{"a":', "--input x: it is not valid JSON: line 1, column 6"],
      ...["[a,b]", "[a, b]", "[שלום]", "[[a]]", "[{a:1}]", "{a:1}", "{text:b}"].map((text): (typeof wrong)[number] => [
        "Any",
        text,
        `around the whole, such as --input 'x=${text.startsWith("[") ? '["a","b"]' : '{"a":"b"}'}'`,
      ]),
      ...["[1,", "[1 2]", "[true,", "[1e5,", '["a",b]', '{"a":b}', "['a']"].map((text): (typeof wrong)[number] => [
        "Any",
        text,
        "Write JSON. Put a text that looks like JSON in double quotes.",
      ]),
      ["Any", "12345678901234567890", `Any: x: 12345678901234567890 ${EXACT}`],
    ];
    for (const [name, text, says] of wrong) {
      it(`${name}: x=${text} is an error with the value seen`, () => told(run(name, "-i", `x=${text}`), 2, says));
    }

    it("each element of a list that it is run over", async () => {
      const over = (name: string, list: string) => run(name, "-i", `x=${list}`, "--over", "x");
      const { stdout } = await over("Big", "[1,123456789012345678901234567890]");
      expect(JSON.parse(stdout)).to.deep.equal([{ out: "1n" }, { out: "123456789012345678901234567890n" }]);
      expect((await over("Str", '["007","true"]')).stdout).to.equal(`[{"out":"'007'"},{"out":"'true'"}]\n`);
      await told(over("Num", '[1,"two"]'), 2, 'Num: x[1]: it takes a number, such as 3 or -2.5e3, not "two"');
      const problems = [
        'x[1]: it takes a number, such as 3 or -2.5e3, not "two" (type)',
        "x[1]: x must be an integer number (isInt)",
      ];
      await told(over("Int", '[1,"two"]'), 2, `Int: 2 problems with the inputs:\n  - ${problems.join("\n  - ")}\n`);
      await told(over("Int", "two"), 2, 'Int: x: --over takes a JSON list of its values, not "two" (type)\n');
      await told(over("Str", "two"), 2, 'Str: x: --over takes a JSON list of its values, not "two"');
    });

    it("but not for a node: the error names the option that computes it, and the way to give its value", async () => {
      const says = "--input out: it is a node, not an input, and the command line gives values to inputs only. ";
      const advice = "To compute it: --outputs out. A program can give its value: run(inputs, { given: { out } }).";
      await told(run("Num", "-i", "x=1", "-i", "out=2"), 2, says + advice);
      cli.write("both.json", '{"x":1,"out":2}');
      await told(run("Num", "-i", "@both.json"), 2, says + advice);
    });

    it("all that are wrong at once", async () => {
      const two = await run("Two", "-i", "a=x", "-i", "b=y");
      expect(two.stderr).to.match(
        /Two: 2 problems with.*\n {2}- a: it takes a number.*\n {2}- b: it takes true or false/,
      );
      expect(two.code).to.equal(2);
    });
  });

  describe("reads JSON from files and from standard input", () => {
    const file = (name: string, content: string | Uint8Array) => {
      cli.write(name, content);
      return name;
    };
    const lines: [what: string, content: string, out: string][] = [
      ["one line", "1\n", "[ 1 ]"],
      ["lines", "1\n2\n", "[ 1, 2 ]"],
      ["a last line without an end", "1\n2", "[ 1, 2 ]"],
      ["CRLF and empty lines", "1\r\n\r\n \r\n2\r\n", "[ 1, 2 ]"],
      ["a byte order mark", "\ufeff1\n2", "[ 1, 2 ]"],
      ["lines that are lists", "[1]\n[2]", "[ [ 1 ], [ 2 ] ]"],
      ["one line that is a list", "[1]\n", "[ [ 1 ] ]"],
      ["no lines", "", "[]"],
    ];
    for (const [what, content, out] of lines) {
      it(`with ${what}`, async () => {
        file("in.jsonl", content);
        file("in.txt", content);
        await gives(run("List", "-i", "x=@in.jsonl"), out);
        await gives(run("List", "-i", "x=@jsonl:in.txt"), out);
        await gives(reading("in.jsonl", "List", "-i", "x=@jsonl:-"), out);
        if (!what.includes("list") && content !== "") await gives(reading("in.jsonl", "List", "-i", "x=@-"), out);
      });
    }

    describe("and knows JSON lines whose file does not say so by the first of them, however many they are:", () => {
      const MORE = "it is not valid JSON: the end is expected, not";
      const cases: [name: string, content: string, out: string | RegExp, overOut: string][] = [
        ["List", '"a"', "[ 'a' ]", '[{"out":"\'a\'"}]'],
        ["List", '"a"\n"b"', "[ 'a', 'b' ]", '[{"out":"\'a\'"},{"out":"\'b\'"}]'],
        ["List", '{"a":1}', "[ { a: 1 } ]", '[{"out":"{ a: 1 }"}]'],
        ["List", "[1]", "[ 1 ]", '[{"out":"1"}]'],
        ["List", "[1,\n2]", "[ 1, 2 ]", '[{"out":"1"},{"out":"2"}]'],
        ["List", "[1]\n[2]", /line 2, column 1: .* the end is expected.* write --input x=@jsonl:-/, ""],
        ["Any", "1", "1", '[{"out":"1"}]'],
        [
          "Any",
          "1\n2",
          /line 2, column 1: .* the end is expected.* write --input x=@jsonl:-/,
          '[{"out":"1"},{"out":"2"}]',
        ],
        ["Made", '{"text":"a"}\n', "CliPassage { text: 'a' }", `[{"out":"CliPassage { text: 'a' }"}]`],
        ["Made", '{"text":"a"}\n{"text":"b"}', new RegExp(`line 2, column 1: ${MORE} "{"`), ""],
      ];
      for (const [name, content, out, overOut] of cases) {
        it(`${name}: ${JSON.stringify(content)}`, async () => {
          file("in.txt", content);
          if (typeof out === "string") await gives(reading("in.txt", name, "-i", "x=@-"), out);
          else await told(reading("in.txt", name, "-i", "x=@-"), 2, out);
          if (typeof out === "string") await gives(run(name, "-i", "x=@in.txt"), out);
          const over = await reading("in.txt", name === "List" ? "Any" : name, "-i", "x=@-", "--over", "x");
          if (overOut !== "") expect(over.stdout).to.equal(`${overOut}\n`);
        });
      }
    });

    it("but not of a value that begins with @@, which is a text", async () => {
      await gives(run("Str", "-i", "x=@@none"), "'@none'");
      await gives(run("Any", "-i", "x=@@"), "'@'");
    });

    it("with a document over several lines, a long line, and big integers for a bigint", async () => {
      file("in.json", "\ufeff\r\n[\r\n  1,\r\n  2\r\n]\r\n");
      await gives(run("List", "-i", "x=@in.json"), "[ 1, 2 ]");
      await gives(cli.shell("cat in.json | $HYPERNODES run typed.mjs#List -q --json -i x=@-"), "[ 1, 2 ]");
      file("long.jsonl", `"${"ä".repeat(3_000_000)}"\n5\n`);
      expect((await run("List", "-i", "x=@long.jsonl")).stdout).to.contain(", 5 ]");
      file("big.json", '{ "x": 123456789012345678901234567890 }');
      await gives(run("Big", "-i", "@big.json"), "123456789012345678901234567890n");
      await told(run("Num", "-i", "@big.json"), 2, `Num: x: 123456789012345678901234567890 ${EXACT}`);
      file("one.json", "123456789012345678901234567890");
      await gives(run("Big", "-i", "x=@one.json"), "123456789012345678901234567890n");
      await told(
        run("Num", "-i", "x=@one.json"),
        2,
        `one.json, line 1, column 1: 123456789012345678901234567890 ${EXACT}`,
      );
      file("string.json", '{ "x": "two" }');
      await told(run("Num", "-i", "@string.json"), 2, 'Num: x: it takes a number, such as 3 or -2.5e3, not "two"');
    });

    const bad: [name: string, content: string | Uint8Array, says: string][] = [
      ["b.json", '{"x": 1,\n "y" 2}', 'b.json, line 2, column 6: it is not valid JSON: ":" is expected, not "2"'],
      ["b.json", "", "b.json, line 1, column 1: it is not valid JSON: it is empty"],
      ...['{"x": 1', "[1, [2"].map(
        (cut) =>
          ["b.json", cut, `b.json, line 1, column ${cut.length + 1}: it is not valid JSON: it ends where`] as [
            string,
            string,
            string,
          ],
      ),
      ["b.json", "hello", 'b.json, line 1, column 1: it is not valid JSON: a value is expected, not "hello"'],
      ["b.jsonl", '1\n\n{"a":}\n', 'b.jsonl, line 3, column 6: it is not valid JSON: a value is expected, not "}"'],
      ["b.json", '1\n\n{"a":}\n', "b.json, line 3, column 6: it is not valid JSON"],
      ["b.jsonl", "1\n9007199254740993\n", `b.jsonl, line 2, column 1: 9007199254740993 ${EXACT}`],
      ["b.jsonl", Buffer.from('1\n"\xff"\n', "latin1"), "b.jsonl, line 2: it is not UTF-8"],
      ["b.json", Buffer.from('{\n"x": "\xe4"\n}', "latin1"), "b.json, line 2: it is not UTF-8"],
      ["b.json", Buffer.from("\ufeff[1]", "utf16le"), "b.json, line 1: it is UTF-16, not UTF-8"],
    ];
    for (const [name, content, says] of bad) {
      it(`says of ${JSON.stringify(String(content))} in ${name} where it is wrong, and why`, async () => {
        file(name, content);
        await told(run("List", "-i", `x=@${name}`), 2, says);
        await told(reading(name, "List", "-i", "x=@-"), 2, says.replace(name, "standard input"));
      });
    }

    it("says what can't be read at all", async () => {
      await told(run("List", "-i", "x=@folder"), 2, "folder can't be read: EISDIR: it is a directory, not a file");
      await told(run("List", "-i", "x=@none"), 2, "none can't be read: ENOENT: there is no such file or directory");
      await told(run("Two", "-i", "a=@-", "-i", "b=@-"), 2, "standard input is given twice, and can be read once");
      await told(run("Num", "-i", "x=1", "-i", "x=2"), 2, "--input x: it is given twice. Give each input once.");
      file("list.json", "[1]");
      await told(run("Num", "-i", "@list.json"), 2, "it does not contain an object with the inputs");
    });

    it("a list that it is run over as long as a pipe gives it, in little memory, and prints results in order", async () => {
      const generate = (count: number) =>
        `node -e 'const text = "x".repeat(10000); let i = 0; const go = () => { for (; i < ${count}; ) { if (!process.stdout.write(JSON.stringify({ i: i++, text }) + "\\n")) return process.stdout.once("drain", go); } process.stdout.end(); }; go()'`;
      mkdirSync(path.join(cli.folder, "tmp"));
      const small = "TMPDIR=$PWD/tmp NODE_OPTIONS=--max-old-space-size=100";
      const { stdout, stderr, code } = await cli.shell(
        `${generate(12_000)} | ${small} $HYPERNODES run typed.mjs#Late -q --json -i x=@- --over x --set maxWorkers=64`,
      );
      expect([stderr, code]).to.deep.equal(["", 0]);
      const results = JSON.parse(stdout) as { late: number }[];
      expect(results).to.have.length(12_000);
      expect(results.every(({ late }, i) => late === i)).to.equal(true);
      const wrong = await cli.shell(
        `(${generate(200)}; echo '{"i":') | ${small} $HYPERNODES run typed.mjs#Late -q --json -i x=@- --over x`,
      );
      expect(wrong.stderr).to.contain("standard input, line 201, column 6: it is not valid JSON");
      expect([wrong.stdout, wrong.code]).to.deep.equal(["", 2]);
      expect(readdirSync(path.join(cli.folder, "tmp"))).to.deep.equal([]);
    });
  });

  describe("refuses names that reach into prototypes", () => {
    const inputs = ["__proto__=1", '__proto__={"x":1}', "constructor=1", "prototype=1", "__proto__=@x.json"];
    for (const one of inputs) {
      it(`--input ${one}`, () =>
        told(run("Any", "-i", one), 2, `--input ${one.split("=")[0]}: JavaScript has another meaning`));
    }

    it("in a file of all inputs, and in options", async () => {
      cli.write("proto.json", '{ "__proto__": { "x": 1 } }');
      await told(run("Any", "-i", "@proto.json"), 2, "--input __proto__: JavaScript has another meaning");
      await told(
        run("Any", "-i", "x=1", "--set", "__proto__.x=1"),
        2,
        "--set __proto__: JavaScript has another meaning",
      );
      await told(
        run("Any", "-i", "x=1", "--set", "a=2", "--set", "a.x=3"),
        2,
        "--set a.x=3: a is 2 already by --set a=2",
      );
    });
  });

  describe("looks at the file for the output before anything runs", () => {
    const noisy = ["run", "typed.mjs#Noisy", "-q", "-o"];
    const files: [file: string, says: string][] = [
      ["none/out.json", "--output none/out.json: it can't be written: ENOENT: there is no such file or directory"],
      ["folder", "--output folder: it is a directory, not a file. Write folder/FILE"],
      ["new/", "--output new/: it is a directory, not a file"],
      ["typed.mjs/out", "--output typed.mjs/out: it can't be written: ENOTDIR"],
      ["", "--output: its value is empty. Give it one, or leave the option out."],
      ["-", "--output -: it takes a file. For standard output leave it out; else write ./-"],
    ];
    for (const [file, says] of files) it(`-o "${file}"`, () => told(cli.hypernodes(...noisy, file), 2, says));

    it("that is a link into nowhere, or to itself", async () => {
      symlinkSync("none/out.json", path.join(cli.folder, "dangling"));
      symlinkSync("loop", path.join(cli.folder, "loop"));
      await told(cli.hypernodes(...noisy, "dangling"), 2, "--output dangling: it can't be written: ENOENT");
      await told(cli.hypernodes(...noisy, "loop"), 2, "--output loop: it can't be written: ELOOP");
    });

    it("and leaves none where nothing came, and what was there as it was", async () => {
      writeFileSync(path.join(cli.folder, "kept"), "before");
      await told(cli.hypernodes("run", "typed.mjs#Throws", "-q", "-o", "unmade"), 1, "bad");
      await told(cli.hypernodes("run", "typed.mjs#Throws", "-q", "-o", "kept"), 1, "bad");
      expect(existsSync(path.join(cli.folder, "unmade"))).to.equal(false);
      expect(readFileSync(path.join(cli.folder, "kept"), "utf8")).to.equal("before");
    });

    it("which may be a named pipe, whose reader gets all of it and its end", async function () {
      if (process.platform === "win32") this.skip();
      const run = "$HYPERNODES run typed.mjs#Num -q -i x=1 --json -o pipe";
      const read = await cli.shell(`mkfifo pipe; cat pipe & ${run}; code=$?; wait; exit $code`);
      expect(read).to.deep.include({ code: 0, stdout: '{"out":"1"}\n', stderr: "" });
      await told(cli.shell(run), 2, "--output pipe: it can't be written: ENXIO: nothing reads this named pipe");
    });

    it("into which all outputs go, however many they are", async () => {
      await told(cli.hypernodes("run", "typed.mjs#Many", "-q", "-o", "./many"), 0, "");
      expect(readFileSync(path.join(cli.folder, "many"), "utf8").match(/'element \d+'/g)).to.have.length(5_000);
    });

    it("that it is not the name of an output, as for --outputs", async () => {
      for (const more of [[], ["--dry-run"], ["--json"]]) {
        const says = "--output noise: it takes a file, and this is a node of Noisy. Did you mean --outputs noise?";
        await told(cli.hypernodes(...noisy, "noise", ...more), 2, says);
      }
      const two = cli.hypernodes("run", "typed.mjs#Pair", "-q", "-o", "first,second");
      await told(two, 2, "these are nodes of Pair. Did you mean --outputs first,second?");
      expect(existsSync(path.join(cli.folder, "noise"))).to.equal(false);
      const pair = (...args: string[]) => cli.hypernodes("run", "typed.mjs#Pair", "-q", "--json", "-o", ...args);
      for (const [args, file] of [
        [["./first"], "first"],
        [["second", "--outputs", "first"], "second"],
        [["first.json"], "first.json"],
        [["first,third"], "first,third"],
        [["thrown"], "thrown"],
      ] as const) {
        await told(pair(...args), 0, "");
        expect(readFileSync(path.join(cli.folder, file), "utf8")).to.contain('"first":1');
      }
    });

    it("that it is not that of the events, and can be written", async () => {
      await told(cli.hypernodes(...noisy, "out", "--events", "./out"), 2, "--events writes to the same file");
      await told(cli.hypernodes(...noisy, "out", "--events", "folder"), 2, "folder: it can't be written: EISDIR");
      for (const command of ["graph", "run"]) {
        await told(cli.hypernodes(command, "typed.mjs#Num", "-o", "folder"), 2, "it is a directory, not a file");
      }
    });
  });

  describe("refuses an option that would do nothing", () => {
    const options = ["outputs", "over", "mode", "maps", "nodes", "cache", "on", "events"];
    for (const option of options) {
      it(`--${option} with an empty value`, () =>
        told(run("Num", "-i", "x=1", `--${option}`, ""), 2, `--${option}: its value is empty. Give it one, or leave`));
    }
    const others: [args: string[], says: string][] = [
      [["run", "typed.mjs#Num", "-i", "x=1", "--mode", "zip"], "--mode zip: it needs --over"],
      [["run", "typed.mjs#Num", "-i", "x=1", "--dry-run", "-o", "x.json"], "so there are no outputs"],
      [["run", "typed.mjs#Num", "-i", "x=1", "--dry-run", "--events", "x.jsonl"], "so there are no events"],
      [["worker", "--queue", ""], "--queue: its value is empty"],
      [["worker", "--stall", "0s"], "--stall 0s: it is shorter than 1ms"],
      [["worker", "--patience", "0s"], "--patience 0s: it is shorter than 1ms"],
      [["worker", "--stall", "10"], "--stall 10: it is not a time with its unit, such as 30d or 30m"],
      [["cache", "prune", "x.sqlite", "--max-age", "30"], "--max-age 30: it is not a time with its unit"],
      [["cache", "prune", "x.sqlite", "--max-bytes", ""], "--max-bytes: its value is empty"],
      [["cache", "clear", "x.sqlite", "--pipeline", ""], "--pipeline: its value is empty"],
      [["resume", "--journal", ""], "--journal: its value is empty"],
      [["graph", "typed.mjs#Num", "--events", ""], "--events: its value is empty"],
      [["graph", "typed.mjs#Num", "--output", "-"], "--output -: it takes a file"],
      ...[["run"], ["graph"], ["check"], ["report"], ["cache", "stats"], ["cache", "prune"], ["cache", "explain"]].map(
        (command): [string[], string] => [[...command, ""], ">: its value is empty. Give it one."],
      ),
    ];
    for (const [args, says] of others) it(args.join(" "), () => told(cli.hypernodes(...args), 2, says));
  });

  describe("says what to do, and where it is documented, where a call has", () => {
    const calls: [what: string, args: string[], says: string, command: string][] = [
      ["an unknown option", ["run", "typed.mjs#Num", "--cahce", "x"], "unknown option '--cahce'", "hypernodes run"],
      ["a missing argument", ["run"], "missing required argument 'file[#Class]'", "hypernodes run"],
      ["an option without its value", ["run", "typed.mjs#Num", "--input"], "argument missing", "hypernodes run"],
      ["an unknown command", ["rnu"], "unknown command 'rnu'", "hypernodes"],
      ["an unknown choice", ["report", "x", "-f", "png"], "argument 'png' is invalid", "hypernodes report"],
      ["an error inside a group", ["cache", "stats"], "missing required argument 'path'", "hypernodes cache stats"],
      ["an argument too many", ["check", "a", "b"], "too many arguments", "hypernodes check"],
    ];
    for (const [what, args, says, command] of calls) {
      it(what, async () => {
        const { code, stderr } = await cli.hypernodes(...args);
        expect(code).to.equal(2);
        expect(stderr).to.contain(says);
        expect(stderr).to.match(new RegExp(`\\nRun ${command} --help for .*\\nSee https://\\S+#usage\\n$`));
      });
    }
  });

  describe("--report", () => {
    // Columns without values are left out.
    const table = /^node +calls/m;
    for (const [name, ...args] of [
      ["Throws"],
      ["Throws", "--nodes", "threaded"],
      ["Throws", "--set", "maxWorkers=2"],
    ]) {
      it(`prints what ran of a run that failed: ${[name, ...args].join(" ")}`, async () => {
        const { code, stderr } = await cli.hypernodes("run", `typed.mjs#${name}`, "-q", "--report", ...args);
        expect(code).to.equal(1);
        expect(stderr)
          .to.match(/Throws: failed after/)
          .and.to.match(table)
          .and.to.match(/^thrown +1 +1 /m);
        expect(stderr.indexOf("Throws.thrown: failed")).to.be.greaterThan(stderr.indexOf("Throws: failed after"));
      });
    }

    it("prints it of a run that succeeds, and none where nothing ran", async () => {
      expect((await run("Num", "-i", "x=1", "--report")).stderr)
        .to.match(/Num: done in/)
        .and.to.match(table);
      const { code, stderr } = await run("Num", "-i", "y=1", "--report");
      expect(code).to.equal(2);
      expect(stderr).not.to.match(table);
    });
  });

  it("says so where --explain has nothing to explain", async () => {
    const says =
      "Num: nothing is explained: no node that ran has a cache. Give --cache PATH, or the class @cached(sqlite(path)).";
    expect((await run("Num", "-i", "x=1", "--explain")).stderr).to.contain(says);
    expect((await cli.hypernodes("cache", "explain", "typed.mjs#Num", "-i", "x=1")).stderr).to.contain(says);
    expect((await run("Num", "-i", "x=1", "--explain", "--cache", "explained.sqlite")).stderr).not.to.contain(
      "nothing is",
    );
  });

  it("ends by one Ctrl-C, though what it ran has left timers behind", async () => {
    // It is sent once the node has begun. A shell's jobs ignore SIGINT, so exec starts it.
    const started = "exec $HYPERNODES run typed.mjs#Stuck -q > stuck.out";
    const interrupt = `i=0; while [ ! -s stuck.out ] && [ $i -lt 300 ]; do sleep 0.1; i=$((i+1)); done; kill -INT $$`;
    const { code, stderr } = await cli.shell(`(${interrupt}) & ${started}`);
    expect(stderr).to.contain("the run was aborted");
    expect(code).to.equal(130);
  });

  describe("says why it ends before its time", () => {
    before(() => {
      cli.write("quits.mjs", "process.exit(0);");
      cli.write("hangs.mjs", "await new Promise(() => {});");
      cli.write("syntax.mjs", "");
      writeFileSync(path.join(cli.folder, "syntax.mjs"), "export class A {\n  a() { return 1 +; }\n}");
    });
    const cases: [file: string, code: number, says: string | RegExp][] = [
      [
        "quits.mjs",
        1,
        "process.exit(0) was called before the command had ended, while the import of quits.mjs was running",
      ],
      ["hangs.mjs", 13, "the import of hangs.mjs: never ends, and nothing is left to wait for"],
      [
        "syntax.mjs",
        2,
        /^syntax.mjs: it can't be imported: syntax error in syntax.mjs, line 2: Unexpected token ';'\nSee \S+#usage\n$/,
      ],
    ];
    for (const [file, code, says] of cases) {
      it(file, () => told(cli.shell(`$HYPERNODES run ${file} -q`), code, says));
    }

    const stray: [name: string, says: RegExp][] = [
      [
        "Timer",
        /^an error was not caught while Timer.stray was running: Error: stray redis:\/\/\*\*\*@host\n {4}at later .*\n/,
      ],
      ["Rejects", /^a rejected promise was not handled while Rejects.stray was running: Error: stray redis:\/\/\*/],
      ["Symbols", /^an error was not caught while Symbols.stray was running: a thrown Symbol\(stray\)\n$/],
    ];
    for (const [name, says] of stray) {
      it(`where a node leaves an error to nobody: ${name}`, async () => {
        const { code, stderr } = await cli.shell(`$HYPERNODES run typed.mjs#${name} -q`);
        expect(stderr).to.match(says);
        expect(stderr).not.to.match(/pA|sW|node:internal|Node\.js v|\^/);
        expect(code).to.equal(1);
      });
    }
  });

  describe("reports that output is lost", () => {
    it("where code of a pipeline ends the process", async () => {
      inject("a method calls process.exit() outside of threads");
      await told(
        cli.shell("$HYPERNODES run typed.mjs#Ends -q"),
        1,
        "process.exit(0) was called before the command had ended, while Ends.ends was running: its outputs are lost.",
      );
    });

    const LOST = "standard output: the output is lost, it can't be written: ";
    it("on a full disk", async function () {
      if (!existsSync("/dev/full")) this.skip();
      inject("the command's output can't be written", 4);
      await told(
        run("Num", "-i", "x=1", "-o", "/dev/full"),
        1,
        "--output /dev/full: the output is lost, the file can't be written: ENOSPC: the disk is full",
      );
      for (const command of ["run typed.mjs#Num -q -i x=1", "graph typed.mjs#Num", "check typed.mjs", "--help"]) {
        await told(cli.shell(`$HYPERNODES ${command} > /dev/full`), 1, `${LOST}ENOSPC: the disk is full`);
      }
      const events = await run("Num", "-i", "x=1", "--events", "/dev/full");
      expect(events).to.deep.include({ code: 1, stdout: '{"out":"1"}\n' });
      expect(events.stderr).to.contain("--events /dev/full: events were lost, because the file can't be written");
      const both = await cli.shell("$HYPERNODES run typed.mjs#Num -i x=1 > /dev/full 2> /dev/full");
      expect(both.code).to.equal(1);
    });

    it("to a reader that has closed the pipe, of outputs and of what nodes print", async () => {
      for (const name of ["Large", "Noisy"]) {
        const { stderr } = await cli.shell(
          `($HYPERNODES run typed.mjs#${name} -q --json; echo "code $?" >&2) | head -c 1`,
        );
        expect(stderr).to.equal(`${LOST}EPIPE: its reader has closed it\ncode 1\n`);
      }
    });

    it("and not where the reader has read it all", async () => {
      const { stdout, stderr } = await cli.shell(
        `($HYPERNODES run typed.mjs#Num -q --json -i x=1; echo "code $?" >&2) | head -1`,
      );
      expect([stdout, stderr]).to.deep.equal(['{"out":"1"}\n', "code 0\n"]);
    });

    it("where it has no JSON", () =>
      told(run("Cyclic"), 1, "--json: the output cycle.me can't be written as JSON: it refers to itself. Convert it"));

    it("where JSON has no such value, also in one of the results of --over", async () => {
      await told(run("Share", "-i", "x=0"), 1, "--json: the output share.each[1] can't be written as JSON: it is NaN.");
      const over = ["Share", "-i", "x=[1,0]", "--over", "x"];
      await told(
        run(...(over as [string])),
        1,
        "--json: the output [1].share.each[1] can't be written as JSON: it is NaN",
      );
      cli.write("share.jsonl", "1\n0");
      const lines = ["Share", "-i", "x=@share.jsonl", "--over", "x"];
      await told(
        run(...(lines as [string])),
        1,
        "--json: the output [1].share.each[1] can't be written as JSON: it is NaN",
      );
      expect((await run("Share", "-i", "x=1")).stdout).to.equal('{"share":{"each":[-0,1]}}\n');
    });
  });

  describe("says of a file that it is of another kind", () => {
    before(() => {
      cli.write("data.json", "{}");
      cli.write("data.jsonl", "{}");
      cli.write("notes.txt", "hello");
    });
    const cases: [args: string[], says: string][] = [
      [["run", "folder"], "folder: it is a directory, not a file"],
      [["run", "data.json"], "data.json: it is JSON, not a module"],
      [["check", "data.jsonl"], "data.jsonl: it is JSON, not a module"],
      [["run", "notes.txt"], "notes.txt: it is neither TypeScript nor JavaScript"],
      [["graph", "folder"], "folder: it is a directory, not a file"],
      [["cache", "explain", "data.json"], "data.json: it is JSON, not a module"],
      [["cache", "stats", "folder"], "folder: it is a directory, not a file"],
      [["graph", "typed.mjs#Num", "--events", "folder"], "--events folder: it can't be read: EISDIR"],
      [["run", "typed.mjs#Num", "-i", "x=1", "--events", "folder"], "--events folder: it can't be written: EISDIR"],
      [["report", "folder"], "report folder: it can't be read: EISDIR: it is a directory, not a file"],
      [["report", "data.json"], "data.json: it is not an event log"],
      [["run", "typed.mjs#Num", "-i", "x=1", "--cache", "folder"], "--cache folder: it is a directory, not a file"],
      [["worker", "--values", "folder"], "--values folder: it is a directory, not a file"],
      [["resume", "--journal", "data.json"], "--journal data.json: it is a file, not a directory"],
    ];
    for (const [args, says] of cases) it(args.join(" "), () => told(cli.hypernodes(...args), 2, says));
  });

  describe("prints no passwords and no control characters", () => {
    const secret = "redis://user:pA,sW@host";
    const cases = [
      ["run", "typed.mjs#Num", "-i", "x=1", "--maps", secret],
      ["run", "typed.mjs#Num", "-i", "x=1", "--verbose", "--maps", secret],
      ["run", "typed.mjs#Num", "-i", "x=1", "--nodes", secret],
      ["run", "typed.mjs#Num", "-i", "x=1", "--set", `maps=${secret}`],
      ["run", "typed.mjs#Num", "-i", "x=1", `--conection=${secret}`],
      ["worker", "--connection", "http://user:pA,sW@host"],
      ["worker", "--connection", "redis://user:pA%zzsW@host"],
      ["worker", "--stall", secret],
      ["run", "typed.mjs#Throws", "-q"],
    ];
    for (const args of cases) {
      it(`in the error of ${args.join(" ")}`, async () => {
        const { stdout, stderr, code } = await cli.hypernodes(...args);
        expect(stdout + stderr).not.to.match(/pA|sW/);
        expect(stderr.replaceAll("\n", "")).not.to.match(/[\p{Cc}\p{Bidi_Control}]/u);
        expect(code).to.be.oneOf([1, 2]);
      });
    }

    it("but shows the control characters of an error, of outputs and of a log as what they are", async () => {
      expect((await run("Throws")).stderr).to.contain("bad \\u001b[31m\\u0007\\r\\u202e redis://***@host");
      const { stdout } = await run("Dirty");
      expect(stdout).to.contain('"text":"\\u009b\\u202e"');
      expect(JSON.parse(stdout)).to.deep.equal({
        dirty: { text: "\u009b\u202e", error: { error: "bad \u001b[31m\u0007" } },
      });
      const text = await cli.hypernodes("run", "typed.mjs#Dirty", "-q");
      expect(text.stdout.replaceAll("\n", "")).not.to.match(/[\p{Cc}\p{Bidi_Control}]/u);
      expect(text.stdout).to.contain("bad \\u001b[31m\\u0007");
      await cli.hypernodes("run", "typed.mjs#Throws", "-q", "--events", "run.jsonl");
      const report = await cli.hypernodes("report", "run.jsonl");
      expect(report.stdout).to.contain("bad \\u001b[31m\\u0007\\r\\u202e");
      expect(report.stdout.replaceAll("\n", "")).not.to.match(/[\p{Cc}\p{Bidi_Control}]/u);
    });

    it("and says which line of a log is wrong", async () => {
      const log = readFileSync(path.join(cli.folder, "run.jsonl"), "utf8");
      cli.write("bad.jsonl", `${log}{"type":"node","phase":"end"}\n`);
      const number = log.split("\n").length;
      await told(cli.hypernodes("report", "bad.jsonl"), 2, `bad.jsonl: line ${number}: it has no run`);
      cli.write("bad.jsonl", `${log}{"\u001b[31m"\n`);
      await told(cli.hypernodes("report", "bad.jsonl"), 2, `bad.jsonl: line ${number} is not valid JSON: column 3`);
    });
  });
});
