import type { GraphModel, Member } from "../graph-model.js";

/** A member, and its position in the graph. */
export interface MemberInfo {
  readonly id: string;
  readonly member: Member;
  /** Id of the nested pipeline that contains it; empty at the top. */
  readonly parent: string;
  readonly pipeline: string;
  /** Ids of the members that depend on it. */
  readonly usedBy: string[];
  readonly isOutput: boolean;
}

/** Returns all members of a pipeline and of those nested in it, by id. */
export function indexMembers(model: GraphModel): ReadonlyMap<string, MemberInfo> {
  const infos = new Map<string, MemberInfo>();
  const add = ({ members, pipeline, outputs }: GraphModel, parent: string): void => {
    const idOf = (name: string) => (parent === "" ? name : `${parent}.${name}`);
    for (const member of members) {
      const id = idOf(member.name);
      infos.set(id, { ...{ id, member, parent, pipeline, usedBy: [] }, isOutput: outputs.includes(member.name) });
      if (member.nested !== undefined) add(member.nested.model, id);
    }
    for (const { name, inputs: takes } of members) {
      for (const on of new Set(takes.map((taken) => taken.on))) infos.get(idOf(on))?.usedBy.push(idOf(name));
    }
  };
  add(model, "");
  return infos;
}

/** Returns the ids of the pipelines that contain a member, the outermost first. */
export function enclosingPipelines(id: string): string[] {
  const names = id.split(".");
  return names.slice(0, -1).map((_, i) => names.slice(0, i + 1).join("."));
}
