import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { builtFiles } from '../../src/commands/browser-console/built-files.ts';
import { openSignIn, type SignIn } from '../../src/commands/sign-in/open-sign-in.ts';
import { readConfig } from '../../src/config.ts';
import { signInAddress } from '../../src/console/feed/sign-in-address.ts';
import { signInRoutes } from '../../src/http/beside/sign-in-routes.ts';
import { connectRoutes } from '../../src/http/connect/connect-routes.ts';
import { type ConsoleFeed, consoleRoutes } from '../../src/http/console/console-routes.ts';
import { everything } from '../../src/plan/grants.ts';
import { quickLine } from '../http/signing-in.ts';
import { startTestServer, type TestServer } from '../http/test-server.ts';
import { application, type EntraStandIn, sign, startEntra, tenant, v2Claims } from '../sign-in/entra-stand-in.ts';
import { catalogue } from '../sql/small-model.ts';
import { chromiumHere, noChromium, openBrowser, watchedPage } from './support/browser.ts';

describe('the console for people who sign in', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-console-sign-in-'));
  const opened: { readonly server: TestServer; readonly signIn: SignIn }[] = [];
  let entra: EntraStandIn;
  let browser: Browser;

  before(async function () {
    const executable = chromiumHere();
    if (executable === null) {
      console.log(`      skipped: ${noChromium}`);
      this.skip();
    }
    [entra, browser] = await Promise.all([startEntra(), openBrowser(executable)]);
    entra.idToken = (nonce) =>
      sign(
        { ...v2Claims(entra.authority), aud: application, scp: undefined, nonce },
        entra.keys[0] ?? assert.fail('no key'),
      );
  });
  after(async () => {
    await browser?.close();
    for (const { server, signIn } of opened) {
      await server.close();
      await signIn.close();
    }
    await entra?.close();
    rmSync(folder, { recursive: true });
  });

  /** Address of the page. Browsers keep secure cookies of `localhost`, where there is no TLS. */
  async function served(settings: Record<string, string>): Promise<string> {
    const signIn = await openSignIn(readConfig({ DATA_DIR: folder, ...settings }), () => {});
    const { authentication } = signIn;
    const server = await startTestServer({
      authentication,
      beside: (app) => {
        const feed: ConsoleFeed = {
          catalogue: () => catalogue,
          grantsOf: () => everything,
          authentication,
          settings: { pageSize: 10, publicUrl: null },
          observe: () => {},
        };
        signInRoutes(app, feed, signIn.browser);
        connectRoutes(app, feed);
        consoleRoutes(app, feed, {
          ...{ version: '1.2.3', reportingTimeZone: 'UTC', files: () => built, feeds: async () => [] },
          ...{ model: () => [], mayOperate: () => false, dismiss: async () => 0 },
          replay: async () => ({ asked: 0, tried: 0, replayed: 0, removed: 0 }),
        });
      },
    });
    opened.push({ server, signIn });
    return new URL('/', server.root).href.replace('127.0.0.1', 'localhost');
  }

  const atMicrosoft = (): Record<string, string> => ({
    ENTRA_TENANT_ID: tenant,
    ENTRA_CLIENT_ID: application,
    ENTRA_CLIENT_SECRET: 'the-secret',
    ENTRA_APP_ID_URI: 'http://feed.example',
    ENTRA_AUTHORITY: entra.authority,
  });
  const usersFile = (): string => {
    const users = path.join(folder, 'users');
    writeFileSync(users, `${quickLine('bob', 'a password of bob')}\n`);
    return users;
  };
  const namesOf = (page: Page, selector: string): Promise<string[]> => page.locator(selector).allInnerTexts();

  it('leads to the provider and back to the same view, gives the files, and signs out', async () => {
    const address = await served({ ...atMicrosoft(), AUTH_BASIC_FILE: usersFile() });
    const { page, context } = await watchedPage(browser);
    await page.goto(`${address}#/sets`);
    await page.getByRole('heading', { name: 'Not signed in' }).waitFor();
    assert.deepEqual(await namesOf(page, 'main a, main button'), ['Sign in', 'Sign in with name and password']);
    await page.getByRole('link', { name: 'Sign in', exact: true }).click();
    await page.getByRole('heading', { name: 'Sets' }).waitFor();
    assert.equal(new URL(page.url()).hash, '#/sets');
    assert.match((await namesOf(page, '.who')).join(), /ann@example\.com/);
    for (const file of ['powerbi.pbids', 'powerbi.zip', 'excel.xlsx', 'Cases.odc']) {
      const reply = await page.request.get(`${address}connect/${file}`);
      assert.equal(reply.status(), 200, file);
      assert.equal((await fetch(`${address}connect/${file}`)).status, 401, file);
    }
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Not signed in' }).waitFor();
    assert.equal((await page.request.get(`${address}connect/powerbi.pbids`)).status(), 401);
    await context.close();
  });

  it('leads there again when a session has ended while the page was open', async () => {
    const address = await served(atMicrosoft());
    const { page, context } = await watchedPage(browser);
    await page.goto(`${address}sign-in?to=/%23/sets/Cases`);
    await page.getByRole('heading', { name: 'Cases', exact: true }).waitFor();
    await context.clearCookies();
    await page.goto(`${address}#/sets/Messages`);
    await page.getByRole('button', { name: 'Sign in again' }).first().click();
    await page.getByRole('link', { name: 'Sign in', exact: true }).click();
    await page.getByRole('heading', { name: 'Messages', exact: true }).waitFor();
    assert.equal(new URL(page.url()).hash, '#/sets/Messages');
    await context.close();
  });

  it('offers no key where none is in use, and says so where browsers have no way', async () => {
    const { ENTRA_CLIENT_SECRET: _, ...programs } = atMicrosoft();
    const address = await served(programs);
    const { page, context } = await watchedPage(browser);
    await page.goto(address);
    await page.getByText('Browsers cannot sign in here').waitFor();
    assert.deepEqual(await namesOf(page, 'main a, main button'), []);
    await context.close();
  });
});

const built = builtFiles();

describe('the address to sign in at', () => {
  it('is below the path of a proxy and comes back to the view, unless that is too long for a cookie', () => {
    const behind = 'https://example.com/feed/';
    assert.equal(
      signInAddress(behind, '#/explore?set=A&b=%20', false),
      'https://example.com/feed/sign-in?to=%2Ffeed%2F%23%2Fexplore%3Fset%3DA%26b%3D%2520',
    );
    assert.equal(
      signInAddress('https://example.com/', `#/${'x'.repeat(1000)}`, true),
      'https://example.com/sign-in?with=password&to=%2F',
    );
  });
});
