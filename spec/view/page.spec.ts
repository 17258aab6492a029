import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import type { Page } from "playwright-core";
import { report } from "../../src/index.js";
import { graphPage } from "../../src/view/page/page.js";
import { CHROMIUM, Chromium } from "../support/chromium.js";
import { Corpus, שאלות } from "./pipelines.js";
import { large } from "./sketches.js";

describe("the graph's page in a browser @slow", () => {
  let browser: Chromium;
  let folder: string;
  before(async function () {
    if (CHROMIUM === undefined) {
      console.log("      skipped: chromium is not installed");
      this.skip();
    }
    folder = mkdtempSync(path.join(tmpdir(), "page-"));
    browser = await Chromium.start();
  });
  after(async () => {
    await browser?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });
  beforeEach(() => browser.complaints.splice(0));
  afterEach(() => expect(browser.complaints).to.deep.equal([]));

  const written = (name: string, text: string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, text);
    return file;
  };
  const opened = async (html: string, dark = false): Promise<Page> => {
    const page = await browser.open(written("graph.html", html), { dark });
    await ready(page);
    return page;
  };
  const ready = (page: Page, times = 1) =>
    page.waitForFunction(`Number(document.documentElement.dataset.ready) >= ${times}`);
  const box = (page: Page, id: string) => page.locator(`[data-id="${id}"]`);

  it("opens and closes nested pipelines", async () => {
    const page = await opened(new Corpus().graph().toHtml({ depth: 1 }));
    expect(await page.locator(".box").count()).to.equal(10);
    await box(page, "essays").dblclick();
    await ready(page, 2);
    expect(await box(page, "essays.words").count()).to.equal(1);
    expect(await box(page, "essays").getAttribute("aria-expanded")).to.equal("true");
    await page.getByRole("button", { name: "expand all nested pipelines" }).click();
    await ready(page, 3);
    expect(await page.locator(".box").count()).to.equal(10 + 2 * 5);
    await page.getByRole("button", { name: "collapse all nested pipelines" }).click();
    await ready(page, 4);
    expect(await page.locator(".box").count()).to.equal(10);
  });

  it("shows what is clicked: types, dependencies both ways, options, source", async () => {
    const page = await opened(new Corpus().graph().toHtml());
    await box(page, "joined").click();
    const side = page.locator("aside");
    expect(await side.locator("h2").textContent()).to.equal("joined");
    const text = (await side.textContent())!;
    expect(text).to.contain("node · gives string");
    expect(text).to.contain("texts").and.to.contain("whole").and.to.contain("retries: 2");
    expect(await side.locator("pre").textContent()).to.contain('return texts.join(" ");');
    await side.getByRole("button", { name: "whole", exact: true }).click();
    expect(await side.locator("h2").textContent()).to.equal("whole");
    expect(await page.locator(".arrow.near").count()).to.be.greaterThan(0);
  });

  it("finds members, also in what is closed, and opens what they are in", async () => {
    const page = await opened(new Corpus().graph().toHtml({ depth: 1 }));
    await page.keyboard.press("/");
    await page.keyboard.type("longest");
    expect(await page.locator("#found").textContent()).to.equal("2 found");
    expect(await page.locator(".box.found").count()).to.equal(2);
    await page.keyboard.press("Enter");
    await ready(page, 2);
    await page.waitForFunction(`document.querySelector("#found").textContent === "1 of 2"`);
    expect(await box(page, "essays.longest").getAttribute("class")).to.contain("chosen");
  });

  it("hides no tip of an arrow behind the cards of a mapped node", async () => {
    for (const direction of ["down", "right"] as const) {
      const page = await opened(new Corpus().graph().toHtml({ depth: Number.POSITIVE_INFINITY, direction }));
      const [cards, hidden] = await page.evaluate<[number, number]>(`(() => {
        const cards = [...document.querySelectorAll(".box:not(.group) .behind")].map((card) => card.getBBox());
        const tips = [...document.querySelectorAll(".arrow")].map((way) => way.getPointAtLength(way.getTotalLength()));
        const isIn = ({ x, y }, card) => x > card.x + 0.5 && x < card.x + card.width && y > card.y + 0.5 && y < card.y + card.height;
        return [cards.length, tips.filter((tip) => cards.some((card) => isIn(tip, card))).length];
      })()`);
      expect(cards).to.be.greaterThan(0);
      expect(hidden, direction).to.equal(0);
    }
  });

  it("draws boxes of a picture as wide as their text", async () => {
    const svg = await new Corpus().graph().toSvg({ depth: Number.POSITIVE_INFINITY });
    const page = await browser.open(written("graph.svg", svg));
    const [boxes, tight] = await page.evaluate<[number, string[]]>(`(() => {
      const nodes = [...document.querySelectorAll("g.node")].filter((node) => node.querySelector("polygon"));
      const room = (node) => node.querySelector("polygon").getBBox().width - Math.max(...[...node.querySelectorAll("text")].map((text) => text.getBBox().width));
      return [nodes.length, nodes.filter((node) => room(node) < 18).map((node) => node.textContent)];
    })()`);
    expect(boxes).to.be.greaterThan(5);
    expect(tight).to.deep.equal([]);
  });

  it("can be used by keys alone", async () => {
    const page = await opened(new Corpus().graph().toHtml({ depth: 1 }));
    const focused = () => page.evaluate<string | undefined>("document.activeElement.dataset.id");
    await page.keyboard.press("ArrowDown");
    expect(await focused()).to.equal("texts");
    const seen = new Set<string | undefined>();
    for (let i = 0; i < 6; i++) {
      await page.keyboard.press("ArrowDown");
      seen.add(await focused());
    }
    expect(seen).to.include("summary");
    await page.keyboard.press("Enter");
    expect(await page.locator("aside h2").textContent()).to.equal("summary");
    await page.keyboard.press("Escape");
    expect(await page.locator("aside").isHidden()).to.equal(true);
    await box(page, "essays").focus();
    await page.keyboard.press(" ");
    await ready(page, 2);
    expect(await box(page, "essays.words").count()).to.equal(1);
    expect(await focused()).to.equal("essays");
  });

  it("zooms and pans", async () => {
    const page = await opened(new Corpus().graph().toHtml());
    const transform = () => page.locator("#view").getAttribute("transform");
    const before = await transform();
    await page.mouse.move(400, 400);
    await page.mouse.wheel(0, -240);
    const zoomed = await transform();
    expect(zoomed).not.to.equal(before);
    await page.mouse.move(30, 700);
    await page.mouse.down();
    await page.mouse.move(130, 720);
    await page.mouse.up();
    expect(await transform()).not.to.equal(zoomed);
    await page.getByRole("button", { name: "fit the whole graph into the window" }).click();
    expect(await transform()).to.equal(before);
  });

  for (const nodes of [46, 200]) {
    it(`opens fitted and centred at ${nodes} members`, async () => {
      const page = await opened(graphPage(large(nodes), {}));
      const [canvas, view] = [
        (await page.locator("#graph").boundingBox())!,
        (await page.locator("#view").boundingBox())!,
      ];
      expect(view.x).to.be.at.least(canvas.x - 1);
      expect(view.y).to.be.at.least(canvas.y - 1);
      expect(view.x + view.width).to.be.at.most(canvas.x + canvas.width + 1);
      expect(view.y + view.height).to.be.at.most(canvas.y + canvas.height + 1);
      const aside = view.x - canvas.x - (canvas.x + canvas.width - view.x - view.width);
      expect(Math.abs(aside)).to.be.at.most(0.05 * canvas.width);
    });
  }

  it("leaves three quarters to the graph, and has labels that can be read", async () => {
    const seen = report();
    await new Corpus().run({ texts: ["a b", "c"], titles: ["a"] }, { onEvent: seen });
    const page = await opened(new Corpus().graph().toHtml({ report: seen, depth: 2 }));
    expect((await page.locator("#fall").boundingBox())!.height).to.be.at.most(0.25 * 800);
    const sizes = await page.evaluate<number[]>(
      "[...document.querySelectorAll('#graph .label')].map((one) => parseFloat(getComputedStyle(one).fontSize))",
    );
    expect(sizes).to.have.length.greaterThan(0);
    for (const size of sizes) expect(size).to.be.at.least(11);
  });

  it("replays a run as a waterfall", async () => {
    const seen = report();
    await new Corpus().run({ texts: ["a b", "c"], titles: ["a"] }, { onEvent: seen });
    const page = await opened(new Corpus().graph().toHtml({ report: seen }));
    expect(await page.locator("#fall .row").count()).to.equal(seen.rows.length);
    expect(await page.locator("#fall rect.busy").count()).to.be.at.least(seen.rows.length);
    const slider = page.getByRole("slider");
    await slider.fill("1");
    expect(await box(page, "summary").getAttribute("class")).to.contain("ahead");
    await slider.fill("1000");
    expect(await box(page, "summary").getAttribute("class")).not.to.contain("ahead");
    await page.getByRole("button", { name: "Replay" }).click();
    await page.waitForFunction(`document.querySelector(".replay input").value === "1000"`);
    await page.locator("#fall").getByRole("button", { name: "joined" }).click();
    expect(await page.locator("aside").textContent())
      .to.contain("Last run")
      .and.to.contain("calls1");
  });

  it("shows names from right to left, and takes nothing of a pipeline for HTML", async () => {
    const page = await opened(new שאלות().graph().toHtml());
    expect(await box(page, "תשובות").locator("text").first().textContent()).to.equal("תשובות");
    const evil = { pipeline: "</script><b>P</b>", outputs: [], members: [] };
    const other = await opened(graphPage(evil, {}));
    expect(await other.locator("h1").textContent()).to.equal(evil.pipeline);
    expect(await other.locator("b").count()).to.equal(0);
  });

  it("is dark where the system is, or where the option says so", async () => {
    const ground = (page: Page) => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    const html = new Corpus().graph().toHtml();
    expect(await ground(await opened(html))).to.equal("rgb(255, 255, 255)");
    expect(await ground(await opened(html, true))).to.equal("rgb(13, 17, 23)");
    const page = await opened(new Corpus().graph().toHtml({ theme: "light" }), true);
    expect(await ground(page)).to.equal("rgb(255, 255, 255)");
    await page.getByRole("button", { name: "light or dark" }).click();
    expect(await ground(page)).to.equal("rgb(13, 17, 23)");
  });

  it("is usable at 2,000 nodes: found, moved and zoomed", async () => {
    const page = await opened(graphPage(large(2_000), {}));
    expect(await page.locator(".box").count()).to.equal(2_000);
    await page.keyboard.press("/");
    await page.keyboard.type("node1777");
    await page.keyboard.press("Enter");
    await page.waitForFunction(`document.querySelector("aside h2")?.textContent === "node1777"`);
    const inSight = await box(page, "node1777").boundingBox();
    expect(inSight!.width).to.be.greaterThan(40);
    expect(inSight!.x).to.be.within(0, 1280);
  });

  // HYPERNODES_PICTURES=docs/pictures npm test -- -g pictures
  it("makes the pictures of the documentation", async function () {
    const target = process.env.HYPERNODES_PICTURES;
    if (target === undefined) this.skip();
    mkdirSync(target, { recursive: true });
    const seen = report();
    const texts = Array.from({ length: 40 }, (_, i) => `text number ${i} of many`);
    await new Corpus().run({ texts, titles: ["text", "title"] }, { onEvent: seen });
    const shoot = async (name: string, html: string, act?: (page: Page) => Promise<unknown>) => {
      const page = await opened(html);
      await act?.(page);
      await page.screenshot({ path: path.join(target, `${name}.png`) });
    };
    const graph = new Corpus().graph();
    await shoot("page", graph.toHtml({ report: seen }), (page) => box(page, "vectors").click());
    await shoot("page-200", graphPage(large(200), {}));
    writeFileSync(path.join(target, "graph.svg"), await graph.toSvg({ depth: 2, report: seen }));
  });
});
