import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import fc from 'fast-check';
import { StalledReaders } from '../../../src/http/edge/stalled-readers.ts';
import { serviceLimits } from '../../../src/http/limits.ts';
import { ReplyCache } from '../../../src/http/reply-cache/reply-cache.ts';
import { until } from '../../support/until.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

const rows = 6000;
const manyRows = `INSERT INTO feed."Cases" ("Id", "Title", "Priority", "AgentId")
    SELECT g, repeat('x', 400) || g, g % 7, g % 3 FROM generate_series(1, ${rows}) AS g;
  INSERT INTO feed."Agents" ("Id", "Name") SELECT g, 'Agent ' || g FROM generate_series(0, 2) AS g;
  ANALYZE;`;

interface Page {
  readonly value: readonly Readonly<Record<string, unknown>>[];
  readonly '@odata.nextLink'?: string;
  readonly '@odata.deltaLink'?: string;
  readonly '@odata.count'?: number;
}

describe('D3 pages end early for readers that sleep too long', () => {
  /** Every reader that has to be waited for at all has slept too long. */
  let feed: TestServer;
  let patient: TestServer;
  before(async () => {
    const rest = { nap: 0, endure: 30_000, pause: 50 };
    feed = await startTestServer({ rows: manyRows, database: { rest } });
    patient = await startTestServer({ rows: manyRows });
  });
  after(async () => {
    await feed.close();
    await patient.close();
  });

  async function pagesOf(server: TestServer, path: string, headers = {}): Promise<Page[]> {
    const pages: Page[] = [];
    for (let next: string | undefined = path; next !== undefined; ) {
      const reply = await server.get(next, headers);
      const text = await reply.text();
      assert.equal(reply.status, 200, text.slice(0, 500));
      const page = JSON.parse(text) as Page;
      pages.push(page);
      assert.ok(pages.length < 200, 'endless links');
      next = page['@odata.nextLink']?.slice(server.root.length);
    }
    return pages;
  }

  const valuesOf = (pages: readonly Page[]) => pages.flatMap(({ value }) => value);

  /** The same rows in the same order as somebody gets who reads fast. How many pages end early is chance: it depends on who is faster. */
  async function sameRows(path: string, headers = {}): Promise<Page[]> {
    const pages = await pagesOf(feed, path, headers);
    const expected = valuesOf(await pagesOf(patient, path, headers));
    const strip = (text: string): string => text.replaceAll(/127\.0\.0\.1:\d+/g, 'host');
    assert.equal(strip(JSON.stringify(valuesOf(pages))), strip(JSON.stringify(expected)));
    return pages;
  }

  it('all rows come exactly once, with a link from each last row', async () => {
    const pages = await sameRows('Cases');
    assert.equal(valuesOf(pages).length, rows);
  });

  it('$top counts over all pages, also where the page would have been the only one', async () => {
    for (const top of [5999, 3000, 101, 5]) {
      assert.equal(valuesOf(await sameRows(`Cases?$top=${top}`)).length, top);
    }
    assert.equal(valuesOf(await sameRows('Cases?$top=7000&$skip=10')).length, rows - 10);
  });

  it('$count says all rows on the first page and on those that follow', async () => {
    const pages = await sameRows('Cases?$count=true&$filter=Priority%20ne%203&$top=4000');
    for (const page of pages) {
      assert.equal(page['@odata.count'], 5143);
    }
  });

  it('orders with nulls and ties, $apply, crossjoins, $all and references go on where they ended', async () => {
    await sameRows('Cases?$orderby=Priority%20desc,Cost&$select=Title,Priority');
    await sameRows('Cases?$apply=groupby((Title,Priority),aggregate($count%20as%20N))&$orderby=Priority');
    await sameRows('Cases?$apply=groupby((Title,Priority),aggregate($count%20as%20N))&$top=5000');
    await sameRows(
      '$crossjoin(Agents,Cases)?$expand=Cases($select=Title)&$filter=Agents/Id%20eq%20Cases/AgentId&$top=5990',
    );
    await sameRows('$all');
    await sameRows('$all?$top=5500');
  });

  it('compressed replies too; none that ended early is kept for others', async () => {
    const replies = new ReplyCache({
      folder: `${process.env['TMPDIR'] ?? '/tmp'}/replies-${process.pid}`,
      totalBytes: 2 ** 26,
      observe: () => {},
    });
    const rest = { nap: 0, endure: 30_000, pause: 50 };
    const random = `INSERT INTO feed."Cases" ("Id", "Title") SELECT g, (SELECT string_agg(md5(g || '-' || n), '') FROM generate_series(1, 20) AS n) FROM generate_series(1, 4000) AS g`;
    const server = await startTestServer({ rows: random, replies, database: { rest } });
    try {
      const first = await pagesOf(server, 'Cases', { 'Accept-Encoding': 'gzip' });
      assert.equal(new Set(valuesOf(first).map(({ Id }) => Id)).size, 4000);
      const again = await pagesOf(server, 'Cases', { 'Accept-Encoding': 'gzip' });
      assert.deepEqual(valuesOf(again), valuesOf(first));
      await until('all are in the log', () => server.log.length === first.length + again.length);
      // All rows fit one page: a link means that the page ended early. Pages behind such a link may be whole, and kept.
      const kept = again.filter((_, at) => server.log[first.length + at]?.fromCache === true);
      assert.deepEqual(
        kept.filter((page) => page['@odata.nextLink'] !== undefined),
        [],
      );
    } finally {
      await server.close();
      await replies.close();
    }
  });

  it('a delta link at the end of pages that ended early misses nothing', async () => {
    const pages = await pagesOf(feed, 'Agents', { Prefer: 'odata.track-changes' });
    assert.equal(valuesOf(pages).length, 3);
  });

  it('property: whatever the order, $top, $skip and page size, no row is lost or comes twice', async () => {
    const query = fc.record({
      order: fc.constantFrom('', 'Priority', 'Priority desc', 'Title desc', 'Cost,Priority'),
      top: fc.option(fc.integer({ min: 1, max: rows + 10 })),
      skip: fc.option(fc.integer({ min: 0, max: 300 })),
      size: fc.option(fc.integer({ min: 900, max: rows })),
    });
    await fc.assert(
      fc.asyncProperty(query, async ({ order, top, skip, size }) => {
        const options = [
          '$select=Id,Title,Priority',
          ...(order === '' ? [] : [`$orderby=${encodeURIComponent(order)}`]),
          ...(top === null ? [] : [`$top=${top}`]),
          ...(skip === null ? [] : [`$skip=${skip}`]),
        ];
        const headers: Record<string, string> = size === null ? {} : { Prefer: `odata.maxpagesize=${size}` };
        await sameRows(`Cases?${options.join('&')}`, headers);
      }),
      { numRuns: 8 },
    );
  });
});

describe('D3 readers that stop reading', () => {
  let feed: TestServer;
  /** The same, and nobody is closed. */
  let lasting: TestServer;
  before(async () => {
    const long = `INSERT INTO feed."Cases" ("Id", "Title") SELECT g, repeat('x', 1500) FROM generate_series(1, 12000) AS g`;
    lasting = await startTestServer({ rows: long, database: { rest: { nap: 100, endure: 200, pause: 10 } } });
    feed = await startTestServer({
      rows: long,
      settings: { limits: { ...serviceLimits, transfer: { ...serviceLimits.transfer, stalled: 400, look: 50 } } },
      database: { rest: { nap: 100, endure: 200, pause: 10 }, patience: 60_000 },
    });
  });
  after(async () => {
    await feed.close();
    await lasting.close();
  });

  const held = async (of = feed): Promise<number> => {
    const { rows: found } = await of.client.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gateway reader' AND state <> 'idle'`,
    );
    return found[0]?.n ?? 0;
  };

  function stall(path: string): { readonly closed: Promise<void>; readonly socket: net.Socket } {
    const socket = net.connect(feed.port, '127.0.0.1');
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    socket.write(`GET /odata/${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
    socket.pause();
    return { closed, socket };
  }

  it('D3 sixteen of them hold no connection to PostgreSQL, and are closed', async () => {
    const before = feed.arrived();
    const readers = Array.from({ length: 16 }, () => stall('Cases'));
    await until('all are here', () => feed.arrived() === before + 16);
    // Served while they stall.
    assert.equal((await feed.get('Cases?$top=1')).status, 200);
    await until('none holds a connection', async () => (await held()) === 0);
    // What they had not read is gone with the connection, which they see when they read on.
    await until('all are closed', () => feed.log.filter(({ error }) => error === 'ClientGone').length === 16);
    for (const { socket, closed } of readers) {
      socket.resume();
      await closed;
    }
  });

  it('D3 what a reader finds when it reads on: a page that ended early, and by its link all the rest', async () => {
    const url = new URL('Cases?$top=11000', lasting.root);
    const [reply] = (await once(http.get(url), 'response')) as [http.IncomingMessage];
    reply.pause();
    await until('it holds no connection', async () => (await held(lasting)) === 0);
    let text = '';
    for await (const piece of reply.setEncoding('utf8')) {
      text += piece as string;
    }
    const pages = [JSON.parse(text) as Page];
    assert.ok((pages[0]?.value.length ?? 0) < 11_000, 'the page did not end early');
    for (let next = pages[0]?.['@odata.nextLink']; next !== undefined; next = pages.at(-1)?.['@odata.nextLink']) {
      pages.push((await (await fetch(next)).json()) as Page);
    }
    const ids = pages.flatMap(({ value }) => value.map(({ Id }) => Id));
    assert.deepEqual(
      ids,
      Array.from({ length: 11_000 }, (_, index) => index + 1),
    );
  });

  it('D3 a reply that cannot end early is broken off', async () => {
    await feed.client.query(
      `INSERT INTO feed."Cases" ("Id", "Title") SELECT 100000 + g, repeat('x', 300000) FROM generate_series(1, 50) AS g`,
    );
    const { socket, closed } = stall('Cases?$filter=Id%20gt%20100000&$top=50');
    await until('it is broken off', () => feed.broken.includes('SlowReader'));
    await until('none holds a connection', async () => (await held()) === 0);
    socket.resume();
    await closed;
    await feed.client.query('DELETE FROM feed."Cases" WHERE "Id" > 100000');
  });

  it('D3 pipelined ones too: each waits for the one before, and holds nothing meanwhile', async () => {
    const before = feed.log.length;
    const socket = net.connect(feed.port, '127.0.0.1');
    socket.on('error', () => {});
    const request = 'GET /odata/Cases HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
    socket.write(request.repeat(20));
    socket.pause();
    await until('the first is in the log', () => feed.log.length > before);
    await until('none holds a connection', async () => (await held()) === 0);
    assert.equal(feed.log.length, before + 1);
    socket.destroy();
  });

  it('D3 a client that pipelines without end is cut off', async () => {
    const socket = net.connect(feed.port, '127.0.0.1');
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write('GET /odata/Cases?$top=2000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(200));
    socket.resume();
    await closed;
  });
});

describe('D3 the progress of a reply', () => {
  class FakeSocket {
    bytesWritten = 0;
    writableLength = 0;
    destroyed = false;
    #closed: (() => void) | null = null;
    destroy(): this {
      this.destroyed = true;
      this.#closed?.();
      return this;
    }
    once(_: string, listener: () => void): this {
      this.#closed = listener;
      return this;
    }
  }

  it('is bytes taken by the client, within the time: a byte now and then is none', () => {
    let now = 0;
    const stalled = new StalledReaders(1000, () => now);
    const socket = new FakeSocket();
    stalled.add(socket as unknown as net.Socket);
    const look = (at: number): boolean => {
      now = at;
      stalled.look();
      return socket.destroyed;
    };
    // Waiting for PostgreSQL or for a turn: nothing to send, however long.
    assert.equal(look(0), false);
    assert.equal(look(1_000_000), false);
    socket.bytesWritten = 500;
    socket.writableLength = 300;
    assert.equal(look(1_000_100), false);
    assert.equal(look(1_001_099), false);
    // A piece was taken: time begins anew.
    socket.bytesWritten = 700;
    socket.writableLength = 300;
    assert.equal(look(1_001_100), false);
    assert.equal(look(1_002_099), false);
    // More was written behind, nothing was taken.
    socket.bytesWritten = 900;
    socket.writableLength = 500;
    assert.equal(look(1_002_100), true);
  });
});
