import assert from 'node:assert/strict';
import { startTestServer, type TestServer } from './test-server.ts';

const rows = `INSERT INTO feed."Cases" ("Id", "Title") SELECT g, 'Title +' || g FROM generate_series(1, 30) AS g;`;

describe('http: POST /$query', () => {
  let feed: TestServer;
  before(async () => {
    feed = await startTestServer({ rows, settings: { pageSize: 7 } });
  });
  after(() => feed.close());
  afterEach(() => assert.deepEqual(feed.defects, []));

  const post = (path: string, body: string, type = 'text/plain'): Promise<Response> =>
    fetch(`${feed.root}${path}`, { method: 'POST', body, headers: { 'Content-Type': type } });

  interface Page {
    readonly value: readonly { readonly Id: number }[];
    readonly '@odata.context': string;
    readonly '@odata.nextLink'?: string;
    readonly '@odata.count'?: number;
  }

  async function ids(pending: Promise<Response>): Promise<readonly number[]> {
    const reply = await pending;
    const text = await reply.text();
    assert.equal(reply.status, 200, text);
    return (JSON.parse(text) as Page).value.map(({ Id }) => Id);
  }

  async function refused(pending: Promise<Response>, status: number, code: string): Promise<void> {
    const reply = await pending;
    const { error } = (await reply.json()) as { error: { code: string } };
    assert.deepEqual([reply.status, error.code], [status, code]);
    assert.equal(reply.headers.get('odata-version'), '4.0');
  }

  it('text/plain and form bodies, with and without charset and a final line end', async () => {
    const query = '$filter=Id%20in%20(2,3)&$select=Id';
    for (const type of ['text/plain', 'text/plain;charset=utf-8', 'TEXT/PLAIN', 'application/x-www-form-urlencoded']) {
      for (const body of [query, `${query}\r\n`, `${query}\n`]) {
        assert.deepEqual(await ids(post('Cases/$query', body, type)), [2, 3]);
      }
    }
  });

  it('options of the URL and of the body together; an empty body is no option', async () => {
    assert.deepEqual(await ids(post('Cases/$query?$select=Id&$top=2', '$filter=Id%20gt%204')), [5, 6]);
    assert.deepEqual(await ids(post('Cases/$query?$top=1', '')), [1]);
    await refused(post('Cases/$query?$top=2', '$top=3'), 400, 'InvalidOption');
  });

  it('percent-encoding as in a URL', async () => {
    assert.deepEqual(await ids(post('Cases/$query', "$filter=Title%20eq%20'Title%20%2B7'")), [7]);
  });

  it('next links are URLs of their own', async () => {
    const reply = await post('Cases/$query', '$orderby=Id%20desc&$select=Id&$count=true');
    const first = (await reply.json()) as Page;
    assert.equal(first['@odata.context'], `${feed.root}$metadata#Cases(Id)`);
    assert.equal(first['@odata.count'], 30);
    const all = first.value.map(({ Id }) => Id);
    for (let next = first['@odata.nextLink']; next !== undefined; ) {
      const page = (await (await fetch(next)).json()) as Page;
      all.push(...page.value.map(({ Id }) => Id));
      next = page['@odata.nextLink'];
    }
    assert.deepEqual(
      all,
      Array.from({ length: 30 }, (_, index) => 30 - index),
    );
  });

  it('a query too long for a URL is answered, in one page since no next link could say it', async () => {
    const query = `$select=Id&$filter=Title%20ne%20'${'x'.repeat(100_000)}'`;
    const reply = await post('Cases/$query', query);
    const page = (await reply.json()) as Page;
    assert.equal(page.value.length, 30);
    assert.equal(page['@odata.nextLink'], undefined);
    await refused(post('Cases/$query', `$filter=Title%20ne%20'${'x'.repeat(300_000)}'`), 414, 'UrlTooLong');
  });

  it('entities, counts and properties; the root has nothing to query', async () => {
    const entity = (await (await post('Cases(3)/$query', '$select=Id')).json()) as { Id: number };
    assert.equal(entity.Id, 3);
    assert.equal(await (await post('Cases/$count/$query', '$filter=Id%20gt%2020')).text(), '10');
    await refused(post('Nope/$query', ''), 404, 'ResourceNotFound');
  });

  it('refuses other bodies and other methods', async () => {
    await refused(post('Cases/$query', '{}', 'application/json'), 415, 'UnsupportedMediaType');
    const options = await fetch(`${feed.root}Cases/$query`, { method: 'OPTIONS' });
    assert.equal(options.headers.get('allow'), 'GET, HEAD, OPTIONS, POST');
    const put = await fetch(`${feed.root}Cases/$query`, { method: 'PUT', body: '' });
    assert.equal(put.status, 405);
  });
});
