import assert from 'node:assert/strict';
import net from 'node:net';
import { isLoopback } from '../../src/http/edge/served-host.ts';
import { authentication } from '../../src/http/sign-in/authentication.ts';
import { knownKeys } from './signing-in.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** Status line, head and body of one request written by hand. */
function ask(port: number, lines: readonly string[], body = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.write(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n${body}`);
    });
    let text = '';
    socket.on('data', (part: Buffer) => {
      text += part.toString();
    });
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
}
const statusOf = (text: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);

describe('D2 an open feed answers nobody who asks by a foreign name', () => {
  let feed: TestServer;
  let published: TestServer;
  before(async () => {
    const rows = `INSERT INTO feed."Agents" ("Id", "Name") VALUES (1, 'Ann'), (2, 'Bob')`;
    feed = await startTestServer({ rows, settings: { pageSize: 1 } });
    published = await startTestServer({ rows, settings: { publicUrl: 'https://Feed.Example:8443/base' } });
  });
  after(async () => {
    await feed.close();
    await published.close();
  });
  const get = (server: TestServer, headers: readonly string[], target = '/odata/Agents', version = '1.1') =>
    ask(server.port, [`GET ${target} HTTP/${version}`, ...headers]);

  const own = [
    'localhost',
    'LOCALHOST:8080',
    'localhost.',
    'a.localhost:1',
    '127.0.0.1',
    '127.255.0.9:80',
    '[::1]:8080',
  ];
  for (const host of [...own, '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]']) {
    it(`answers Host: ${host}`, async () => {
      const reply = await get(feed, [`Host: ${host}`]);
      assert.equal(statusOf(reply), 200, reply);
      assert.match(reply, /Ann/);
    });
  }

  const foreign = [
    'evil.example',
    'EVIL.example:8080',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'evil-localhost',
    'localhost@evil.example',
    'localhost..',
    '.localhost:80:80',
    '10.0.0.1',
    '0.0.0.0',
    '128.0.0.1',
    '[::2]',
    '[::ffff:10.0.0.1]',
    'feed.example',
    '',
  ];
  for (const host of foreign) {
    it(`refuses Host: ${host === '' ? '(empty)' : host}`, async () => {
      const reply = await get(feed, [`Host: ${host}`]);
      assert.equal(statusOf(reply), 421, reply);
      assert.match(reply, /"code":"HostNotServed"/);
      assert.match(reply, /set PUBLIC_URL/);
      assert.doesNotMatch(reply, /Ann/);
    });
  }

  it('refuses it for every path, method and fault, and for a request of HTTP/1.0 that names no host', async () => {
    const evil = ['Host: evil.example'];
    for (const target of ['/', '/odata/', '/odata/$metadata', '/odata/Nope', '/odata/%zz', '/odata/~async/x', '/x']) {
      assert.equal(statusOf(await get(feed, evil, target)), 421, target);
    }
    for (const method of ['HEAD', 'OPTIONS', 'POST', 'PUT']) {
      assert.equal(statusOf(await ask(feed.port, [`${method} /odata/Agents HTTP/1.1`, ...evil])), 421, method);
    }
    const batch = JSON.stringify({ requests: [{ id: '1', method: 'get', url: '/odata/Agents' }] });
    const head = ['POST /odata/$batch HTTP/1.1', 'Content-Type: application/json', `Content-Length: ${batch.length}`];
    assert.equal(statusOf(await ask(feed.port, [...head, ...evil], batch)), 421);
    assert.equal(statusOf(await get(feed, [], '/odata/Agents', '1.0')), 421);
    assert.equal(statusOf(await get(feed, ['Host: localhost'], '/odata/Agents', '1.0')), 200);
  });

  it('of an absolute target the name in it counts, and it is answered (RFC 9112, 3.2.2)', async () => {
    const evil = await get(feed, ['Host: localhost'], 'http://evil.example/odata/Agents');
    assert.equal(statusOf(evil), 421, evil);
    assert.equal(statusOf(await get(feed, ['Host: localhost'], 'http://localhost@evil.example/odata/Agents')), 421);
    const own = await get(feed, ['Host: evil.example'], `http://localhost:${feed.port}/odata/Agents?$select=Id`);
    assert.equal(statusOf(own), 200, own);
    assert.match(own, new RegExp(`"@odata.nextLink":"http://localhost:${feed.port}/odata/Agents\\?`));
    assert.doesNotMatch(own, /evil/);
  });

  it('what a proxy says that it was asked for counts too; two Host headers are refused', async () => {
    const local = 'Host: 127.0.0.1';
    for (const header of ['X-Forwarded-Host: evil.example', 'X-Forwarded-Host: localhost, evil.example']) {
      assert.equal(statusOf(await get(feed, [local, header])), 421, header);
    }
    assert.equal(statusOf(await get(feed, [local, 'Forwarded: for=10.0.0.1;host="evil.example:80"'])), 421);
    assert.equal(
      statusOf(await get(feed, [local, 'X-Forwarded-Host: localhost:8080', 'Forwarded: host=localhost'])),
      200,
    );
    assert.equal(statusOf(await get(feed, [local, 'Host: evil.example'])), 400);
    assert.equal(statusOf(await get(feed, ['Host: evil.example', local])), 421);
  });

  it('a batch cannot name another host inside', async () => {
    const batch = JSON.stringify({
      requests: [
        {
          id: '1',
          method: 'get',
          url: 'Agents',
          headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example' },
        },
        { id: '2', method: 'get', url: 'http://evil.example/odata/Agents' },
      ],
    });
    const head = ['POST /odata/$batch HTTP/1.1', 'Content-Type: application/json', `Content-Length: ${batch.length}`];
    const reply = await ask(feed.port, [...head, 'Host: localhost'], batch);
    assert.equal(statusOf(reply), 200, reply);
    assert.match(reply, /"nextLink":"http:\/\/localhost\/|nextLink":"http:\/\/localhost/);
    assert.match(reply, /"id":"2","status":400/);
  });

  it('the host of PUBLIC_URL is answered at any port and in any case, another is not', async () => {
    for (const host of ['feed.example', 'FEED.example:8443', 'feed.example.', 'localhost:9']) {
      assert.equal(statusOf(await get(published, [`Host: ${host}`])), 200, host);
    }
    for (const host of ['feed.example.evil.example', 'sub.feed.example', 'evil.example']) {
      assert.equal(statusOf(await get(published, [`Host: ${host}`])), 421, host);
    }
  });

  it('with authentication and PUBLIC_URL the credentials decide, whatever the name: no link has it', async () => {
    const keys = knownKeys({ k: 'bi' });
    const closed = await startTestServer({
      authentication: authentication({ basic: null, keys }, 'api-key'),
      settings: { publicUrl: 'https://feed.example' },
    });
    assert.equal(statusOf(await get(closed, ['Host: evil.example'])), 401);
    assert.equal(statusOf(await get(closed, ['Host: feed.example', 'api-key: k'])), 200);
    await closed.close();
  });

  it('tells the addresses of this machine from names that only begin like them', () => {
    const hosts = ['localhost', '::1', '127.0.0.1', '::ffff:7f00:1', '10.0.0.1', '127.example.com', '127.1', ''];
    assert.deepEqual(hosts.map(isLoopback), [true, true, true, true, false, false, false, false]);
  });
});
