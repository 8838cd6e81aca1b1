import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { ReplySpool } from '../../src/http/async/reply-spool.ts';
import { type AsyncLimits, serviceLimits } from '../../src/http/limits.ts';
import { BrokenReply } from '../../src/http/reply/captured-reply.ts';
import { until } from '../support/until.ts';
import { byName } from './by-name.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const rows = `INSERT INTO feed."Cases" ("Id", "Title") SELECT g, repeat('Title ' || g, 10) FROM generate_series(1, 30000) AS g;`;

const limited = (limits: Partial<AsyncLimits>) => ({
  limits: { ...serviceLimits, async: { ...serviceLimits.async, ...limits } },
});

const folders = (): number =>
  readdirSync(os.tmpdir()).filter((name) => name.startsWith(`gateway-replies-${process.pid}-`)).length;

describe('http: respond-async', () => {
  let feed: TestServer;
  let before_ = 0;
  before(async () => {
    // Another feed of this process may keep replies of its own.
    before_ = folders();
    feed = await startTestServer({ rows, authentication: byName });
  });
  after(async () => {
    await feed.close();
    assert.equal(folders(), before_, 'nothing is left behind');
  });
  afterEach(() => assert.deepEqual(feed.defects, []));

  async function accepted(path: string, headers: Record<string, string> = {}): Promise<string> {
    const reply = await feed.get(path, { Prefer: 'respond-async', ...headers });
    assert.equal(reply.status, 202, await reply.text());
    assert.equal(reply.headers.get('preference-applied'), 'respond-async');
    assert.equal(reply.headers.get('odata-version'), '4.0');
    assert.match(reply.headers.get('retry-after') ?? '', /^\d+$/);
    const location = reply.headers.get('location') ?? '';
    assert.ok(location.startsWith(`${feed.root}~async/`), location);
    assert.ok(location.length > feed.root.length + 38, 'not to be guessed');
    return location;
  }

  async function finished(location: string, headers: Record<string, string> = {}): Promise<Response> {
    for (;;) {
      const reply = await fetch(location, { headers });
      if (reply.status !== 202) {
        return reply;
      }
      assert.equal(reply.headers.get('location'), location);
      await reply.arrayBuffer();
      await delay(20);
    }
  }

  const running = async (): Promise<number> => {
    await feed.client.query('SELECT pg_stat_clear_snapshot()');
    const { rows: found } = await feed.client.query<{ n: number }>(
      `SELECT count(*)::integer AS n FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '%COPY%' AND pid <> pg_backend_pid()`,
    );
    return found[0]?.n ?? 0;
  };

  /** Runs work while every query on Cases waits. */
  async function whileLocked(work: () => Promise<void>): Promise<void> {
    await feed.client.query('BEGIN; LOCK TABLE feed."Cases" IN ACCESS EXCLUSIVE MODE');
    try {
      await work();
    } finally {
      await feed.client.query('ROLLBACK');
    }
  }

  it('4.01: 202 while it runs, then the reply itself with its status in AsyncResult', async () => {
    const plain = await (await feed.get('Cases')).text();
    let location = '';
    const headers = { 'OData-MaxVersion': '4.01' };
    await whileLocked(async () => {
      location = await accepted('Cases', headers);
      for (let times = 0; times < 2; times++) {
        const reply = await fetch(location, { headers });
        assert.equal(reply.status, 202);
        assert.match(reply.headers.get('retry-after') ?? '', /^\d+$/);
      }
    });
    const reply = await finished(location, headers);
    assert.equal(reply.status, 200);
    assert.equal(reply.headers.get('asyncresult'), '200');
    assert.equal(reply.headers.get('odata-version'), '4.0');
    assert.match(reply.headers.get('content-type') ?? '', /^application\/json/);
    assert.ok((await reply.text()) === plain);
    assert.ok(feed.log.every((record) => !location.endsWith(record.path.slice(-16)) || record.path === '~async'));
    assert.ok(feed.log.some((record) => record.path === '~async'));
    const again = await fetch(location, { headers });
    assert.ok((await again.text()) === plain, 'the reply is kept');
  });

  for (const headers of [
    {},
    { 'OData-MaxVersion': '4.0' },
    { 'OData-MaxVersion': '4.01', Accept: 'application/http' },
  ]) {
    it(`${JSON.stringify(headers)}: the reply is a message within the reply`, async () => {
      const plain = await (await feed.get('Cases?$top=3')).text();
      const reply = await finished(await accepted('Cases?$top=3'), headers);
      assert.equal(reply.headers.get('content-type'), 'application/http');
      assert.equal(reply.headers.get('asyncresult'), null);
      const [head = '', body] = (await reply.text()).split('\r\n\r\n');
      const [line, ...lines] = head.split('\r\n');
      assert.equal(line, 'HTTP/1.1 200 OK');
      assert.equal(lines.filter((text) => text === 'OData-Version: 4.0').length, 1);
      assert.ok(lines.some((text) => text.startsWith('Content-Type: application/json')));
      assert.equal(body, plain);
    });
  }

  it('an error is the reply of the operation', async () => {
    const reply = await finished(await accepted('Cases(99999)'), { 'OData-MaxVersion': '4.01' });
    assert.equal(reply.status, 200);
    assert.equal(reply.headers.get('asyncresult'), '404');
    assert.equal(((await reply.json()) as { error: { code: string } }).error.code, 'EntityNotFound');
  });

  it('wait: answers at once what ends in time, with 202 what does not', async () => {
    const reply = await feed.get('Cases/$count', { Prefer: 'respond-async, wait=10' });
    assert.deepEqual([reply.status, await reply.text()], [200, '30000']);
    assert.equal(reply.headers.get('preference-applied'), null);
    const missing = await feed.get('Cases(99999)', { Prefer: 'respond-async, wait=10' });
    assert.equal(missing.status, 404);
    await whileLocked(async () => {
      let waited = false;
      const earlier = setTimeout(() => {
        waited = true;
      }, 900);
      const location = await accepted('Cases', { Prefer: 'respond-async, wait=1' });
      clearTimeout(earlier);
      assert.ok(waited, 'a timer of 900 ms started before has ended');
      await fetch(location, { method: 'DELETE' });
    });
  });

  it('DELETE cancels the query; afterwards there is no such resource', async () => {
    await whileLocked(async () => {
      const location = await accepted('Cases');
      await until('it runs', async () => (await running()) === 1);
      assert.equal((await fetch(location, { method: 'DELETE' })).status, 204);
      await until('it is cancelled', async () => (await running()) === 0);
      assert.equal((await fetch(location)).status, 404);
      assert.equal((await fetch(location, { method: 'DELETE' })).status, 404);
    });
  });

  it('is there for whoever asked only', async () => {
    const ann = { Authorization: 'Bearer ann' };
    const location = await accepted('Cases?$top=1', ann);
    for (const headers of [{}, { Authorization: 'Bearer bob' }, { 'api-key': 'ann' }]) {
      for (const method of ['GET', 'DELETE']) {
        assert.equal((await fetch(location, { method, headers })).status, 404);
      }
    }
    assert.equal((await finished(location, ann)).status, 200);
    assert.equal((await feed.get('~async/AAAA')).status, 404);
  });

  it('compresses when it is fetched', async () => {
    const plain = await (await feed.get('Cases')).text();
    const location = await accepted('Cases', { 'Accept-Encoding': 'gzip' });
    const reply = await finished(location, { 'OData-MaxVersion': '4.01', 'Accept-Encoding': 'gzip' });
    assert.equal(reply.headers.get('content-encoding'), 'gzip');
    assert.ok((await reply.text()) === plain);
    const identity = await finished(location, { 'OData-MaxVersion': '4.01', 'Accept-Encoding': 'identity' });
    assert.equal(identity.headers.get('content-encoding'), null);
    assert.ok((await identity.text()) === plain);
  });

  it('whole batches and POST /$query run later too; requests within a batch do not', async () => {
    const body = JSON.stringify({
      requests: [{ id: '1', method: 'get', url: 'Cases(1)/Id', headers: { prefer: 'respond-async' } }],
    });
    const post = async (path: string, text: string, type: string): Promise<Response> => {
      const headers = { 'Content-Type': type, Prefer: 'respond-async' };
      const reply = await fetch(`${feed.root}${path}`, { method: 'POST', body: text, headers });
      assert.equal(reply.status, 202);
      return finished(reply.headers.get('location') ?? '', { 'OData-MaxVersion': '4.01' });
    };
    const batch = await post('$batch', body, 'application/json');
    const { responses } = (await batch.json()) as { responses: { status: number; body: { value: number } }[] };
    assert.deepEqual([responses[0]?.status, responses[0]?.body.value], [200, 1]);
    const query = await post('Cases/$query', '$top=2&$select=Id', 'text/plain');
    assert.deepEqual(((await query.json()) as { value: unknown }).value, [{ Id: 1 }, { Id: 2 }]);
  });

  it('a reply that breaks off is an error', async () => {
    const path = 'Cases?$compute=1 div (20000 sub Id) as X&$select=Id,Title,X';
    const reply = await finished(await accepted(path), { 'OData-MaxVersion': '4.01' });
    assert.equal(reply.status, 500);
    assert.equal(((await reply.json()) as { error: { code: string } }).error.code, 'AsyncRequestBroken');
  });
});

describe('http: limits of respond-async', () => {
  it('a reply larger than what is kept is LimitExceeded', async () => {
    const feed = await startTestServer({ rows, settings: limited({ replyBytes: 200_000 }) });
    try {
      const { headers } = await feed.get('Cases', { Prefer: 'respond-async' });
      const location = headers.get('location') ?? '';
      await until('it ends', async () => (await fetch(location)).status !== 202);
      const reply = await fetch(location);
      assert.equal(reply.status, 400);
      assert.equal(((await reply.json()) as { error: { code: string } }).error.code, 'LimitExceeded');
    } finally {
      await feed.close();
    }
  });

  it('too many at once are 429 with Retry-After, and so are more than are kept', async () => {
    const feed = await startTestServer({ rows, settings: limited({ running: 2, kept: 3 }) });
    const ask = async (): Promise<Response> => feed.get('Cases/$count', { Prefer: 'respond-async' });
    try {
      await feed.client.query('BEGIN; LOCK TABLE feed."Cases" IN ACCESS EXCLUSIVE MODE');
      const first = await ask();
      assert.deepEqual([first.status, (await ask()).status], [202, 202]);
      const refused = await ask();
      assert.equal(refused.status, 429);
      assert.match(refused.headers.get('retry-after') ?? '', /^\d+$/);
      await feed.client.query('ROLLBACK');
      const location = first.headers.get('location') ?? '';
      await until('it ends', async () => (await fetch(location)).status === 200);
      assert.equal((await ask()).status, 202);
      assert.equal((await ask()).status, 429, 'three are kept');
    } finally {
      await feed.close();
    }
  });

  it('kept replies expire, and make room', async () => {
    const feed = await startTestServer({ settings: limited({ running: 1, kept: 1, keptFor: 50 }) });
    const ask = async (): Promise<Response> => feed.get('Cases/$count', { Prefer: 'respond-async' });
    try {
      const location = (await ask()).headers.get('location') ?? '';
      await until('it expires', async () => (await fetch(location)).status === 404);
      assert.equal((await ask()).status, 202);
    } finally {
      await feed.close();
    }
  });

  it('ends with the gateway, even while a query runs', async () => {
    const feed = await startTestServer({ rows });
    await feed.client.query('BEGIN; LOCK TABLE feed."Cases" IN ACCESS EXCLUSIVE MODE');
    const reply = await feed.get('Cases', { Prefer: 'respond-async' });
    assert.equal(reply.status, 202);
    // Nobody unlocks the table: this ends only because the query is broken off.
    await feed.close();
  });

  it('and what is being sent then is sent whole', async () => {
    const long = `INSERT INTO feed."Cases" ("Id", "Title") SELECT g, repeat('Title ' || g, 200) FROM generate_series(1, 12000) AS g;`;
    const before = folders();
    const feed = await startTestServer({ rows: long });
    const taken = await feed.get('Cases', { Prefer: 'respond-async', 'OData-MaxVersion': '4.01' });
    let reply: Response | null = null;
    await until('it is kept whole', async () => {
      reply = await fetch(taken.headers.get('location') ?? '', { headers: { 'OData-MaxVersion': '4.01' } });
      if (reply.status === 202) {
        await reply.arrayBuffer();
      }
      return reply.status === 200;
    });
    // More than fits into the buffers of a connection, of which nothing is read as yet.
    const closing = feed.close();
    const text = await (reply as Response | null)?.text();
    assert.equal((JSON.parse(text ?? '') as { readonly value: readonly unknown[] }).value.length, 12_000);
    await closing;
    assert.equal(folders(), before, 'nothing is left behind');
  });

  it('what was removed before it was read is no empty reply', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-spool-'));
    const spool = new ReplySpool(folder, 'one', () => true);
    await spool.body(Buffer.from('[]'));
    assert.equal((await spool.read().next()).value?.toString(), '[]');
    await spool.remove();
    await assert.rejects(spool.read().next(), BrokenReply);
    rmSync(folder, { recursive: true });
  });
});
