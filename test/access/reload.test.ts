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

  describe('the next pages of a read that has begun', () => {
    const few = { Prefer: 'odata.maxpagesize=3' };
    const nextOf = async (url: string): Promise<string> =>
      (await pageOf(url, few))['@odata.nextLink'] ?? assert.fail(`a page more of ${url}`);
    const refused = /InvalidSkipToken|UnknownProperty|ResourceNotFound|NotImplemented/;
    const urls = [
      'Cases?$orderby=Title',
      'Cases?$orderby=Id desc',
      'Cases?$orderby=Agent/Name,Id',
      'Cases?$filter=Priority eq 0&$compute=toupper(Title) as Upper&$orderby=Upper',
      'Cases?$search=NOT nothing',
      'Cases/$ref?$orderby=Title',
      'Agents(1)/Cases?$orderby=Title',
      'Cases?$apply=groupby((Title))',
      'Cases?$apply=filter(Priority eq 0)/orderby(Title)',
      '$crossjoin(Cases,Agents)?$filter=Cases/Id lt 9&$orderby=Cases/Title',
      '$all',
    ];

    /** Masks of thousands of rows take their time. */
    const fewer = (rules: string): string => rules.replace('12000', '400');

    for (const [name, changedRules] of Object.entries(changed)) {
      const rules = fewer(changedRules);
      it(`are refused where the rules are ${name} now, and were before`, async () => {
        for (const url of urls) {
          for (const [before, after] of [
            [fewer(wide), rules],
            [rules, fewer(wide)],
          ] as const) {
            write(before);
            const first = await get(url, few);
            const { '@odata.nextLink': next } = JSON.parse(await first.text()) as Page;
            if (first.status !== 200) {
              assert.equal(before, rules, `${url}: it asks for what is hidden`);
              continue;
            }
            assert.ok(next !== undefined, url);
            write(after);
            const reply = await get(next, few);
            const text = await reply.text();
            assert.match(text, refused, `${url} ${reply.status}`);
            assert.ok([400, 404, 501].includes(reply.status), url);
            write(`${before}# again\n`);
            assert.equal((await get(next, few)).status, 200, `${url}: as it was`);
          }
        }
      });
    }

    it('are refused with what to do', async () => {
      const next = await nextOf('Cases?$orderby=Title');
      write(masked);
      const { error } = (await (await get(next)).json()) as { error: { code: string; message: string } };
      assert.equal(error.code, 'InvalidSkipToken');
      assert.match(error.message, /what you may see has changed .*start again from the first page/);
    });

    it('are refused in a batch, and in a reply that comes later', async () => {
      const next = new URL(await nextOf('Cases?$orderby=Title'));
      const monitor = (await get(next.href, { Prefer: 'respond-async' })).headers.get('location') ?? '';
      write(masked);
      const batch = await fetch(new URL('$batch', server.feed.root), {
        method: 'POST',
        headers: { 'api-key': 'ann', 'Content-Type': 'application/json' },
        body: JSON.stringify({ requests: [{ id: '1', method: 'GET', url: `${next.pathname}${next.search}` }] }),
      });
      const { responses } = (await batch.json()) as { responses: readonly { status: number; body: unknown }[] };
      assert.deepEqual(
        responses.map(({ status }) => status),
        [400],
      );
      assert.match(JSON.stringify(responses[0]?.body), /InvalidSkipToken/);
      assert.equal((await get(monitor)).status, 404);
    });

    it('are refused as CSV', async () => {
      const reply = await get('Cases?$orderby=Title&$format=csv', few);
      await reply.arrayBuffer();
      const next = /<([^>]*)>; rel="next"/.exec(reply.headers.get('link') ?? '')?.[1] ?? assert.fail('a page more');
      assert.equal((await get(next, few)).status, 200);
      write(masked);
      assert.match(await (await get(next, few)).text(), /InvalidSkipToken/);
    });

    it('go on where the rules changed for other sets, other people, or in their words alone', async () => {
      for (const rules of [
        one('{ sets: [Cases], rows: Id le 12000 }, { sets: [Agents], mask: [employee] }'),
        one('{ sets: [Agents] }, { sets: [Cases], rows: Id le 12000 }'),
        `${wide}  s: { who: [{ names: [bob] }], read: [{ sets: [Cases], mask: [direct] }] }\n`,
      ]) {
        write(wide);
        const next = await nextOf('Cases?$orderby=Title,Id');
        const expected = (await pageOf(next, few)).value;
        write(rules);
        assert.deepEqual((await pageOf(next, few)).value, expected, rules);
      }
    });

    it('of changes are gone', async () => {
      const track = { Prefer: 'odata.track-changes' };
      const { '@odata.deltaLink': link = '' } = await pageOf('Cases?$select=Id', track);
      await server.load('Cases', `UPDATE feed."Cases" SET "_version" = 1000 WHERE "Id" BETWEEN 10 AND 30`);
      const next = await nextOf(link);
      assert.equal((await get(next, few)).status, 200);
      for (const rules of [narrow, hidden, masked]) {
        write(rules);
        assert.equal((await get(next, few)).status, 410);
      }
    });
  });

  it('the changes behind a delta link', async () => {
    const track = { Prefer: 'odata.track-changes' };
    for (const rules of [narrow, hidden, masked]) {
      write(wide);
      const { '@odata.deltaLink': link = '' } = await pageOf('Cases?$select=Id', track);
      assert.equal((await get(link)).status, 200);
      write(rules);
      const reply = await get(link);
      assert.equal(reply.status, 410, await reply.text());
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
