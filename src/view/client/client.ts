import ELK from "elkjs/lib/elk.bundled.js";
import type { PageData } from "../page/page-data.js";
import { lastRunsOf, type Scene, sceneWith } from "../scene.js";
import { details } from "./details.js";
import { html, svg } from "./dom.js";
import { draw, type SvgScene } from "./drawing.js";
import { type GraphLayout, type Layouter, layout, type Rect } from "./layout.js";
import { enclosingPipelines, indexMembers } from "./members.js";
import { Replay, type ReplayState } from "./replay.js";
import { Viewport } from "./viewport.js";

const data = JSON.parse(document.getElementById("data")!.textContent!) as PageData;

const elk = new ELK();
const pen = document.createElement("canvas").getContext("2d")!;
const layouter: Layouter = {
  layout: (graph) => elk.layout(graph),
  widthOf(text, size) {
    pen.font = `${size}px system-ui, sans-serif`;
    return pen.measureText(text).width;
  },
};

/** The page of one graph: the open pipelines, the selection, and the search. */
class Page {
  private readonly members = indexMembers(data.model);
  private readonly lastRuns = lastRunsOf(data.model.pipeline, data.steps);
  private readonly open = new Set(data.open);
  private readonly canvas = svg("svg", { role: "application", "aria-label": `the graph of ${data.model.pipeline}` });
  private readonly viewport = new Viewport(this.canvas);
  private readonly side = html("aside", { "aria-label": "details", "aria-live": "polite" });
  private readonly status = html("span", { id: "status", role: "status" });
  private readonly search = html("input", {
    id: "search",
    type: "search",
    placeholder: "Search  /",
    "aria-label": "search",
  });
  private readonly found = html("span", { id: "found", role: "status" });
  private scene!: Scene;
  private placed!: GraphLayout;
  private drawn!: SvgScene;
  private chosen: string | undefined;
  private matches: string[] = [];
  private match = -1;

  begin(): void {
    this.side.hidden = true;
    const button = (name: string, title: string, action: () => void) => {
      const made = html("button", { type: "button", title, "aria-label": title }, name);
      made.addEventListener("click", action);
      return made;
    };
    const nested = [...this.members.values()].filter(({ member }) => member.nested !== undefined);
    const all =
      nested.length === 0
        ? []
        : [
            button("Expand all", "expand all nested pipelines", () => void this.expand(nested.map(({ id }) => id))),
            button("Collapse all", "collapse all nested pipelines", () => void this.expand([], true)),
          ];
    const header = html(
      "header",
      {},
      html("h1", {}, html("bdi", {}, data.model.pipeline)),
      this.search,
      this.found,
      html("span", { class: "spring" }),
      this.status,
      ...all,
      button("−", "zoom out", () => this.viewport.out()),
      button("+", "zoom in", () => this.viewport.in()),
      button("Fit", "fit the whole graph into the window", () => this.viewport.fit(this.placed)),
      button("◐", "light or dark", toggleTheme),
    );
    const tip = { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7 };
    const marker = svg("marker", { ...tip, orient: "auto-start-reverse", markerUnits: "userSpaceOnUse" });
    marker.append(svg("path", { d: "M0 0L8 4L0 8z" }));
    this.canvas.append(svg("defs", {}, marker));
    const page = document.getElementById("page")!;
    page.append(header, html("main", { id: "graph" }, this.canvas), this.side);
    if (this.lastRuns.size > 0) {
      const steps = new Map([...this.lastRuns].map(([id, { row }]) => [id, row]));
      page.append(
        new Replay(
          steps,
          (moments) => this.markMoments(moments),
          (id) => void this.choose(id),
        ).element,
      );
    }
    this.listen();
    void this.layOut(true);
  }

  private listen(): void {
    let pressed: { readonly x: number; readonly y: number } | undefined;
    this.canvas.addEventListener("pointerdown", ({ clientX: x, clientY: y }) => {
      pressed = { x, y };
    });
    this.canvas.addEventListener("click", (event) => {
      if (pressed !== undefined && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > 5) return;
      const id = idAt(event.target);
      if (id === undefined) this.unchoose();
      else void this.choose(id);
    });
    this.canvas.addEventListener("dblclick", (event) => {
      const id = idAt(event.target);
      if (id !== undefined) void this.toggle(id);
    });
    this.search.addEventListener("input", () => this.find());
    this.search.addEventListener("keydown", (event) => {
      if (event.key === "Enter") void this.nextMatch(event.shiftKey ? -1 : 1);
      if (event.key === "Escape") this.canvas.focus();
    });
    document.addEventListener("keydown", (event) => this.key(event));
  }

  private key(event: KeyboardEvent): void {
    if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return;
    const id = idAt(event.target);
    const arrows: Record<string, readonly [number, number]> = {
      ...{ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] },
    };
    const way = arrows[event.key];
    if (event.key === "/") this.search.focus();
    else if (event.key === "+" || event.key === "=") this.viewport.in();
    else if (event.key === "-") this.viewport.out();
    else if (event.key === "0") this.viewport.fit(this.placed);
    else if (event.key === "Escape") this.unchoose();
    else if (way !== undefined && id !== undefined && event.shiftKey) this.viewport.pan(-40 * way[0], -40 * way[1]);
    else if (way !== undefined && id !== undefined) this.focus(this.nearest(id, way));
    else if (way !== undefined && event.target === document.body) this.focus(this.scene.boxes[0]?.id);
    else if (event.key === "Enter" && id !== undefined) void this.choose(id);
    else if (event.key === " " && id !== undefined) void this.toggle(id);
    else return;
    event.preventDefault();
  }

  /** Returns the nearest box in a direction: distance to the side counts double. */
  private nearest(id: string, [dx, dy]: readonly [number, number]): string | undefined {
    const from = middle(this.placed.rects.get(id)!);
    let best: { readonly id: string; readonly distance: number } | undefined;
    for (const [other, rect] of this.placed.rects) {
      const to = middle(rect);
      const along = (to.x - from.x) * dx + (to.y - from.y) * dy;
      const aside = Math.abs((to.x - from.x) * dy) + Math.abs((to.y - from.y) * dx);
      const distance = along + 2 * aside;
      if (other !== id && along > 1 && (best === undefined || distance < best.distance)) best = { id: other, distance };
    }
    return best?.id;
  }

  private focus(id: string | undefined): void {
    const box = this.drawn.boxes.get(id ?? "");
    if (box === undefined) return;
    for (const other of this.drawn.boxes.values()) other.setAttribute("tabindex", "-1");
    box.setAttribute("tabindex", "0");
    box.focus({ preventScroll: true });
    this.viewport.reveal(this.placed.rects.get(id!)!);
  }

  private async layOut(isFirst: boolean): Promise<void> {
    this.scene = sceneWith(data.model, (id) => this.open.has(id), true, this.lastRuns);
    this.status.textContent = `laying out ${this.scene.boxes.length} …`;
    if (this.scene.boxes.length > 300) await new Promise((resolve) => setTimeout(resolve, 20));
    this.placed = await layout(this.scene, data.direction, layouter);
    this.drawn = draw(this.scene, this.placed);
    this.viewport.show(this.drawn.view);
    if (isFirst) this.viewport.fit(this.placed);
    this.drawn.boxes.get(this.scene.boxes[0]?.id ?? "")?.setAttribute("tabindex", "0");
    this.status.textContent = `${this.scene.boxes.length} boxes`;
    this.mark();
    document.documentElement.dataset.ready = String(Number(document.documentElement.dataset.ready ?? 0) + 1);
  }

  private async toggle(id: string): Promise<void> {
    if (this.members.get(id)?.member.nested === undefined) return;
    if (!this.open.delete(id)) this.open.add(id);
    await this.layOut(false);
    this.focus(id);
  }

  private async expand(ids: readonly string[], alone = false): Promise<void> {
    if (alone) this.open.clear();
    for (const id of ids) this.open.add(id);
    await this.layOut(true);
  }

  /** Selects a member, and opens the pipelines that contain it. */
  private async choose(id: string): Promise<void> {
    const closed = enclosingPipelines(id).filter((outer) => !this.open.has(outer));
    if (closed.length > 0) {
      for (const outer of closed) this.open.add(outer);
      await this.layOut(false);
    }
    const members = this.members.get(id);
    this.chosen = id;
    if (members !== undefined) {
      const parts = details(members, this.lastRuns.get(id)?.row, (other) => void this.choose(other));
      if (members.member.nested !== undefined) parts.splice(2, 0, this.opener(id));
      this.side.replaceChildren(...parts);
      this.side.hidden = false;
    }
    this.mark();
    this.focus(id);
  }

  private opener(id: string): HTMLElement {
    const button = html("button", { type: "button" }, this.open.has(id) ? "Collapse" : "Expand");
    button.addEventListener("click", async () => {
      await this.toggle(id);
      await this.choose(id);
    });
    return button;
  }

  private unchoose(): void {
    this.chosen = undefined;
    this.side.hidden = true;
    this.mark();
  }

  private find(): void {
    const sought = this.search.value.trim().toLowerCase();
    const ids = [...this.members.keys()];
    this.matches = sought === "" ? [] : ids.filter((id) => id.toLowerCase().includes(sought));
    this.match = -1;
    this.found.textContent = sought === "" ? "" : `${this.matches.length} found`;
    this.mark();
  }

  private async nextMatch(step: number): Promise<void> {
    if (this.matches.length === 0) return;
    this.match = (this.match + step + this.matches.length) % this.matches.length;
    const id = this.matches[this.match]!;
    await this.choose(id);
    this.found.textContent = `${this.match + 1} of ${this.matches.length}`;
    this.search.focus();
  }

  /** Highlights the selection and its neighbors, search results, and the pipelines that contain it. */
  private mark(): void {
    const { chosen, matches } = this;
    const found = new Set(
      matches.flatMap((id) => [id, ...enclosingPipelines(id).filter((outer) => !this.open.has(outer))]),
    );
    for (const [id, box] of this.drawn.boxes) {
      box.classList.toggle("chosen", id === chosen);
      box.classList.toggle("found", found.has(id));
    }
    const isIn = (id: string) => id === chosen || id.startsWith(`${chosen}.`);
    for (const { from, to, element } of this.drawn.arrows) {
      element.classList.toggle("near", from === chosen || to === chosen || isIn(from) !== isIn(to));
    }
  }

  private markMoments(moments: ReadonlyMap<string, ReplayState> | undefined): void {
    for (const [id, box] of this.drawn.boxes) {
      const moment = moments === undefined ? undefined : (moments.get(id) ?? "done");
      box.classList.toggle("ahead", moment === "ahead");
      box.classList.toggle("busy", moment === "busy");
    }
  }
}

function middle({ x, y, width, height }: Rect): { readonly x: number; readonly y: number } {
  return { x: x + width / 2, y: y + height / 2 };
}

function idAt(target: EventTarget | null): string | undefined {
  return (target as Element | null)?.closest<SVGGElement>(".box")?.dataset.id;
}

function toggleTheme(): void {
  const root = document.documentElement;
  const isDark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
}

new Page().begin();
