import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { CompiledQuery } from '../../src/sql/compiled-query.ts';
import { compiled } from './compile-url.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

const month = 'CreatedAt ge 2021-01-01T00:00:00Z and CreatedAt lt 2021-02-01T00:00:00Z';

describe('The span of a time range', () => {
  it('is looked up in the index of the time alone, and stands in the query beside its conditions', () => {
    const { span, text } = compiled(`Cases?$select=Id&$filter=${month} and Priority eq 1`, 10);
    const from = `t1."CreatedAt" >= '2021-01-01T00:00:00Z'::timestamptz`;
    const until = `t1."CreatedAt" < '2021-02-01T00:00:00Z'::timestamptz`;
    assert.equal(
      span?.probe,
      `SELECT concat_ws(' ', min(s.id), max(s.id), count(*)) FROM (SELECT t1."_row" AS id FROM "feed"."Cases" AS t1 WHERE ${from} AND ${until} LIMIT 1000001) AS s`,
    );
    const between = (first: string, last: string): string => ` AND t1."_row" BETWEEN ${first} AND ${last} ORDER BY`;
    // Few of the rows between are of the range: its index finds them.
    assert.equal(span?.within('5 90071992547409930 12'), text.replace(' ORDER BY', between('5', '90071992547409930')));
    // Most of them are: they come in their order.
    assert.equal(
      span?.within('5 14 10'),
      `SELECT t1."Id", t1."_row" FROM "feed"."Cases" AS t1 WHERE t1."Priority" = 1 AND (${from}) IS TRUE AND (${until}) IS TRUE${between('5', '14')} t1."_row" LIMIT 11`,
    );
    assert.equal(span?.within('0'), text.replace(' ORDER BY', between('1', '0')), 'no row');
    assert.equal(span?.within('5 3000000 1000001'), text, 'too many to know');
  });

  it('does not make $skip leave out rows that are not of the range', () => {
    const { span } = compiled(`Cases?$select=Id&$filter=${month}&$skip=3&$top=2`, 10);
    assert.match(span?.within('5 14 10') ?? '', /BETWEEN 5 AND 14 ORDER BY t1."_row" LIMIT 2 OFFSET 3$/);
  });

  it('is looked for among more entries where pages are longer', () => {
    assert.match(compiled(`Cases?$filter=${month}`, 20_000).span?.probe ?? '', /LIMIT 20000001\)/);
    assert.match(compiled(`Cases?$filter=${month}&$top=5000`, 20_000).span?.probe ?? '', /LIMIT 5000001\)/);
  });

  for (const [what, url] of [
    ['another order', `Cases?$filter=${month}&$orderby=Id`],
    ['an alternative', `Cases?$filter=(${month}) or Id eq 1`],
    ['no filter', 'Cases'],
    ['a time without an index', 'Cases?$filter=DueOn ge 2021-01-01'],
    ['a time compared with another one', 'Cases?$filter=CreatedAt ge $root/Cases(1)/CreatedAt'],
    ['no bound', 'Cases?$filter=CreatedAt ne 2021-01-01T00:00:00Z'],
    ['no time', 'Cases?$filter=Priority ge 1'],
    ['a row that is led to', 'Messages?$filter=Case/CreatedAt ge 2021-01-01T00:00:00Z'],
    ['rows that are led to', `Agents(1)/Cases?$filter=${month}`],
    ['aggregated rows', `Cases?$apply=filter(${month})/groupby((Priority))`],
  ] as const) {
    it(`is not there for ${what}`, () => {
      assert.equal(compiled(url).span ?? null, null);
    });
  }

  describe('of rows in a database', () => {
    let feed: TestFeed;
    before(async () => {
      // Roughly in the order of their times, with holes and nulls.
      feed = await openTestFeed(`
        INSERT INTO feed."Cases" ("Id", "Priority", "CreatedAt")
          SELECT n, n % 3, CASE WHEN n % 50 > 0 THEN '2020-01-01T00:00:00Z'::timestamptz + (n + n * 7919 % 40) * interval '1 hour' END
          FROM generate_series(1, 20000) AS n;
        DELETE FROM feed."Cases" WHERE "Id" % 11 = 0;
        CREATE INDEX cases_created ON feed."Cases" ("CreatedAt" NULLS FIRST, _row);
        `);
      await feed.client.query('VACUUM ANALYZE feed."Cases"');
    });
    after(() => feed.close());

    const bounded = async ({ span }: CompiledQuery): Promise<string> => {
      const { rows } = await feed.client.query<{ concat_ws: string }>(span?.probe ?? '');
      return span?.within(rows[0]?.concat_ws ?? '') ?? '';
    };
    const explained = async (sql: string): Promise<string> => {
      const { rows } = await feed.client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${sql}`);
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    };
    const examined = async (sql: string): Promise<number> => {
      const { rows } = await feed.client.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ${sql}`,
      );
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      return Number(/Rows Removed by Filter: (\d+)/.exec(plan)?.[1] ?? '0');
    };

    it('keeps PostgreSQL from going through all rows before the last days', async () => {
      const query = compiled('Cases?$select=Id&$filter=CreatedAt ge 2022-03-20T00:00:00Z', 50);
      assert.ok((await examined(query.text)) > 10_000, 'without it the rows before are gone through');
      assert.ok((await examined(await bounded(query))) < 100);
    });

    it('keeps PostgreSQL from going through all rows behind the first days', async () => {
      const query = compiled('Cases?$select=Id&$filter=CreatedAt lt 2020-01-05T00:00:00Z', 200);
      assert.ok((await examined(await bounded(query))) < 200);
    });

    it('lets a page of a range be read in the order of its rows, without sorting all of them', async () => {
      const query = compiled(
        'Cases?$select=Id,Title&$filter=CreatedAt ge 2021-06-01T00:00:00Z and CreatedAt lt 2021-12-01T00:00:00Z',
        200,
      );
      assert.doesNotMatch(await explained(await bounded(query)), /Sort/);
    });

    it('leaves rows in no order of their times to the index of the time', async () => {
      const query = compiled(
        'Cases?$select=Id&$filter=CreatedAt ge 2025-03-01T00:00:00Z and CreatedAt lt 2025-03-02T00:00:00Z',
        2000,
      );
      await feed.client.query(`BEGIN; INSERT INTO feed."Cases" ("Id", "CreatedAt")
        SELECT n, '2025-01-01T00:00:00Z'::timestamptz + (n * 7919 % 20000) * interval '1 hour' FROM generate_series(30001, 50000) AS n;
        ANALYZE feed."Cases"`);
      try {
        assert.match(await explained(await bounded(query)), /cases_created/);
      } finally {
        await feed.client.query('ROLLBACK');
      }
    });

    it('gives the same rows in the same order, whatever else is asked', async () => {
      const hour = fc.integer({ min: -100, max: 20_200 });
      const at = (hours: number): string => new Date(Date.UTC(2020, 0, 1, hours)).toISOString();
      const lower = fc.tuple(fc.constantFrom('ge', 'gt'), hour).map(([op, h]) => `CreatedAt ${op} ${at(h)}`);
      const upper = fc
        .tuple(fc.constantFrom('lt', 'le'), hour)
        .map(([op, h]) => `${at(h)} ${op === 'lt' ? 'gt' : 'ge'} CreatedAt`);
      const other = fc.constantFrom(
        'Priority eq 1',
        'Id gt 9000',
        'Agent/Name eq null',
        'not (Priority eq null)',
        'CreatedAt ne null',
      );
      const filter = fc
        .tuple(fc.subarray(['l', 'u', 'o'], { minLength: 1 }), lower, upper, other)
        .map(([parts, l, u, o]) => parts.map((part) => ({ l, u, o })[part] ?? '').join(' and '));
      const options = fc.constantFrom('', '&$top=7', '&$skip=3', '&$top=1000&$skip=5');
      await fc.assert(
        fc.asyncProperty(filter, options, fc.constantFrom(20, 300, 100_000), async (text, more, pageSize) => {
          const query = compiled(`Cases?$select=Id&$filter=${text}${more}`, pageSize);
          if ((query.span ?? null) === null) {
            return;
          }
          const ids = async (sql: string): Promise<unknown[]> => (await feed.client.query(sql)).rows;
          assert.deepEqual(await ids(await bounded(query)), await ids(query.text));
        }),
        { numRuns: 60 },
      );
    });
  });
});
