import { createRequire } from "node:module";
import { expect } from "chai";
import type { ELK } from "elkjs/lib/elk-api.js";
import fc from "fast-check";
import { type HTMLElement, parse } from "node-html-parser";
import { layout, type Rect } from "../../src/view/client/layout.js";
import type { GraphModel, Member } from "../../src/view/graph-model.js";
import { sceneOf } from "../../src/view/scene.js";
import { svg } from "../../src/view/svg.js";

const Elk = createRequire(import.meta.url)("elkjs/lib/elk.bundled.js") as new () => ELK;
const elk = new Elk();
const layouter = {
  layout: elk.layout.bind(elk) as ELK["layout"],
  widthOf: (text: string, size: number) => 0.6 * size * text.length,
};

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A pipeline of some members that take from those before them; one of two holds pipelines, down to a depth. */
function sketches(depth: number): fc.Arbitrary<GraphModel> {
  const member = fc.record({
    takes: fc.array(fc.nat(5), { maxLength: 3 }),
    nested: depth > 1 ? fc.option(sketches(depth - 1), { freq: 1 }) : fc.constant(null),
    mapped: fc.boolean(),
  });
  return fc.array(member, { minLength: 1, maxLength: 6 }).map((members) => {
    const inputs: Member[] = ["first", "second"].map((name) => ({ name, kind: "input", inputs: [], options: [] }));
    const made = [...inputs];
    for (const [i, { takes, nested, mapped }] of members.entries()) {
      const on = [...new Set(takes.map((step) => made[Math.max(0, made.length - 1 - step)]!.name))];
      made.push({
        ...{ name: `m${i}`, kind: nested === null ? "node" : "nested", options: [] },
        inputs: on.map((on, n) => ({
          ...{ on, path: [], elements: mapped },
          ...(nested !== null && { input: n % 2 === 0 ? "first" : "second" }),
        })),
        ...(mapped && { mapped: "for each" }),
        ...(nested !== null && { nested: { model: nested, outputs: nested.outputs } }),
      } as Member);
    }
    return { pipeline: "Child", members: made, outputs: [made.at(-1)!.name] };
  });
}

/** Whether a way goes through a rectangle. */
function crosses(way: readonly Point[], { x, y, width, height }: Rect): boolean {
  const isIn = (at: Point) => at.x > x && at.x < x + width && at.y > y && at.y < y + height;
  return way.some((to, i) => {
    const from = way[Math.max(0, i - 1)]!;
    return Array.from({ length: 65 }, (_, t) => t / 64).some((t) =>
      isIn({ x: from.x + (to.x - from.x) * t, y: from.y + (to.y - from.y) * t }),
    );
  });
}

describe("no arrow goes through the title of an opened pipeline", () => {
  for (const direction of ["down", "right"] as const) {
    it(`on a page that points ${direction}`, async () => {
      await fc.assert(
        fc.asyncProperty(sketches(3), async (sketch) => {
          const scene = sceneOf(sketch, { depth: Number.POSITIVE_INFINITY });
          const { arrows, titles, rects } = await layout(scene, direction, layouter);
          for (const [id, title] of titles) {
            for (const [i, { points }] of arrows.entries()) {
              const { from, to } = scene.arrows[i]!;
              expect(crosses(points, title), `${from} -> ${to} and ${id}`).to.equal(false);
            }
            for (const box of scene.boxes) {
              const { x, y, width, height } = rects.get(box.id)!;
              const isApart =
                x >= title.x + title.width ||
                x + width <= title.x ||
                y >= title.y + title.height ||
                y + height <= title.y;
              expect(isApart, `${box.id} and the title of ${id}`).to.equal(true);
            }
          }
        }),
        { numRuns: 40 },
      );
    });

    it(`in a picture that points ${direction}`, async () => {
      await fc.assert(
        fc.asyncProperty(sketches(3), async (sketch) => {
          const { groups } = sceneOf(sketch, { depth: Number.POSITIVE_INFINITY });
          const picture = parse(await svg(sketch, { depth: Number.POSITIVE_INFINITY, direction }));
          const titles = titlesIn(picture);
          expect(titles).to.have.length(groups.length);
          expect(picture.querySelectorAll("g.cluster text")).to.have.length(0);
          for (const edge of picture.querySelectorAll("g.edge")) {
            const way = wayOf(edge.querySelector("path")!.getAttribute("d")!);
            for (const title of titles) {
              expect(crosses(way, title), edge.querySelector("title")!.text).to.equal(false);
            }
          }
        }),
        { numRuns: 40 },
      );
    });
  }
});

/** Where titles are: the names alone, which are drawn in 11 pt. */
function titlesIn(picture: HTMLElement): Rect[] {
  return picture.querySelectorAll("g.node").flatMap((node) => {
    if (node.querySelector("polygon, path, ellipse") !== null) return [];
    const [text] = node.querySelectorAll("text");
    const width = 0.4 * 11 * text!.text.length;
    const [x, y] = [Number(text!.getAttribute("x")), Number(text!.getAttribute("y"))];
    return [{ x: x - width / 2, y: y - 9, width, height: 10 }];
  });
}

/** The points of a path of cubic curves. */
function wayOf(d: string): Point[] {
  const numbers = [...d.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map(([, x, y]) => ({ x: Number(x), y: Number(y) }));
  const way: Point[] = [numbers[0]!];
  for (let i = 1; i + 2 < numbers.length; i += 3) {
    const [a, b, c, d] = [numbers[i - 1]!, numbers[i]!, numbers[i + 1]!, numbers[i + 2]!];
    for (let n = 1; n <= 16; n++) {
      const [t, u] = [n / 16, 1 - n / 16];
      const at = (of: (point: Point) => number) =>
        u ** 3 * of(a) + 3 * u * u * t * of(b) + 3 * u * t * t * of(c) + t ** 3 * of(d);
      way.push({ x: at(({ x }) => x), y: at(({ y }) => y) });
    }
  }
  return way;
}
