// Chromium, driven line by line: a JSON command on standard input, a JSON answer on standard output.
//
//   {"open": URL}            {"click": "#selector"}       {"screenshot": FILE, "scheme": "dark", "width": 360}
//   {"state": true}          {"until": "Succeeded"}       waits until the heading says so
//
// `node page.mjs`, with `noscript` for a browser without scripts and `locale=de` for one in German.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../../../../../.tools/browser/", import.meta.url));
const { chromium } = require("playwright-core");

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const context = await browser.newContext({
  ignoreHTTPSErrors: true,
  javaScriptEnabled: !process.argv.includes("noscript"),
  locale: process.argv.find((mode) => mode.startsWith("locale="))?.slice("locale=".length),
});
const page = await context.newPage();
// Whatever the page complains of: its policy's violations, and errors of its script.
const complaints = [];
page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
page.on("pageerror", (error) => complaints.push(String(error)));
page.on("dialog", (dialog) => (complaints.push(`dialog: ${dialog.message()}`), dialog.dismiss()));

async function state() {
  const text = async (id) => ((await page.locator(id).textContent()) ?? "").trim();
  const attribute = (name) => page.locator("#bar").getAttribute(name);
  return {
    title: await page.title(),
    status: await text("#status"),
    fraction: await text("#fraction"),
    label: await text("#label"),
    language: await page.locator("#label").getAttribute("lang"),
    problem: await text("#problem"),
    elapsed: await text("#elapsed"),
    role: await attribute("role"),
    now: await attribute("aria-valuenow"),
    result: (await page.locator("#result").isVisible()) ? await page.locator("#result").getAttribute("href") : null,
    cancel: await page.locator("#cancel").isVisible(),
    elements: await page.locator("main *").count(),
    labelHeight: (await page.locator("#label").boundingBox())?.height ?? 0,
    width: await page.locator("html").evaluate((html) => [html.scrollWidth, html.clientWidth]).catch(() => null),
    complaints,
  };
}

const commands = {
  open: async (url) => ({ status: (await page.goto(url)).status() }),
  click: async (selector) => (await page.click(selector), {}),
  until: async (words) => {
    await page.locator("#status", { hasText: new RegExp(`^${words}$`) }).waitFor({ timeout: 20_000 });
    return state();
  },
  label: async (words) => {
    await page.locator("#label", { hasText: words }).waitFor({ timeout: 20_000 });
    return state();
  },
  state,
  screenshot: async (path, { scheme = "light", width = 800 }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 340 });
    await page.screenshot({ path });
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  const [name] = Object.keys(command);
  try {
    console.log(JSON.stringify(await commands[name](command[name], command)));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error), complaints }));
  }
}
await browser.close();
