import type { GraphModel, Member } from "../graph-model.js";

/** A member, and its position in the graph. */
export interface Known {
  readonly id: string;
  readonly member: Member;
  /** Id of the nested pipeline that contains it; empty at the top. */
  readonly parent: string;
  readonly pipeline: string;
  /** Ids of the members that depend on it. */
  readonly takenBy: string[];
  readonly isOutput: boolean;
}

/** Returns all members of a pipeline and of those nested in it, by id. */
export function membersOf(sketch: GraphModel): ReadonlyMap<string, Known> {
  const known = new Map<string, Known>();
  const add = ({ members, pipeline, outputs }: GraphModel, parent: string): void => {
    const idOf = (name: string) => (parent === "" ? name : `${parent}.${name}`);
    for (const member of members) {
      const id = idOf(member.name);
      known.set(id, { ...{ id, member, parent, pipeline, takenBy: [] }, isOutput: outputs.includes(member.name) });
      if (member.nested !== undefined) add(member.nested.sketch, id);
    }
    for (const { name, takes } of members) {
      for (const on of new Set(takes.map((taken) => taken.on))) known.get(idOf(on))?.takenBy.push(idOf(name));
    }
  };
  add(sketch, "");
  return known;
}

/** Returns the ids of the pipelines that contain a member, the outermost first. */
export function around(id: string): string[] {
  const names = id.split(".");
  return names.slice(0, -1).map((_, i) => names.slice(0, i + 1).join("."));
}
