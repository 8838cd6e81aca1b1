import assert from 'node:assert/strict';
import { searchVector } from '../../src/sql/expression/search.ts';
import { compiled } from './compile-url.ts';
import { catalogue } from './small-model.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

/** Rows enough that PostgreSQL prefers an index, and the indexes that the warehouse makes. */
const rows = `
  INSERT INTO feed."Agents" ("Id", "Name") SELECT n, 'agent ' || n FROM generate_series(1, 200) AS n;
  INSERT INTO feed."Cases" ("Id", "Title", "Priority", "CreatedAt", "DueOn", "AgentId")
    SELECT n, 'case ' || n, n % 1000, '2020-01-01T00:00:00Z'::timestamptz + n * interval '1 hour',
      '2020-01-01'::date + n / 10, n % 200 + 1 FROM generate_series(1, 20000) AS n;
  INSERT INTO feed."Messages" ("CaseId", "Number") SELECT n, 1 FROM generate_series(1, 20000) AS n;
  CREATE INDEX cases_created ON feed."Cases" ("CreatedAt"); CREATE INDEX cases_due ON feed."Cases" ("DueOn");
  CREATE INDEX cases_priority ON feed."Cases" ("Priority"); CREATE INDEX cases_title ON feed."Cases" ("Title");
  CREATE INDEX cases_agent ON feed."Cases" ("AgentId");`;

const month = 'ge 2021-01-01T00:00:00Z and CreatedAt lt 2021-02-01T00:00:00Z';

/** [URL, an index that its plan must scan]. */
const rules: readonly (readonly [url: string, index: string])[] = [
  [`Cases?$filter=CreatedAt ${month}`, 'cases_created'],
  ['Cases?$filter=CreatedAt ge 2021-01-01T01:00:00%2B01:00 and CreatedAt lt 2021-02-01T00:00:00Z', 'cases_created'],
  [`Cases/$count?$filter=CreatedAt ${month}`, 'cases_created'],
  ['Cases?$filter=DueOn ge 2021-01-01 and DueOn lt 2021-02-01', 'cases_due'],
  ['Cases?$filter=Priority eq 7', 'cases_priority'],
  ['Cases?$filter=Priority eq 7.0', 'cases_priority'],
  ['Cases?$filter=Priority in (7,8)', 'cases_priority'],
  ["Cases?$filter=Title eq 'case 5'", 'cases_title'],
  ["Cases?$filter=startswith(Title,'case 12345')", 'cases_title'],
  ['Cases(10)', 'Cases_pkey'],
  ['Cases?$filter=Id gt 19990', 'Cases_pkey'],
  ['Cases?$orderby=Id&$top=5', 'Cases_pkey'],
  ['Cases?$orderby=Id desc&$top=5', 'Cases_pkey'],
  ['Cases?$top=5', 'Cases__row_key'],
  ['Cases?$top=5&$expand=Messages', 'Messages_pkey'],
  ['Agents(7)/Cases', 'cases_agent'],
  ['Cases?$filter=AgentId eq $root/Cases(10)/AgentId', 'cases_agent'],
  ['Cases?$filter=Id eq $root/Cases(10)/AgentId', 'Cases_pkey'],
  ['Cases?$top=5&$orderby=Id&$compute=Messages(1)/Body as B', 'Messages_pkey'],
  [`Cases?$apply=filter(CreatedAt ${month})/groupby((AgentId),aggregate($count as N))`, 'cases_created'],
];

describe('A query over an indexed column', () => {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(rows);
    const set = catalogue.sets.get('Cases');
    assert.ok(set?.kind === 'stored');
    await feed.client.query(`CREATE INDEX cases_search ON feed."Cases" USING gin ((${searchVector(set, ['Title'])}))`);
    await feed.client.query('ANALYZE');
  });
  after(() => feed.close());

  const explain = async (sql: string): Promise<string> => {
    const { rows: lines } = await feed.client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${sql}`);
    return lines.map((line) => line['QUERY PLAN']).join('\n');
  };

  for (const [url, index] of rules) {
    it(`scans ${index}: ${url}`, async () => {
      const query = compiled(url);
      const plan = await explain(query.text);
      assert.match(plan, new RegExp(`Scan (Backward )?(using|on) "?${index}"?`), `${query.text}\n${plan}`);
    });
  }

  it('scans the index of the searched text, whose expression is the one of the query', async () => {
    assert.match(await explain(compiled('Cases?$search=12345').text), /cases_search/);
  });

  it('reads no more rows than the page for a following page', async () => {
    const plan = await explain(
      compiled('Cases?$filter=Id gt 5', 10).text.replace('ORDER BY', `AND t1."_row" > 100 ORDER BY`),
    );
    assert.match(plan, /Cases__row_key/);
  });
});
