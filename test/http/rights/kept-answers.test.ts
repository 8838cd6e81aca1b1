import assert from 'node:assert/strict';
import { bindGrants, type SetRule } from '../../../src/plan/bind/grants.ts';
import { everything, type Grants } from '../../../src/plan/grants.ts';
import { catalogue } from '../../sql/small-model.ts';
import { until } from '../../support/until.ts';
import { byName } from '../by-name.ts';
import { type CacheServer, cases, inflated, startCacheServer } from '../reply-cache/cache-server.ts';

const rules = (cases: SetRule): Grants =>
  bindGrants(
    new Map<string, SetRule>([
      ['Cases', cases],
      ['Messages', {}],
    ]),
    catalogue,
  );

/** `odd` and `again` have the same rights, made twice. */
const grants: ReadonlyMap<string, Grants> = new Map([
  ['odd', rules({ rows: 'Id mod 2 eq 1' })],
  ['again', rules({ rows: 'Id mod 2 eq 1' })],
  ['even', rules({ rows: 'Id mod 2 eq 0' })],
  ['narrow', rules({ rows: 'Id mod 2 eq 1', properties: ['Id', 'Title'] })],
  ['first', rules({ rows: 'Id le 100' })],
  ['urgent', rules({ rows: 'Priority gt 0' })],
  ['few', rules({ rows: 'Id le 50' })],
]);

describe('http: what is kept of a reply is for those who may see it', () => {
  let server: CacheServer;
  before(async () => {
    server = await startCacheServer({
      rows: cases(16_000),
      authentication: byName,
      grantsOf: (principal) => grants.get(principal?.name ?? '') ?? everything,
    });
  });
  after(() => server.close());

  const wire = (user: string, query: string, headers = {}) => server.wire(query, { 'api-key': user, ...headers });
  const get = async (user: string, path: string, headers = {}): Promise<Response> =>
    server.feed.get(path, { 'api-key': user, ...headers });

  it('a reply is shared by equal rights, and driven out by no others', async () => {
    const query = 'Cases?$select=Id,Title&$orderby=Title';
    const told = new Map<string, string>();
    for (const user of ['odd', 'even', 'narrow', 'all']) {
      told.set(user, inflated(await wire(user, query)));
      assert.equal(server.fromCache(), false, user);
      await server.settled();
    }
    for (const [user, as] of [
      ['again', 'odd'],
      ['odd', 'odd'],
      ['even', 'even'],
      ['narrow', 'narrow'],
      ['all', 'all'],
    ]) {
      assert.equal(inflated(await wire(`${user}`, query)), told.get(`${as}`));
      assert.equal(server.fromCache(), true, user);
    }
    assert.equal(new Set(told.values()).size, 3, 'odd and narrow rows of these properties are the same ones');
  });

  it('an ETag is that of the rights, and for everything it is the one of before', async () => {
    const tags = new Map<string, string | null>();
    for (const user of ['odd', 'again', 'even', 'narrow', 'all']) {
      tags.set(user, (await get(user, 'Cases(1)/Messages')).headers.get('etag'));
    }
    assert.equal(tags.get('odd'), tags.get('again'));
    assert.equal(new Set(tags.values()).size, 4);
    const tag = tags.get('odd') ?? '';
    assert.equal((await get('again', 'Cases(1)/Messages', { 'If-None-Match': tag })).status, 304);
    assert.equal((await get('narrow', 'Cases(1)/Messages', { 'If-None-Match': tag })).status, 200);
    assert.equal((await get('even', 'Cases(1)/Messages', { 'If-None-Match': tag })).status, 404);
  });

  it('documents are of what is seen', async () => {
    const metadata = async (user: string): Promise<string> => (await get(user, '$metadata')).text();
    assert.equal(await metadata('odd'), await metadata('even'));
    assert.ok(!(await metadata('odd')).includes('Agent"'));
    assert.ok((await metadata('all')).includes('Agent"'));
    assert.ok(!(await metadata('narrow')).includes('"Priority"'));
  });

  it('a count is of the rows that are seen, and still known for whoever sees the same', async () => {
    const count = async (user: string): Promise<string> => (await get(user, 'Cases/$count')).text();
    assert.deepEqual(await Promise.all(['odd', 'first', 'all'].map(count)), ['8000', '100', '16000']);
    // Without a new version only what is remembered does not see it.
    await server.feed.client.query('DELETE FROM feed."Cases" WHERE "Id" = 1');
    assert.deepEqual(await Promise.all(['again', 'first', 'all'].map(count)), ['8000', '100', '16000']);
    assert.equal(await count('few'), '49');
  });

  it('a request in a batch has the rights of the batch', async () => {
    const requests = ['Cases/$count', 'Agents/$count'].map((url, id) => ({ id: String(id), method: 'GET', url }));
    const reply = await fetch(new URL('$batch', server.feed.root), {
      method: 'POST',
      headers: { 'api-key': 'few', 'Content-Type': 'application/json' },
      body: JSON.stringify({ requests }),
    });
    const { responses } = (await reply.json()) as { responses: readonly { status: number; body: unknown }[] };
    assert.deepEqual(
      responses.map(({ status, body }) => (status === 200 ? Number(body) : status)),
      [49, 404],
    );
  });

  it('a reply that comes later has the rights of who asked, and is his alone', async () => {
    const asked = await get('few', 'Cases/$count', { Prefer: 'respond-async' });
    assert.equal(asked.status, 202);
    const monitor = /\/odata\/(.*)/.exec(asked.headers.get('location') ?? '')?.[1] ?? '';
    let reply = await get('few', monitor);
    await until('it ends', async () => {
      reply = await get('few', monitor);
      return reply.status !== 202;
    });
    assert.ok((await reply.text()).endsWith('49'));
    assert.equal((await get('all', monitor)).status, 404);
  });

  describe('changes', () => {
    const track = { Prefer: 'odata.track-changes' };
    const linkOf = async (user: string): Promise<string | undefined> => {
      const body = await (await get(user, 'Cases?$select=Id', track)).text();
      return /"@odata.deltaLink":"[^"]*\/odata\/([^"]*)"/.exec(body)?.[1];
    };

    it('are followed where the key decides, and told of rows that are seen alone', async () => {
      const link = await linkOf('first');
      assert.ok(link !== undefined);
      await server.load(
        'Cases',
        `UPDATE feed."Cases" SET "_version" = 1000 WHERE "Id" IN (7, 700); DELETE FROM feed."Cases" WHERE "Id" IN (8, 800);
         INSERT INTO gateway.tombstones (entity_set, key, version) VALUES ('Cases', '{"Id": 8}', 1000), ('Cases', '{"Id": 800}', 1000)`,
      );
      const body = await (await get('first', link)).json();
      const told = (body as { value: readonly { Id?: number; id?: string }[] }).value;
      assert.deepEqual(
        told.map(({ Id, id }) => Id ?? id?.replace(/.*\/odata\//, '')),
        [7, 'Cases(8)'],
      );
    });

    it('are not followed where what decides may change', async () => {
      assert.equal(await linkOf('urgent'), undefined);
      const link = await linkOf('first');
      assert.equal((await get('urgent', link ?? '')).status, 410);
      assert.equal((await get('urgent', 'Cases?$select=Id&$deltatoken=abc')).status, 501);
    });

    it('begin anew for whoever sees something else', async () => {
      const link = (await linkOf('first')) ?? '';
      assert.equal((await get('first', link)).status, 200);
      assert.equal((await get('few', link)).status, 410);
      assert.equal((await get('all', link)).status, 410);
    });
  });

  it('a page token is followed with the same rights alone', async () => {
    const pageOf = async (user: string): Promise<string> => {
      const page = await get(user, 'Cases?$select=Id&$orderby=Id desc', { Prefer: 'odata.maxpagesize=5' });
      return /"@odata.nextLink":"[^"]*\/odata\/([^"]*)"/.exec(await page.text())?.[1] ?? '';
    };
    const users = ['all', 'first', 'few'];
    for (const from of users) {
      const link = await pageOf(from);
      for (const user of users) {
        const reply = await get(user, link);
        assert.equal(reply.status, user === from ? 200 : 400, `${from}'s page, asked for by ${user}`);
        assert.equal(/what you may see has changed/.test(await reply.text()), user !== from);
      }
    }
  });
});
