import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openAccess } from '../../src/access/open-access.ts';
import { unobserved } from '../../src/observation/observe.ts';
import { byName } from '../http/by-name.ts';
import { type CacheServer, cases, inflated, startCacheServer } from '../http/reply-cache/cache-server.ts';
import { catalogue } from '../http/rights/personal-model.ts';
import { putInPlace } from '../support/put-in-place.ts';
import { until } from '../support/until.ts';

const one = (read: string): string => `roles:\n  r: { who: [{ names: [ann, bob] }], read: [${read}] }\n`;
const wide = one('{ sets: [Cases], rows: Id le 12000 }, { sets: [Agents] }');
const narrow = one('{ sets: [Cases], rows: Id le 300 }, { sets: [Agents] }');
const hidden = one('{ sets: [Cases], rows: Id le 12000, columns: [Priority] }, { sets: [Agents] }');
const masked = one('{ sets: [Cases], rows: Id le 12000, mask: [direct] }, { sets: [Agents] }');
/** What none of these may name. */
const faulty = one('{ sets: [Cases], rows: Nothing le 12000 }');
const changed = { narrow, hidden, masked };

interface Page {
  readonly value: readonly Readonly<Record<string, unknown>>[];
  readonly '@odata.nextLink'?: string;
  readonly '@odata.deltaLink'?: string;
}

describe('http: nothing is served by rules of before', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-reload-'));
  const file = path.join(folder, 'access.yaml');
  const write = (text: string): void => {
    putInPlace(file, text);
  };
  let server: CacheServer;
  before(async () => {
    write(wide);
    const access = openAccess(file, { catalogue, isOperator: () => false, observe: unobserved, watch: unobserved });
    server = await startCacheServer({
      rows: cases(16_000),
      authentication: byName,
      catalogue: () => catalogue,
      grantsOf: access.grantsOf,
    });
  });
  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => write(wide));

  const get = (url: string, headers = {}): Promise<Response> => server.feed.get(url, { 'api-key': 'ann', ...headers });
  const pageOf = async (url: string, headers = {}): Promise<Page> => {
    const reply = await get(url, headers);
    const text = await reply.text();
    assert.equal(reply.status, 200, text);
    return JSON.parse(text) as Page;
  };
  /** The same request as it is answered where nothing was there before it. */
  const fresh = async (rules: string, url: string): Promise<string> => {
    write(rules);
    return (await get(`${url}&$count=false`)).text();
  };

  const url = 'Cases?$orderby=Priority,Id desc';

  for (const [name, rules] of Object.entries(changed)) {
    it(`a reply that was kept, where they are ${name} now`, async () => {
      const expected = await fresh(rules, url);
      write(wide);
      const before = inflated(await server.wire(url, { 'api-key': 'ann' }));
      await server.settled();
      const again = await server.wire(url, { 'api-key': 'bob' });
      assert.equal(server.fromCache(), true, 'else this proves nothing');
      const tag = String(again.headers.etag);
      write(rules);
      const reply = await server.wire(url, { 'api-key': 'ann', 'If-None-Match': tag });
      assert.deepEqual([reply.status, server.fromCache()], [200, false]);
      const after = inflated(reply);
      assert.notEqual(after, before);
      assert.equal(after, expected);
      await server.settled();
      // And back again: what was kept under the rules of then is right once more.
      write(wide);
      assert.equal(inflated(await server.wire(url, { 'api-key': 'bob' })), before);
    });
  }

  it('a count that was known', async () => {
    const count = async (): Promise<string> => (await get("Cases/$count?$filter=Title ne 'x'")).text();
    assert.deepEqual([await count(), await count()], ['12000', '12000']);
    write(narrow);
    assert.equal(await count(), '300');
    write(hidden);
    assert.match(await count(), /UnknownProperty/);
  });

  it('a document', async () => {
    const reply = await get('$metadata');
    const tag = reply.headers.get('etag') ?? '';
    assert.match(await reply.text(), /Name="Title"/);
    write(hidden);
    const after = await get('$metadata', { 'If-None-Match': tag });
    assert.equal(after.status, 200);
    assert.doesNotMatch(await after.text(), /Name="Title"/);
  });

  it('an answer that came later, whether it had ended or not', async () => {
    for (const rules of [narrow, hidden, masked]) {
      write(wide);
      for (const hasEnded of [true, false]) {
        const asked = await get('Cases?$orderby=Title', { Prefer: 'respond-async' });
        assert.equal(asked.status, 202);
        const monitor = asked.headers.get('location') ?? '';
        const look = async (): Promise<number> => {
          const reply = await get(monitor);
          await reply.arrayBuffer();
          return reply.status;
        };
        if (hasEnded) {
          await until('it has ended', async () => (await look()) === 200);
        }
        write(`${wide}# another file of the same rules\n`);
        assert.notEqual(await look(), 404);
        write(rules);
        const reply = await get(monitor);
        assert.deepEqual(
          [reply.status, /changed since .*send its request again/.test(await reply.text())],
          [404, true],
        );
        write(wide);
        assert.equal(await look(), 404, 'nothing of it is kept');
      }
    }
  });

  it('the next pages of a read that has begun', async () => {
    for (const [name, rules] of Object.entries(changed)) {
      write(wide);
      const first = await pageOf('Cases?$orderby=Id desc', { Prefer: 'odata.maxpagesize=5' });
      const next = first['@odata.nextLink'] ?? assert.fail('a page more');
      write(rules);
      const reply = await get(next, { Prefer: 'odata.maxpagesize=5' });
      const text = await reply.text();
      if (reply.status === 200) {
        const { value } = JSON.parse(text) as Page;
        const expected = await pageOf('Cases?$orderby=Id desc&$filter=Id lt 11996', { Prefer: 'odata.maxpagesize=5' });
        assert.deepEqual(value, expected.value, name);
      } else {
        assert.match(text, /InvalidSkipToken/, name);
      }
    }
  });

  it('the changes behind a delta link', async () => {
    const track = { Prefer: 'odata.track-changes' };
    for (const rules of [narrow, hidden, masked]) {
      write(wide);
      const { '@odata.deltaLink': link = '' } = await pageOf('Cases?$select=Id', track);
      assert.equal((await get(link)).status, 200);
      write(rules);
      const reply = await get(link);
      assert.ok(reply.status === 410 || reply.status === 501, `${reply.status} ${await reply.text()}`);
    }
  });

  it('and a faulty file changes none of it', async () => {
    const { value } = await pageOf('Cases?$top=2&$orderby=Id desc');
    write(faulty);
    assert.deepEqual((await pageOf('Cases?$top=2&$orderby=Id desc')).value, value);
    write('roles: [');
    assert.deepEqual((await pageOf('Cases?$top=2&$orderby=Id desc')).value, value);
    write(narrow);
    assert.equal((await pageOf('Cases?$top=2&$orderby=Id desc')).value[0]?.['Id'], 300);
  });
});
