import { expect } from "chai";
import fc from "fast-check";
import { Percentiles } from "../../src/util/percentiles.js";

function percentilesOf(values: readonly number[]): Percentiles {
  const percentiles = new Percentiles();
  for (const value of values) percentiles.add(value);
  return percentiles;
}

describe("percentiles", () => {
  it("of one value are that value, whatever it is", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), fc.integer({ min: 0, max: 100 }), (value, percent) => {
        expect(percentilesOf([value]).at(percent)).to.equal(value);
      }),
    );
  });

  it("of two values are the lower up to the median, and the higher above it", () => {
    const two = percentilesOf([7.25, 3.1]);
    expect([1, 50, 51, 95, 100].map((percent) => two.at(percent))).to.deep.equal([3.1, 3.1, 7.25, 7.25, 7.25]);
  });

  it("are by nearest rank, in whatever order values come and are asked for", () => {
    const value = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 100 }),
        (all, percent) => {
          const sorted = all.toSorted((a, b) => a - b);
          const percentiles = new Percentiles();
          for (const each of all) {
            percentiles.add(each);
            percentiles.at(50);
          }
          expect(percentiles.at(percent)).to.equal(sorted[Math.ceil((percent / 100) * all.length) - 1]);
        },
      ),
    );
  });

  it("of many values are right to three figures, and within what was added", () => {
    const many = percentilesOf(Array.from({ length: 50_000 }, (_, i) => (i % 1_000) + 0.5));
    for (const percent of [1, 25, 50, 95, 99]) {
      expect(many.at(percent) / (percent * 10 - 0.5)).to.be.closeTo(1, 0.002);
    }
    expect([many.at(0), many.at(100)]).to.deep.equal([0.5, 999.5]);
    expect(percentilesOf(new Array<number>(2_000).fill(1 / 3)).at(50)).to.equal(1 / 3);
  });

  it("of nothing are 0, and no size is too large", () => {
    expect([0, 50, 100].map((percent) => new Percentiles().at(percent))).to.deep.equal([0, 0, 0]);
    const huge = percentilesOf([...new Array<number>(1_500).fill(1), 1e300]);
    expect(huge.at(50)).to.be.closeTo(1, 0.001);
    expect(huge.at(100)).to.equal(1e300);
  });
});
