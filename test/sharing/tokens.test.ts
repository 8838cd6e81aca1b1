import assert from 'node:assert/strict';
import pg from 'pg';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { type Gateways, startGateways } from './gateways.ts';

describe('several gateways: page tokens, delta links and ETags', () => {
  let database: TestDatabase;
  let gateways: Gateways;
  before(async () => {
    database = await testDatabase();
    const common = { PUBLIC_URL: 'http://feed.example', TRUST_PROXY: '127.0.0.1', PAGE_SIZE: '50' };
    gateways = await startGateways(2, database, () => common);
    const client = new pg.Client({ connectionString: database.connectionString });
    await client.connect();
    await client.query(
      `INSERT INTO feed."AcmeThings" ("ThingId", "Title") SELECT 'k' || g, 't' FROM generate_series(1, 120) g`,
    );
    await client.end();
  });
  after(async () => {
    await gateways.close();
    await database.drop();
  });

  interface Page {
    readonly value: readonly unknown[];
    readonly '@odata.nextLink'?: string;
    readonly '@odata.deltaLink'?: string;
  }
  const get = (at: number, url: string, headers: Record<string, string> = {}): Promise<Response> =>
    (gateways.all[at] ?? assert.fail()).get(url.replace('http://feed.example', ''), headers);

  for (const [what, url, headers] of [
    ['pages', '/odata/AcmeThings?$orderby=Title desc&$count=true', {}],
    ['pages of a delta', '/odata/AcmeThings', { Prefer: 'odata.track-changes' }],
  ] as const) {
    it(`${what}: the same text at each of them, also when the next page is asked of the other one`, async () => {
      let rows = 0;
      for (let next: string | undefined = url, turn = 0; next !== undefined; turn++) {
        const replies = await Promise.all([0, 1].map((at) => get(at, next ?? '', headers)));
        const [one = '', two = ''] = await Promise.all(replies.map((reply) => reply.text()));
        assert.deepEqual(
          replies.map(({ status }) => status),
          [200, 200],
          one,
        );
        assert.equal(one, two);
        const tags = replies.map((reply) => reply.headers.get('etag'));
        assert.ok(tags[0] !== null || what !== 'pages');
        assert.equal(tags[0], tags[1]);
        if (tags[0] !== null && tags[0] !== undefined) {
          assert.equal((await get(turn % 2, next, { ...headers, 'If-None-Match': tags[0] })).status, 304);
        }
        const page = JSON.parse(turn % 2 === 0 ? one : two) as Page;
        rows += page.value.length;
        next = page['@odata.nextLink'];
        const { '@odata.deltaLink': delta } = page;
        if (what !== 'pages' && next === undefined) {
          assert.ok(delta !== undefined);
          const changes = await get((turn + 1) % 2, delta);
          assert.deepEqual([changes.status, ((await changes.json()) as Page).value], [200, []]);
        }
      }
      assert.equal(rows, 120);
    });
  }

  it('documents have one ETag', async () => {
    for (const url of ['/odata/', '/odata/$metadata']) {
      const tags = await Promise.all([0, 1].map(async (at) => (await get(at, url)).headers.get('etag')));
      assert.ok(tags[0] !== null && tags[0] === tags[1], url);
    }
  });
});
