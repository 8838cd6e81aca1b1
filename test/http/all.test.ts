import assert from 'node:assert/strict';
import http from 'node:http';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { encodePagePosition } from '../../src/plan/position/page-position.ts';
import { startTestServer, type TestServer } from './test-server.ts';

type Row = Readonly<Record<string, unknown>>;
interface Page {
  readonly '@odata.context'?: string;
  readonly '@odata.count'?: number | string;
  readonly '@odata.nextLink'?: string;
  readonly value: readonly Row[];
}

const rows = `
  INSERT INTO feed."Agents" ("Id", "Name", "LeaderId", "City") VALUES
    (1, 'Ann', NULL, 'Utrecht'), (2, 'Bé "b"', 1, NULL), (3, 'gone', 1, 'X');
  UPDATE feed."Agents" SET _deleted_at = now() WHERE "Id" = 3;
  INSERT INTO feed."Cases" ("Id", "Title", "AgentId") VALUES (9, 'It''s', 1), (1, NULL, 2), (5, 'x', NULL);
  INSERT INTO feed."Messages" ("CaseId", "Number", "Body") VALUES (9, 1, 'a'), (9, 2, NULL), (1, 1, 'c'), (5, 7, 'd');`;

/** The sets in the order of `$all`. */
const sets = ['Agents', 'Cases', 'Messages'] as const;
const typeOf = { Agents: '#Feed.Agent', Cases: '#Feed.Case', Messages: '#Feed.Message' } as const;
const idOf = {
  Agents: (row: Row) => `Agents(${row['Id']})`,
  Cases: (row: Row) => `Cases(${row['Id']})`,
  Messages: (row: Row) => `Messages(CaseId=${row['CaseId']},Number=${row['Number']})`,
} as const;

describe('http: $all', () => {
  let feed: TestServer;
  /** Every row of every set as its own set serves it, with what `$all` says of it besides. */
  let everything: readonly Row[];
  before(async () => {
    feed = await startTestServer({ rows });
    everything = await expected();
  });
  after(async () => {
    await feed.close();
    assert.deepEqual(feed.defects, []);
  });

  async function page(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Page> {
    const reply = await feed.get(url, headers);
    const text = await reply.text();
    assert.equal(reply.status, 200, `${url}: ${text}`);
    return JSON.parse(text) as Page;
  }

  async function pages(url: string, headers: Readonly<Record<string, string>> = {}): Promise<readonly Page[]> {
    const found: Page[] = [];
    for (let next: string | undefined = url; next !== undefined; ) {
      const one: Page = await page(next, headers);
      found.push(one);
      assert.ok(found.length < 200, 'pages without an end');
      next = one['@odata.nextLink'];
    }
    return found;
  }

  async function expected(): Promise<readonly Row[]> {
    const found: Row[] = [];
    for (const set of sets) {
      for (const row of (await page(set)).value) {
        found.push({
          '@odata.context': `${feed.root}$metadata#${set}/$entity`,
          '@odata.type': typeOf[set],
          '@odata.id': idOf[set](row),
          ...row,
        });
      }
    }
    return found;
  }

  it('a set that cannot be read is an error reply, however long it was waited for, while nothing was sent', async () => {
    const slow = await startTestServer({ rows, statementTimeout: 400 });
    const { client } = slow;
    try {
      // The rows of Agents are at hand; those of Cases are waited for in vain.
      await client.query('BEGIN; LOCK TABLE feed."Cases" IN ACCESS EXCLUSIVE MODE');
      const reply = await slow.get('$all');
      assert.equal(reply.status, 503);
      assert.equal(((await reply.json()) as { error: { code: string } }).error.code, 'QueryTimeout');
    } finally {
      await client.query('ROLLBACK');
      await slow.close();
    }
  });

  it('has the rows of every set, each with its set, its type and its id', async () => {
    const { value, ...rest } = await page('$all');
    assert.deepEqual(rest, { '@odata.context': `${feed.root}$metadata#Collection(Edm.EntityType)` });
    assert.deepEqual(value, everything);
    assert.equal(value.length, 9);
    for (const row of value) {
      const found = await page(`${new URL(String(row['@odata.id']), String(row['@odata.context']))}`);
      assert.deepEqual({ ...row, ...found }, { ...row, '@odata.context': row['@odata.context'] });
    }
  });

  it('metadata=none has the rows alone; metadata=full their links, relative to the context', async () => {
    const none = await page('$all', { Accept: 'application/json;odata.metadata=none' });
    const bare = everything.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => name[0] !== '@')));
    assert.deepEqual(none, { value: bare });
    const full = await page('$all?$skip=8', { Accept: 'application/json;odata.metadata=full' });
    assert.deepEqual(full.value, [
      {
        '@odata.context': `${feed.root}$metadata#Messages/$entity`,
        '@odata.type': '#Feed.Message',
        '@odata.id': 'Messages(CaseId=5,Number=7)',
        'Case@odata.associationLink': 'Messages(CaseId=5,Number=7)/Case/$ref',
        'Case@odata.navigationLink': 'Messages(CaseId=5,Number=7)/Case',
        'Agent@odata.associationLink': 'Messages(CaseId=5,Number=7)/Agent/$ref',
        'Agent@odata.navigationLink': 'Messages(CaseId=5,Number=7)/Agent',
        'CaseId@odata.type': '#Int64',
        CaseId: 5,
        'Number@odata.type': '#Int32',
        Number: 7,
        Body: 'd',
        'Length@odata.type': '#Int32',
        Length: null,
        'AgentId@odata.type': '#Int32',
        AgentId: null,
      },
    ]);
  });

  it('/$count, $count=true on the first page, /$ref', async () => {
    assert.equal(await (await feed.get('$all/$count')).text(), '9');
    const counted = await pages('$all?$count=true&$top=7&$skip=1', { Prefer: 'odata.maxpagesize=3' });
    assert.deepEqual(
      counted.map((one) => one['@odata.count']),
      [9, undefined, undefined],
    );
    const strings = await page('$all?$count=true&$top=0', { Accept: 'application/json;IEEE754Compatible=true' });
    assert.deepEqual([strings['@odata.count'], strings.value], ['9', []]);
    const references = await pages('$all/$ref', { Prefer: 'odata.maxpagesize=4' });
    assert.equal(references[0]?.['@odata.context'], `${feed.root}$metadata#Collection($ref)`);
    assert.deepEqual(
      references.flatMap((one) => one.value),
      everything.map((row) => ({ '@odata.id': `${feed.root}${row['@odata.id']}` })),
    );
  });

  it('no row is lost or doubled, whatever the page size, $top and $skip', async () => {
    const options = fc.record({
      size: fc.integer({ min: 1, max: 11 }),
      top: fc.option(fc.integer({ min: 0, max: 11 })),
      skip: fc.option(fc.integer({ min: 0, max: 11 })),
    });
    await fc.assert(
      fc.asyncProperty(options, async ({ size, top, skip }) => {
        const query = [top === null ? '' : `$top=${top}`, skip === null ? '' : `$skip=${skip}`].filter(Boolean);
        const found = await pages(`$all?${query.join('&')}`, { Prefer: `odata.maxpagesize=${size}` });
        const start = skip ?? 0;
        assert.deepEqual(
          found.flatMap((one) => one.value),
          everything.slice(start, top === null ? undefined : start + top),
        );
        // Every page is full save the last one, which is never empty behind another.
        assert.ok(found.slice(0, -1).every((one) => one.value.length === size));
        assert.ok(found.length === 1 || (found.at(-1)?.value.length ?? 0) > 0);
      }),
      { numRuns: 60 },
    );
  });

  it('rows that come and go between pages move no other row', async () => {
    const { client } = feed;
    const first = await page('$all', { Prefer: 'odata.maxpagesize=4' });
    await client.query(`INSERT INTO feed."Agents" ("Id", "Name") VALUES (8, 'late')`);
    await client.query(`INSERT INTO feed."Cases" ("Id", "Title") VALUES (2, 'late')`);
    await client.query(`DELETE FROM feed."Cases" WHERE "Id" = 1`);
    const rest = await pages(first['@odata.nextLink'] ?? '', { Prefer: 'odata.maxpagesize=4' });
    const ids = [first, ...rest].flatMap((one) => one.value.map((row) => row['@odata.id']));
    await client.query(`DELETE FROM feed."Agents" WHERE "Id" = 8; DELETE FROM feed."Cases" WHERE "Id" IN (2, 9, 5);
      INSERT INTO feed."Cases" ("Id", "Title", "AgentId") VALUES (9, 'It''s', 1), (1, NULL, 2), (5, 'x', NULL)`);
    const known = everything.map((row) => row['@odata.id']);
    assert.deepEqual(ids, [...known.slice(0, 5), 'Cases(2)', ...known.slice(5)]);
  });

  it('$all/Type is the set of that type; options need it', async () => {
    assert.deepEqual(
      (await page('$all/Feed.Agent?$filter=Id eq 2')).value,
      (await page('Agents(2)/Leader/Team')).value,
    );
    const refusals = [
      ['$all?$filter=Id eq 1', 400, 'UnknownProperty', '$filter'],
      ['$all?$orderby=Title', 400, 'UnknownProperty', '$orderby'],
      ['$all?$select=Title', 400, 'UnknownProperty', '$select'],
      ['$all?$expand=Agent', 400, 'UnknownProperty', '$expand'],
      ['$all?$filter=Feed.Case/Id eq 1', 501, 'NotImplemented', '$filter'],
      ['$all?$search=x', 501, 'NotImplemented', '$search'],
      ['$all?$apply=aggregate($count as N)', 501, 'NotImplemented', '$apply'],
      ['$all/Feed.Agents', 404, 'ResourceNotFound', 'path'],
    ] as const;
    for (const [url, status, code, target] of refusals) {
      const reply = await feed.get(url);
      const { error } = (await reply.json()) as { error: { code: string; target: string } };
      assert.deepEqual([reply.status, error.code, error.target], [status, code, target], url);
    }
  });

  it('ETag and 304, HEAD, gzip, omitted nulls, Preference-Applied', async () => {
    const whole = await feed.get('$all');
    const etag = whole.headers.get('etag') ?? '';
    assert.match(etag, /^".+"$/);
    assert.equal((await feed.get('$all', { 'If-None-Match': etag })).status, 304);
    assert.notEqual((await feed.get('$all?$top=3')).headers.get('etag'), etag);
    await feed.client.query(`UPDATE gateway.set_versions SET version = version + 1 WHERE entity_set = 'Messages'`);
    assert.equal((await feed.get('$all', { 'If-None-Match': etag })).status, 200);

    const head = await fetch(`${feed.root}$all`, { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.headers.get('content-type'), whole.headers.get('content-type'));
    assert.equal(await head.text(), '');

    const body = await new Promise<Buffer>((resolve) => {
      http.get(`${feed.root}$all`, { headers: { 'Accept-Encoding': 'gzip' } }, (reply) => {
        const chunks: Buffer[] = [];
        assert.equal(reply.headers['content-encoding'], 'gzip');
        reply.on('data', (chunk: Buffer) => chunks.push(chunk));
        reply.on('end', () => resolve(Buffer.concat(chunks)));
      });
    });
    assert.deepEqual((JSON.parse(gunzipSync(body).toString('utf8')) as Page).value, everything);

    const preferring = await feed.get('$all', { Prefer: 'omit-values=nulls,odata.maxpagesize=2' });
    assert.equal(preferring.headers.get('preference-applied'), 'omit-values=nulls, odata.maxpagesize=2');
    const { value } = (await preferring.json()) as Page;
    assert.deepEqual(
      value,
      everything.slice(0, 2).map((row) => Object.fromEntries(Object.entries(row).filter(([, cell]) => cell !== null))),
    );
  });

  it('many rows of many pages are streamed; one set after the other in one statement each', async () => {
    await feed.client.query(`INSERT INTO feed."Messages" ("CaseId", "Number", "Body")
      SELECT 9, g, repeat('y', 300) FROM generate_series(100, 30099) AS g`);
    try {
      const found = await pages('$all');
      assert.deepEqual(
        found.map((one) => one.value.length),
        [20_000, 10_009],
      );
      assert.equal(new Set(found.flatMap((one) => one.value.map((row) => row['@odata.id']))).size, 30_009);
    } finally {
      await feed.client.query(`DELETE FROM feed."Messages" WHERE "Number" >= 100`);
    }
  });

  it('a token that is damaged, of another query, or of a set that is not served is refused', async () => {
    const { '@odata.nextLink': next = '' } = await page('$all', { Prefer: 'odata.maxpagesize=4' });
    const token = new URL(next).searchParams.get('$skiptoken') ?? '';
    const [, fingerprint = ''] = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as string[];
    const made = (values: (string | null)[], rowId: string): string =>
      encodePagePosition({ values, rowId, remaining: null }, fingerprint);
    assert.equal((await page(`$all?$skiptoken=${made(['Messages', null], '')}`)).value.length, 4);
    for (const wrong of [
      'x',
      made(['Nothing', null], ''),
      made(['Messages'], ''),
      made([null, null], ''),
      made(['Messages', null], '1 OR TRUE'),
    ]) {
      const reply = await feed.get(`$all?$skiptoken=${wrong}`);
      const { error } = (await reply.json()) as { error: { code: string } };
      assert.deepEqual([reply.status, error.code], [400, 'InvalidSkipToken'], wrong);
    }
    assert.equal((await feed.get(`$all/$ref?$skiptoken=${token}`)).status, 400);
    assert.equal((await feed.get(`Cases?$skiptoken=${token}`)).status, 400);
  });

  it('in a batch, and as a query in a body', async () => {
    const reply = await fetch(`${feed.root}$batch`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ requests: [{ id: '1', method: 'get', url: '$all?$top=2' }] }),
    });
    const { responses } = (await reply.json()) as { responses: { body: Page }[] };
    assert.deepEqual(responses[0]?.body.value, everything.slice(0, 2));
    const posted = await fetch(`${feed.root}$all/$query`, {
      method: 'POST',
      headers: { 'Content-Type': 'text/plain' },
      body: '$top=1&$skip=3',
    });
    assert.deepEqual(((await posted.json()) as Page).value, everything.slice(3, 4));
  });
});
