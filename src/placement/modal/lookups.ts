import type { Volume } from "modal";
import { HypernodesError } from "../../errors.js";
import { type OptionFault, optionError } from "../../util/options.js";
import { didYouMean } from "../../util/suggest.js";
import type { ModalApi } from "./modal-client.js";
import type { ResolvedModalOptions } from "./options.js";

/**
 * Looks up what options name and what is not made for them, before anything is made: secrets, and volumes; and of the volume of
 * caches, which is made if it is not there, that it can have them.
 *
 * @returns the volumes, by the folder where a container has them.
 * @throws {HypernodesError} `SECRET_NOT_FOUND`, `VOLUME_NOT_FOUND`, `VOLUME_VERSION`, with all that is wrong.
 */
export async function lookUp(
  modal: ModalApi,
  options: ResolvedModalOptions,
  cacheVolume: string,
): Promise<Record<string, Volume>> {
  const { image } = options;
  const built = [...image.layers, image.build].flatMap(({ secrets }) => secrets);
  const ofImage = image.baseSecret === undefined ? built : [image.baseSecret, ...built];
  const secrets = [...new Set([...options.secrets, ...ofImage])].map(async (name) => {
    const option = options.secrets.includes(name) ? "secrets" : "image";
    return faultOf(modal.secret(name), () => missing(modal, "secret", name, option));
  });
  const volumes: Record<string, Volume> = {};
  const mounted = Object.entries(options.volumes).map(async ([folder, name]) => {
    const mount = modal.volume(name).then((volume) => {
      volumes[folder] = volume;
    });
    return faultOf(mount, () => missing(modal, "volume", name, "volumes"));
  });
  const cache = faultOf(modal.cacheVolume(cacheVolume, false), () => undefined);
  const faults = (await Promise.all([...secrets, ...mounted, cache])).filter((fault) => fault !== undefined);
  if (faults.length > 0) throw optionError("modal(...)", faults);
  return volumes;
}

/** The fault that a lookup ends with, if any. @param missing gives it for a name that there is not. */
async function faultOf(
  lookup: Promise<unknown>,
  missing: () => OptionFault | Promise<OptionFault> | undefined,
): Promise<OptionFault | undefined> {
  try {
    await lookup;
    return undefined;
  } catch (error) {
    if (!(error instanceof HypernodesError)) throw error;
    if (error.code === "NOT_FOUND") return missing();
    const version = /'(.*)' exists but has version v(\d+)/.exec(error.problem);
    if (version === null) throw error;
    return {
      code: "VOLUME_VERSION",
      problem: `the volume "${version[1]}" is of version ${version[2]}, which loses data when several containers write to it`,
      advice: "Use another name for the option volume: a volume of version 2 is created.",
    };
  }
}

async function missing(modal: ModalApi, kind: "secret" | "volume", name: string, option: string): Promise<OptionFault> {
  const nearest = didYouMean(name, await modal.names(kind));
  const making =
    kind === "secret"
      ? "Create it at https://modal.com/secrets"
      : `Create it, modal volume create ${name}, and put the files that nodes read into it`;
  return {
    code: kind === "secret" ? "SECRET_NOT_FOUND" : "VOLUME_NOT_FOUND",
    problem: `the option ${option} names a ${kind} "${name}", which does not exist`,
    advice: `${nearest.startsWith("Did you mean") ? `${nearest} ` : ""}${making}.`,
  };
}
