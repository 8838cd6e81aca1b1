import { equal, ok } from 'node:assert/strict';
import { bindGrants } from '../../src/plan/bind/grants.ts';
import { restrict } from '../../src/plan/restrict.ts';
import { visibleCatalogue } from '../../src/plan/visible.ts';
import type { CountByBlocks } from '../../src/sql/compiled-query.ts';
import { compileCount, compileCountOf } from '../../src/sql/read/compile-read.ts';
import { planOf } from './compile-url.ts';
import { catalogue } from './small-model.ts';

function blocksOf(url: string, rules: Readonly<Record<string, { rows: string }>> = {}): CountByBlocks | null {
  const granted = Object.keys(rules).length === 0 ? null : bindGrants(new Map(Object.entries(rules)), catalogue);
  const plan = granted === null ? planOf(url) : restrict(planOf(url), granted);
  const seen = granted === null ? catalogue : visibleCatalogue(catalogue, granted);
  ok(plan.kind === 'Count' || plan.kind === 'Collection');
  const counted = plan.kind === 'Count' ? compileCount(plan, seen) : compileCountOf(plan, seen);
  return counted.blocks ?? null;
}

describe('A count by blocks of row numbers', () => {
  const blocks = blocksOf("Cases?$count=true&$filter=Title eq 'a' and Priority gt 1&$expand=Agent&$top=5");
  const where = `(t1."Title" = 'a' AND t1."Priority" > 1)`;

  it('asks for the greatest number, the server and the table', () => {
    equal(
      blocks?.probe,
      `SELECT concat_ws(' ', coalesce(max(t1."_row"), 0), concat_ws('/', extract(epoch FROM pg_postmaster_start_time()), '"feed"."Cases"'::regclass::oid)) FROM "feed"."Cases" AS t1`,
    );
  });

  it('goes through all rows once', () => {
    equal(
      blocks?.all(12),
      `SELECT string_agg(concat_ws(' ', block, n), ',') FROM (SELECT block, count(*) AS n FROM (SELECT t1."_row" >> 12 AS block FROM "feed"."Cases" AS t1 WHERE ${where} OFFSET '0') AS r GROUP BY block) AS b`,
    );
  });

  it('finds the blocks with rows that are new, changed or gone, and counts these by the numbers alone, unless they are many or not known', () => {
    equal(
      blocks?.changed({ version: 7n, shift: 12, blocks: 100 }),
      `WITH rows AS MATERIALIZED (SELECT t1."_row" >> 12 AS block FROM "feed"."Cases" AS t1 WHERE t1."_version" > 7 ORDER BY t1."_version", t1."_row" LIMIT 51200), changed AS MATERIALIZED (SELECT block FROM rows UNION SELECT chunk >> 2 FROM gateway.removed_rows WHERE entity_set = 'Cases' AND version > 7) SELECT CASE WHEN EXISTS (SELECT 1 FROM gateway.set_versions WHERE entity_set = 'Cases' AND removals_noted = version AND removals_since <= 7) AND (SELECT count(*) FROM rows) < 51200 AND (SELECT count(*) FROM changed) <= 25 THEN (SELECT coalesce(string_agg(concat_ws(' ', c.block, (SELECT count(*) FROM "feed"."Cases" AS t1 WHERE t1."_row" >= c.block << 12 AND t1."_row" < (c.block + 1) << 12 AND (${where}) IS TRUE)), ','), '') FROM changed AS c) ELSE 'all' END`,
    );
  });

  it('leaves out rows that are not served, and those that are not there for the reader', () => {
    ok(blocksOf('Agents/$count')?.all(10).includes(`WHERE t1."_deleted_at" IS NULL OFFSET '0'`));
    const restricted = blocksOf("Cases/$count?$filter=Title eq 'a'", { Cases: { rows: 'Priority gt 0' } });
    const rows = '(SELECT t2.* FROM "feed"."Cases" AS t2 WHERE t2."Priority" > 0) AS t1';
    ok(restricted?.all(10).includes(`FROM ${rows} WHERE t1."Title" = 'a' OFFSET '0'`));
    const again = restricted?.changed({ version: 1n, shift: 10, blocks: 8 }) ?? '';
    ok(again.includes(`FROM ${rows} WHERE t1."_row" >= c.block << 10`));
    ok(again.includes('FROM "feed"."Cases" AS t1 WHERE t1."_version" > 1 '), 'also rows that leave the reader');
  });

  for (const [what, url, rules] of [
    ['a path to another row', "Cases/$count?$filter=Agent/Name eq 'a'"],
    ['rows that are led to', 'Cases/$count?$filter=Messages/any()'],
    ['rows of the same set', "Agents/$count?$filter=Leader/City eq 'Bonn'"],
    ['a row from the root', 'Cases/$count?$filter=Title eq $root/Cases(1)/Title'],
    ['a computed value of another row', "Cases?$count=true&$compute=Agent/Name as N&$filter=N eq 'a'"],
    ['a collection of a row', 'Agents(1)/Cases/$count'],
    ['aggregated rows', 'Cases/$count?$apply=groupby((Priority))'],
    ['a rule that looks into other rows', 'Cases/$count', { Cases: { rows: "Agent/Name eq 'a'" } }],
    ['a rule that has an index', "Cases/$count?$filter=Title eq 'a'", { Cases: { rows: 'Id lt 5' } }],
    [
      'what can fail of rows of others',
      'Cases/$count?$filter=1 div Priority eq 0',
      { Cases: { rows: 'Priority gt 0' } },
    ],
  ] as const) {
    it(`is not there for ${what}`, () => equal(blocksOf(url, rules ?? {}), null));
  }
});
