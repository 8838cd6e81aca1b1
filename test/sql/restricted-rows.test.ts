import assert from 'node:assert/strict';
import { bindGrants } from '../../src/plan/bind/grants.ts';
import { restrict } from '../../src/plan/restrict.ts';
import { compileRemoved } from '../../src/sql/read/compile-changes.ts';
import { compileCollection } from '../../src/sql/read/compile-read.ts';
import { planOf } from './compile-url.ts';
import { catalogue } from './small-model.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

const grants = bindGrants(
  new Map([
    ['Cases', { rows: 'Priority gt 0' }],
    ['Agents', { rows: "Leader/City eq 'Bonn'" }],
    ['Messages', { rows: 'Number le 2' }],
  ]),
  catalogue,
);

function collectionOf(url: string, rights = grants) {
  const plan = restrict(planOf(url), rights);
  assert.ok(plan.kind === 'Collection');
  return plan;
}

const textOf = (url: string): string => compileCollection(collectionOf(url), catalogue).text;

describe('sql: rows enter through the condition of their set', () => {
  it('as a subselect, which what is not served never enters either', () => {
    assert.equal(
      textOf('Cases?$select=Id'),
      'SELECT t1."Id", t1."_row" FROM (SELECT t2.* FROM "feed"."Cases" AS t2 WHERE t2."Priority" > 0) AS t1 ORDER BY t1."_row" LIMIT 1001',
    );
    assert.equal(
      textOf('Agents?$select=Id'),
      'SELECT t1."Id", t1."_row" FROM (SELECT t2.* FROM "feed"."Agents" AS t2 LEFT JOIN "feed"."Agents" AS t3 ON t3."Id" = t2."LeaderId" AND t3."_deleted_at" IS NULL WHERE t2."_deleted_at" IS NULL AND t3."City" = \'Bonn\') AS t1 WHERE t1."_deleted_at" IS NULL ORDER BY t1."_row" LIMIT 1001',
    );
  });

  it('which nothing is moved into where it can fail', () => {
    assert.match(textOf('Cases?$select=Id&$filter=1 div Priority eq 0'), /"Priority" > 0 OFFSET 0\) AS t1 WHERE/);
  });

  describe('in a database', () => {
    let feed: TestFeed;
    before(async () => {
      feed = await openTestFeed(`
        INSERT INTO feed."Cases" ("Id", "Priority", "AgentId") SELECT i, i % 3, i % 5 FROM generate_series(1, 20000) AS i;
        INSERT INTO feed."Agents" ("Id", "LeaderId", "City") VALUES (1, 2, 'Kiel'), (2, 1, 'Bonn'), (3, 3, 'Bonn'), (4, 1, 'Bonn');
        INSERT INTO gateway.tombstones (entity_set, key, version) VALUES
          ('Messages', '{"CaseId": 1, "Number": 1}', 5), ('Messages', '{"CaseId": 1, "Number": 3}', 5);
        ANALYZE feed."Cases"`);
    });
    after(() => feed.close());

    it('is not computed for a row that is not there for the reader, be the condition the dearest to compute', async () => {
      const dear = bindGrants(new Map([['Cases', { rows: 'Priority mul 1 mul 1 mul 1 mul 1 mul 1 gt 0' }]]), catalogue);
      const plan = collectionOf('Cases?$select=Id&$filter=6 div Priority gt 5 and Id lt 4', dear);
      const rows = await feed.read(compileCollection(plan, catalogue));
      assert.deepEqual(
        rows.map(({ row }) => row),
        [{ Id: 1 }],
      );
    });

    it('is read by the index that the request asks for', async () => {
      const { rows } = await feed.client.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN ${textOf('Cases?$select=Id&$filter=Id eq 4711&$expand=Agent')}`,
      );
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      assert.match(plan, /Index Scan using "Cases_pkey"/);
      assert.doesNotMatch(plan, /Seq Scan on "Cases"|Subquery Scan/);
    });

    it('tells of rows that are gone those that were there for the reader', async () => {
      const removed = compileRemoved({ ...collectionOf('Messages'), since: 4n }, catalogue, null);
      assert.deepEqual(
        (await feed.read(removed)).map(({ row }) => row),
        [{ CaseId: 1, Number: 1, reason: 'deleted' }],
      );
    });

    it('tells of no row that is gone where nobody knows whether it was there', () => {
      assert.throws(
        () => compileRemoved({ ...collectionOf('Cases'), since: 4n }, catalogue, null),
        /chosen by what may change/,
      );
    });
  });
});
