import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const own = Object.getOwnPropertyDescriptors(Reflect);

/** Ways to load another copy of reflect-metadata, which changes `Reflect`. */
export const METADATA_COPIES: Readonly<Record<string, () => void>> = {
  "the same version": () => load(require.resolve("reflect-metadata/Reflect.js")),
  "an old version that takes over, with a store of its own": () => {
    for (const name of Object.keys(Reflect)) if (/metadata$/i.test(name)) Reflect.deleteProperty(Reflect, name);
    load(require.resolve("reflect-metadata-0.1"));
  },
};

function load(file: string): void {
  delete require.cache[file];
  require(file);
}

/** Makes `Reflect` what it was, without anything that another copy has added. */
export function restoreReflect(): void {
  for (const key of Reflect.ownKeys(Reflect)) if (!Object.hasOwn(own, key)) Reflect.deleteProperty(Reflect, key);
  Object.defineProperties(Reflect, own);
}
