import { createHash } from "node:crypto";
import { expect } from "chai";
import * as keys from "../../src/cache/cache-keys.js";

const { forgottenEntry, ...deterministic } = keys;

/** Each key, and the lines that are hashed for it. Another line makes entries of users misses. */
const TABLE: Readonly<Record<keyof typeof deterministic, readonly [key: string, ...lines: string[]][]>> = {
  nodeKey: [[keys.nodeKey("c", ["x", "y m"]), "node", "c", "x", "y m"]],
  mapKey: [
    [keys.mapKey("c", false, ["s"], ["l", "k"]), "map", "c", "zip", "s", "over", "l", "k"],
    [keys.mapKey("c", true, [], ["l"]), "map", "c", "product", "over", "l"],
  ],
  elementKey: [[keys.elementKey("c", ["s"], ["x", "y"]), "element", "c", "s", "over", "x", "y"]],
  resourceDigest: [[keys.resourceDigest("c", ["x"]), "resource", "c", "x"]],
  resourcePartDigest: [[keys.resourcePartDigest("r", ["a", "b c"]), "resource part", "r", '["a","b c"]']],
  methodCode: [[keys.methodCode("d"), "method", "d"]],
  environmentCode: [[keys.environmentCode('[["A","1"]]', "c"), "environment", '[["A","1"]]', "c"]],
  versionCode: [
    [keys.versionCode(["a.ts", "P", "n", "number", "2", "d"]), "version", '["a.ts","P","n","number","2","d"]'],
  ],
  batchCode: [[keys.batchCode(16, "c"), "batched", "16", "c"]],
  nestedCode: [[keys.nestedCode([-1, ["a"], []]), "nested", '[-1,["a"],[]]']],
  modelsCode: [[keys.modelsCode(["Word c", "Text d"]), "models", "Word c", "Text d"]],
  elementsFactKey: [[keys.elementsFactKey("d"), "elements of an array", "d"]],
  partFactKey: [[keys.partFactKey("d", ["a", "b c"]), "own part", "d", '["a","b c"]']],
  analysesKey: [[keys.analysesKey("a.ts"), "scripts", "a.ts"]],
  computationKey: [[keys.computationKey("P.n"), "past", "P.n"]],
};

const hashOf = (lines: readonly string[]): string =>
  createHash("sha256")
    .update(["hypernodes 3", ...lines].join("\n"))
    .digest("base64url");

describe("the keys of a cache", () => {
  it("stay the same from version to version", () => {
    expect(Object.keys(TABLE).sort()).to.deep.equal(Object.keys(deterministic).sort());
    for (const [name, rows] of Object.entries(TABLE)) {
      for (const [key, ...lines] of rows) expect(key, name).to.equal(hashOf(lines));
    }
  });

  it("of two kinds are never the same: each kind has a word of its own", () => {
    const words = Object.values(TABLE).map((rows) => rows[0]![1]);
    expect(new Set(words).size).to.equal(words.length);
  });

  it("lead nowhere from a forgotten entry, which has a content of its own", () => {
    const [one, other] = [forgottenEntry(), forgottenEntry()];
    expect(one.target).to.equal(other.target);
    expect(one.digest).not.to.equal(other.digest);
  });
});
