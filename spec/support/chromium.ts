import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";

/** Where Debian and others keep it. Undefined: it is not installed. */
export const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

/** A real browser, and what went wrong in the pages it opened. */
export class Chromium {
  readonly complaints: string[] = [];

  private constructor(private readonly browser: Browser) {}

  static async start(): Promise<Chromium> {
    return new Chromium(await chromium.launch({ executablePath: CHROMIUM!, args: ["--no-sandbox"] }));
  }

  /** Opens a file, with no network; what the page logs as an error, or asks of the network, is a complaint. */
  async open(file: string, options: { readonly dark?: boolean } = {}): Promise<Page> {
    const colorScheme = options.dark ? "dark" : "light";
    const context = await this.browser.newContext({
      viewport: { width: 1280, height: 800 },
      colorScheme,
      offline: true,
    });
    const page = await context.newPage();
    page.setDefaultTimeout(120_000);
    page.on("console", (message) => message.type() === "error" && this.complaints.push(message.text()));
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("request", (request) => request.url().startsWith("file:") || this.complaints.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    return page;
  }

  close(): Promise<void> {
    return this.browser.close();
  }
}
