import type { Errand } from "../../engine/elsewhere.js";
import type { Bundle } from "../bundle/bundle.js";
import { connectionFor, type Held, keyOf } from "./connections.js";
import { type CheckedModal, checkedOptions, type ModalPlacement } from "./options.js";
import { Trip } from "./trip.js";

/** Containers that somebody keeps for several errands: one for each placement and bundle, until they end. */
export class KeptContainers {
  private readonly held = new Map<string, Promise<Held>>();
  private users = 0;

  /** Whether no errand is under way in any of them. */
  get isIdle(): boolean {
    return this.users === 0;
  }

  run({ options }: ModalPlacement, errand: Errand): Promise<Record<string, unknown>> {
    return this.trip(checkedOptions(options), errand).go();
  }

  trip(checked: CheckedModal, errand: Errand): Trip {
    return new Trip(errand, checked, async (bundle) => {
      this.users++;
      try {
        return this.lent(await this.heldFor(checked, bundle, errand));
      } catch (error) {
        this.users--;
        throw error;
      }
    });
  }

  private async heldFor(checked: CheckedModal, bundle: Bundle, errand: Errand): Promise<Held> {
    const key = keyOf(checked, bundle);
    const known = this.held.get(key);
    if (known !== undefined) {
      const held = await known;
      if (held.connection.isAlive) return held;
      await held.release();
    }
    const opening = this.open(checked, bundle, errand);
    this.held.set(key, opening);
    opening.catch(() => this.held.delete(key));
    return opening;
  }

  private lent({ connection }: Held): Held {
    return {
      connection,
      release: async () => {
        this.users--;
      },
    };
  }

  /** It belongs to the run, not to the call that is the first to need it. */
  private open(options: CheckedModal, bundle: Bundle, { where, scope }: Errand): Promise<Held> {
    return connectionFor(options, bundle, where, scope.signal, true);
  }

  async end(): Promise<void> {
    const all = [...this.held.values()];
    this.held.clear();
    await Promise.all(all.map(async (held) => (await held.catch(() => undefined))?.release()));
  }
}
