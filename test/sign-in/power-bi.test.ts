import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openSignIn, type SignIn } from '../../src/commands/sign-in/open-sign-in.ts';
import { readConfig } from '../../src/config.ts';
import { hashKey } from '../../src/sign-in/files/credentials.ts';
import { powerQueryHeaders } from '../http/power-query.ts';
import { quickLine } from '../http/signing-in.ts';
import { startTestServer, type TestServer } from '../http/test-server.ts';
import { application, type EntraStandIn, startEntra, tenant } from './entra-stand-in.ts';

const desktop = 'a672d62c-fc7b-4e81-a576-e60dc46e951d';
const service = 'b52893c8-bc2e-47fc-918b-77022b299bbc';

/**
 * The requests that Power BI Desktop, Excel and the service send, as far as they are known (connector-authentication of the Power Query documentation, a captured
 * request of Excel), with everything on: what they are told decides whether an analyst is asked for credentials again.
 */
describe('sign-in: as Power BI Desktop, Excel and scheduled refresh do it', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-power-bi-'));
  let entra: EntraStandIn;
  let signIn: SignIn;
  let feed: TestServer;
  before(async () => {
    entra = await startEntra();
    writeFileSync(path.join(folder, 'users'), `${quickLine('ann', 'a long password')}\n`);
    writeFileSync(path.join(folder, 'keys'), `refresh:${hashKey('k3y')}:2099-12-31\n`);
    const config = readConfig({
      DATA_DIR: folder,
      PUBLIC_URL: 'http://feed.example',
      ENTRA_TENANT_ID: tenant,
      ENTRA_CLIENT_ID: application,
      ENTRA_AUTHORITY: entra.authority,
      AUTH_BASIC_FILE: path.join(folder, 'users'),
      AUTH_KEY_FILE: path.join(folder, 'keys'),
    });
    signIn = await openSignIn(config, () => {});
    feed = await startTestServer({
      authentication: signIn.authentication,
      settings: { publicUrl: 'http://feed.example', pageSize: 2 },
      rows: `INSERT INTO feed."Agents" ("Id", "Name") SELECT g, 'Agent ' || g FROM generate_series(1, 5) AS g`,
    });
  });
  after(async () => {
    await feed.close();
    await signIn.close();
    await entra.close();
    rmSync(folder, { recursive: true });
  });

  const get = (where: string, authorization?: string): Promise<Response> =>
    feed.get(where, { ...powerQueryHeaders, ...(authorization === undefined ? {} : { Authorization: authorization }) });
  /** All rows, page after page, as a refresh reads them. */
  async function refresh(authorization: string | undefined, query = ''): Promise<number> {
    let rows = 0;
    for (const where of ['', '$metadata']) {
      const reply = await get(`${where}${query}`, authorization);
      assert.equal(reply.status, 200, await reply.text());
      assert.equal(reply.headers.get('odata-version'), '4.0');
    }
    for (let next: string | null = `Agents${query}`; next !== null; ) {
      const reply = await get(next, authorization);
      assert.equal(reply.status, 200);
      const page = (await reply.json()) as { value: unknown[]; '@odata.nextLink'?: string };
      rows += page.value.length;
      const link = page['@odata.nextLink']?.replace('http://feed.example/odata/', '');
      assert.ok(!link?.includes('k3y'));
      // The engine adds the key of its own to each request.
      next = link === undefined ? null : `${link}${query.replace('?', '&')}`;
    }
    return rows;
  }

  it('organizational account: probe with an empty Bearer, the address, a token of v1 for scheme and host, all pages', async () => {
    const probe = await get('', 'Bearer');
    assert.equal(probe.status, 401);
    // As the parser of Microsoft's sample does: split at blanks, look for the part, strip commas and quotes.
    const parts = (probe.headers.get('www-authenticate') ?? '')
      .split(' ')
      .filter((part) => part.includes('authorization_uri='));
    assert.deepEqual(parts, [`authorization_uri=${entra.authority}/${tenant}/oauth2/authorize`]);
    const token = await entra.v1({ appid: desktop });
    assert.equal(await refresh(`Bearer ${token}`), 5);
    assert.equal(feed.log.at(-1)?.user, 'ann@example.com');
  });

  it('the service: a fresh token of its own for each refresh; an expired one is 401 that says so, never 403', async () => {
    assert.equal(await refresh(`Bearer ${await entra.v1({ appid: service })}`), 5);
    const hourAgo = Math.floor(Date.now() / 1000) - 3600;
    const late = await get('Agents', `Bearer ${await entra.v1({ appid: service, nbf: hourAgo - 3600, exp: hourAgo })}`);
    assert.equal(late.status, 401);
    assert.match(
      late.headers.get('www-authenticate') ?? '',
      /^Bearer authorization_uri=\S+, error="invalid_token", error_description="The token expired at /,
    );
  });

  it('while Entra is down, a refresh goes on; a key that nobody knows is 503 with whole seconds, for which Power Query waits', async () => {
    await entra.stop();
    try {
      assert.equal(await refresh(`Bearer ${await entra.v1({ jti: 'another' })}`), 5);
      const folderOfNone = mkdtempSync(path.join(os.tmpdir(), 'gateway-power-bi-'));
      const config = readConfig({
        DATA_DIR: folderOfNone,
        PUBLIC_URL: 'http://feed.example',
        ENTRA_TENANT_ID: tenant,
        ENTRA_CLIENT_ID: application,
        ENTRA_AUTHORITY: entra.authority,
      });
      const fresh = await openSignIn(config, () => {});
      const other = await startTestServer({ authentication: fresh.authentication });
      const reply = await other.get('', { Authorization: `Bearer ${await entra.v1()}` });
      assert.deepEqual(
        [reply.status, reply.headers.get('retry-after'), reply.headers.get('www-authenticate')],
        [503, '10', null],
      );
      await other.close();
      await fresh.close();
      rmSync(folderOfNone, { recursive: true });
    } finally {
      await entra.listen();
    }
  });

  it('Basic: asked for by the scheme that the request carries, with everything on', async () => {
    const basic = (password: string) => `Basic ${Buffer.from(`ann:${password}`).toString('base64')}`;
    const wrong = await get('', basic('another password'));
    assert.deepEqual(
      [wrong.status, wrong.headers.get('www-authenticate')],
      [401, 'Basic realm="gateway", charset="UTF-8"'],
    );
    assert.equal(await refresh(basic('a long password')), 5);
  });

  it('Web API key: in the query under its name, in the header, or as a bearer token', async () => {
    assert.equal(await refresh(undefined, '?api-key=k3y'), 5);
    assert.equal(await refresh('Bearer k3y'), 5);
    assert.equal((await get('?api-key=wrong')).status, 401);
    assert.ok(!JSON.stringify(feed.log).includes('k3y'));
  });

  it('nothing is ever answered with a redirect to a page', async () => {
    for (const authorization of [undefined, 'Bearer', 'Bearer x.y.z', 'Basic eA==', 'Negotiate abc']) {
      const reply = await get('Agents', authorization);
      assert.equal(reply.status, 401, authorization);
      assert.match(reply.headers.get('content-type') ?? '', /^application\/json/);
    }
  });
});
