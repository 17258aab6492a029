import { deepStrictEqual } from "node:assert";
import swc from "@swc/core";
import { expect } from "chai";
import { Type } from "class-transformer";
import { IsString } from "class-validator";
import esbuild from "esbuild";
import fc from "fast-check";
import ts from "typescript";
import { decode, digest, encode, input, model, node, Pipeline, ValueError } from "../../src/index.js";
import { float16 } from "../support/float16.js";
import { VALUES } from "../support/values.js";

@model()
class Point {
  x = 0;
  next?: Point;
}
@model()
class Vector extends Float64Array {}
@model()
class Inventory extends Map<string, number> {
  owner = "nobody";
}
@model({ name: "spec/Failure" })
class Failure extends RangeError {
  override readonly name = "Failure";
  constructor(
    message: string,
    readonly at: Point,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
@model()
class Counter {
  #count = 0;
  static fromJSON({ count }: { count: number }): Counter {
    const counter = new Counter();
    counter.#count = count;
    return counter;
  }
  get count(): number {
    return this.#count;
  }
  add(): this {
    this.#count++;
    return this;
  }
  toJSON(): { count: number } {
    return { count: this.#count };
  }
}
class Validated {
  @IsString() text!: string;
}
class Typed {}
class Holder {
  @Type(() => Typed) typed!: Typed;
}
class Reflected {
  n = 1;
}
class Uses extends Pipeline {
  @input() reflected!: Reflected;
  @node("reflected") same(reflected: Reflected): Reflected {
    return reflected;
  }
}

const again = <T>(value: T): T => decode(encode(value)) as T;

describe("the codec", () => {
  it("keeps every value that structured clone keeps, and digests it alike (property)", () => {
    fc.assert(
      fc.property(VALUES, (value) => {
        const copy = again(value);
        deepStrictEqual(copy, value);
        expect(digest(copy)).to.equal(digest(value));
      }),
      { numRuns: 500 },
    );
  });

  it("keeps undefined, NaN, -0, holes, bigint, Date, RegExp, Map, Set, boxed values, no prototype, and names beyond indices", () => {
    const value = {
      ...{
        nothing: undefined,
        nan: Number.NaN,
        zero: -0,
        big: 2n ** 70n,
        at: new Date(5),
      },
      ...{ re: /a+/giu, boxed: Object("text"), bare: Object.assign(Object.create(null), { a: 1 }) },
      ...{
        // biome-ignore lint/suspicious/noSparseArray: it is about holes.
        holes: [1, , 3],
        found: /b(c)/.exec("abc"),
        map: new Map<unknown, unknown>([[{ a: 1 }, new Set([1, [2]])]]),
      },
    };
    const copy = again(value);
    deepStrictEqual(copy, value);
    expect(again(new Date(Number.NaN)).getTime()).to.be.NaN;
    expect(1 in copy.holes).to.equal(false);
    expect(Object.getPrototypeOf(copy.bare)).to.equal(null);
    expect(copy.found!.index).to.equal(1);
  });

  it("keeps typed arrays, Buffers and ArrayBuffers of every type, also a part of a larger one", () => {
    const whole = Float32Array.from({ length: 100 }, (_, i) => i / 3);
    const value = [
      ...[
        whole.subarray(3, 5),
        new Uint8ClampedArray([300]),
        BigInt64Array.of(-1n),
        new DataView(new ArrayBuffer(3), 1),
      ],
      ...[Buffer.from("שלום"), new Uint16Array(0), new ArrayBuffer(9), new Vector([1, 2])],
      ...[BigUint64Array.of(2n ** 64n - 1n), float16([1.5, -2])],
    ];
    const copy = again(value);
    deepStrictEqual(copy, value);
    expect((copy[0] as Float32Array).buffer.byteLength).to.equal(8);
    expect(Buffer.isBuffer(copy[4])).to.equal(true);
    expect(copy[7]).to.be.instanceOf(Vector);
  });

  it("reads large typed arrays in place where it may, without a copy", () => {
    const bytes = encode(
      { matrix: new Float64Array(10_000).fill(0.5), small: new Uint8Array(3) },
      { shared: true, unchecked: true },
    );
    const { matrix, small } = decode(bytes, { viewsFrom: 1024 }) as { matrix: Float64Array; small: Uint8Array };
    expect(matrix.buffer).to.equal(bytes.buffer).and.to.be.instanceOf(SharedArrayBuffer);
    expect(matrix[9_999]).to.equal(0.5);
    expect(small.buffer).not.to.equal(bytes.buffer);
  });

  it("keeps shared and cyclic references, through instances, Maps, Sets and errors", () => {
    const point = new Point();
    point.next = point;
    const error = new Failure("far", point);
    (error as unknown as { cause: unknown }).cause = error;
    const list: unknown[] = [point, new Set([point]), new Map([[point, error]]), error];
    list.push(list);
    const copy = again(list) as [Point, Set<Point>, Map<Point, Failure>, Failure, unknown];
    expect(copy[0].next).to.equal(copy[0]);
    expect(copy[1].has(copy[0])).to.equal(true);
    expect(copy[2].get(copy[0])).to.equal(copy[3]);
    expect(copy[3].cause).to.equal(copy[3]);
    expect(copy[3].at).to.equal(copy[0]);
    expect(copy[4]).to.equal(copy);
  });

  it("keeps classes that @model, class-validator, class-transformer or a pipeline's types know", () => {
    const values = [new Point(), new Validated(), new Typed(), new Holder(), new Reflected()];
    expect(new Uses().graph().nodes[0]!.emittedTypes!.type).to.equal(Reflected);
    const copies = again([values, new Map([[values[0], new Set(values)]])]) as [object[], Map<Point, Set<object>>];
    expect(copies[0].map((copy) => copy.constructor)).to.deep.equal([Point, Validated, Typed, Holder, Reflected]);
    expect([...copies[1].get(copies[0][0] as Point)!]).to.deep.equal(copies[0]);
    const inventory = Object.assign(new Inventory([["a", 1]]), { owner: "me" });
    expect(again(inventory)).to.be.instanceOf(Inventory);
    expect([again(inventory).owner, again(inventory).get("a")]).to.deep.equal(["me", 1]);
  });

  it("keeps errors: class, cause, stack and what was added; one of an unknown class is one of the nearest of the language", () => {
    const cause = Object.assign(new TypeError("inner"), { errno: 5 });
    const error = new Failure("outer", new Point(), { cause });
    const copy = again(error);
    expect(copy).to.be.instanceOf(Failure).and.to.include({ message: "outer", name: "Failure", stack: error.stack! });
    expect(Object.keys(copy)).to.deep.equal(Object.keys(error));
    expect(copy.cause).to.be.instanceOf(TypeError).and.to.include({ message: "inner", errno: 5 });
    expect(again(new AggregateError([cause], "several")).errors[0]).to.be.instanceOf(TypeError);
    expect(again(new DOMException("stopped", "AbortError")))
      .to.be.instanceOf(DOMException)
      .and.to.include({ name: "AbortError" });

    class SocketError extends RangeError {
      override name = "SocketError";
      response = { body: { status: 500 } };
      shared = this.response.body;
      status = 500;
    }
    const lost = again([new SocketError("lost"), new Point()]) as [SocketError, Point];
    expect(lost[0]).to.be.instanceOf(RangeError).and.to.include({ name: "SocketError", message: "lost", status: 500 });
    expect(lost[0].response).to.deep.equal({ body: { status: 500 } });
    expect(lost[0].shared).to.equal(lost[0].response.body);
    expect(lost[1]).to.be.instanceOf(Point);
  });

  it("asks a model for what it keeps in private: toJSON() and static fromJSON()", () => {
    const counter = new Counter().add().add();
    const copy = again({ counter, again: [counter] });
    expect(copy.counter.add().count).to.equal(3);
    expect(copy.again[0]).to.equal(copy.counter);
    expect(digest(counter)).to.equal(digest(copy.again[0]!.constructor && new Counter().add().add()));
    expect(digest(counter)).not.to.equal(digest(new Counter()));
  });

  it("treats __proto__ as data", () => {
    const hostile = JSON.parse('{"__proto__": {"admin": true}, "list": [{"__proto__": 1}]}');
    const copy = again([hostile, new Error("makes a copy on the way")]) as [Record<string, unknown>, Error];
    expect(Object.keys(copy[0])).to.deep.equal(["__proto__", "list"]);
    expect((copy[0] as { admin?: boolean }).admin).to.equal(undefined);
    expect(again(hostile)).to.deep.equal(hostile);
  });

  it("refuses values that can't be serialized, with the path to them and advice", () => {
    @model()
    class Private {
      #secret = 1;
      shown = 2;
      reveal(): number {
        return this.#secret;
      }
    }
    class Unknown {}
    const cases: [unknown, string][] = [
      [{ hits: [1, { "a b": { load() {} } }] }, 'value.hits[1]["a b"].load: it is a function, load. Functions'],
      [new Map([["k", [Symbol("s")]]]), "value.k[0]: it is a symbol, Symbol(s)"],
      [
        [new Set([1, new Private()])],
        "value[0][1]: it is an instance of Private, whose #private members can't be read. Give the class toJSON()",
      ],
      [{ x: new Unknown() }, "or put @model() on the class; or give plain data"],
      [[Promise.resolve()], "value[0]: it is a Promise"],
      [[new WeakMap()], "value[0]: it is a WeakMap"],
      [[new SharedArrayBuffer(1)], "value[0]: it is a SharedArrayBuffer. Give a typed array over it"],
      [[new Proxy({}, {})], "value[0]: it is a Proxy. It exists in one process only"],
      [new Failure("no", new Private() as never), "value.at: it is an instance of Private"],
    ];
    for (const [value, text] of cases) {
      expect(() => encode(value), text)
        .to.throw(ValueError)
        .with.property("message")
        .that.includes(text);
    }
    let deep: object = {};
    for (let i = 0; i < 100_000; i++) deep = { deep };
    expect(() => encode(deep)).to.throw(ValueError, "nested too deeply");
    expect(() => digest(deep)).to.throw(ValueError, "nested too deeply");
    expect(() => digest({ a: [() => 1] })).to.throw(ValueError, "value.a[0]: it is a function");
  });

  it("refuses two classes of one name", () => {
    const twins = [1, 2].map(() => {
      @model()
      class Twin {}
      return new Twin();
    });
    expect(() => encode(twins)).to.throw("2 classes are named Twin: give all but one another name");
  });

  it("does not take text for private members", () => {
    @model()
    class Painted {
      colour = "#fff"; // #not: a comment
      link = /#anchor/;
      text = `#${this.colour}`;
    }
    expect(again(new Painted())).to.be.instanceOf(Painted);
  });

  for (const [member, text] of Object.entries({
    "a field that is read": "#a = 1; get a() { return this.#a; }",
    "a field that is written": "#a; constructor(a) { this.#a = a; }",
    "a method": "#a() { return 1; } a() { return this.#a(); }",
    "an accessor": "get #a() { return 1; } a() { return this.#a; }",
    "a field that is asked for": "#a; static is(object) { return #a in object; }",
  })) {
    it(`finds private members that a compiler has lowered: ${member}`, () => {
      const source = `class Lowered { ${text} }`;
      const compiled = {
        tsc: ts.transpileModule(source, { compilerOptions: { target: ts.ScriptTarget.ES2020 } }).outputText,
        swc: swc.transformSync(source, { jsc: { target: "es2020" }, isModule: false }).code,
        esbuild: esbuild.transformSync(source, { target: "es2020" }).code,
      };
      for (const [compiler, code] of Object.entries(compiled)) {
        expect(code, compiler).to.not.contain("#a");
        const Lowered = new Function(`${code}; return Lowered;`)() as new () => object;
        model({ name: `Lowered by ${compiler}: ${member}` })(Lowered);
        expect(() => encode(new Lowered()), code).to.throw("#private members");
      }
    });
  }

  it("answers damaged, truncated and foreign bytes with an error", () => {
    const bytes = encode({ a: new Point(), b: new Float32Array(100), c: [1, 2, 3] });
    for (const damage of [
      (b: Uint8Array) => b.subarray(0, 5),
      (b: Uint8Array) => b.subarray(0, b.length - 16),
      (b: Uint8Array) => b.map((v, i) => (i === 40 ? v ^ 1 : v)),
      (b: Uint8Array) => b.map((v, i) => (i === 4 ? 9 : v)),
      () => Buffer.from('{"json": true, "and": "long"}'),
      () => new Uint8Array(),
    ]) {
      expect(() => decode(damage(bytes)))
        .to.throw(ValueError)
        .with.property("code", "BAD_BYTES");
    }
    const unknown = Buffer.from(encode(new Point(), { unchecked: true }));
    unknown.write("Pixel", unknown.indexOf("Point"));
    expect(() => decode(unknown)).to.throw("no class named Pixel is known in this process");
  });

  it("never crashes on hostile bytes, and never takes up more than they are worth (fuzzed)", () => {
    const some = encode(
      [new Point(), new Counter(), new Failure("x", new Point()), new Map([[1, new Uint16Array(9)]]), { a: [/b/] }],
      {
        unchecked: true,
      },
    );
    const tried = (bytes: Uint8Array) => {
      try {
        decode(bytes);
      } catch (error) {
        expect(error).to.be.instanceOf(ValueError);
      }
    };
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(some.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        (changes) => {
          const bytes = some.slice();
          for (const [at, value] of changes) bytes[at] = value;
          bytes[5]! &= 1;
          tried(bytes);
        },
      ),
      { numRuns: 5_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (body, hasTable) => {
        const bytes = encode(null, { unchecked: true });
        const whole = new Uint8Array(16 + body.length);
        whole.set(bytes.subarray(0, 16));
        whole.set(body, 16);
        whole[5] = hasTable ? 1 : 0;
        new DataView(whole.buffer).setUint32(12, body.length, true);
        tried(whole);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("digest", () => {
  it("differs for different content (property)", () => {
    fc.assert(
      fc.property(VALUES, VALUES, (a, b) => {
        let equal = true;
        try {
          deepStrictEqual(a, b);
        } catch {
          equal = false;
        }
        // Two that are equal but for the order of a Map or Set may differ; two that differ must.
        if (!equal) expect(digest(a)).not.to.equal(digest(b));
      }),
      { numRuns: 1_000 },
    );
  });

  it("never gives two kinds of value one digest", () => {
    const values = [
      ...[
        1,
        "1",
        true,
        "true",
        null,
        "null",
        undefined,
        "undefined",
        1n,
        [1],
        { 0: 1 },
        new Set([1]),
        new Map([[0, 1]]),
      ],
      ...[
        0,
        -0,
        Number.NaN,
        "",
        [],
        {},
        new Map(),
        new Set(),
        [undefined],
        [null],
        [[]],
        new Array(1),
        [[1], 2],
        [[1, 2]],
      ],
      ...[new Uint8Array([1]), new Int8Array([1]), Buffer.from([1]), new Date(1), /1/, new Error("1"), Object(1)],
      ...[
        "\ud800",
        "\ufffd",
        new Point(),
        { x: 0 },
        { x: 0, next: undefined },
        ["a", "b"],
        ["ab"],
        { a: "b" },
        { ab: "" },
      ],
    ];
    const seen = new Map<string, unknown>();
    for (const value of values) {
      const before = seen.get(digest(value));
      expect(before, `${String(before)} and ${String(value)}`).to.equal(undefined);
      seen.set(digest(value), value);
    }
  });

  it("is the same for equal content; which references lead to one object counts inside a value", () => {
    const part = { text: "x".repeat(2_000), list: [1, 2] };
    const copy = structuredClone(part);
    expect(digest([part, part])).not.to.equal(digest([part, copy]));
    expect(digest([part, part])).to.equal(digest([copy, copy]));
    expect(digest([[part.list], part])).not.to.equal(digest([[part.list], copy]));
    expect(digest(new Map([[1, part]]))).to.equal(digest(new Map([[1, copy]])));
    const cyclic: { self?: object } = {};
    cyclic.self = cyclic;
    const other: { self?: object } = {};
    other.self = other;
    expect(digest(cyclic)).to.equal(digest(other));
  });

  it("does not grow with what is referred to again and again", () => {
    let value: unknown = { text: "y".repeat(2_000) };
    for (let i = 0; i < 200; i++) value = [value, value];
    expect(digest(value)).to.match(/^[0-9a-f]{64}$/);
  });

  it("counts what a model's key names, and no #private members", () => {
    @model({ key: ["name", "temperature"] })
    class Settings {
      #calls = 0;
      seen = 0;
      constructor(
        readonly name: string,
        readonly temperature: number,
      ) {}
      call(): this {
        this.#calls++;
        this.seen = this.#calls;
        return this;
      }
    }
    expect(digest(new Settings("a", 1).call())).to.equal(digest(new Settings("a", 1)));
    expect(digest(new Settings("a", 1))).not.to.equal(digest(new Settings("a", 2)));
  });

  it("of an instance without a field of its model's key is refused, and so are its bytes", () => {
    @model({ key: ["zzz"] })
    class Keyed {
      constructor(public x: number) {}
    }
    @model({ key: ["constructor"] })
    class KeyedByBuiltIn {}
    @model({ key: ["code"] })
    class KeyedError extends Error {}
    @model({ key: ["name", "late"] })
    class Late {
      name = "a";
      declare late?: string;
    }
    for (const [instance, field] of [
      [new Keyed(1), "zzz"],
      [new KeyedByBuiltIn(), "constructor"],
      [new KeyedError("a"), "code"],
      [new Late(), "late"],
    ] as const) {
      for (const read of [digest, encode]) {
        expect(() => read({ list: [instance] }))
          .to.throw(ValueError, /\.list\[0\]: it is an instance of \w+ without the field "\w+", which is in the key/)
          .with.property("message")
          .that.contains(`of ${instance.constructor.name} without the field "${field}"`);
      }
    }
    @model({ key: ["id"] })
    class Computed {
      constructor(public n: number) {}
      get id(): number {
        return this.n % 2;
      }
    }
    expect(digest(new Computed(1)))
      .to.equal(digest(new Computed(3)))
      .not.equal(digest(new Computed(2)));
    expect(() => encode(Object.assign(new Late(), { late: undefined }))).not.to.throw();
  });

  it("is what it was in every other process and version", () => {
    // Pinned: a change here empties every cache, and wants a line in the CHANGELOG.
    const value = {
      a: [1, "שלום", null],
      b: new Map([["k", new Float32Array([1, 2])]]),
      c: new Date(0),
      d: "z".repeat(3_000),
    };
    expect(digest(value)).to.equal("794f46016176a7c35469d3dd400814eb053d77a5b02fe976fb6861ffdb7a9448");
  });
});
