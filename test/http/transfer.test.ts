import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { openToAll } from '../../src/http/sign-in/authentication.ts';
import { until } from '../support/until.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** Bytes of the reply to a raw request, as they come over the socket. */
function raw(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(request));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
    socket.on('error', reject);
  });
}

const manyRows = `INSERT INTO feed."Cases" ("Id", "Title", "Priority")
  SELECT g, repeat('x', 500), g % 7 FROM generate_series(1, 20000) AS g;`;

describe('http: transfers', () => {
  let feed: TestServer;
  before(async () => {
    // Open to all, and for this once under every name.
    feed = await startTestServer({ rows: manyRows, authentication: { ...openToAll, open: false } });
  });
  after(() => feed.close());

  describe('C1 an address with a blank or a letter as it is', () => {
    for (const address of ['Cases?$select=Id& $filter=Id eq 1', "Cases?$filter=Title%20eq%20'\u00e9'"]) {
      it(`${address} is 400, and says how to write it`, async () => {
        const reply = await raw(feed.port, `GET /odata/${address} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
        assert.match(reply, /^HTTP\/1\.1 400 .*Content-Language: en.*write a blank as '%20'.*'%C3%A9' for '\u00e9'/s);
      });
    }
  });

  describe('rule 2: exactly one OData-Version: 4.0 on every reply', () => {
    const requests: readonly [string, string][] = [
      ['200', 'GET /odata/ HTTP/1.1'],
      ['200', 'GET /odata/Cases?$top=1 HTTP/1.1'],
      ['200', 'HEAD /odata/Cases HTTP/1.1'],
      ['200', 'GET /odata/$metadata HTTP/1.1'],
      ['204', 'GET /odata/Cases(1)/Agent HTTP/1.1'],
      ['204', 'OPTIONS /odata/Cases HTTP/1.1'],
      ['304', 'GET /odata/ HTTP/1.1\r\nIf-None-Match: *'],
      ['400', 'GET /odata/Cases?$filter=x HTTP/1.1'],
      ['400', 'GET /odata/Cases(%zz) HTTP/1.1'],
      ['404', 'GET /odata/Nope HTTP/1.1'],
      ['404', 'GET /elsewhere HTTP/1.1'],
      ['400', 'GET /%zz HTTP/1.1'],
      ['405', 'DELETE /odata/Cases(1) HTTP/1.1'],
      ['405', 'PROPFIND /odata/ HTTP/1.1'],
      ['406', 'GET /odata/Cases HTTP/1.1\r\nAccept: text/html'],
      ['400', 'NONSENSE'],
      ['414', `GET /odata/${'x'.repeat(70_000)} HTTP/1.1`],
      ['400', 'GET /odata/ HTTP/1.1\r\nHost: "evil"/'],
    ];
    for (const [status, line] of requests) {
      it(`${line.slice(0, 60).replace('\r\n', ' ')} is ${status}`, async () => {
        const host = line.includes('Host:') ? '' : 'Host: localhost\r\n';
        const reply = await raw(feed.port, `${line}\r\n${host}Connection: close\r\n\r\n`);
        const [head = ''] = reply.split('\r\n\r\n');
        assert.ok(head.startsWith(`HTTP/1.1 ${status} `), head);
        assert.deepEqual(head.match(/^odata-version:.*$/gim), ['OData-Version: 4.0']);
        assert.ok(!/stack|node:|\.ts:/.test(reply.slice(0, 2000)), reply.slice(0, 2000));
      });
    }
  });

  it('links follow the Host header when no public address is set', async () => {
    const reply = await raw(feed.port, 'GET /odata/ HTTP/1.1\r\nHost: localhost:8443\r\nConnection: close\r\n\r\n');
    assert.ok(reply.includes('"@odata.context":"http://localhost:8443/odata/$metadata"'), reply);
  });

  for (const [encoding, decode] of [
    ['gzip', gunzipSync],
    ['deflate', inflateSync],
  ] as const) {
    it(`rule 25: ${encoding}`, async () => {
      const bytes = await new Promise<{ headers: http.IncomingHttpHeaders; body: Buffer }>((resolve) => {
        http.get(`${feed.root}Cases?$select=Id`, { headers: { 'Accept-Encoding': encoding } }, (reply) => {
          const chunks: Buffer[] = [];
          reply.on('data', (chunk: Buffer) => chunks.push(chunk));
          reply.on('end', () => resolve({ headers: reply.headers, body: Buffer.concat(chunks) }));
        });
      });
      assert.equal(bytes.headers['content-encoding'], encoding);
      assert.match(bytes.headers.vary ?? '', /Accept-Encoding/);
      const { value } = JSON.parse(decode(bytes.body).toString('utf8')) as { value: unknown[] };
      assert.equal(value.length, 20_000);
    });
  }

  it('tells how long the stages took', async () => {
    const timing = (await feed.get('Cases?$top=1')).headers.get('server-timing') ?? '';
    for (const stage of ['parse', 'bind', 'compile', 'first']) {
      assert.match(timing, new RegExp(`${stage};dur=\\d`));
    }
  });

  it('a fault after the first byte breaks the transfer', async () => {
    // Row 20000 divides by zero, long after the first rows were sent.
    const reply = await raw(
      feed.port,
      'GET /odata/Cases?$compute=1%20div%20(20000%20sub%20Id)%20as%20X&$select=Id,Title,X HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    );
    assert.ok(reply.startsWith('HTTP/1.1 200 '), reply.slice(0, 300));
    assert.ok(!reply.includes('"Id":20000'));
    assert.ok(!reply.endsWith('0\r\n\r\n'), 'the last chunk must be missing');
    assert.deepEqual(feed.broken.length, 1);
    await assert.rejects(feed.get('Cases?$compute=1 div (20000 sub Id) as X&$select=Id,Title,X').then((r) => r.text()));
  });

  it('CSV too has no end then', async () => {
    const path = 'Cases?$compute=1%20div%20(20000%20sub%20Id)%20as%20X&$select=Id,Title,X&$format=csv';
    const reply = await raw(feed.port, `GET /odata/${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    assert.ok(reply.startsWith('HTTP/1.1 200 ') && reply.includes('\r\nId,Title,X\r\n'), reply.slice(0, 900));
    assert.ok(!reply.endsWith('\r\n0\r\n\r\n'), 'the last chunk must be missing');
    await assert.rejects(feed.get(path).then((one) => one.text()));
  });

  it('a fault before the first byte is an error reply', async () => {
    const reply = await feed.get('Cases?$filter=1 div (Id sub 1) gt 0&$orderby=Title');
    const { error } = (await reply.json()) as { error: { code: string } };
    assert.equal(reply.status, 400);
    assert.equal(error.code, 'ComputationFailed');
  });

  const running = async (): Promise<number> => {
    await feed.client.query('SELECT pg_stat_clear_snapshot()');
    const { rows } = await feed.client.query<{ n: number }>(
      `SELECT count(*)::integer AS n FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '%COPY%' AND pid <> pg_backend_pid()`,
    );
    return rows[0]?.n ?? 0;
  };

  it('a client that hangs up cancels its query', async () => {
    // A cross product that takes minutes before its first row.
    const slow = 'Cases?$filter=Messages/any() or length(concat(Title,Title)) gt 2000&$orderby=Title&$expand=Messages';
    await feed.client.query('BEGIN; LOCK TABLE feed."Cases" IN ACCESS EXCLUSIVE MODE');
    const controller = new AbortController();
    const pending = fetch(new URL(slow, feed.root), { signal: controller.signal }).catch(() => null);
    try {
      await until('the query runs', async () => (await running()) === 1);
      controller.abort();
      await pending;
      await until('the query was cancelled', async () => (await running()) === 0);
    } finally {
      await feed.client.query('ROLLBACK');
    }
    await until('the log says that the client left', async () => feed.log.some(({ status }) => status === 499));
    assert.equal((await feed.get('Cases?$top=1')).status, 200);
  });

  it('a client that hangs up in the middle of the rows frees the connection', async () => {
    const controller = new AbortController();
    const reply = await fetch(new URL('Cases?$orderby=Title', feed.root), { signal: controller.signal });
    const reader = reply.body?.getReader();
    await reader?.read();
    controller.abort();
    await until('the query was cancelled', async () => (await running()) === 0);
    assert.equal((await feed.get('Cases?$top=1')).status, 200);
  });

  it('statement_timeout is an error reply with Retry-After', async () => {
    const hasty = await startTestServer({ statementTimeout: 100 });
    try {
      await hasty.client.query('BEGIN; LOCK TABLE feed."Cases" IN ACCESS EXCLUSIVE MODE');
      const reply = await hasty.get('Cases');
      assert.equal(reply.status, 503);
      assert.match(reply.headers.get('retry-after') ?? '', /^\d+$/);
      assert.equal(((await reply.json()) as { error: { code: string } }).error.code, 'QueryTimeout');
      await hasty.client.query('ROLLBACK');
    } finally {
      await hasty.close();
    }
  });

  it('a slow reader gets everything', async () => {
    const socket = net.connect(feed.port, '127.0.0.1');
    socket.write('GET /odata/Cases HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    let length = 0;
    let tail = '';
    for await (const chunk of socket) {
      length += (chunk as Buffer).length;
      tail = (tail + (chunk as Buffer).toString('latin1')).slice(-200);
      if (length < 3_000_000) {
        await delay(1);
      }
    }
    assert.ok(tail.endsWith(']}\r\n0\r\n\r\n'), tail);
    assert.ok(length > 10_000_000);
  });
});

describe('http: server-driven paging (rule 7)', () => {
  let feed: TestServer;
  before(async () => {
    feed = await startTestServer({
      settings: { pageSize: 7, publicUrl: 'https://feed.example' },
      rows: `INSERT INTO feed."Cases" ("Id", "Title", "Priority", "Score", "CreatedAt")
        SELECT g, CASE WHEN g % 4 > 0 THEN chr(64 + g % 9) || E'\\t"' END, g % 3, CASE WHEN g % 5 = 0 THEN 'NaN' ELSE (g % 2)::text END::float8,
          CASE WHEN g % 6 > 0 THEN '2024-01-01Z'::timestamptz + (g % 4) * interval '1.5 s' END FROM generate_series(1, 60) AS g`,
    });
  });
  after(() => feed.close());

  interface Page {
    readonly value: readonly Record<string, unknown>[];
    readonly '@odata.nextLink'?: string;
    readonly '@odata.count'?: number;
  }

  /** Follows the links as a client does; `between` runs after each page. */
  async function pages(path: string, between: () => Promise<void> = async () => {}, headers = {}): Promise<Page[]> {
    const all: Page[] = [];
    for (let next: string | undefined = path; next !== undefined; ) {
      const reply = await feed.get(next, headers);
      const text = await reply.text();
      assert.equal(reply.status, 200, text);
      const page = JSON.parse(text) as Page;
      all.push(page);
      assert.ok(all.length < 100, 'endless links');
      const link = page['@odata.nextLink'];
      assert.ok(link === undefined || link.startsWith('https://feed.example/odata/Cases?'), link);
      next = link?.slice('https://feed.example/odata/'.length);
      await between();
    }
    return all;
  }

  const ids = (all: readonly Page[]): unknown[] => all.flatMap(({ value }) => value.map((row) => row['Id']));

  it('serves every row once, keeps the options, and ends without a link', async () => {
    const all = await pages('Cases?$select=Id&$filter=Id le 50&$count=true');
    assert.deepEqual(
      ids(all),
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
    assert.deepEqual(
      all.map((page) => page['@odata.count']),
      Array(8).fill(50),
    );
    for (const { value } of all) {
      for (const row of value) {
        assert.deepEqual(Object.keys(row), ['Id']);
      }
    }
  });

  it('a time range loses and repeats no row whose time moves within it', async () => {
    const range = 'CreatedAt ge 2024-01-01T00:00:00Z and CreatedAt lt 2025-01-01T00:00:00Z';
    await feed.client.query(
      `UPDATE feed."Cases" SET "CreatedAt" = '2024-06-01Z'::timestamptz + "Id" * interval '1 hour' WHERE "Id" <= 60`,
    );
    const all = await pages(`Cases?$select=Id&$filter=Id le 60 and ${range}`, async () => {
      // Rows already served move behind the page, rows still to come move before it.
      await feed.client.query(
        `UPDATE feed."Cases" SET "CreatedAt" = '2024-12-01Z'::timestamptz - ("CreatedAt" - '2024-01-01Z'::timestamptz) * 0.5 WHERE "Id" <= 60`,
      );
    });
    assert.deepEqual(
      ids(all),
      Array.from({ length: 60 }, (_, index) => index + 1),
    );
  });

  it('a last page that is full has no link', async () => {
    assert.equal((await pages('Cases?$filter=Id le 14')).length, 2);
  });

  it('$top counts over all pages, $skip on the first only', async () => {
    assert.deepEqual(
      ids(await pages('Cases?$top=16&$skip=3&$select=Id')),
      Array.from({ length: 16 }, (_, i) => i + 4),
    );
  });

  for (const order of [
    'Title',
    'Title desc,Priority',
    'Score desc',
    'CreatedAt',
    'Priority desc,CreatedAt desc',
    'length(Title)',
  ]) {
    it(`by ${order}: the pages together are the whole in one order`, async () => {
      const whole = ids(await pages(`Cases?$orderby=${order}&$select=Id`));
      assert.equal(new Set(whole).size, 60);
      const sql = order
        .split(',')
        .map((key) => key.replace(/[A-Z]\w+/, (name) => `"${name}"`))
        .map((key) => (key.endsWith(' desc') ? `${key} NULLS LAST` : `${key} NULLS FIRST`))
        .join(', ');
      const { rows } = await feed.client.query<{ Id: string }>(`SELECT "Id" FROM feed."Cases" ORDER BY ${sql}, _row`);
      assert.deepEqual(
        whole,
        rows.map(({ Id }) => Number(Id)),
      );
    });
  }

  it('maxpagesize is followed downwards only, and told', async () => {
    const reply = await feed.get('Cases', { Prefer: 'odata.maxpagesize=3' });
    assert.equal(reply.headers.get('preference-applied'), 'odata.maxpagesize=3');
    assert.equal(((await reply.json()) as Page).value.length, 3);
    const more = await feed.get('Cases', { Prefer: 'maxpagesize=500' });
    assert.equal(((await more.json()) as Page).value.length, 7);
  });

  it('a token of another query or order is refused', async () => {
    const [page] = await pages('Cases?$orderby=Title');
    const token = new URL(page?.['@odata.nextLink'] ?? '').searchParams.get('$skiptoken') ?? '';
    for (const path of [`Cases?$orderby=Title desc`, 'Cases?$filter=Id eq 1', 'Agents?$top=1']) {
      assert.equal((await feed.get(`${path}&$skiptoken=${token}`)).status, 400);
    }
  });

  it('rows that exist throughout appear exactly once while others come, change and go', async () => {
    const change = fc.oneof(
      fc.record({ kind: fc.constant('insert' as const), id: fc.integer({ min: 1000, max: 1060 }) }),
      fc.record({ kind: fc.constant('delete' as const), id: fc.integer({ min: 1000, max: 1060 }) }),
      fc.record({ kind: fc.constant('update' as const), id: fc.integer({ min: 1000, max: 1060 }) }),
    );
    const order = fc.constantFrom('', '&$orderby=Title', '&$orderby=Priority desc,Title', '&$orderby=CreatedAt desc');
    const steps = fc.array(fc.array(change, { maxLength: 6 }), { minLength: 3, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(order, steps, async (orderby, plan) => {
        const queue = [...plan];
        const all = await pages(`Cases?$select=Id${orderby}`, async () => {
          for (const { kind, id } of queue.shift() ?? []) {
            await feed.client.query(statement(kind, id));
          }
        });
        const stable = ids(all).filter((id) => Number(id) <= 60);
        assert.deepEqual(
          [...stable].sort((a, b) => Number(a) - Number(b)),
          Array.from({ length: 60 }, (_, i) => i + 1),
        );
      }),
      { numRuns: 25 },
    );
  });

  function statement(kind: 'insert' | 'delete' | 'update', id: number): string {
    if (kind === 'delete') {
      return `DELETE FROM feed."Cases" WHERE "Id" = ${id}`;
    }
    if (kind === 'update') {
      return `UPDATE feed."Cases" SET "Title" = chr(64 + (random() * 12)::integer), "Priority" = (random() * 3)::integer WHERE "Id" = ${id}`;
    }
    return `INSERT INTO feed."Cases" ("Id", "Title", "Priority") VALUES (${id}, chr(64 + ${id} % 11), ${id} % 4) ON CONFLICT DO NOTHING`;
  }
});
