import { expect } from "chai";
import { modelOf } from "../../src/dsl/metadata.js";
import { HypernodesError, model } from "../../src/index.js";

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

  it("refuses a key without fields: all instances would be equal", () => {
    for (const key of [[], [""], "temperature"]) {
      class Settings {}
      expect(() => model({ key: key as string[] })(Settings)).to.throw(
        HypernodesError,
        /^@model on Settings: the option key is .*It takes a list of names of fields, at least one/,
      );
    }
  });
});
