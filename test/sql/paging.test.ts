import assert from 'node:assert/strict';
import type { CollectionPlan } from '../../src/plan/model/read-plan.ts';
import { compileCollection } from '../../src/sql/read/compile-read.ts';
import { planOf } from './compile-url.ts';
import type { Value } from './read-rows.ts';
import { caseRows, insertRows } from './sample-rows.ts';
import { catalogue } from './small-model.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

type Row = { [name: string]: Value };

/** Orders with nulls, ties, both directions, computed values, paths to one; aggregations without any row id. */
const queries = [
  'Cases?$select=Id',
  'Cases?$select=Id&$orderby=Priority',
  'Cases?$select=Id&$orderby=Priority desc',
  'Cases?$select=Id&$orderby=Priority desc,Cost,Title desc',
  'Cases?$select=Id&$orderby=Open,Score desc',
  'Cases?$select=Id&$orderby=Id desc',
  'Cases?$select=Id&$orderby=CreatedAt desc,DueOn',
  'Cases?$select=Id&$orderby=Title desc',
  'Cases?$select=Id&$orderby=Agent/Name,Priority gt 1',
  'Cases?$select=Id&$orderby=Priority add 1 desc,null,true',
  'Cases?$select=Id&$orderby=tolower(Title)&$filter=Open ne true',
  'Cases?$select=Id&$top=10&$skip=3&$orderby=Cost desc',
  'Cases?$select=Id&$top=6',
  'Cases?$select=Id&$skip=1',
  'Cases?$select=Id&$skip=5&$top=9',
  'Cases?$select=Id&$skip=100000',
  'Cases?$select=Id&$skip=2&$expand=Agent($select=Name)',
  'Cases?$select=Priority,Id,Title&$orderby=Priority desc,Cost,Id desc',
  'Cases?$select=Id,CreatedAt&$filter=CreatedAt ge 2000-01-01T00:00:00Z and CreatedAt lt 2100-01-01T00:00:00Z',
  'Cases?$apply=groupby((Priority,Agent/Name),aggregate(Cost with sum as Total))',
  'Cases?$apply=groupby((Priority,Open),aggregate($count as Rows))&$orderby=Rows desc',
  'Cases?$apply=groupby((Priority,Open),aggregate($count as Rows))&$select=Priority',
  'Cases?$apply=concat(groupby((Priority)),groupby((Priority)),aggregate($count as Rows))',
  'Cases?$apply=groupby((rollup($all,Agent/City,Agent/Name)),aggregate(Cost with sum as Total))&$orderby=Total',
  'Cases?$apply=filter(Priority gt 0)/orderby(Cost desc)/top(9)&$select=Id',
] as const;

describe('Pages', () => {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(insertRows());
  });
  after(() => feed.close());

  /** All pages one after the other, as a client follows next links. */
  async function walk(url: string, pageSize: number): Promise<Row[]> {
    const rows: Row[] = [];
    let after: CollectionPlan['after'] = null;
    for (let pages = 0; pages < 100; pages++) {
      const plan = planOf(url, pageSize);
      assert.ok(plan.kind === 'Collection');
      const query = compileCollection({ ...plan, after }, catalogue);
      const found = await feed.read(query);
      const limit = query.limit ?? Number.POSITIVE_INFINITY;
      rows.push(...found.slice(0, limit).map(({ row }) => row));
      const last = found[limit - 1];
      if (found.length <= limit || last === undefined) {
        return rows;
      }
      after = {
        values: last.position.slice(0, -1),
        rowId: last.position.at(-1) ?? '',
        remaining: query.remaining ?? null,
      };
    }
    throw new Error('the pages never end');
  }

  for (const url of queries) {
    it(`of 1, 2, 3 and 7 rows give the rows of one page: ${url}`, async () => {
      const whole = await walk(url, 1000);
      for (const size of [1, 2, 3, 7]) {
        assert.deepEqual(await walk(url, size), whole, `pages of ${size}`);
      }
    });
  }

  it('leave out the first rows with $skip, whatever holes their row numbers have', async () => {
    const whole = await walk('Cases?$select=Id', 1000);
    for (let skip = 0; skip <= whole.length + 1; skip++) {
      assert.deepEqual(await walk(`Cases?$select=Id&$skip=${skip}`, 4), whole.slice(skip), `$skip=${skip}`);
      assert.deepEqual(await walk(`Cases?$select=Id&$skip=${skip}&$top=5`, 4), whole.slice(skip, skip + 5));
    }
  });

  it('come in the order asked: nulls first ascending, last descending, then load order', async () => {
    const ascending = caseRows.toSorted((a, b) => rank(a.Priority) - rank(b.Priority) || a.Id - b.Id);
    const descending = caseRows.toSorted((a, b) => rank(b.Priority) - rank(a.Priority) || a.Id - b.Id);
    assert.deepEqual(await walk('Cases?$select=Id&$orderby=Priority', 5), ascending.map(idOf));
    assert.deepEqual(await walk('Cases?$select=Id&$orderby=Priority desc', 5), descending.map(idOf));
  });

  it('order text by code point', async () => {
    const key = (title: string | null): Buffer => Buffer.from(title ?? '');
    const expected = caseRows.toSorted((a, b) => {
      if (a.Title === null || b.Title === null) {
        return Number(b.Title === null) - Number(a.Title === null);
      }
      return Buffer.compare(key(a.Title), key(b.Title));
    });
    assert.deepEqual(await walk('Cases?$select=Id&$orderby=Title', 4), expected.map(idOf));
    assert.deepEqual(await walk("Cases?$select=Id&$orderby=concat(Title,'')", 4), expected.map(idOf));
  });

  it('of long texts end in a position short enough for a URL, with no row lost', async () => {
    const long = (index: number): string => `${'\u20ac'.repeat(index % 3 === 0 ? 20_000 : 600)}${index}`;
    const values = Array.from({ length: 12 }, (_, index) => `(${950 + index}, '${long(index)}')`);
    await feed.client.query(`BEGIN; INSERT INTO feed."Cases" ("Id", "Title") VALUES ${values.join(', ')}`);
    try {
      const plan = planOf('Cases?$select=Id&$orderby=Title desc', 5);
      assert.ok(plan.kind === 'Collection');
      const found = await feed.read(compileCollection(plan, catalogue));
      assert.equal(Math.max(...found.map(({ position }) => position[0]?.length ?? 0)), 512);
      const ids = (await walk('Cases?$select=Id&$orderby=Title desc', 5)).map((row) => Number(row['Id']));
      assert.deepEqual(
        ids.filter((id) => id >= 950),
        Array.from({ length: 12 }, (_, index) => 950 + index),
      );
      assert.deepEqual([ids.length, new Set(ids).size], [caseRows.length + 12, caseRows.length + 12]);
    } finally {
      await feed.client.query('ROLLBACK');
    }
  });

  it('are neither repeated nor lost when rows come and go between them', async () => {
    const plan = planOf('Cases?$select=Id&$orderby=Priority desc', 4);
    assert.ok(plan.kind === 'Collection');
    const first = compileCollection(plan, catalogue);
    const rows = await feed.read(first);
    const last = rows[3];
    assert.ok(last);
    await feed.client.query(`BEGIN; DELETE FROM feed."Messages"; DELETE FROM feed."Cases" WHERE "Id" = ${last.row['Id']};
      INSERT INTO feed."Cases" ("Id", "Priority") VALUES (900, 99), (901, NULL)`);
    try {
      const after = { values: last.position.slice(0, -1), rowId: last.position.at(-1) ?? '', remaining: null };
      const rest = await feed.read(compileCollection({ ...plan, pageSize: 1000, after }, catalogue));
      const seen = [...rows.slice(0, 4), ...rest].map(({ row }) => row['Id']);
      const expected = caseRows.toSorted((a, b) => rank(b.Priority) - rank(a.Priority) || a.Id - b.Id);
      assert.deepEqual(seen, [...expected.map((row) => row.Id), 901]);
    } finally {
      await feed.client.query('ROLLBACK');
    }
  });
});

const rank = (value: number | null): number => value ?? -1000;
const idOf = (row: { readonly Id: number }): Row => ({ Id: row.Id });
