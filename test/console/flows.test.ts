import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import type { Row } from '../unified/support.ts';
import { chromiumHere, noChromium, openBrowser, type WatchedPage, watchedPage } from './support/browser.ts';
import { type LoadedConsole, loadedConsole } from './support/loaded-console.ts';

const views = ['', 'sets', 'sets/Conversations', 'explore', 'freshness', 'rejects', 'feeds', 'model'];

// What runs in the page is text: these files are checked without the types of a browser.
const coloursOfChart = `{
  const { width, height } = document.querySelector('.chart canvas');
  const { data } = document.querySelector('.chart canvas').getContext('2d').getImageData(0, 0, width, height);
  new Set(Array.from({ length: data.length / 4 }, (_, index) => data.slice(4 * index, 4 * index + 3).join())).size;
}`;
const focused = `({
  name: document.activeElement.textContent.trim(),
  outline: getComputedStyle(document.activeElement).outlineStyle,
})`;
const directionOfArabic = `{
  const cell = document.querySelector('table.rows tbody td .clip');
  cell.textContent = 'مرحبا، أين طلبي؟';
  getComputedStyle(cell).direction;
}`;
const unnamedControls = `[...document.querySelectorAll('input, select, button, a')]
  .filter((one) => !one.textContent.trim() && !one.getAttribute('aria-label') && !one.closest('label'))
  .map((one) => one.outerHTML)`;

describe('the console in a browser', () => {
  let served: LoadedConsole;
  let browser: Browser;
  let watched: WatchedPage;
  let page: Page;

  before(async function () {
    const executable = chromiumHere();
    if (executable === null) {
      console.log(`      skipped: ${noChromium}`);
      this.skip();
    }
    [served, browser] = await Promise.all([loadedConsole(), openBrowser(executable)]);
    watched = await watchedPage(browser);
    page = watched.page;
    page.setDefaultTimeout(20_000);
  });
  after(async () => {
    await browser?.close();
    await served?.close();
  });
  afterEach(() => {
    assert.deepEqual(watched?.faults.splice(0) ?? [], [], 'something failed on the page');
  });

  const open = async (view: string, on = page): Promise<void> => {
    await on.goto(`${served.address}#/${view}`);
    await on.locator('main h1').waitFor();
    await on.getByText('Loading …').waitFor({ state: 'detached' });
  };
  const text = (selector: string): Promise<string> =>
    page
      .locator(selector)
      .allInnerTexts()
      .then(([first = '']) => first);

  it('starts with the address, what is loaded and how to open it', async () => {
    await open('');
    assert.equal(await text('#address'), served.gateway.root);
    assert.match(await text('.figures'), /Files loaded\s+3\s+last \d{4}-\d\d-\d\d \d\d:\d\d/);
    assert.match(await text('.figures'), /Rejected rows\s+1\s+waits for somebody/);
    const files = await page
      .locator('a[download]')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    assert.deepEqual(files, ['connect/powerbi.zip', 'connect/powerbi.pbids', 'connect/excel.xlsx']);
    assert.match(await text('.who'), /Europe\/Amsterdam/);
  });

  it('leads from the start to the files that were refused, and says why', async () => {
    await open('');
    assert.match(await text('.figures'), /Exports late or refused\s+0\s+and 1 file of no known export/);
    await page.getByRole('link', { name: 'Exports late or refused' }).click();
    await page.getByText('1 row', { exact: true }).waitFor();
    assert.match(await text('table.rows tbody'), /mystery\.csv\s.*FileUnknown: mystery\.csv is no known export/s);
  });

  it('shows all conversations of last week by channel, as the feed counts them, in one request', async () => {
    await open('');
    const before = watched.requests.length;
    await page.getByRole('link', { name: 'Conversations of last week by channel' }).click();
    await page.locator('.chart canvas').waitFor();
    const asked = watched.requests.slice(before).filter((url) => url.includes('groupby'));
    assert.equal(asked.length, 1);
    assert.match(await text('.legend'), /WhatsApp\s*5\s+Facebook\s*2/);
    assert.equal(await text('.answer figcaption'), 'Conversations of last week by channel 7 in all');
    const drawn = await page.evaluate<number>(coloursOfChart);
    assert.ok(drawn > 3, `the chart has ${drawn} colours`);
    await page.getByText('Values as a table').click();
    const rows = await page.locator('.values tbody tr').allInnerTexts();
    assert.deepEqual(
      rows.map((row) => row.split(/\s+/).slice(-2)),
      [
        ['3', '1'],
        ['0', '0'],
        ['1', '1'],
        ['0', '0'],
        ['0', '0'],
        ['0', '0'],
        ['1', '0'],
      ],
    );
    await page.getByText('This request for other programs').click();
    const reply = (await (await fetch(await text('#request-url'))).json()) as {
      readonly value: readonly { readonly Value: number }[];
    };
    assert.equal(
      reply.value.reduce((sum, { Value }) => sum + Value, 0),
      7,
    );
  });

  it('tells a share as the sum over the sum, in percent, and the question by its title', async () => {
    await open('explore');
    await page.getByRole('link', { name: 'Service level per team' }).click();
    await page.locator('table.ranking').waitFor();
    assert.deepEqual((await text('table.ranking')).split(/\s+/).slice(0, 2), ['Webcare', '60%']);
    assert.equal(await text('figcaption'), 'Service level per team');
    assert.equal(await text('.chips [aria-current]'), 'Service level per team');
    await page.getByText('This request for other programs').click();
    const reply = (await (await fetch(await text('#request-url'))).json()) as { readonly value: readonly Row[] };
    assert.deepEqual(
      reply.value.map(({ Part, Whole, Value }) => [Part, Whole, Value]),
      [[24, 40, 0.6]],
    );
    await page.getByRole('link', { name: 'Service level per day' }).click();
    await page.getByText('over the whole period').waitFor();
    assert.equal(await text('figcaption'), 'Service level per day over the whole period');
    assert.match(await text('.legend'), /^All\s*60%$/);
  });

  it('says of a question about a set that is not there, and of a set without rows, what it is', async () => {
    await open('explore/Nothing?measure=count');
    assert.equal(await text('main h1'), 'There is no set Nothing');
    await open('explore/SparkcentralMessages?measure=count');
    await page.getByText('SparkcentralMessages has no row that says when.').waitFor();
  });

  it('filters, sorts and chooses columns of a set, and says the same as URL, M and CSV', async () => {
    await open('sets/Conversations');
    assert.match(await text('output'), /^7 rows$/);
    await page.getByRole('button', { name: 'Add a condition' }).click();
    await page.getByLabel('Column', { exact: true }).selectOption('Channel');
    await page.getByLabel('Value').fill("What'sApp");
    await page.getByText('No row meets all conditions.').waitFor();
    await page.getByLabel('Value').fill('WhatsApp');
    await page.getByText('5 rows', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'StartedAt' }).click();
    await page.locator('th[aria-sort="ascending"]').waitFor();
    await page.getByRole('button', { name: 'StartedAt' }).click();
    await page.locator('th[aria-sort="descending"]').waitFor();
    await page.getByText(/^Columns 32|^Columns \d+ of/).click();
    await page.getByRole('button', { name: 'Key alone' }).click();
    await page.locator('table.rows th').nth(1).waitFor({ state: 'detached' });
    assert.deepEqual(await page.locator('table.rows tbody tr').allInnerTexts(), [
      'tracebuzz:7',
      'tracebuzz:5',
      'tracebuzz:3',
      'tracebuzz:2',
      'tracebuzz:1',
    ]);
    await page.getByText('This request for other programs').click();
    assert.equal(
      await text('#request-url'),
      `${served.gateway.root}Conversations?$select=ConversationKey&$filter=Channel%20eq%20'WhatsApp'&$orderby=StartedAt%20desc`,
    );
    assert.match(await text('#request-m'), /Table\.SelectRows\(Navigation, each \[Channel\] = "WhatsApp"\)/);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'CSV of all rows' }).click(),
    ]);
    assert.match(download.url(), /\$format=csv;formulas=guarded$/);
    assert.equal(readFileSync(await download.path(), 'utf8').split('\r\n')[1], 'tracebuzz:7');
    // Whoever is sent the address sees the same.
    await page.reload();
    await page.getByText('5 rows', { exact: true }).waitFor();
  });

  it('shows texts in the direction of their own script', async () => {
    await open('sets/Conversations');
    await page.locator('table.rows').waitFor();
    assert.equal(await page.evaluate<string>(directionOfArabic), 'rtl');
  });

  it('has columns and relations of a set, and leads to the other one', async () => {
    await open('sets/Conversations');
    await page.getByRole('tab', { name: /Columns/ }).click();
    assert.match(await text('[role=tabpanel]'), /ContactKey\s+String\s+personal: pseudonym\s+The customer\./);
    await page.keyboard.press('ArrowRight');
    await page.getByRole('cell', { name: 'one Contacts' }).getByRole('link').click();
    await page.getByRole('heading', { name: 'Contacts', exact: true }).waitFor();
  });

  it('marks the days on which an export was loaded', async () => {
    await open('freshness');
    const days = page.locator('tr', { hasText: 'results' }).first().locator('.days');
    assert.match((await days.getAttribute('aria-label')) ?? '', /^1 day of 35 with loads, the last \d+ \w{3}$/);
    assert.equal(await days.locator('.shade-4').count(), 1);
    assert.match(await text('.legend'), /Tracebuzz\s*17/);
  });

  it('shows a rejected row with its text, tries it again and closes it by word', async () => {
    await open('rejects');
    await page.locator('details.group summary').click();
    await page.locator('.rejects pre').waitFor();
    assert.match(await text('.rejects pre'), /^seven/);
    await page.getByRole('button', { name: 'Replay all 1' }).click();
    await page.getByText('0 of 1 taken in. 1 rejected again.').waitFor();
    await page.getByLabel('Why they are done with').fill('=a total');
    await page.getByRole('button', { name: /^Dismiss all 1/ }).click();
    await page.getByText('No rejected row waits').waitFor();
    const [row] = await served.gateway.rows('LoadRejects?$select=State,Reason');
    assert.deepEqual(row, { State: 'dismissed', Reason: '=a total' });
  });

  it('names what the columns over all sources are made of', async () => {
    await open('model');
    await page.locator('summary', { hasText: 'Conversations' }).click();
    assert.match(await text('details[open] table'), /ConversationKey\s+.*tracebuzz: and CaseId/);
  });

  it('fits 360 pixels in every view', async () => {
    const narrow = await watchedPage(browser, { width: 360, height: 740 });
    for (const view of views) {
      await open(view, narrow.page);
      const width = await narrow.page.evaluate<number>('document.documentElement.scrollWidth');
      assert.ok(width <= 360, `${view} is ${width} pixels wide`);
    }
    assert.deepEqual(narrow.faults, []);
    await narrow.context.close();
  });

  it('is walked by keyboard, and what has the focus is seen', async () => {
    await open('');
    await page.reload();
    await page.locator('#address').waitFor();
    const seen: string[] = [];
    for (let step = 0; step < 12; step++) {
      await page.keyboard.press('Tab');
      const { name, outline } = await page.evaluate<{ name: string; outline: string }>(focused);
      assert.notEqual(outline, 'none', name);
      seen.push(name);
    }
    assert.deepEqual(seen.slice(0, 9), [
      'Skip to the content',
      'OData warehouse gateway',
      'Start',
      'Sets',
      'Explore',
      'Freshness',
      'Rejects',
      'Feeds',
      'Model',
    ]);
    const unnamed = await page.evaluate<readonly string[]>(unnamedControls);
    assert.deepEqual(unnamed, []);
  });

  it('asks nobody but the gateway', () => {
    assert.ok(watched.requests.length > 30);
    assert.deepEqual(
      watched.requests.filter((url) => !url.startsWith(served.address)),
      [],
    );
  });

  it('says in words what keeps it from showing anything, and takes a key', async () => {
    const fresh = await watchedPage(browser);
    // The gateway asks nobody to sign in: here it is one that takes keys.
    await fresh.page.route(served.address, async (route) => {
      const reply = await route.fetch();
      const body = (await reply.text()).replace('name="sign-in" content=""', 'name="sign-in" content="key"');
      return route.fulfill({ response: reply, body });
    });
    const refuse = (status: number, code: string): void => {
      void fresh.page.route('**/console/data/start', async (route) => {
        const key = await route.request().headerValue('authorization');
        const error = { code, message: `Told as ${code}.`, details: [{ code: 'remedy', message: 'Do something.' }] };
        return key === 'Bearer good' ? route.continue() : route.fulfill({ status, json: { error } });
      });
    };
    refuse(503, 'DatabaseUnavailable');
    await fresh.page.goto(served.address);
    await fresh.page.getByText('Told as DatabaseUnavailable.').waitFor();
    await fresh.page.unroute('**/console/data/start');
    refuse(401, 'Unauthorized');
    await fresh.page.getByRole('button', { name: 'Try again' }).click();
    await fresh.page.getByRole('heading', { name: 'Not signed in' }).waitFor();
    await fresh.page.getByLabel('Key', { exact: true }).fill('bad');
    await fresh.page.getByRole('button', { name: 'Use key' }).click();
    await fresh.page.getByText('The key is not known').waitFor();
    await fresh.page.getByLabel('Key', { exact: true }).fill('good');
    await fresh.page.getByRole('button', { name: 'Use key' }).click();
    await fresh.page.locator('#address').waitFor();
    await fresh.context.close();
  });
});
