import { realpathSync } from "node:fs";
import { getOrCreate } from "./get-or-create.js";
import { once } from "./on-demand.js";

/** Taken before a program may have changed them. */
const { DateTimeFormat, PluralRules } = Intl;
const { resolvedOptions: optionsOfDates } = DateTimeFormat.prototype;
const { resolvedOptions: optionsOfPlurals } = PluralRules.prototype;

/** `Europe/Paris`, `Etc/GMT+5`: a name, and neither a rule nor a file. */
const NAME = /^[A-Za-z]+(?:[/_+-][\w+-]+)*$/;
const UTC = /^(?:Etc\/)?(?:UTC|UCT|Universal|Zulu)$/;

const zones = new Map<string | undefined, string>();

/**
 * Returns the name of the process's time zone: of the variable `TZ`, whose changes Node takes over at once, or of the system. `Intl` is
 * asked only where neither has a name: for its first answer about dates a process needs 10 ms.
 */
export function timeZone(): string {
  const { TZ } = process.env;
  return getOrCreate(zones, TZ, () => {
    const name = TZ === undefined ? systemZone() : TZ;
    if (name === undefined || !NAME.test(name)) return `${TZ} ${optionsOfDates.call(new DateTimeFormat()).timeZone}`;
    return UTC.test(name) ? "UTC" : name;
  });
}

/** `/etc/localtime` leads to a file whose path ends with the zone's name. */
const systemZone = once((): string | undefined => {
  try {
    return realpathSync.native("/etc/localtime").split("/zoneinfo/")[1];
  } catch {
    return undefined;
  }
});

/** Returns the language of the process, such as `en-US`. */
export const language = once(() => optionsOfPlurals.call(new PluralRules()).locale);
