import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import fc from 'fast-check';
import { after, before } from 'mocha';
import { examineConfig } from '../../../src/config.ts';
import { isProxyEntry, proxiesOf, requestOrigin } from '../../../src/http/edge/request-origin.ts';
import { authentication } from '../../../src/http/sign-in/authentication.ts';
import { knownKeys } from '../signing-in.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

const message = (peer: string, headers: Record<string, string> = {}, url = '/odata/'): IncomingMessage =>
  ({ socket: { remoteAddress: peer }, headers, url }) as unknown as IncomingMessage;

describe('where a request came from', () => {
  it('is told by a proxy of the list alone', () => {
    const proxies = proxiesOf(['10.1.0.0/16', 'fd00::/8', '192.0.2.7']);
    const forged = {
      host: 'a',
      'x-forwarded-for': '198.51.100.1',
      'x-forwarded-host': 'b',
      'x-forwarded-proto': 'https',
    };
    for (const peer of ['198.51.100.9', '10.2.0.1', '192.0.2.8', 'fe80::1%eth0', '']) {
      const { address, host, secure, proxied } = requestOrigin(message(peer, forged), proxies);
      assert.deepEqual([address, host, secure, proxied], [peer.replace(/%.*/, ''), 'a', false, false], peer);
    }
    for (const peer of ['10.1.255.1', '::ffff:10.1.0.1', 'fd12::1', '192.0.2.7']) {
      const { address, host, secure, proxied } = requestOrigin(message(peer, forged), proxies);
      assert.deepEqual([address, host, secure, proxied], ['198.51.100.1', 'b', true, true], peer);
    }
  });

  it('is the first address from the right that is no such proxy, however long the list that a stranger has begun', () => {
    const proxies = proxiesOf(['10.0.0.0/8']);
    const of = (forwarded: string) =>
      requestOrigin(message('10.0.0.1', { 'x-forwarded-for': forwarded }), proxies).address;
    assert.equal(of('1.1.1.1, 2.2.2.2, 10.0.0.9'), '2.2.2.2');
    assert.equal(of('10.0.0.7, 10.0.0.9'), '10.0.0.7');
    assert.equal(of('1.1.1.1, nobody, 10.0.0.9'), '10.0.0.9');
    assert.equal(of('2.2.2.2:4711'), '2.2.2.2');
    assert.equal(of('[2001:db8::1]:4711'), '2001:db8::1');
    assert.equal(of(''), '10.0.0.1');
    const address = fc.oneof(
      fc.ipV4(),
      fc.nat(255).map((last) => `10.0.0.${last}`),
    );
    fc.assert(
      fc.property(fc.array(address, { maxLength: 6 }), (chain) => {
        const all = [...chain, '10.0.0.1'];
        const strangers = all.filter((one) => !one.startsWith('10.'));
        assert.equal(of(chain.join(', ')), strangers.at(-1) ?? all[0]);
      }),
    );
  });

  it('of what several proxies say, the last word counts', () => {
    const proxies = proxiesOf(['10.0.0.1']);
    const headers = { 'x-forwarded-host': 'evil.example, feed.example', 'x-forwarded-proto': 'https, http' };
    const { host, secure } = requestOrigin(message('10.0.0.1', headers), proxies);
    assert.deepEqual([host, secure], ['feed.example', false]);
  });

  it('settings: entries of the list are addresses and networks, origins are origins, certificate and key come together', () => {
    for (const entry of ['127.0.0.1', '::1', '10.0.0.0/8', '2001:db8::/32', '0.0.0.0/0']) {
      assert.ok(isProxyEntry(entry), entry);
    }
    for (const entry of ['', 'localhost', '10.0.0.0/33', '10.0.0/8', '::/129', '10.0.0.0/8/8', '10.0.0.0/']) {
      assert.ok(!isProxyEntry(entry), entry);
    }
    const { config, faults } = examineConfig({ TRUST_PROXY: '127.0.0.1, ::1', CORS_ORIGINS: 'https://a.example' });
    assert.deepEqual(
      [config.trustProxy, config.corsOrigins, faults],
      [['127.0.0.1', '::1'], ['https://a.example'], []],
    );
    const wrong = examineConfig({
      TRUST_PROXY: 'proxy',
      CORS_ORIGINS: 'https://a.example/x *',
      TLS_KEY_FILE: 'k',
    }).faults;
    assert.deepEqual(
      wrong.map((fault) => fault.split(':')[0]),
      ['TRUST_PROXY', 'CORS_ORIGINS', 'TLS_CERT_FILE, TLS_KEY_FILE'],
    );
  });
});

describe('a feed behind a proxy, without PUBLIC_URL', () => {
  const keys = knownKeys({ k: 'bi' });
  let feed: TestServer;
  before(async () => {
    feed = await startTestServer({
      rows: `INSERT INTO feed."Agents" ("Id", "Name") VALUES (1, 'Ann'), (2, 'Bob')`,
      settings: { pageSize: 1, trustProxy: ['127.0.0.2'], corsOrigins: ['https://reports.example'] },
      authentication: authentication({ basic: null, keys }, 'api-key'),
    });
  });
  after(() => feed.close());

  interface Reply {
    readonly status: number;
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    readonly body: string;
  }
  /** From an address of this machine, which are many. */
  const ask = (from: string, headers: Record<string, string>, path = '/odata/Agents', method = 'GET'): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port: feed.port,
          localAddress: from,
          path,
          method,
          headers: { 'api-key': 'k', ...headers },
          agent: false,
        },
        (reply) => {
          let body = '';
          reply.on('data', (part: Buffer) => {
            body += part.toString();
          });
          reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body }));
        },
      );
      sent.on('error', reject);
      sent.end();
    });

  it('makes links of what the proxy says', async () => {
    const named = { host: 'inside:8080', 'x-forwarded-host': 'feed.example', 'x-forwarded-proto': 'https' };
    const { status, body, headers } = await ask('127.0.0.2', named);
    assert.equal(status, 200, body);
    assert.match(body, /"@odata.context":"https:\/\/feed\.example\/odata\/\$metadata#Agents"/);
    assert.match(body, /"@odata.nextLink":"https:\/\/feed\.example\/odata\/Agents\?/);
    assert.equal(headers['strict-transport-security'], 'max-age=31536000');
    assert.match((await ask('127.0.0.2', { host: 'feed.example' })).body, /"http:\/\/feed\.example\/odata\//);
  });

  it('says with each reply that another origin may get another one', async () => {
    for (const headers of [{}, { origin: 'https://reports.example' }, { origin: 'https://evil.example' }]) {
      for (const path of ['/odata/Agents', '/odata/', '/odata/Agents/$count', '/odata/Nope', '/nowhere', '/']) {
        const reply = await ask('127.0.0.1', { host: 'localhost', ...headers }, path);
        assert.match(String(reply.headers['vary']), /\bOrigin\b/, path);
      }
    }
    const asked = { origin: 'https://reports.example', 'access-control-request-method': 'GET' };
    const { status, headers } = await ask('127.0.0.1', { host: 'localhost', ...asked }, '/odata/Agents', 'OPTIONS');
    assert.deepEqual([status, headers['vary']], [204, 'Origin']);
  });

  it('and of nothing that a stranger says, though he signs in: not in a link, a context URL, an error or a shared reply', async () => {
    const forged = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', 'x-forwarded-for': '10.0.0.1' };
    const told = await ask('127.0.0.1', { host: 'localhost:1', ...forged });
    assert.equal(told.status, 200);
    assert.match(told.body, /"@odata.nextLink":"http:\/\/localhost:1\/odata\/Agents\?/);
    assert.doesNotMatch(JSON.stringify(told), /evil/);
    assert.equal(told.headers['strict-transport-security'], undefined);
    for (const host of ['evil.example', 'localhost.evil.example', '10.0.0.1:80', 'EVIL.example:1']) {
      for (const path of ['/odata/Agents', '/odata/$metadata', '/odata/', '/odata/Nope', '/']) {
        const refused = await ask('127.0.0.1', { host }, path);
        assert.equal(refused.status, 421, `${host} ${path}`);
        assert.match(refused.body, /HostNotServed.*TRUST_PROXY/);
      }
    }
    assert.equal((await ask('127.0.0.1', { host: 'evil.example', 'api-key': 'wrong' })).status, 421);
  });

  it('a name that could break out of a link is refused from a proxy, too', async () => {
    for (const host of ['feed.example/x', 'a"b', 'user@evil.example', 'a b']) {
      assert.equal((await ask('127.0.0.2', { 'x-forwarded-host': host })).status, 400, host);
    }
  });

  it('no reply tells what makes it, all are guarded, and pages of strangers read none', async () => {
    const paths: readonly (readonly [path: string, method: string])[] = [
      ['/odata/Agents', 'GET'],
      ['/odata/$metadata', 'HEAD'],
      ['/odata/Nope', 'GET'],
      ['/nothing', 'GET'],
      ['/odata/Agents', 'OPTIONS'],
      ['/odata/%zz', 'PUT'],
    ];
    for (const [path, method] of paths) {
      const { headers } = await ask('127.0.0.1', { origin: 'https://evil.example' }, path, method);
      const guards = [
        'x-content-type-options',
        'content-security-policy',
        'referrer-policy',
        'cross-origin-resource-policy',
      ];
      assert.deepEqual(
        guards.map((name) => headers[name]),
        ['nosniff', "default-src 'none'; frame-ancestors 'none'", 'no-referrer', 'same-origin'],
        path,
      );
      assert.deepEqual(
        Object.keys(headers).filter((name) => /^(server|x-powered-by|via)$|^access-control/.test(name)),
        [],
      );
    }
  });

  it('those of the origins that are named may, with the headers of OData, and are asked for before', async () => {
    const origin = 'https://reports.example';
    const { headers } = await ask('127.0.0.1', { origin });
    assert.equal(headers['access-control-allow-origin'], origin);
    assert.match(String(headers['access-control-expose-headers']), /ETag/);
    assert.equal(headers['access-control-allow-credentials'], undefined);
    const asked = { origin, 'access-control-request-method': 'GET', 'api-key': '' };
    const preflight = await ask('127.0.0.1', asked, '/odata/Agents', 'OPTIONS');
    assert.equal(preflight.status, 204);
    assert.match(String(preflight.headers['access-control-allow-headers']), /Authorization.*Prefer.*api-key/);
    const foreign = await ask('127.0.0.1', { ...asked, origin: 'https://evil.example' }, '/odata/Agents', 'OPTIONS');
    assert.equal(foreign.status, 401);
  });
});
