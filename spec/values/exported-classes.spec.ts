import path from "node:path";
import { expect } from "chai";
import { newFolder } from "../support/caches.js";
import { ExportingProject, FILES, type Form, TRAVEL } from "../support/exported-classes.js";
import { loopback, onLoopback } from "../support/modal.js";
import { heldYard } from "../support/workers.js";

const FORMS: readonly Form[] = ["esm", "cjs", "tsx"];
const all = Object.keys(TRAVEL);
const everywhere = Object.fromEntries(
  Object.entries(TRAVEL).map(([kind, said]) => [kind, { home: said, there: said, back: said }]),
);
const ADVICE =
  "or put @model() on the class; or give plain data; or build it in a @resource, which is never serialized.";

/** What does not travel, with what the error says: for each the module is named as the project has it. */
const refused = (ending: string): Readonly<Record<string, string>> => ({
  secret: `it is an instance of Secret, which points.${ending} does not export. Export the class there, at the top of its module; ${ADVICE}`,
  local: `it is an instance of Local, which points.${ending} does not export. Export the class there, at the top of its module; ${ADVICE}`,
  twins: `at [0], 2 classes are named Twin, those of twin-a.${ending} and twin-b.${ending}. Give one of them another name: @model({ name: "..." }).`,
  twin: `2 classes are named Twin, those of twin-a.${ending} and twin-b.${ending}. Give one of them another name: @model({ name: "..." }).`,
  taken: `2 classes are named Taken, those of named.${ending} and taken.${ending}. Give one of them another name: @model({ name: "..." }).`,
  private: `it is an instance of Closed, whose #private members can't be read. Give the class toJSON() and static fromJSON(data), or keep its data in public fields.`,
});

describe("classes that modules export are serialized without @model() @slow", () => {
  for (const form of FORMS) {
    const ending = form === "tsx" ? "ts" : "js";
    describe(`as ${form}`, () => {
      let project: ExportingProject;
      before(() => {
        project = new ExportingProject(form);
      });

      it("between threads, and no module runs twice in the process that asks", async () => {
        const { values, errors, ran } = await project.run(all, "threads");
        expect(errors).to.deep.equal({});
        expect(values).to.deep.equal(everywhere);
        expect(ran).to.deep.equal(["points", "pipeline"]);
      });

      it("and into a cache, which another process reads", async () => {
        const store = path.join(newFolder("cache"), "values.sqlite");
        const first = await project.run(all, "cache", store);
        expect(first.errors).to.deep.equal({});
        expect(first.computed).to.have.members(["Making.made[0]", "Taking.told[0]", "Taking.returned[0]"]);
        const second = await project.run(all, "cache", store);
        expect(second).to.deep.include({ values: everywhere, errors: {}, computed: [], ran: ["points", "pipeline"] });
      });

      it("but not those that are not exported, or share their name: the error says which, and what to do", async () => {
        const { values, errors } = await project.run(Object.keys(refused(ending)), "threads");
        expect(values).to.deep.equal({});
        for (const [kind, text] of Object.entries(refused(ending))) {
          expect(errors[kind]?.message, kind).to.equal(
            `Making.made[0]: its value can't be sent between threads: ${text}`,
          );
          expect(errors[kind]?.code).to.equal("UNSERIALISABLE");
        }
      });

      it("and an edit of their methods makes what can reach them stale", async () => {
        const edited = new ExportingProject(form);
        const store = path.join(newFolder("cache"), "values.sqlite");
        await edited.run(["imported", "default"], "cache", store);
        edited.edit("origin.ts", '"Origin "', '"The origin "');
        const { values, computed } = await edited.run(["default"], "cache", store);
        expect(values).to.deep.equal({
          default: { home: "The origin 0", there: "The origin 0", back: "The origin 0" },
        });
        expect(computed).to.include.members(["Making.made[0]", "Taking.told[0]"]);
      });
    });
  }

  it("and where nothing has to be serialized, nothing is searched", async () => {
    const project = new ExportingProject("esm");
    const kinds = [...all, ...Object.keys(refused("js"))];
    const { values, asksV8 } = await project.run(kinds, "async");
    expect(Object.keys(values)).to.deep.equal(kinds);
    expect(asksV8).to.equal(false);
    expect((await project.run(["decorated"], "threads")).asksV8, "a class with a decorator").to.equal(false);
    expect((await project.run(["own"], "threads")).asksV8).to.equal(true);
  });

  it("from a bundle of the user's, if that exports them", async () => {
    const project = new ExportingProject("bundle");
    const { values, errors } = await project.run(["own", "imported"], "threads");
    expect(values).to.deep.equal({ own: everywhere.own });
    expect(errors.imported?.message).to.contain("it is an instance of Point, which pipeline.js does not export");
  });

  it("where the program waits at its top, in the pipeline's own module", async () => {
    const store = path.join(newFolder("cache"), "values.sqlite");
    const { "main.ts": end, "pipeline.ts": pipeline, ...others } = FILES;
    const [imports, ...rest] = end!.split("\n");
    const text = [imports, pipeline, ...rest.slice(1)].join("\n");
    const project = new ExportingProject("esm", { ...others, "main.ts": text });
    for (const computed of [3, 0]) {
      const told = await project.run(["own", "imported"], "cache", store);
      expect(told.errors).to.deep.equal({});
      expect(told.values).to.deep.equal({ own: everywhere.own, imported: everywhere.imported });
      expect(told.computed).to.have.length(computed);
    }
  });
});

describe("classes that modules export are sent to workers of a queue @slow", () => {
  const held = heldYard();
  for (const form of FORMS) {
    it(`as ${form}`, async () => {
      const queue = held.yard.queue();
      const worker = await held.yard.worker(queue);
      const { values, errors } = await new ExportingProject(form).run(all, "queue", held.yard.url, queue);
      await worker.end();
      expect(errors).to.deep.equal({});
      expect(values).to.deep.equal(everywhere);
    });
  }
});

describe("classes that modules export are sent to containers", () => {
  const held = loopback();
  for (const form of FORMS) {
    onLoopback(`as ${form}`, async () => {
      expect(held.server).not.to.equal(undefined);
      const { values, errors } = await new ExportingProject(form).run(all, "modal");
      expect(errors).to.deep.equal({});
      expect(values).to.deep.equal(everywhere);
    });
  }
});
