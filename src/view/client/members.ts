import type { GraphModel, Member } from "../graph-model.js";

/** A member, and where it is. */
export interface Known {
  readonly id: string;
  readonly member: Member;
  /** The id of the nested pipeline it is in; empty at the top. */
  readonly parent: string;
  readonly pipeline: string;
  /** The ids of those that take its value. */
  readonly takenBy: string[];
  readonly isOutput: boolean;
}

/** All members of a pipeline and of those nested in it, by id. */
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

/** The ids of what a member is nested in, the outermost first. */
export function around(id: string): string[] {
  const names = id.split(".");
  return names.slice(0, -1).map((_, i) => names.slice(0, i + 1).join("."));
}
