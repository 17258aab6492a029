import { type Bundle, bundleOf } from "../bundle/bundle.js";
import type { PlacementProvider } from "../provider.js";
import { ModalConnection } from "./modal-connection.js";
import { type ModalPlacement, maxAgeMs, resolveModalOptions } from "./options.js";

/** Containers on Modal. */
export const modalProvider: PlacementProvider = {
  kind: "modal",
  example: "modal({ ... })",
  hosts(placement) {
    const options = resolveModalOptions((placement as ModalPlacement).options);
    const { image, files, containers, keepWarm, idleTimeoutMs, volume } = options;
    return {
      ...{ name: "modal", noun: "container", plural: "containers", outputPrefix: "modal" },
      key: JSON.stringify(options),
      maxHosts: containers,
      ...{ keepWarm, idleTimeoutMs, maxAgeMs: maxAgeMs(options) },
      tracksCalls: false,
      hasSharedStorage: true,
      keepsCache: ({ kind }) => kind === "keyv" || (kind === "sqlite" && volume !== undefined),
      codeFor: (origin) => bundleOf(origin, image.packages, files, "modal(...)"),
      connect: (code, where, signal, isReused) =>
        ModalConnection.open(options, code as Bundle, where, signal, isReused),
    };
  },
};
