import { expect } from "chai";
import { modelOf } from "../../src/dsl/metadata.js";
import { model } from "../../src/index.js";

describe("@model", () => {
  it("records the name and the key of a class, and of no subclass", () => {
    @model({ name: "settings", key: ["temperature"] })
    class Settings {
      temperature = 0.5;
    }
    class Sub extends Settings {}
    expect(modelOf(Settings)).to.deep.equal({ name: "settings", key: ["temperature"] });
    expect(modelOf(Sub)).to.equal(undefined);
  });
});
