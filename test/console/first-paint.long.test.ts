import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { type Program, serve } from '../e2e/support/program.ts';
import { testDatabase } from '../support/postgres.ts';
import { chromiumHere, noChromium, openBrowser, watchedPage } from './support/browser.ts';

const firstPaint = `performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null`;

describe('the console of the whole program', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gateway-walk-'));
  let program: Program | undefined;
  let browser: Browser;
  let address = '';
  let drop = async (): Promise<void> => {};

  before(async function () {
    const executable = chromiumHere();
    if (executable === null) {
      console.log(`      skipped: ${noChromium}`);
      this.skip();
    }
    const database = await testDatabase();
    drop = database.drop;
    const environment = { DATABASE_URL: database.connectionString, DATA_DIR: folder };
    const started = await serve(environment);
    program = started;
    address = started.root.replace(/odata\/$/, '');
    browser = await openBrowser(executable);
  });
  after(async () => {
    await browser?.close();
    program?.child.kill('SIGTERM');
    await program?.ended;
    await drop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is seen within a second by a browser that has nothing of it yet', async () => {
    const times: number[] = [];
    for (let turn = 0; turn < 7; turn++) {
      const { page, context } = await watchedPage(browser);
      await page.goto(address);
      await page.locator('#address').waitFor();
      times.push(Number(await page.evaluate<number | null>(firstPaint)));
      await context.close();
    }
    const middle = times.sort((a, b) => a - b)[3] ?? Number.NaN;
    console.log(`      first contentful paint: ${times.map(Math.round).join(', ')} ms`);
    assert.ok(middle > 0 && middle < 1000, String(times));
  });

  it('leads a newcomer to a chart of the conversations of last week by channel, and to a Power BI project', async () => {
    const { page, faults } = await watchedPage(browser);
    await page.goto(address);
    await page.getByRole('link', { name: 'Conversations of last week by channel' }).click();
    await page.locator('.chart canvas').waitFor();
    assert.match((await page.locator('.legend').allInnerTexts()).join(' '), /\w+ *\n? *\d+/);
    await page.getByRole('link', { name: 'Start' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Power BI project' }).click(),
    ]);
    assert.equal(download.suggestedFilename(), 'powerbi.zip');
    assert.equal(await download.failure(), null);
    assert.deepEqual(faults, []);
  });
});
