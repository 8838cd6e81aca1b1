import assert from 'node:assert/strict';
import { splitInstant, tokenWithInstant } from '../../src/http/paging/page-instant.ts';
import { parseODataUri } from '../../src/uri/parse-uri.ts';
import { startTestServer, type TestServer } from './test-server.ts';

interface Page {
  readonly value: readonly Readonly<Record<string, unknown>>[];
  readonly '@odata.count'?: number;
  readonly '@odata.nextLink'?: string;
}

const created = [1, 2, 3, 4, 5].map((id) => `(${id}, 't', '2024-01-0${id}T00:00:00Z')`).join(', ');

describe('http: now() is one instant for all pages of a read', () => {
  let feed: TestServer;
  before(async () => {
    feed = await startTestServer({
      rows: `INSERT INTO feed."Agents" ("Id", "Name") VALUES (1, 'Ann'), (2, 'Bea'), (3, 'Cas');
        INSERT INTO feed."Cases" ("Id", "Title", "CreatedAt") VALUES ${created};`,
    });
  });
  after(async () => {
    await feed.close();
    assert.deepEqual(feed.defects, []);
  });

  async function pages(query: string): Promise<Page[]> {
    const found: Page[] = [];
    for (let next: string | undefined = query; next !== undefined; ) {
      const reply = await feed.get(next, { Prefer: 'odata.maxpagesize=2' });
      const text = await reply.text();
      assert.equal(reply.status, 200, `${next}: ${text}`);
      const page = JSON.parse(text) as Page;
      found.push(page);
      assert.ok(found.length < 20, `pages without an end: ${query}`);
      next = page['@odata.nextLink'];
      // A later page must not be of the same millisecond by chance.
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    return found;
  }
  const ids = async (query: string) => (await pages(query)).flatMap(({ value }) => value.map((row) => row['Id']));

  it('F3 the instant stands behind the token, and is taken off before the token is read', () => {
    const token = tokenWithInstant('WyJwIl0', '2026-11-29T12:00:00.001Z');
    assert.equal(token, 'WyJwIl0.mx1seio1');
    assert.equal(tokenWithInstant('WyJwIl0', null), 'WyJwIl0');
    const { uri, instant } = splitInstant(parseODataUri(`Cases?$skiptoken=${token}`));
    assert.deepEqual([uri.options.skiptoken, instant], ['WyJwIl0', '2026-11-29T12:00:00.001Z']);
    for (const other of ['WyJwIl0', 'WyJwIl0.', 'WyJwIl0.zzzzzzzzzz', 'WyJwIl0.x y']) {
      const plain = splitInstant(parseODataUri(`Cases?$skiptoken=${encodeURIComponent(other)}`));
      assert.deepEqual([plain.uri.options.skiptoken, plain.instant], [other, null]);
    }
  });

  it('F3 an order by what now() makes tells each row once', async () => {
    const orders = ['now(),Id', 'now()', 'time(now()),Id', 'CreatedAt sub now(),Id', 'now() sub CreatedAt desc,Id'];
    for (const order of orders) {
      assert.deepEqual(await ids(`Cases?$orderby=${order}`), [1, 2, 3, 4, 5], order);
    }
    assert.deepEqual(await ids('Cases?$compute=now() as At&$orderby=At,Id desc'), [5, 4, 3, 2, 1]);
    assert.deepEqual(await ids('Cases?$orderby=@t,Id&@t=now()'), [1, 2, 3, 4, 5]);
    assert.deepEqual(await ids('Cases?$apply=compute(now() as At)/groupby((At,Id))'), [1, 2, 3, 4, 5]);
    const pairs = await pages('$crossjoin(Cases,Agents)?$orderby=now() sub Cases/CreatedAt,Agents/Id&$top=7');
    assert.equal(new Set(pairs.flatMap(({ value }) => value.map((row) => JSON.stringify(row)))).size, 7);
  });

  it('F3 computed instants and conditions are those of the first page', async () => {
    const rows = (await pages('Cases?$compute=now() as At&$select=Id,At')).flatMap(({ value }) => value);
    assert.equal(new Set(rows.map((row) => row['At'])).size, 1);
    await feed.client.query(`UPDATE feed."Cases" SET "CreatedAt" = '2999-01-01T00:00:00Z' WHERE "Id" = 5`);
    const query = 'Cases?$filter=CreatedAt lt now()&$count=true';
    const [first, second] = await pages(query);
    assert.deepEqual([first?.['@odata.count'], first?.value.length, second?.value.length], [4, 2, 2]);
    const link = first?.['@odata.nextLink'] ?? '';
    // Past for a statement of now, whose instant is cut to milliseconds, and still to come at that of the first page.
    await feed.client.query(
      `UPDATE feed."Cases" SET "CreatedAt" = clock_timestamp() - interval '2 milliseconds' WHERE "Id" = 5`,
    );
    assert.deepEqual(await ids('Cases?$filter=CreatedAt lt now()&$select=Id'), [1, 2, 3, 4, 5]);
    const later = (await (await feed.get(link, { Prefer: 'odata.maxpagesize=9' })).json()) as Page;
    assert.deepEqual(
      later.value.map((row) => row['Id']),
      [3, 4],
    );
  });
});
