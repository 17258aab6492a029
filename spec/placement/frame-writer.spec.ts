import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import type { RunEvent } from "../../src/engine/lifecycle/events.js";
import { decode } from "../../src/index.js";
import { FrameKind, FrameReader } from "../../src/placement/protocol/frames.js";
import { FrameWriter } from "../../src/placement/runtime/frame-writer.js";

function element(path: string, phase: "start" | "end"): RunEvent {
  return { run: "r", type: "element", phase, path, name: "xs", at: 0 } as unknown as RunEvent;
}

describe("the events of a process that may crash", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "frame-writer-"));
  after(() => rmSync(folder, { recursive: true }));

  it("name a call that is in progress, whenever those before it were sent", () => {
    const file = path.join(folder, "up");
    const fd = openSync(file, "w");
    const up = new FrameWriter(fd);
    const sent = () =>
      [...new FrameReader().push(readFileSync(file))]
        .filter(({ kind }) => kind === FrameKind.events)
        .flatMap(({ payload }) => decode(payload) as RunEvent[])
        .map((event) => `${event.path} ${event.phase}`);
    up.event(1, element("xs[0]", "start"));
    up.event(1, element("xs[0]", "end"));
    expect(sent()).to.deep.equal(["xs[0] start"]);
    up.flush();
    expect(sent()).to.deep.equal(["xs[0] start", "xs[0] end"]);
    up.event(1, element("xs[1]", "start"));
    expect(sent().at(-1)).to.equal("xs[1] start");
    // Those that follow are gathered.
    for (const i of [2, 3, 4]) for (const phase of ["start", "end"] as const) up.event(1, element(`xs[${i}]`, phase));
    expect(sent().at(-1)).to.equal("xs[1] start");
    up.flush();
    expect(sent().at(-1)).to.equal("xs[4] end");
    closeSync(fd);
  });
});
