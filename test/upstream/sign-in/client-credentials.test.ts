import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { ClientCredential, SignInSettings } from '../../../src/catalogue/sign-in-settings.ts';
import type { UpstreamEvent } from '../../../src/observation/events/upstream.ts';
import { TokenClient } from '../../../src/upstream/sign-in/token-client.ts';
import { selfSigned } from '../../support/servers/certificate.ts';
import { TokenServer } from '../../support/servers/token-server.ts';
import { serve } from '../tenant.ts';
import { fails, feeds, json, page } from '../told-feed.ts';
import { TestTime } from './test-time.ts';

const secret = 'the~secret.of-the_client';
const minute = 60_000;

describe('signing in at a feed with client credentials', () => {
  const { dataDir, open, connect } = feeds();
  let server: TokenServer;
  let time: TestTime;
  const events: UpstreamEvent[] = [];

  beforeEach(async () => {
    server = await TokenServer.start();
    open.push(server);
    server.clients.set('gateway', { id: 'gateway', secret, certificate: null });
    time = new TestTime();
    server.now = time.now;
    events.length = 0;
  });

  const bySecret: ClientCredential = { kind: 'secret', secret: { kind: 'environment', name: 'FEED_SECRET' } };
  const v2 = (more: Partial<Extract<SignInSettings, { kind: 'client-credentials' }>> = {}): SignInSettings => ({
    kind: 'client-credentials',
    server: { kind: 'issuer', url: server.issuer('v2') },
    clientId: 'gateway',
    credential: bySecret,
    scope: 'https://feed.example/.default',
    resource: null,
    ...more,
  });
  const v1 = (): SignInSettings =>
    v2({ server: { kind: 'issuer', url: server.issuer('v1') }, scope: null, resource: 'https://feed.example' });

  /** A feed that answers who has a token of the server; `seen`: the Authorization headers of all who asked. */
  async function guarded(
    signIn: SignInSettings,
    seen: (string | undefined)[] = [],
    environment = { FEED_SECRET: secret },
  ) {
    return connect(
      (request, response) => {
        seen.push(request.headers.authorization);
        const good = server.accepts(request.headers.authorization);
        json(response, good ? '{"value":[{"id":1}]}' : '{"error":{"code":"x","message":"no"}}', good ? 200 : 401);
      },
      { signIn },
      '/service/',
      { connection: { environment, time, observe: (event) => void events.push(event) } },
    );
  }

  it('asks once for many who come at once, and again minutes before the token ends, with nobody waiting', async () => {
    const seen: (string | undefined)[] = [];
    const upstream = await guarded(v2(), seen);
    const { length: before } = server.tokenCalls;
    assert.equal(before, 1, 'for $metadata');
    server.delay = 20;
    await Promise.all(Array.from({ length: 20 }, () => page(upstream, 'FarCalls?$select=id')));
    assert.equal(server.tokenCalls.length, 1);
    time.pass(54 * minute);
    await page(upstream, 'FarCalls?$select=id');
    assert.equal(server.tokenCalls.length, 1, 'six minutes are left');
    time.pass(2 * minute);
    await Promise.all(Array.from({ length: 20 }, () => page(upstream, 'FarCalls?$select=id')));
    time.pass(2 * minute);
    await page(upstream, 'FarCalls?$select=id');
    assert.equal(server.tokenCalls.length, 2);
    // Nobody waits for the new token, so it may be on its way: another one is sent when it is there.
    for (const first = seen[0]; seen.at(-1) === first; ) {
      await page(upstream, 'FarCalls?$select=id');
    }
    time.pass(3 * 60 * minute);
    await Promise.all(Array.from({ length: 20 }, () => page(upstream, 'FarCalls?$select=id')));
    assert.equal(server.tokenCalls.length, 3, 'the token was over, and all waited for one');
  });

  it('sends what each version of the endpoints wants, secrets in the body alone', async () => {
    for (const signIn of [v1(), v2()]) {
      await page(await guarded(signIn), 'FarCalls?$select=id');
    }
    const [first, second] = server.tokenCalls;
    assert.deepEqual(first?.form, {
      ...{ grant_type: 'client_credentials', client_id: 'gateway', client_secret: secret },
      resource: 'https://feed.example',
    });
    assert.deepEqual(second?.form, {
      ...{ grant_type: 'client_credentials', client_id: 'gateway', client_secret: secret },
      scope: 'https://feed.example/.default',
    });
    for (const { path, headers } of server.calls) {
      assert.ok(!`${path}${JSON.stringify(headers)}`.includes(secret), path);
    }
  });

  it('proves itself with a certificate: thumbprint in the header, the token endpoint as audience', async () => {
    const { key, cert } = selfSigned({ kind: 'rsa', days: 20 });
    const other = selfSigned({ kind: 'rsa' });
    const [both, alone, strange] = [join(dataDir(), 'both.pem'), join(dataDir(), 'key.pem'), join(dataDir(), 'no.pem')];
    await writeFile(both, `${cert}${key}`);
    await writeFile(alone, key);
    await writeFile(strange, `${other.cert}${other.key}`);
    server.clients.set('gateway', { id: 'gateway', secret: null, certificate: cert });
    const certificate = (path: string, keyPath: string | null = null): ClientCredential => ({
      kind: 'certificate',
      certificate: { kind: 'file', path },
      privateKey: keyPath === null ? null : { kind: 'file', path: keyPath },
      passphrase: null,
    });
    time.pass(Date.now() - time.now());
    for (const signIn of [v2({ credential: certificate(both) }), v2({ credential: certificate(both, alone) })]) {
      assert.equal((await page(await guarded(signIn), 'FarCalls?$select=id')).rows.length, 1);
    }
    const told = events
      .filter(({ event }) => event === 'sign-in')
      .map((event) => ('message' in event ? event.message : ''));
    assert.ok(
      told.some((text) => /expires in 19 days/.test(text)),
      told.join(),
    );
    const unknown = await guarded(v2({ credential: certificate(strange) }));
    await assert.rejects(
      page(unknown, 'FarCalls'),
      fails('UpstreamRefused', /certificate is not the one that is registered.*700027/),
    );
    const mixed = await guarded(v2({ credential: certificate(strange, alone) }));
    await assert.rejects(page(mixed, 'FarCalls'), fails('UpstreamRefused', /do not belong together/));
  });

  it('renews a token that the feed refuses, once; a feed that refuses new ones too is not asked for ever', async () => {
    const seen: (string | undefined)[] = [];
    const upstream = await guarded(v2(), seen);
    server.revokeTokens();
    assert.equal((await page(upstream, 'FarCalls?$select=id')).rows.length, 1);
    assert.equal(server.tokenCalls.length, 2);
    assert.equal(new Set(seen).size, 2);
    const closed = await connect((_request, response) => json(response, '{}', 401), { signIn: v2() }, '/service/', {
      connection: { environment: { FEED_SECRET: secret }, time },
    });
    const { length: before } = server.tokenCalls;
    for (let n = 0; n < 5; n++) {
      await assert.rejects(
        page(closed, 'FarCalls'),
        fails('UpstreamRefused', /does not accept the credentials of the gateway \(401\)/),
      );
    }
    assert.equal(server.tokenCalls.length, before + 1);
  });

  it('waits as it is told after 429 and 503, three times at most; a longer wait is handed on', async () => {
    server.troubles.push(
      { status: 429, headers: { 'Retry-After': '3' } },
      { status: 503, headers: { 'Content-Type': 'text/html' }, body: '<h1>Our services are not available</h1>' },
    );
    const upstream = await guarded(v2());
    assert.equal((await page(upstream, 'FarCalls?$select=id')).rows.length, 1);
    assert.equal(time.pauses[0], 3000);
    assert.equal(server.tokenCalls.length, 3);
    server.troubles.push(...Array.from({ length: 4 }, () => ({ status: 503 })));
    time.pass(2 * 60 * minute);
    await assert.rejects(page(upstream, 'FarCalls'), fails('UpstreamUnavailable', /too much to do/));
    assert.equal(server.tokenCalls.length, 7);
    time.pass(minute);
    server.troubles.push({ status: 429, headers: { 'Retry-After': '60' } });
    for (let n = 0; n < 3; n++) {
      await assert.rejects(page(upstream, 'FarCalls'), (error: unknown) => {
        assert.ok(fails('UpstreamUnavailable', /too much to do/)(error));
        return (error as { retryAfter?: number }).retryAfter === 60;
      });
    }
    assert.equal(server.tokenCalls.length, 8, 'nobody asks before it is over');
    time.pass(61_000);
    assert.equal((await page(upstream, 'FarCalls?$select=id')).rows.length, 1);
  });

  it('a server that is down while a token still holds is not noticed', async () => {
    const upstream = await guarded(v2());
    await server.close();
    time.pass(57 * minute);
    for (let n = 0; n < 5; n++) {
      assert.equal((await page(upstream, 'FarCalls?$select=id')).rows.length, 1);
      time.pass(20_000);
    }
  });

  it('says what a person must do, by the number of the answer, and nothing of what was sent', async () => {
    server.clients.set('gateway', { id: 'gateway', secret: 'another', certificate: null });
    const wrong = await guarded(v2());
    await assert.rejects(
      page(wrong, 'FarCalls'),
      fails('UpstreamRefused', /secret of the client is wrong.*\(invalid_client 7000215\).*your own sign-in is fine/),
    );
    const scope = await guarded(v2({ scope: 'https://feed.example/Calls.Read' }));
    server.clients.set('gateway', { id: 'gateway', secret, certificate: null });
    time.pass(minute);
    await assert.rejects(page(scope, 'FarCalls'), fails('UpstreamRefused', /must end in \/\.default/));
    const nobody = await guarded(v2({ clientId: 'unknown' }));
    await assert.rejects(page(nobody, 'FarCalls'), fails('UpstreamRefused', /not known there/));
    const none = await guarded(v2(), [], { FEED_SECRET: '' });
    await assert.rejects(
      page(none, 'FarCalls'),
      fails('UpstreamRefused', /secret of the proxied feed far is not in the environment/),
    );
    const texts = events.map((event) => JSON.stringify(event));
    assert.ok(texts.length > 4 && texts.every((text) => !text.includes(secret) && !text.includes('access.')));
  });

  it('warns of a clock that is wrong, once in a while', async () => {
    time.pass(Date.now() - time.now());
    server.ahead = 5 * minute;
    const upstream = await guarded(v2());
    server.revokeTokens();
    await page(upstream, 'FarCalls?$select=id');
    const told = events.flatMap((event) =>
      event.event === 'sign-in' && event.state === 'warning' ? [event.message] : [],
    );
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /clock of this machine is (29[89]|30[01]) seconds behind/);
  });

  it('secrets and tokens go to no other host: redirects, foreign endpoints and next links are not followed', async () => {
    const strangers: string[] = [];
    const stranger = await serve((request, response) => {
      strangers.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"value":[]}');
    });
    open.push(stranger);
    server.troubles.push({ status: 307, headers: { Location: `${stranger.url}token` } });
    const upstream = await guarded(v2());
    assert.equal(strangers.length, 0);
    time.pass(minute);
    server.elsewhere = new URL(stranger.url).origin;
    const misled = await guarded(v2());
    await assert.rejects(page(misled, 'FarCalls'), fails('UpstreamRefused', /token_endpoint .* is on another server/));
    server.elsewhere = null;
    let answer: 'redirect' | 'link' = 'redirect';
    const seen: string[] = [];
    const feed = await connect(
      (request, response, url) => {
        seen.push(`${url.pathname} ${request.headers.authorization?.slice(0, 14)}`);
        if (answer === 'redirect') {
          response.writeHead(302, { Location: `${stranger.url}login` }).end();
        } else {
          json(
            response,
            `{"value":[{"id":1}]${url.search.includes('skip') ? '' : `,"@odata.nextLink":"${stranger.url}Calls?$skip=1"`}}`,
          );
        }
      },
      { signIn: v2() },
      '/service/',
      { connection: { environment: { FEED_SECRET: secret }, time } },
    );
    await assert.rejects(page(feed, 'FarCalls?$select=id'), fails('UpstreamRefused', /redirects \(302\)/));
    answer = 'link';
    const { next } = await page(feed, 'FarCalls?$select=id');
    assert.ok(next !== null);
    await page(feed, 'FarCalls?$select=id', { skipToken: next });
    assert.deepEqual(seen, Array(3).fill('/service/Calls Bearer access.'));
    assert.deepEqual(strangers, []);
    assert.equal((await page(upstream, 'FarCalls?$select=id')).rows.length, 1);
  });

  it('a token server that never answers lets nobody wait for ever', async () => {
    server.troubles.push('hang', 'hang', 'hang', 'hang');
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    open.push({ close: async () => void silent.close() });
    silent.unref();
    const { port } = silent.address() as AddressInfo;
    const settings = v2({ server: { kind: 'endpoints', token: `http://127.0.0.1:${port}/token`, device: null } });
    assert.ok(settings.kind === 'client-credentials');
    const client = new TokenClient(settings, {
      ...{ source: 'far', environment: { FEED_SECRET: secret }, time, observe: () => undefined, timeout: 50 },
    });
    await assert.rejects(client.clientCredentials(), fails('UpstreamUnavailable', /cannot be reached|in time/));
    silent.closeAllConnections();
  });

  it('a stop does not wait for a token', async () => {
    const upstream = await guarded(v2());
    time.pass(2 * 60 * minute);
    server.troubles.push('hang');
    const { length: before } = server.tokenCalls;
    const waiting = assert.rejects(page(upstream, 'FarCalls'));
    while (server.tokenCalls.length === before) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await upstream.close();
    await server.close();
    await waiting;
  });

  it('name and password, or a token that others renew, are read anew when they change', async () => {
    const path = join(dataDir(), 'password');
    await writeFile(path, 'geheim é:x\n');
    const seen: (string | undefined)[] = [];
    let accepted = 'geheim é:x';
    const upstream = await connect(
      (request, response) => {
        seen.push(request.headers.authorization);
        const good = request.headers.authorization === `Basic ${Buffer.from(`reader:${accepted}`).toString('base64')}`;
        json(response, '{"value":[]}', good ? 200 : 401);
      },
      { signIn: { kind: 'basic', user: 'reader', password: { kind: 'file', path } } },
    );
    await page(upstream, 'FarCalls');
    accepted = 'changed';
    await assert.rejects(page(upstream, 'FarCalls'), fails('UpstreamRefused', /does not accept the credentials/));
    assert.equal(seen.length, 2, 'the same is not sent twice');
    await writeFile(path, 'changed');
    await page(upstream, 'FarCalls');
  });
});
