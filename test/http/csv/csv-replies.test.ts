import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type CacheServer, startCacheServer } from '../reply-cache/cache-server.ts';
import { fieldOf, readCsv, valueAt } from './read-csv.ts';

/** Every type, nulls and empty texts, and enough text that a slow client is noticed. */
const rows = `
  INSERT INTO feed."Agents" ("Id", "Name", "LeaderId", "City")
    SELECT g, CASE g % 4 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'Bé "b", ' || g ELSE E'two\\r\\nlines' END, g - 1,
      CASE WHEN g > 3 THEN '=' || g END FROM generate_series(1, 9) AS g;
  UPDATE feed."Agents" SET _deleted_at = now() WHERE "Id" = 9;
  INSERT INTO feed."Cases" SELECT
    g + 9007199254740993, CASE WHEN g % 5 > 0 THEN repeat('text, "' || g, g % 7) END, g % 7, (g % 3)::int2, g / 8.0,
    CASE g % 4 WHEN 0 THEN 'NaN'::float8 WHEN 1 THEN NULL ELSE g * 1.1 END, CASE g % 3 WHEN 0 THEN NULL ELSE g % 2 = 0 END,
    timestamptz '2024-01-01 00:00:00.5+00' + g * interval '7 hours', date '2024-02-28' + g, time '23:00' + g * interval '1 s',
    g * interval '90 s', md5(g::text)::uuid, decode(md5(g::text), 'hex'), CASE WHEN g % 6 > 0 THEN g % 10 END
    FROM generate_series(1, 400) AS g;
  INSERT INTO feed."Messages" ("CaseId", "Number", "Body") SELECT 9007199254740994 + g % 3, g, repeat('m', g) FROM generate_series(1, 30) AS g;`;

const exact = { Accept: 'application/json;IEEE754Compatible=true;odata.metadata=minimal' };

describe('http: collections as CSV', () => {
  let server: CacheServer;
  const get = (path: string, headers: Readonly<Record<string, string>> = {}) => server.feed.get(path, headers);
  before(async () => {
    // Pages of JSON are short, and a reader that has to be waited for at all has slept too long.
    const rest = { nap: 0, endure: 30_000, pause: 50 };
    server = await startCacheServer({ rows, settings: { pageSize: 90 }, database: { rest } });
  });
  after(async () => {
    await server.close();
    assert.deepEqual(server.feed.defects, []);
  });

  async function csvOf(path: string, headers: Readonly<Record<string, string>> = {}): Promise<(string | null)[][]> {
    const reply = await get(path, { Accept: 'text/csv', ...headers });
    const text = await reply.text();
    assert.equal(reply.status, 200, `${path}: ${text}`);
    return readCsv(text);
  }

  /** The rows of all pages of JSON. */
  async function jsonOf(path: string): Promise<unknown[]> {
    const found: unknown[] = [];
    for (let next: string | undefined = path; next !== undefined; ) {
      const reply = await get(next, exact);
      const page = (await reply.json()) as { value: unknown[]; '@odata.nextLink'?: string };
      assert.equal(reply.status, 200, `${path}: ${JSON.stringify(page)}`);
      found.push(...page.value);
      next = page['@odata.nextLink'];
    }
    return found;
  }

  /** Compares the reply value by value with that of JSON. Gives the names of the columns. */
  async function sameAsJson(path: string): Promise<readonly string[]> {
    const [header = [], ...records] = await csvOf(path);
    const names = header.map((name) => name ?? '');
    const expected = (await jsonOf(path)).map((row) => names.map((name) => fieldOf(valueAt(row, name.split('/')))));
    // JSON's reader has read the digits of a Double as a number already.
    const numbers = records.map((record) =>
      record.map((field, index) => (names[index] === 'Score' && field !== null ? String(Number(field)) : field)),
    );
    assert.deepEqual(numbers, expected, path);
    return names;
  }

  describe('are what JSON is, value by value, in one reply', () => {
    const paths: readonly [path: string, columns: string | null][] = [
      ['Agents', 'Id,Name,LeaderId,City'],
      ['Cases', null],
      ['Cases?$select=Title,Id', 'Id,Title'],
      ['Cases?$filter=Priority eq 3 and Open eq true&$orderby=Cost desc,Title', null],
      ['Cases?$orderby=Title desc&$skip=7&$top=123&$select=Title', 'Title'],
      ['Cases?$top=0', null],
      ['Cases?$search=text&$compute=Cost mul 2 as Twice,tolower(Title) as Low&$select=Id,Twice,Low', 'Id,Twice,Low'],
      [`Cases(9007199254740994)/Messages`, 'CaseId,Number,Body,Length,AgentId'],
      ['Agents/$ref', '@odata.id'],
      ['$all', null],
      ['$all/$ref?$top=60', '@odata.id'],
      [
        '$crossjoin(Agents,Messages)?$filter=Agents/Id lt 4',
        'Agents@odata.navigationLink,Messages@odata.navigationLink',
      ],
      [
        'Cases?$apply=groupby((Priority,Agent/City),aggregate($count as N,Cost with sum as Cost))',
        'Priority,Agent/City,N,Cost',
      ],
      ['Cases?$apply=groupby((Agent),aggregate($count as N))', 'N,Agent/Id,Agent/Name,Agent/LeaderId,Agent/City'],
      ['Cases?$apply=filter(Priority gt 2)/compute(Id add 1 as Next)&$select=Id,Next', 'Id,Next'],
      ['Messages?$apply=groupby((Case/Agent/Name,Case/Title),aggregate($count as N))', 'Case/Agent/Name,Case/Title,N'],
      ['Messages?$apply=concat(aggregate($count as N),groupby((CaseId)))', null],
      ['Cases?$apply=groupby((Id,Title,Priority))&$orderby=Id', null],
    ];
    for (const [path, columns] of paths) {
      it(path, async () => {
        const names = await sameAsJson(path);
        if (columns !== null) {
          assert.equal(names.join(), columns);
        }
      });
    }

    it('any options', () =>
      fc.assert(
        fc.asyncProperty(
          fc.record({
            select: fc.subarray(['Id', 'Title', 'Priority', 'Cost', 'Score', 'Open', 'CreatedAt', 'Took', 'Raw']),
            filter: fc.constantFrom('', 'Priority gt 2', 'Title eq null', "contains(Title,'1')", 'Open ne true'),
            orderby: fc.constantFrom('', 'Title', 'Score desc,Id', 'Agent/Name,Cost desc'),
            top: fc.option(fc.nat(410), { nil: null }),
            skip: fc.option(fc.nat(60), { nil: null }),
          }),
          async ({ select, ...options }) => {
            const given = { select: select.join(), ...options };
            const query = Object.entries(given).filter(([, value]) => value !== null && value !== '');
            await sameAsJson(`Cases?${query.map(([name, value]) => `$${name}=${value}`).join('&')}`);
          },
        ),
        { numRuns: 8 },
      ));
  });

  describe('the bytes', () => {
    const path = 'Agents?$select=Name,Id&$filter=Id le 4';
    const bytes = async (format: string): Promise<string> => {
      const reply = await get(`${path}&$format=${format}`);
      return Buffer.from(await reply.arrayBuffer()).toString('utf8');
    };

    it('RFC 4180: CRLF, null empty, empty text quoted', async () =>
      assert.equal(await bytes('csv'), 'Id,Name\r\n1,""\r\n2,"Bé ""b"", 2"\r\n3,"two\r\nlines"\r\n4,\r\n'));

    it('semicolons, decimal commas, no header, a byte order mark, guarded texts', async () => {
      assert.equal(
        await bytes('csv;delimiter=semicolon;header=absent'),
        '1;""\r\n2;"Bé ""b"", 2"\r\n3;"two\r\nlines"\r\n4;\r\n',
      );
      assert.match(await bytes('csv;bom=present'), /^\ufeffId,Name\r\n/);
      const numbers = await get('Cases?$select=Cost&$top=2&$format=text/csv;decimal=comma');
      assert.equal(await numbers.text(), 'Cost\r\n0,12500000000000000000\r\n0,25000000000000000000\r\n');
      const cities = await get('Agents?$select=City&$filter=Id eq 4&$format=csv;formulas=guarded');
      assert.equal(await cities.text(), "City\r\n'=4\r\n");
    });

    it('the head: type, file name, Vary; the number of rows where it was asked for', async () => {
      const reply = await get('Agents?$count=true&$top=1', { Accept: 'text/csv' });
      assert.equal(reply.headers.get('content-type'), 'text/csv;charset=utf-8;header=present');
      assert.equal(reply.headers.get('content-disposition'), 'attachment; filename="Agents.csv"');
      assert.match(reply.headers.get('vary') ?? '', /\bAccept\b/);
      assert.equal(reply.headers.get('x-total-count'), '8');
      assert.equal(reply.headers.get('odata-version'), '4.0');
      assert.equal((await reply.text()).split('\r\n').length, 3);
    });
  });

  describe('what cannot be CSV is refused', () => {
    const refusals: readonly [path: string, status: number, message: RegExp][] = [
      [
        'Cases?$expand=Agent&$format=csv',
        400,
        /^\$expand cannot be served as CSV: a field holds no rows\. Ask for JSON/,
      ],
      ['$crossjoin(Agents,Cases)?$expand=Agents&$format=csv', 400, /^\$expand cannot be served as CSV/],
      [
        'Cases?$format=xml',
        406,
        /^The format xml cannot be served\. There are json .* and csv \(text\/csv, with delimiter=/,
      ],
      [
        'Cases(9007199254740994)?$format=csv',
        406,
        /^The format csv cannot be served\. There is json .*; csv is for collections/,
      ],
      ['?$format=csv', 406, /csv is for collections/],
      [
        '$metadata?$format=csv',
        406,
        /^\$metadata cannot be served as csv\. There are xml \(application\/xml\) and json/,
      ],
    ];
    for (const [path, status, message] of refusals) {
      it(path, async () => {
        const reply = await get(path);
        const { error } = (await reply.json()) as { error: { message: string } };
        assert.equal(reply.status, status);
        assert.match(error.message, message);
      });
    }
  });

  describe('pages, where they are asked for', () => {
    async function pages(path: string, size: number): Promise<(string | null)[][]> {
      const found: (string | null)[][] = [];
      for (let next: string | undefined = path; next !== undefined; ) {
        const reply = await get(next, { Accept: 'text/csv', Prefer: `odata.maxpagesize=${size}` });
        const [header = [], ...records] = readCsv(await reply.text());
        assert.equal(reply.headers.get('preference-applied'), `odata.maxpagesize=${size}`);
        assert.ok(records.length <= size);
        found.push(...(found.length === 0 ? [header] : []), ...records);
        const link = reply.headers.get('link');
        next = link === null ? undefined : /^<([^>]+)>; rel="next"$/.exec(link)?.[1];
        assert.equal(next === undefined, link === null);
      }
      return found;
    }

    it('hold all rows together, each with a Link to the next one', async () => {
      for (const path of [
        "Cases?$filter=contains(Title,'>') or Priority lt 5&$orderby=Title",
        'Cases?$top=77',
        '$all',
      ]) {
        assert.deepEqual(await pages(path, 70), await csvOf(path), path);
      }
    });

    it('a long page waits in a file, which is gone afterwards', async () => {
      await server.load('Messages', `UPDATE feed."Messages" SET "Body" = repeat('x,', 40000)`);
      const reply = await get('Messages', { Accept: 'text/csv', Prefer: 'odata.maxpagesize=29' });
      const [, ...records] = readCsv(await reply.text());
      assert.deepEqual([records.length, records[0]?.[2]?.length], [29, 80_000]);
      assert.match(reply.headers.get('link') ?? '', /rel="next"$/);
      assert.deepEqual(
        readdirSync(os.tmpdir()).filter((name) => name.endsWith('.page')),
        [],
      );
    });
  });

  describe('as other replies', () => {
    it('HEAD has the head of GET and no body', async () => {
      const [head, whole] = [
        await server.wire('Agents', { Accept: 'text/csv' }, 'HEAD'),
        await server.wire('Agents', { Accept: 'text/csv' }),
      ];
      for (const name of ['content-type', 'content-disposition', 'etag'] as const) {
        assert.equal(head.headers[name], whole.headers[name]);
      }
      assert.equal(head.body.length, 0);
    });

    it('the ETag is one of each form, and a known one is 304', async () => {
      const tags = await Promise.all(
        ['csv', 'csv;header=absent', 'json'].map(async (format) =>
          (await get(`Agents?$format=${format}`)).headers.get('etag'),
        ),
      );
      assert.equal(new Set(tags).size, 3);
      const byHeader = await Promise.all(
        ['text/csv', 'text/csv;header=absent', 'application/json'].map(
          async (Accept) => (await get('Agents', { Accept })).headers.get('etag') ?? '',
        ),
      );
      assert.equal(new Set(byHeader).size, 3);
      const known = await get('Agents', { Accept: 'text/csv', 'If-None-Match': byHeader[0] ?? '' });
      assert.equal(known.status, 304);
      const others = await get('Agents', { Accept: 'text/csv', 'If-None-Match': byHeader[2] ?? '' });
      assert.equal(others.status, 200);
    });

    it("compressed, and the second client gets the first one's", async () => {
      const ask = () => server.wire('Cases?$select=Token,Raw,Title&$format=csv;delimiter=tab');
      const first = await ask();
      await server.settled();
      const second = await ask();
      assert.equal(first.headers['content-encoding'], 'gzip');
      assert.deepEqual(gunzipSync(second.body), gunzipSync(first.body));
      assert.equal(readCsv(gunzipSync(second.body).toString(), '\t').length, 401);
      for (const name of ['content-type', 'content-disposition', 'etag'] as const) {
        assert.equal(second.headers[name], first.headers[name]);
      }
    });

    it('in a batch: a text of JSON', async () => {
      const requests = [{ id: '1', method: 'get', url: 'Agents?$select=Id&$top=2', headers: { accept: 'text/csv' } }];
      const reply = await fetch(new URL('$batch', server.feed.root), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ requests }),
      });
      const { responses } = (await reply.json()) as { responses: { body: string }[] };
      assert.equal(responses[0]?.body, 'Id\r\n1\r\n2\r\n');
    });

    it('a query in a body', async () => {
      const reply = await fetch(new URL('Agents/$query', server.feed.root), {
        method: 'POST',
        headers: { 'Content-Type': 'text/plain', Accept: 'text/csv' },
        body: '$select=Id&$filter=Id in (1,2)',
      });
      assert.equal(await reply.text(), 'Id\r\n1\r\n2\r\n');
    });
  });

  describe('a slow reader', () => {
    const slowly = (path: string, pause: number): Promise<Buffer> =>
      new Promise((resolve, reject) => {
        const request = http.get(new URL(path, server.feed.root), { headers: { Accept: 'text/csv' } }, (reply) => {
          const chunks: Buffer[] = [];
          reply.on('data', (chunk: Buffer) => {
            chunks.push(chunk);
            reply.pause();
            setTimeout(() => reply.resume(), pause);
          });
          reply.on('end', () => resolve(Buffer.concat(chunks)));
          reply.on('error', reject);
        });
        request.on('error', reject);
      });

    it('gets all rows once, in the order that was asked for, while PostgreSQL is free of it', async () => {
      const path = '$crossjoin(Cases,Messages)?$top=4000&$orderby=Messages/Number desc';
      const slow = await slowly(path, 1);
      assert.deepEqual(readCsv(slow.toString()), await csvOf(path));
      assert.equal(readCsv(slow.toString()).length, 4001);
    });
  });
});
