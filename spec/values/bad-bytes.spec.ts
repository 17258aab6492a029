import { expect } from "chai";
import { decode, encode } from "../../src/index.js";
import { again, faultIn } from "../support/object-recipes.js";

describe("bytes that announce more than they hold", () => {
  const body = (...parts: (string | number)[]): Uint8Array => {
    const bytes = Buffer.concat([
      Buffer.from([0xff, 15]),
      ...parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : varint(part))),
    ]);
    const whole = new Uint8Array(16 + bytes.length);
    whole.set(encode(null, { unchecked: true }).subarray(0, 16));
    whole.set(bytes, 16);
    new DataView(whole.buffer).setUint32(12, bytes.length, true);
    return whole;
  };
  const varint = (value: number): Buffer => {
    const bytes: number[] = [];
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    return Buffer.from([...bytes, rest]);
  };

  it("are BAD_BYTES before memory is taken: lists of millions inside each other", () => {
    for (const tag of ["a", "A"]) {
      for (const length of [50_000, 30_000_000, 2 ** 31, 2 ** 32 - 1]) {
        const nested = Array.from({ length: 40 }, () => [tag, length]).flat();
        const before = process.memoryUsage().rss;
        expect(faultIn(() => decode(body(...nested))).code, `${tag} ${length}`).to.equal("BAD_BYTES");
        expect(process.memoryUsage().rss - before).to.be.below(200 * 2 ** 20);
      }
    }
  });

  it("are BAD_BYTES in a buffer that may grow, and with any tag that is not of the format", () => {
    expect(faultIn(() => decode(body("~", 1, 2 ** 40, "x"))).code).to.equal("BAD_BYTES");
    for (const tag of ["r", "V", "t", "m", "w", "p", "?", "\u00a1"]) {
      expect(faultIn(() => decode(body("A", 1, tag, "$", 0, 1))).code, tag).to.equal("BAD_BYTES");
    }
  });

  it("are read where they hold what they announce: lists with holes of any length, in few bytes", () => {
    const sparse: unknown[] = [];
    sparse[40_000_000] = { a: [1] };
    sparse.length = 2 ** 32 - 1;
    const before = process.memoryUsage().rss;
    const copy = again([sparse, "name"]) as [unknown[], string];
    expect(copy[0].length).to.equal(2 ** 32 - 1);
    expect(Object.keys(copy[0])).to.deep.equal(["40000000"]);
    expect(copy[0][40_000_000]).to.deep.equal({ a: [1] });
    expect(encode([sparse]).length).to.be.below(1_000);
    expect(process.memoryUsage().rss - before).to.be.below(100 * 2 ** 20);
    // V8 writes a list that was made by its length as one with holes, though all are filled.
    const filled = new Array(10_000).fill(0).map((_, i) => i);
    expect(again({ filled: new Array(10_000).fill("x"), list: filled })).to.deep.equal({
      filled: new Array(10_000).fill("x"),
      list: filled,
    });
  });
});
