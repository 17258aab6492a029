import type { Elsewhere, Errand } from "../../engine/elsewhere.js";
import type { Bundle } from "./bundle.js";
import { connectionFor, type Held } from "./connections.js";
import { checkedOptions, type ModalPlacement } from "./options.js";
import { Trip } from "./trip.js";

/** The containers of the pipelines that are nested in one run: one for each placement, whatever calls there are. */
export class OnModal implements Pick<Elsewhere, "end"> {
  private readonly held = new Map<string, Promise<Held>>();

  run({ options }: ModalPlacement, errand: Errand): Promise<Record<string, unknown>> {
    const checked = checkedOptions(options);
    const { image, ...others } = checked;
    const about = JSON.stringify([others, image.base, image.layers]);
    return new Trip(errand, checked, async (bundle) => {
      const key = `${about} ${bundle.digest}`;
      const known = this.held.get(key);
      if (known !== undefined) {
        const held = await known;
        if (held.connection.isAlive) return lent(held);
        await held.release();
      }
      const opening = this.open(checked, bundle, errand);
      this.held.set(key, opening);
      opening.catch(() => this.held.delete(key));
      return lent(await opening);
    }).go();
  }

  /** It belongs to the run, not to the call that is the first to need it. */
  private open(options: ReturnType<typeof checkedOptions>, bundle: Bundle, { where, scope }: Errand): Promise<Held> {
    return connectionFor(options, bundle, where, scope.signal, true);
  }

  async end(): Promise<void> {
    const all = [...this.held.values()];
    this.held.clear();
    await Promise.all(all.map(async (held) => (await held.catch(() => undefined))?.release()));
  }
}

function lent(held: Held): Held {
  return { connection: held.connection, release: async () => {} };
}
