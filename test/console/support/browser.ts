import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const elsewhere = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** An installed Chromium; null: there is none. Nothing is downloaded. */
export function chromiumHere(): string | null {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const files = [...folders.flatMap((folder) => names.map((name) => path.join(folder, name))), ...elsewhere];
  return files.find((file) => existsSync(file)) ?? null;
}

export const noChromium = 'there is no Chromium on the PATH';

/** A browser without a window. In a container it runs as root, where Chromium has no sandbox of its own. */
export const openBrowser = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, args: ['--no-sandbox'] });

/** A page that remembers what went wrong on it. */
export interface WatchedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of scripts, of the policy and of requests, in words. */
  readonly faults: string[];
  /** Addresses of all requests, without those of the browser itself. */
  readonly requests: string[];
}

export async function watchedPage(
  browser: Browser,
  size: { readonly width: number; readonly height: number } = { width: 1280, height: 900 },
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: size, acceptDownloads: true });
  const page = await context.newPage();
  const faults: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => void (message.type() === 'error' && faults.push(message.text())));
  page.on('pageerror', (error) => void faults.push(String(error)));
  page.on('request', (request) => void (request.url().startsWith('http') && requests.push(request.url())));
  return { page, context, faults, requests };
}
