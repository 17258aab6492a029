import { expect } from "chai";
import { language, timeZone } from "../../src/util/time-zone.js";
import { withEnv } from "../support/modal.js";

const named = [
  "UTC",
  "Etc/UTC",
  "Zulu",
  "Europe/Paris",
  "Asia/Tokyo",
  "America/Argentina/Ushuaia",
  "Etc/GMT+5",
  "Etc/GMT-5",
];
const others = [
  ":Europe/Paris",
  ":/usr/share/zoneinfo/Asia/Tokyo",
  "EST5EDT",
  "CET-1CEST,M3.5.0,M10.5.0/3",
  "Foo/Bar",
  "",
];

const zoneOfIntl = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone;

describe("the name of the time zone", () => {
  it("is another one for each zone that Intl distinguishes, and follows the variable", async () => {
    const found = new Map<string, string>();
    for (const TZ of [...named, undefined, ...others, ...named]) {
      await withEnv({ TZ }, async () => {
        const zone = zoneOfIntl();
        expect(found.get(timeZone()) ?? zone, `TZ=${TZ}`).to.equal(zone);
        found.set(timeZone(), zone);
      });
    }
    expect(found.size).to.be.at.least(named.length - 2 + others.length);
  });

  it("is one for all names of UTC", async () => {
    for (const TZ of ["UTC", "Etc/UTC", "Zulu", "Etc/Universal", "UCT"])
      await withEnv({ TZ }, async () => expect(timeZone(), TZ).to.equal("UTC"));
  });
});

describe("the language of the process", () => {
  it("is that of Intl's formats", () => {
    expect(language()).to.equal(new Intl.DateTimeFormat().resolvedOptions().locale);
  });
});
