import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openSignIn, type SignIn } from '../../src/commands/sign-in/open-sign-in.ts';
import { readConfig } from '../../src/config.ts';
import { signInRoutes } from '../../src/http/beside/sign-in-routes.ts';
import type { Observation } from '../../src/observation/observation.ts';
import { readCookie, setCookies } from '../../src/sign-in/browser/cookies.ts';
import { Sealed } from '../../src/sign-in/browser/sealed.ts';
import { quickLine } from '../http/signing-in.ts';
import { startTestServer, type TestServer } from '../http/test-server.ts';
import { application, type EntraStandIn, person, sign, startEntra, tenant, v2Claims } from './entra-stand-in.ts';

/** What a browser keeps of cookies, and that it follows no redirect by itself. */
class Browser {
  readonly cookies = new Map<string, string>();
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  async get(to: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const reply = await fetch(new URL(to, this.#origin), {
      method,
      redirect: 'manual',
      headers: { ...(cookie === '' ? {} : { Cookie: cookie }), ...headers },
    });
    for (const set of reply.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      assert.match(set, /^__Host-[\w-]+=[\w.-]*; Path=\/; Max-Age=\d+; HttpOnly; Secure; SameSite=Lax$/);
      set.includes('Max-Age=0') ? this.cookies.delete(name) : this.cookies.set(name, value);
    }
    return reply;
  }
}

describe('sign-in: with a browser', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-browser-'));
  const users = path.join(folder, 'users');
  const events: Observation[] = [];
  let entra: EntraStandIn;
  let feed: TestServer;
  let signIn: SignIn;
  let origin: string;
  let settings: Record<string, string>;

  before(async () => {
    entra = await startEntra();
    writeFileSync(users, `${quickLine('bob', 'a password of bob')}\n`);
    settings = {
      DATA_DIR: folder,
      AUTH_BASIC_FILE: users,
      ENTRA_TENANT_ID: tenant,
      ENTRA_CLIENT_ID: application,
      ENTRA_CLIENT_SECRET: 'the-secret',
      ENTRA_APP_ID_URI: 'http://feed.example',
      ENTRA_AUTHORITY: entra.authority,
    };
    const observe = (event: Observation) => void events.push(event);
    signIn = await openSignIn(readConfig(settings), observe);
    feed = await startTestServer({
      authentication: signIn.authentication,
      observe,
      beside: (app) =>
        signInRoutes(
          app,
          { authentication: signIn.authentication, settings: { pageSize: 1, publicUrl: null }, observe },
          signIn.browser,
        ),
    });
    origin = new URL(feed.root).origin;
  });
  after(async () => {
    await feed.close();
    await signIn.close();
    await entra.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    events.length = 0;
    entra.forms.length = 0;
    entra.idToken = (nonce) => idToken({ nonce });
  });

  const idToken = (claims: Record<string, unknown>) =>
    sign(
      { ...v2Claims(entra.authority), aud: application, scp: undefined, roles: ['Reader'], ...claims },
      entra.keys[0] ?? assert.fail(),
    );
  /** Through the provider and back; the address of the callback. */
  async function atProvider(browser: Browser, start = '/sign-in'): Promise<URL> {
    const away = await browser.get(start);
    assert.equal(away.status, 303, await away.text());
    const back = await fetch(away.headers.get('location') ?? '', { redirect: 'manual' });
    return new URL(back.headers.get('location') ?? '');
  }

  it('authorization code with PKCE, state and nonce; then the cookie has the rights of the token, until sign-out', async () => {
    const browser = new Browser(origin);
    const away = await browser.get('/sign-in?to=/odata/Cases');
    const sent = new URL(away.headers.get('location') ?? '');
    assert.equal(sent.pathname, `/${tenant}/oauth2/v2.0/authorize`);
    const asked = Object.fromEntries(sent.searchParams);
    assert.deepEqual(
      [
        asked['response_type'],
        asked['client_id'],
        asked['redirect_uri'],
        asked['code_challenge_method'],
        asked['scope'],
      ],
      ['code', application, `${origin}/sign-in/callback`, 'S256', 'openid profile email'],
    );
    const back = await fetch(sent, { redirect: 'manual' });
    const done = await browser.get(back.headers.get('location') ?? '');
    assert.deepEqual([done.status, done.headers.get('location')], [303, '/odata/Cases'], await done.text());
    const [form] = entra.forms;
    assert.deepEqual(
      [form?.get('grant_type'), form?.get('client_secret'), form?.get('code')],
      ['authorization_code', 'the-secret', 'the-code'],
    );
    assert.ok((form?.get('code_verifier')?.length ?? 0) >= 43);
    assert.deepEqual([...browser.cookies.keys()], ['__Host-gateway-session']);
    assert.equal((await browser.get('/odata/')).status, 200);
    assert.equal(feed.log.at(-1)?.user, 'ann@example.com');
    const session = await signIn.browser?.sessions.read([...browser.cookies].map((pair) => pair.join('=')).join());
    assert.deepEqual(
      [session?.principal.id, session?.principal.claims.roles],
      [`entra:${tenant}/${person}`, ['Reader']],
    );
    const copy = new Map(browser.cookies);
    assert.equal((await browser.get('/sign-out', {}, 'POST')).status, 403, 'another page could have sent it');
    assert.equal((await browser.get('/sign-out', { Origin: 'http://evil.example' }, 'POST')).status, 403);
    assert.equal((await browser.get('/sign-out', { Origin: origin }, 'POST')).status, 303);
    assert.equal(browser.cookies.size, 0);
    for (const [name, value] of copy) {
      browser.cookies.set(name, value);
    }
    assert.equal((await browser.get('/odata/')).status, 401, 'a copy of the cookie has ended, too');
    const again = await openSignIn(readConfig(settings), () => {});
    assert.equal(
      await again.browser?.sessions.read([...copy].map((pair) => pair.join('=')).join()),
      null,
      'and after a restart',
    );
    await again.close();
    assert.deepEqual(
      events.filter(({ event }) => event === 'session').map((event) => 'state' in event && event.state),
      ['begun', 'ended'],
    );
    const written = JSON.stringify([events, feed.log]);
    assert.ok(
      !['the-code', 'the-secret', ...copy.values()].some((secret) => written.includes(secret)),
      'no secret in the log',
    );
  });

  it('a session ends after its time, and with another key', async () => {
    let now = Date.now();
    const keys = [new Uint8Array(32).fill(1)];
    const sealed = new Sealed(
      () => keys,
      () => now,
    );
    const text = await sealed.seal({ a: 1 }, 'session', 3_600_000);
    assert.equal((await sealed.open(text, 'session'))?.['a'], 1);
    assert.equal(await sealed.open(text, 'sign-in'), null);
    assert.equal(await new Sealed(() => [new Uint8Array(32)]).open(text, 'session'), null);
    assert.equal(await sealed.open(`${text.slice(0, -6)}AAAAAA`, 'session'), null);
    now += 3_600_001;
    assert.equal(await sealed.open(text, 'session'), null);
    const later = new Sealed(() => [new Uint8Array(32).fill(2), ...keys]);
    assert.equal((await later.open(text, 'session'))?.['a'], 1, 'keys can be changed');
  });

  it('long values take several cookies, and a shorter one after them is not joined to their rest', () => {
    const header = (set: readonly string[]) =>
      set
        .filter((one) => !one.includes('Max-Age=0'))
        .map((one) => one.split(';')[0])
        .join('; ');
    const value = 'x'.repeat(9000);
    assert.equal(readCookie(header(setCookies('a', value, 60) ?? []), 'a'), value);
    assert.equal(setCookies('a', value, 60)?.length, 4);
    assert.deepEqual(
      [setCookies('a', 'x'.repeat(16_000), 60), readCookie('b=1', 'a'), readCookie(undefined, 'a')],
      [null, null, null],
    );
    assert.equal(readCookie('__Host-a=1; __Host-a=2', 'a'), null);
  });

  it('what is not the reply to this sign-in is refused: state, nonce, another browser, another application, a code used before', async () => {
    const wrong: readonly [string, (browser: Browser, back: URL) => Promise<Response>, number][] = [
      [
        'another state',
        (browser, back) => {
          back.searchParams.set('state', 'other');
          return browser.get(back.href);
        },
        400,
      ],
      ['another browser', (_, back) => new Browser(origin).get(back.href), 400],
      [
        'another nonce',
        (browser, back) => {
          entra.idToken = () => idToken({ nonce: 'other' });
          return browser.get(back.href);
        },
        400,
      ],
      [
        'another tenant',
        (browser, back) => {
          entra.idToken = (nonce) => idToken({ nonce, tid: person });
          return browser.get(back.href);
        },
        403,
      ],
      [
        'a foreign key',
        (browser, back) => {
          entra.idToken = async (nonce) => `${(await idToken({ nonce })).slice(0, -8)}AAAAAAAA`;
          return browser.get(back.href);
        },
        403,
      ],
      [
        'a code used before',
        (browser, back) => {
          entra.idToken = async () => null as unknown as string;
          return browser.get(back.href);
        },
        403,
      ],
      [
        'declined there',
        (browser, back) => {
          back.searchParams.delete('code');
          back.searchParams.set('error', 'access_denied');
          return browser.get(back.href);
        },
        403,
      ],
    ];
    for (const [what, come, status] of wrong) {
      const browser = new Browser(origin);
      entra.idToken = (nonce) => idToken({ nonce });
      const reply = await come(browser, await atProvider(browser));
      assert.equal(reply.status, status, `${what}: ${await reply.text()}`);
      assert.ok(![...browser.cookies.keys()].includes('__Host-gateway-session'), what);
    }
    assert.ok(events.filter(({ event }) => event === 'sign-in-refused').length >= 5);
  });

  it('leads to paths of this host alone', async () => {
    for (const to of ['//evil.example', '/\\evil.example', 'https://evil.example', '/a b', '/%0d%0aX: y\r\n']) {
      const browser = new Browser(origin);
      const back = await atProvider(browser, `/sign-in?to=${encodeURIComponent(to)}`);
      const { headers } = await browser.get(back.href);
      assert.match(headers.get('location') ?? '', /^\/($|%0d)/);
    }
  });

  it('with a password of the file; the session ends with the password', async () => {
    const browser = new Browser(origin);
    const asked = await browser.get('/sign-in?with=password');
    assert.deepEqual(
      [asked.status, asked.headers.get('www-authenticate')],
      [401, 'Basic realm="gateway", charset="UTF-8"'],
    );
    const basic = (password: string) => ({
      Authorization: `Basic ${Buffer.from(`bob:${password}`).toString('base64')}`,
    });
    assert.equal((await browser.get('/sign-in?with=password', basic('wrong'))).status, 401);
    assert.equal((await browser.get('/sign-in?with=password', basic('a password of bob'))).status, 303);
    assert.equal((await browser.get('/odata/')).status, 200);
    assert.equal((await browser.get('/odata/$batch', { 'Content-Type': 'application/json' }, 'POST')).status, 403);
    writeFileSync(users, `${quickLine('bob', 'another password')}\n`);
    assert.equal((await browser.get('/odata/')).status, 401);
  });

  it('its files are readable by their owner alone', () => {
    for (const name of readdirSync(path.join(folder, 'sign-in'))) {
      assert.equal(statSync(path.join(folder, 'sign-in', name)).mode & 0o777, 0o600, name);
    }
    assert.match(readFileSync(path.join(folder, 'sign-in', 'session-key'), 'utf8'), /^[0-9a-f]{64}$/);
  });
});
