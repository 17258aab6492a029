import type { Placement } from "../../dsl/choices.js";
import type { PipelineClass } from "../../dsl/members.js";
import { type Origin, originOf } from "../../dsl/origin.js";
import type { Errand } from "../../engine/elsewhere.js";
import type { RunState } from "../../engine/run-state.js";
import { sharing } from "../../engine/settings.js";
import type { Destination } from "../../engine/threads/destination.js";
import type { Fragment } from "../../engine/threads/fragment.js";
import { remembered } from "../../graph/remembered.js";
import { type Bundle, bundleOf } from "../bundle/bundle.js";
import { ContainerVisits } from "./container-visits.js";
import { KeptContainers } from "./kept-containers.js";
import { type CheckedModal, checkedOptions, type ModalPlacement } from "./options.js";
import { ToldContainers } from "./told-containers.js";

/** The containers that a run uses from here: of pipelines nested in it, and those that share its work. */
export class RunContainers {
  /** By placement, the containers that share its work. */
  private readonly told = new Map<Placement, ToldContainers>();
  private readonly own = new KeptContainers();

  /**
   * @param type the pipeline that is run.
   * @param kept the containers of a pipeline that is open: they outlive the run.
   */
  constructor(
    private readonly type: PipelineClass,
    private readonly kept: KeptContainers | undefined,
  ) {}

  run(placement: ModalPlacement, errand: Errand): Promise<Record<string, unknown>> {
    const options = checkedOptions(placement.options);
    if (sharing(placement) === undefined) return this.own.trip(options, errand).go();
    const shared = {
      bundled: (origin: Origin) => this.bundled(options, origin),
      told: this.toldOf(placement, errand.where, errand.run),
    };
    return this.containers.trip(options, errand, shared).go();
  }

  visits(placement: ModalPlacement, fragment: Fragment): Destination {
    const options = checkedOptions(placement.options);
    const { run, path } = fragment.execution;
    return new ContainerVisits(
      fragment,
      options.containers,
      () => this.bundled(options, fragment.origin()),
      (bundle) => this.containers.pool(options, bundle, path, run),
      this.toldOf(placement, path, run),
    );
  }

  private get containers(): KeptContainers {
    return this.kept ?? this.own;
  }

  /** What is nested in the pipeline is in its bundle: the same containers do all of it. */
  private bundled({ image, files }: CheckedModal, origin: Origin): Promise<Bundle> {
    return bundleOf(originOf(this.type) ?? origin, image.packages, files);
  }

  private toldOf(placement: Placement, where: string, run: RunState): ToldContainers {
    return remembered(this.told, placement, () => new ToldContainers(run, where.split(".", 1)[0]!));
  }

  async end(): Promise<void> {
    await this.own.end();
    for (const told of this.told.values()) told.end();
  }
}
