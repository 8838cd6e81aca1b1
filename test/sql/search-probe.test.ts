import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Property } from '../../src/edm/model.ts';
import type { CompiledQuery } from '../../src/sql/compiled-query.ts';
import { searchVector } from '../../src/sql/expression/search.ts';
import { compileCollection } from '../../src/sql/read/compile-read.ts';
import { compiled, planOf } from './compile-url.ts';
import { catalogue } from './small-model.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

const condition = (word: string): string =>
  `to_tsvector('simple'::regconfig, COALESCE(left(t1."Title", 100000), '')) @@ phraseto_tsquery('simple'::regconfig, '${word}')`;

describe('The rows of a search', () => {
  it('are looked for by its index alone, and stand in the query beside its condition where they are few', () => {
    const { span, text } = compiled('Cases?$select=Id&$search=rare&$filter=Priority eq 1&$top=5', 10);
    const found = `SELECT t1."_row" AS id FROM "feed"."Cases" AS t1 WHERE ${condition('rare')}`;
    const list = `SELECT count(*) AS n, string_agg(r.id::text, ',' ORDER BY r.id) AS ids FROM (${found} LIMIT 101) AS r`;
    const first = `SELECT ${condition('rare')} AS found FROM "feed"."Cases" AS t1 ORDER BY t1."_row" LIMIT 1000`;
    const common = `(SELECT count(*) FILTER (WHERE h.found) FROM (${first}) AS h) >= 10`;
    const few = `CASE WHEN ${common} THEN false ELSE (SELECT count(*) FROM (${found} LIMIT 5001) AS r) <= 5000 END`;
    assert.equal(
      span?.probe,
      `SELECT CASE WHEN f.n <= 100 THEN concat('=', f.ids) WHEN ${few} THEN 'few' ELSE 'many ' END FROM (${list}) AS f`,
    );
    const beside = (more: string): string => text.replace(' ORDER BY', ` AND t1."_row" = ANY (${more}) ORDER BY`);
    assert.equal(span?.within('=5,90071992547409930'), beside(`'{5,90071992547409930}'::bigint[]`));
    assert.equal(span?.within('='), beside(`'{}'::bigint[]`), 'no row');
    assert.equal(span?.within('few'), beside(`ARRAY(${found})`));
    assert.equal(span?.within('many '), text);
  });

  it('are looked for where words stand together without what PostgreSQL makes of each of them', () => {
    const probe = (search: string): string => compiled(`Cases?$search=${search}`).span?.probe ?? '';
    const alone = /@@ \(?phraseto_tsquery/;
    const told = /@@ \(SELECT /;
    for (const search of ['rare', 'rare OR other', '"rare"', 'größe2']) {
      assert.match(probe(search), alone);
      assert.doesNotMatch(probe(search), told, search);
    }
    for (const search of ['"rare other"', 'rare other', 'rare OR NOT other', 'rare-other']) {
      assert.match(probe(search), told, search);
      assert.doesNotMatch(probe(search), alone);
    }
  });

  it('are those of a time range where they are many', () => {
    const range = 'CreatedAt ge 2021-01-01T00:00:00Z';
    const { span } = compiled(`Cases?$select=Id&$search=rare&$filter=${range}`, 10);
    const alone = compiled(`Cases?$select=Id&$filter=${range}`, 10).span;
    assert.ok(span?.probe.includes(`ELSE concat('many ', (${alone?.probe ?? ''})) END FROM`), span?.probe);
    assert.match(span?.within('many 5 9 1') ?? '', /@@ .* AND t1\."_row" BETWEEN 5 AND 9 ORDER BY/);
    assert.match(span?.within('many 5 14 10') ?? '', /IS TRUE AND t1\."_row" BETWEEN 5 AND 14 ORDER BY/);
    assert.match(span?.within('=7') ?? '', /ANY \('\{7\}'::bigint\[\]\) ORDER BY/);
  });

  for (const [what, url] of [
    ['rows that are led to', 'Agents(1)/Cases?$search=rare'],
    ['aggregated rows', 'Cases?$apply=search(rare)/groupby((Priority))'],
    ['the rows of an $expand', 'Agents?$expand=Cases($search=rare)'],
  ] as const) {
    it(`are not looked for apart among ${what}`, () => {
      assert.equal(compiled(url).span ?? null, null);
    });
  }

  it('are not looked for apart where no index has what is looked into', () => {
    const bound = planOf('Cases?$search=rare');
    assert.ok(bound.kind === 'Collection' && bound.restriction.search !== null);
    const { search } = bound.restriction;
    const [title] = search.properties;
    assert.ok(title !== undefined);
    const spanOf = (properties: readonly Property[], named = catalogue): unknown =>
      compileCollection({ ...bound, restriction: { ...bound.restriction, search: { ...search, properties } } }, named)
        .span ?? null;
    assert.notEqual(spanOf([title]), null);
    assert.equal(spanOf([{ ...title, shown: 'masked' }]), null, 'masked');
    assert.equal(spanOf([]), null, 'of several texts one is not to be seen');
    const cases = catalogue.sets.get('Cases');
    assert.ok(cases?.kind === 'stored');
    const brought = { ...cases, relation: { schema: 'pg_temp', name: 'twin 1' } };
    assert.equal(spanOf([title], { ...catalogue, sets: new Map([...catalogue.sets, ['Cases', brought]]) }), null);
  });

  describe('in a database', () => {
    let feed: TestFeed;
    before(async () => {
      const set = catalogue.sets.get('Cases');
      assert.ok(set?.kind === 'stored');
      feed = await openTestFeed(`
        INSERT INTO feed."Cases" ("Id", "Priority", "CreatedAt", "Title")
          SELECT n, n % 3, '2020-01-01T00:00:00Z'::timestamptz + n * interval '1 hour',
            concat_ws(' ', 'case', CASE WHEN n % 2 = 0 THEN 'half' END, CASE WHEN n > 12000 AND n % 90 = 0 THEN 'some' END, CASE WHEN n = 19000 THEN 'rare' END, CASE WHEN n > 14000 THEN 'late' END, 'w' || n)
          FROM generate_series(1, 20000) AS n;
        CREATE INDEX cases_search ON feed."Cases" USING gin ((${searchVector(set, ['Title'])}));
        CREATE INDEX cases_created ON feed."Cases" ("CreatedAt" NULLS FIRST, _row)`);
      // Without statistics, which of so few rows would know each word; of millions they know the common ones.
      await feed.client.query('VACUUM feed."Cases"');
    });
    after(() => feed.close());

    const told = async ({ span }: CompiledQuery): Promise<string> => {
      const { rows } = await feed.client.query<Record<string, string>>(span?.probe ?? '');
      return Object.values(rows[0] ?? {})[0] ?? '';
    };
    const explained = async (sql: string): Promise<string> => {
      const { rows } = await feed.client.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ${sql}`,
      );
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    };
    const examined = async (sql: string): Promise<number> =>
      Number(/Rows Removed by Filter: (\d+)/.exec(await explained(sql))?.[1] ?? '0');

    it('keep PostgreSQL from going through the set for a first page of a rare word, in whatever order', async () => {
      for (const url of ['Cases?$select=Id&$search=rare&$top=1', 'Cases?$search=rare&$orderby=CreatedAt&$top=1']) {
        const query = compiled(url, 100);
        assert.equal(await told(query), '=19000');
        assert.ok((await examined(query.text)) > 900, 'without it the rows before or behind are gone through');
        assert.equal(await examined(query.span?.within(await told(query)) ?? ''), 0);
      }
    });

    it('are told by their numbers up to 100, by their being few up to 5,000, and left to PostgreSQL where they are common', async () => {
      const of = (words: string): Promise<string> => told(compiled(`Cases?$search=${words}`));
      assert.equal(await of('nowhere'), '=');
      assert.match(await of('some'), /^=(?:\d+,){88}\d+$/);
      assert.equal(await of('w5 OR w3'), '=3,5');
      assert.equal(await of('half'), 'many ');
      // 101 rows each, of which nine and ten are among the first thousand.
      const first = Array.from({ length: 9 }, (_, n) => `w${n + 1}`);
      assert.equal(await of(['some', ...first, 'w1001', 'w1002', 'w1003'].join(' OR ')), 'few');
      assert.equal(await of(['some', ...first, 'w1000', 'w1001', 'w1002'].join(' OR ')), 'many ');
      assert.equal(await of('late'), 'many ', 'more than 5,000 behind the first thousand');
    });

    it('are the same in the same order, whatever else is asked', async () => {
      const word = fc.constantFrom('rare', 'some', 'half', 'nowhere', 'case', 'w77', '"case half"', '"half case"');
      const search = fc.oneof(
        word,
        fc.tuple(word, fc.constantFrom(' AND ', ' OR ', ' NOT '), word).map((parts) => parts.join('')),
      );
      const filter = fc.constantFrom('', '&$filter=Priority eq 1', '&$filter=CreatedAt ge 2022-01-01T00:00:00Z');
      const options = fc.constantFrom('', '&$top=7', '&$skip=3', '&$orderby=CreatedAt desc&$top=9', '&$skip=2&$top=40');
      await fc.assert(
        fc.asyncProperty(search, filter, options, fc.constantFrom(20, 100_000), async (words, where, more, size) => {
          const query = compiled(`Cases?$select=Id&$search=${words}${where}${more}`, size);
          const ids = async (sql: string): Promise<unknown[]> => (await feed.client.query(sql)).rows;
          const wanted = await ids(query.text);
          assert.deepEqual(await ids(query.span?.within(await told(query)) ?? ''), wanted);
          // A search of which nobody knows how many rows it has is answered by each of the ways.
          assert.deepEqual(await ids(query.span?.within('few') ?? ''), wanted);
        }),
        { numRuns: 40 },
      );
    });
  });
});
