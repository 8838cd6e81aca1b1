import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { signInPlace } from '../../src/commands/sharing/open-sharing.ts';
import { openSignIn, type SignIn } from '../../src/commands/sign-in/open-sign-in.ts';
import { readConfig } from '../../src/config.ts';
import { signInRoutes } from '../../src/http/beside/sign-in-routes.ts';
import { type Authentication, openToAll } from '../../src/http/sign-in/authentication.ts';
import type { Observation } from '../../src/observation/observation.ts';
import { keyTimes } from '../../src/sign-in/keys/issuer-keys.ts';
import { startTestServer, type TestServer } from '../http/test-server.ts';
import { putInPlace } from '../support/put-in-place.ts';
import { until } from '../support/until.ts';
import { type OidcJudge, resource, secrets, startOidcJudge } from './oidc-judge.ts';

/** The gateway is given an issuer's address, and what tokens for it have as audience and scope: all else it reads there. */
describe('sign-in: at a provider that others wrote, by discovery', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-oidc-'));
  const events: Observation[] = [];
  /** Ids of principals. */
  const audited: (string | null)[] = [];
  let judge: OidcJudge;
  let feed: TestServer;
  let origin = 'http://127.0.0.1';
  /** Of the running test. */
  let signIn: SignIn;

  const settings = (more: Readonly<Record<string, string>> = {}) => ({
    DATA_DIR: folder,
    OIDC_ISSUER: judge.issuer,
    OIDC_AUDIENCE: resource,
    OIDC_SCOPE: 'read',
    ...more,
  });
  async function open(more: Readonly<Record<string, string>> = {}): Promise<void> {
    await signIn?.close();
    const environment = settings(more);
    const place = signInPlace({ config: readConfig(environment), environment }, null);
    // Keys that the issuer changed are looked at again at once, not after half a minute.
    const times = { ...keyTimes, cooldown: 0 };
    signIn = await openSignIn(readConfig(environment), (event) => void events.push(event), {
      ...place,
      keyTimes: times,
    });
  }

  before(async () => {
    judge = await startOidcJudge(() => `${origin}/sign-in/callback`);
    const authentication: Authentication = {
      ...openToAll,
      signsIn: true,
      identify: (presented) => signIn.authentication.identify(presented),
      challenge: (presented) => signIn.authentication.challenge(presented),
    };
    await open();
    feed = await startTestServer({
      authentication,
      audit: ({ principal }) => void audited.push(principal),
      rows: `INSERT INTO feed."Agents" ("Id", "Name") VALUES (1, 'Ann')`,
      beside: (app) =>
        signInRoutes(
          app,
          { authentication, settings: { pageSize: 1, publicUrl: null }, observe: (event) => void events.push(event) },
          {
            get sessions() {
              return signIn.browser?.sessions ?? assert.fail();
            },
            get flow() {
              return signIn.browser?.flow ?? null;
            },
            passwords: false,
          },
        ),
    });
    origin = new URL(feed.root).origin;
    await judge.reopen();
  });
  after(async () => {
    await feed?.close();
    await signIn?.close();
    await judge?.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    events.length = 0;
  });

  const read = (token: string): Promise<Response> => feed.get('Agents/$count', { Authorization: `Bearer ${token}` });
  async function refused(token: string, why: RegExp, status = 401): Promise<void> {
    const reply = await read(token);
    assert.deepEqual([reply.status, why.test(await reply.text())], [status, true]);
  }

  describe('with an access token', () => {
    before(() => open());

    it('of a person, and of a program', async () => {
      const { access_token: person } = await judge.personTokens('ann', resource);
      assert.equal((await read(person)).status, 200);
      assert.equal(feed.log.at(-1)?.user, 'reports', 'his token has no other name');
      assert.equal(audited.at(-1), `oidc:${judge.issuer}#ann`);
      const reply = await read(await judge.programToken(resource));
      assert.equal(reply.status, 200);
      assert.equal(await reply.text(), '1');
      assert.equal(feed.log.at(-1)?.user, 'program');
    });

    it('and is not let in with one for another audience or scope, an ID token, or one that was changed', async () => {
      await refused(await judge.programToken('urn:example:other'), /urn:example:other/);
      await refused(await judge.programToken(resource, 'other'), /reading needs/, 403);
      const { access_token: access, id_token: id } = await judge.personTokens('ann', resource);
      await refused(id, /is for .*reports/);
      const [head = '', claims = '', signature = ''] = access.split('.');
      const forged = Buffer.from(claims, 'base64url').toString().replace('"ann"', '"bob"');
      assert.ok(forged.includes('"bob"'));
      await refused([head, Buffer.from(forged).toString('base64url'), signature].join('.'), /signature/);
      await refused(`${head}.${claims}.`, /no signed JSON Web Token/);
    });

    it('whose issuer changes its keys: the new one counts at once, the old one until it is withdrawn', async () => {
      const before = await judge.programToken(resource);
      assert.equal((await read(before)).status, 200);
      await judge.rotate('told');
      assert.equal((await read(await judge.programToken(resource))).status, 200);
      assert.equal((await read(before)).status, 200);
      await judge.rotate('withdrawn');
      assert.equal((await read(await judge.programToken(resource))).status, 200, 'the set is read again for it');
      await refused(before, /a key that its issuer does not have/);
    });

    it('and goes on while the issuer is away, also after a restart', async () => {
      const token = await judge.programToken(resource);
      assert.equal((await read(token)).status, 200);
      const { kid } = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string };
      const kept = path.join(folder, 'sign-in');
      await until('its key is kept', () =>
        readdirSync(kept).some((name) => name.startsWith('keys-') && readFileSync(path.join(kept, name)).includes(kid)),
      );
      await judge.stop();
      try {
        await open();
        assert.equal((await read(token)).status, 200);
      } finally {
        await judge.listen();
      }
    });
  });

  describe('with a browser', () => {
    const clients: readonly (readonly [string, string | null])[] = [
      ['console', secrets.basic],
      ['console-post', secrets.post],
      ['console-public', null],
    ];
    const secretFile = path.join(folder, 'client-secret');
    const withClient = (id: string, secret: string | null) => {
      if (secret !== null) {
        writeFileSync(secretFile, `${secret}\n`);
      }
      return open({ OIDC_CLIENT_ID: id, ...(secret === null ? {} : { OIDC_CLIENT_SECRET_FILE: secretFile }) });
    };
    /** Away to the provider, through its pages, and back. */
    async function come(login: string | null): Promise<{ readonly reply: Response; readonly cookie: string }> {
      const away = await fetch(`${origin}/sign-in?to=/odata/Agents`, { redirect: 'manual' });
      assert.equal(away.status, 303, await away.text());
      const back = await judge.visit(away.headers.get('location') ?? '', login);
      const reply = await fetch(back, { redirect: 'manual', headers: { Cookie: cookieOf(away) } });
      return { reply, cookie: cookieOf(reply) };
    }
    const cookieOf = (reply: Response): string =>
      reply.headers
        .getSetCookie()
        .filter((set) => !set.includes('Max-Age=0'))
        .map((set) => set.split(';')[0])
        .join('; ');

    for (const [id, secret] of clients) {
      it(`as ${id}: authorization code with PKCE, a page to sign in, one to agree, and a session`, async () => {
        await withClient(id, secret);
        const { reply, cookie } = await come('ann');
        assert.deepEqual(
          [reply.status, reply.headers.get('location')],
          [303, '/odata/Agents'],
          await reply.clone().text(),
        );
        const rows = await feed.get('Agents/$count', { Cookie: cookie });
        assert.deepEqual([rows.status, await rows.text()], [200, '1']);
        assert.equal(feed.log.at(-1)?.user, 'ann@example.com');
        assert.equal((await feed.get('Agents/$count')).status, 401);
        const out = await fetch(`${origin}/sign-out`, {
          method: 'POST',
          redirect: 'manual',
          headers: { Cookie: cookie, Origin: origin },
        });
        assert.equal(out.status, 303);
        assert.equal((await feed.get('Agents/$count', { Cookie: cookie })).status, 401);
      });
    }

    it('who says no there is not let in, and is told so', async () => {
      await withClient('console', secrets.basic);
      const { reply, cookie } = await come(null);
      assert.equal(reply.status, 403);
      assert.match(await reply.text(), /access_denied/);
      assert.equal(cookie, '');
    });

    it('a secret that is changed at the provider and in its file counts without a restart', async () => {
      await withClient('console', secrets.basic);
      assert.equal((await come('ann')).reply.status, 303);
      judge.secrets.basic = 'a new secret';
      await judge.reopen();
      const { reply } = await come('ann');
      assert.equal(reply.status, 403);
      assert.match(await reply.text(), /invalid_client/);
      putInPlace(secretFile, 'a new secret\n');
      assert.equal((await come('ann')).reply.status, 303);
      judge.secrets.basic = secrets.basic;
      await judge.reopen();
    });

    it('no code, secret or token stands in what is logged', async () => {
      await withClient('console', secrets.basic);
      const { reply, cookie } = await come('ann');
      assert.equal(reply.status, 303);
      const written = JSON.stringify([events, feed.log]);
      assert.ok(events.some(({ event }) => event === 'session'));
      for (const part of [...cookie.split('='), secrets.basic]) {
        assert.ok(part.length < 8 || part.includes('session') || !written.includes(part), part);
      }
    });
  });
});
