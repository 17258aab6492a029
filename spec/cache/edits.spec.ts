import { expect } from "chai";
import { LOADERS, type Loader, type Outcome, runEdited } from "../support/edited-projects.js";
import { AT_IMPORT } from "./edits/at-import.js";
import { ATTRIBUTES } from "./edits/attributes.js";
import { CAPTURED } from "./edits/captured.js";
import { CLASSES } from "./edits/classes.js";
import { IDLE } from "./edits/idle.js";
import { INNER_RUNS } from "./edits/inner-runs.js";
import { INSTALLED } from "./edits/installed.js";
import { LOADING } from "./edits/loading.js";
import { LOOK_ALIKES } from "./edits/look-alikes.js";
import { MANIFESTS } from "./edits/manifests.js";
import { MODEL_NAMES } from "./edits/model-names.js";
import { PACKAGE_SETTINGS } from "./edits/package-settings.js";
import { PUT_ON_CLASSES } from "./edits/put-on-classes.js";
import { REALISTIC } from "./edits/realistic.js";
import { RECEIVERS } from "./edits/receivers.js";
import { REFERENCES } from "./edits/references.js";
import type { Row } from "./edits/row.js";
import { SENTINELS } from "./edits/sentinels.js";
import { SURROUNDINGS } from "./edits/surroundings.js";
import { UNSEEN } from "./edits/unseen.js";

const ROWS = [
  ...REFERENCES,
  ...AT_IMPORT,
  ...CAPTURED,
  ...ATTRIBUTES,
  ...CLASSES,
  ...LOOK_ALIKES,
  ...RECEIVERS,
  ...LOADING,
  ...MANIFESTS,
  ...SURROUNDINGS,
  ...INSTALLED,
  ...PACKAGE_SETTINGS,
  ...INNER_RUNS,
  ...PUT_ON_CLASSES,
  ...MODEL_NAMES,
  ...SENTINELS,
  ...UNSEEN,
  ...IDLE,
];

/** What is not as a row says; none: all is. */
function faultsOf(row: Row, before: Outcome, after: Outcome): string[] {
  const found: string[] = [];
  for (const [when, { failure, wrong, unstable }] of Object.entries({ before, after })) {
    if (failure !== undefined) found.push(`${when}: ${failure.split("\n").slice(0, 6).join(" | ")}`);
    else if (wrong.length > 0) found.push(`${when}: of ${wrong} the value is wrong`);
    else if (unstable.length > 0 && row.isFilled !== true)
      found.push(`${when}: another run would compute ${unstable.join(" | ")}`);
  }
  if (found.length > 0) return found;
  if (after.computed.join(" ") !== row.computes.join(" ")) {
    found.push(`it computes "${after.computed.join(" ")}" instead of "${row.computes.join(" ")}"`);
  }
  const { unkept } = row;
  const warnings = [...before.warnings, ...after.warnings];
  if (unkept === undefined && warnings.length > 0) found.push(`it warns: ${warnings.join(" | ")}`);
  else if (unkept !== undefined && !after.warnings.some((warning) => unkept.test(warning))) {
    found.push(`no warning says ${unkept}: ${warnings.join(" | ")}`);
  }
  return found;
}

async function table(loader: Loader): Promise<void> {
  const rows = ROWS.filter(({ except }) => !except.includes(loader));
  const outcomes = await runEdited(loader, rows);
  const faults = rows.flatMap((row) => {
    const { before, after } = outcomes.get(row.name)!;
    return faultsOf(row, before, after).map((fault) => `${row.kind}, ${row.what}: ${fault}`);
  });
  expect(faults).to.deep.equal([]);
}

describe("an edit computes what it can reach, and nothing else: the table of edits", () => {
  for (const loader of LOADERS) {
    const title = `with ${loader} @slow`;
    it(title, () => table(loader)).timeout(600_000);
  }
});

describe("edits of a project of 30 files compute hardly anything in vain", () => {
  it("at most five nodes in thirty edits: the methods of classes whose objects are made count, called or not @slow", async () => {
    const outcomes = await runEdited("esm", REALISTIC);
    const needless: string[] = [];
    for (const { name, what, computes } of REALISTIC) {
      const { before, after } = outcomes.get(name)!;
      expect([before.failure, after.failure, before.wrong, after.wrong], what).to.deep.equal([
        undefined,
        undefined,
        [],
        [],
      ]);
      expect(after.computed, what).to.include.members(computes);
      needless.push(...after.computed.filter((node) => !computes.includes(node)).map((node) => `${what}: ${node}`));
    }
    expect(needless).to.have.lengthOf.at.most(5);
  }).timeout(600_000);
});
