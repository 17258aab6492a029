import { formatCount, formatDuration } from "../../util/format.js";
import type { StepRun } from "../scene.js";
import { html } from "./dom.js";
import type { MemberInfo } from "./members.js";

/** Renders all information about a member, for the side of the page. */
export function details(info: MemberInfo, step: StepRun | undefined, choose: (id: string) => void): Node[] {
  const { id, member, parent, usedBy: takenBy, isOutput } = info;
  const { name, kind, mapped, type, inputs: takes, nested, options, source } = member;
  const about = [
    kind,
    mapped,
    nested?.model.pipeline,
    isOutput && "output",
    type && `gives ${mapped ? `${type}[]` : type}`,
  ];
  const link = (target: string, text: string) => {
    const button = html("button", { type: "button" }, text);
    button.addEventListener("click", () => choose(target));
    return html("li", {}, button);
  };
  const idOf = (other: string) => (parent === "" ? other : `${parent}.${other}`);
  const taken = takes.map(({ on, path, elements, input, type: given }) => {
    const text = [[on, ...path].join("."), elements && "each", given && `: ${given}`, input && `→ ${input}`];
    return link(idOf(on), text.filter(Boolean).join(" "));
  });
  return [
    html("h2", {}, html("bdi", {}, name)),
    html("p", { class: "kind" }, about.filter(Boolean).join(" · ")),
    html("p", { class: "kind" }, html("bdi", {}, id)),
    ...section("Takes", taken),
    ...section(
      "Taken by",
      takenBy.map((other) => link(other, other)),
    ),
    ...section(
      "Options",
      options.map((option) => html("li", {}, option)),
    ),
    ...(step === undefined ? [] : [html("h3", {}, "Last run"), times(step)]),
    ...(source === undefined ? [] : [html("h3", {}, "Source"), html("pre", { tabindex: 0 }, source)]),
  ];
}

function section(title: string, items: readonly Node[]): Node[] {
  return items.length === 0 ? [] : [html("h3", {}, title), html("ul", {}, ...items)];
}

function times({ calls, cached, failed, computeMs, startedAt, endedAt }: StepRun): Node {
  const row = (name: string, value: string) => html("tr", {}, html("td", {}, name), html("td", {}, value));
  return html(
    "table",
    {},
    row("calls", formatCount(calls)),
    row("cached", formatCount(cached)),
    row("failed", formatCount(failed)),
    row("total", formatDuration(computeMs)),
    row("from first to last", formatDuration(endedAt - startedAt)),
  );
}
