import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { startTestServer, type TestServer } from './test-server.ts';

const rows = `INSERT INTO feed."Cases" ("Id", "Title", "Priority", "Cost")
  SELECT g, CASE WHEN g % 2 = 0 THEN 'a b' ELSE 'a+b' END, g % 5, g FROM generate_series(1, 30) AS g;`;

interface Page {
  readonly error?: { readonly code: string };
}

describe('http: the envelope of requests', () => {
  let feed: TestServer;
  before(async () => {
    feed = await startTestServer({ rows });
  });
  after(() => feed.close());
  afterEach(() => assert.deepEqual(feed.defects, []));

  describe('C3 versions as .NET clients write them', () => {
    for (const version of ['4.0;NetFx', '4.01;NetFx', '4.0;', ' 4.0 ; NetFx', '4', '4.01', '4.0, 4.0', '']) {
      it(`OData-MaxVersion: ${version} is taken`, async () => {
        const reply = await feed.get('Cases?$top=1', { 'OData-MaxVersion': version, 'OData-Version': '4.0;NetFx' });
        assert.equal(reply.status, 200);
        assert.equal(reply.headers.get('odata-version'), '4.0');
      });
    }
    for (const version of ['3.0;NetFx', '3.0', 'x', '4.0.1', ';NetFx', '3.0, 4.0']) {
      it(`OData-MaxVersion: ${version} is refused`, async () => {
        const reply = await feed.get('Cases?$top=1', { 'OData-MaxVersion': version });
        assert.equal(reply.status, 400);
        assert.equal(((await reply.json()) as Page).error?.code, 'UnsupportedVersion');
      });
    }

    it('a batch of 4.0;NetFx is answered in its own format', async () => {
      const reply = await fetch(`${feed.root}$batch`, {
        method: 'POST',
        headers: {
          'Content-Type': 'multipart/mixed;boundary=b',
          Accept: 'application/json',
          'OData-MaxVersion': '4.0;NetFx',
        },
        body: '--b\r\nContent-Type: application/http\r\n\r\nGET Cases(1) HTTP/1.1\r\n\r\n\r\n--b--\r\n',
      });
      assert.match(reply.headers.get('content-type') ?? '', /^multipart\/mixed/);
      assert.match(await reply.text(), /HTTP\/1.1 200/);
    });
  });

  describe('C8 every error reply says its language', () => {
    it('errors of the pipeline', async () => {
      for (const [path, headers, status] of [
        ['Nothing', {}, 404],
        ['Cases(999)', {}, 404],
        ['Cases?$filter=', {}, 400],
        ['Agents?$search=x', {}, 501],
        ['Cases', { Accept: 'text/xml' }, 406],
        ['../elsewhere', {}, 404],
        [`Cases?x=${'y'.repeat(17_000)}`, {}, 414],
      ] as const) {
        const reply = await feed.get(path, headers);
        assert.equal(reply.status, status, path);
        assert.equal(reply.headers.get('content-language'), 'en', path);
      }
      const written = await fetch(`${feed.root}Cases`, { method: 'POST', body: '{}' });
      assert.deepEqual([written.status, written.headers.get('content-language')], [405, 'en']);
      const large = await fetch(`${feed.root}$batch`, {
        method: 'POST',
        body: 'x'.repeat(1_100_000),
        headers: { 'Content-Type': 'application/json' },
      });
      assert.deepEqual([large.status, large.headers.get('content-language')], [400, 'en']);
    });

    it('requests of a batch, refused before they run or while', async () => {
      const part = (text: string): string => `--b\r\nContent-Type: application/http\r\n\r\n${text}\r\n`;
      const body = `${part('GET Nothing HTTP/1.1\r\n')}${part('nonsense')}--b\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n--c--\r\n--b--\r\n`;
      const reply = await fetch(`${feed.root}$batch`, {
        method: 'POST',
        body,
        headers: { 'Content-Type': 'multipart/mixed;boundary=b', Prefer: 'continue-on-error' },
      });
      const text = await reply.text();
      assert.deepEqual(text.match(/HTTP\/1.1 \d+/g), ['HTTP/1.1 404', 'HTTP/1.1 400', 'HTTP/1.1 501']);
      assert.equal(text.match(/Content-Language: en\r\n/g)?.length, 3);
    });

    /** The reply to bytes sent as they are. */
    const raw = (bytes: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect(feed.port, '127.0.0.1', () => socket.write(bytes));
        let text = '';
        socket.on('data', (chunk) => {
          text += chunk.toString('latin1');
        });
        socket.on('end', () => resolve(text));
        socket.on('error', reject);
        socket.setTimeout(120_000, () => socket.destroy(new Error(`no end: ${text}`)));
      });

    for (const [what, bytes, status] of [
      ['no HTTP', 'nonsense\r\n\r\n', 400],
      ['headers too long', `GET /odata/ HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(70_000)}\r\n\r\n`, 414],
      ['an expectation', 'GET /odata/ HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: tea\r\nConnection: close\r\n\r\n', 400],
      ['no Host', 'GET /odata/ HTTP/1.1\r\nConnection: close\r\n\r\n', 421],
      ['an unknown method', 'BREW /odata/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n', 400],
    ] as const) {
      it(`of the listener itself: ${what}`, async () => {
        const text = await raw(bytes);
        assert.match(text, new RegExp(`^HTTP/1.1 ${status} `));
        assert.match(text, /^Content-Language: en\r$/m);
        assert.match(text, /^OData-Version: 4.0\r$/m);
        assert.match(text, /"error":\{"code":"/);
      });
    }
  });

  describe('C11 a browser', () => {
    const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

    it('GET / leads to the service root', async () => {
      const root = feed.root.replace(/odata\/$/, '');
      for (const method of ['GET', 'HEAD']) {
        const reply = await fetch(root, { method, redirect: 'manual', headers: { Accept: browser } });
        assert.deepEqual([reply.status, reply.headers.get('location')], [302, 'odata/']);
      }
      const followed = await fetch(root, { headers: { Accept: browser } });
      assert.equal(followed.url, feed.root);
      assert.equal(followed.status, 200);
      assert.equal((await fetch(root, { method: 'POST', body: 'x' })).status, 404);
    });

    for (const accept of ['text/html', 'text/html, application/xhtml+xml', 'application/xhtml+xml', browser]) {
      it(`the service root as JSON for Accept: ${accept}`, async () => {
        const reply = await feed.get('', { Accept: accept });
        assert.equal(reply.status, 200);
        assert.match(reply.headers.get('content-type') ?? '', /^application\/json;odata.metadata=minimal/);
      });
    }

    it('a set is refused for text/html alone, and served to a browser', async () => {
      assert.equal((await feed.get('Cases', { Accept: 'text/html' })).status, 406);
      assert.equal((await feed.get('', { Accept: 'text/html, application/json;q=0' })).status, 406);
      assert.equal((await feed.get('Cases', { Accept: browser })).status, 200);
    });
  });

  describe('E5 aggregates of .NET clients', () => {
    for (const apply of [
      'aggregate(Cost with sum as N)',
      'aggregate($count as N)',
      'aggregate(Cost with average as N)',
    ]) {
      it(`Accept: text/plain gets the JSON of ${apply}`, async () => {
        const reply = await feed.get(`Cases?$apply=${apply}`, { Accept: 'text/plain' });
        assert.equal(reply.status, 200);
        assert.match(reply.headers.get('content-type') ?? '', /^application\/json/);
        const [row] = ((await reply.json()) as { value: { N: number }[] }).value;
        assert.equal(row?.N, apply.includes('count') ? 30 : apply.includes('sum') ? 465 : 15.5);
      });
    }
    it('rows and other formats are refused as before', async () => {
      assert.equal((await feed.get('Cases', { Accept: 'text/plain' })).status, 406);
      assert.equal((await feed.get('Cases?$apply=aggregate($count as N)', { Accept: 'text/xml' })).status, 406);
    });
  });
});
