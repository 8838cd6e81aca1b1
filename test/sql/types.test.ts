import assert from 'node:assert/strict';
import type { CollectionPlan } from '../../src/plan/model/read-plan.ts';
import { compileCollection } from '../../src/sql/read/compile-read.ts';
import { compiled, part, planOf } from './compile-url.ts';
import { catalogue } from './small-model.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

const rows = `
  INSERT INTO feed."Cases" ("Id", "StartsAt", "Took", "Token", "Raw", "Cost", "Score", "CreatedAt", "DueOn", "Small") VALUES
    (1, '00:00', 'PT0S', '00000000-0000-0000-0000-000000000000', '\\x', 0.1, 0.1, '0001-01-01T00:00:00Z', '0001-01-01', 32767),
    (2, '23:59:59.999999', 'PT-1H-30M', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '\\x00ff27', 12345678901234567890.123456789, 1e300, '9999-12-31T23:59:59.999999Z', '9999-12-31', -32768),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (9007199254740993, '12:30', 'P40DT0.5S', '01234567-89ab-cdef-0123-456789abcdef', 'text', -1, 'NaN', '2024-02-29T12:00:00Z', '2024-02-29', 0),
    (5, '12:30', 'P40DT0.5S', NULL, NULL, 1e-20, '-Infinity', NULL, NULL, 1);`;

/** [filter, ids kept]. */
const rules: readonly (readonly [filter: string, ids: readonly number[]])[] = [
  ['StartsAt eq 12:30', [9007199254740992, 5]],
  ['StartsAt gt 23:59:59.9', [2]],
  ["Took lt duration'PT0S'", [2]],
  ["Took eq duration'-PT90M'", [2]],
  ["Took ge duration'P40D'", [9007199254740992, 5]],
  ["Took eq duration'PT960H0.5S'", [9007199254740992, 5]],
  ["Took add duration'PT90M' eq duration'PT0S'", [2]],
  ["Took mul 2 eq duration'-PT3H'", [2]],
  ["2 mul Took eq duration'-PT3H'", [2]],
  ["Took div 2 eq duration'-PT45M'", [2]],
  ["-Took eq duration'PT90M'", [2]],
  ['totalseconds(Took) eq -5400', [2]],
  ['Token eq 01234567-89AB-CDEF-0123-456789ABCDEF', [9007199254740992]],
  ['Token eq null', [3, 5]],
  ["Raw eq binary'AP8n'", [2]],
  ["Raw eq binary''", [1]],
  ['Cost eq 12345678901234567890.123456789', [2]],
  ['Cost eq 0.1', [1]],
  ['Cost gt 0 and Cost lt 0.01', [5]],
  ['Score eq 0.1', [1]],
  ['Score eq 1e300', [2]],
  ['Score eq -INF', [5]],
  ['Score lt 0', [5]],
  ['Id eq 9007199254740993', [9007199254740992]],
  ['Id gt 9007199254740992', [9007199254740992]],
  ['Id lt 9223372036854775807', [1, 2, 3, 9007199254740992, 5]],
  ['Id gt -9223372036854775808', [1, 2, 3, 9007199254740992, 5]],
  ['Small add 1 eq 32768', [1]],
  ['Small eq 40000', []],
  ['CreatedAt eq 0001-01-01T00:00:00Z', [1]],
  ['CreatedAt eq 9999-12-31T23:59:59.999999Z', [2]],
  ['DueOn ge 9999-12-31', [2]],
  ['StartsAt in (12:30,23:59:59.999999)', [2, 9007199254740992, 5]],
  ['Token in (00000000-0000-0000-0000-000000000000,null)', [1, 3, 5]],
  ["cast(Raw,Edm.String) eq 'AP8n'", [2]],
  ["cast(Took,Edm.String) eq 'P40DT0.5S'", [9007199254740992, 5]],
  ["cast(StartsAt,Edm.String) eq '12:30:00'", [9007199254740992, 5]],
];

describe('Every type', () => {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(rows);
  });
  after(() => feed.close());

  for (const [filter, ids] of rules) {
    it(filter, async () => {
      const query = compiled(`Cases?$select=Id&$filter=${part(filter)}`);
      const found = (await feed.read(query)).map(({ row }) => row['Id']);
      assert.deepEqual(found, ids, query.text);
    });
  }

  for (const name of [
    'Id',
    'Small',
    'Cost',
    'Score',
    'CreatedAt',
    'DueOn',
    'StartsAt',
    'Took',
    'Token',
    'Raw',
    'Open',
  ]) {
    for (const direction of ['asc', 'desc']) {
      it(`goes on after a position of ${name} ${direction}`, async () => {
        const url = `Cases?$select=Id&$orderby=${name} ${direction}`;
        const whole = (await feed.read(compiled(url))).map(({ row }) => row['Id']);
        assert.equal(whole.length, 5);
        assert.deepEqual(await oneByOne(url), whole);
      });
    }
  }

  async function oneByOne(url: string): Promise<unknown[]> {
    const plan = planOf(url, 1);
    assert.ok(plan.kind === 'Collection');
    const ids: unknown[] = [];
    let after: CollectionPlan['after'] = null;
    for (let pages = 0; pages < 10; pages++) {
      const [first, further] = await feed.read(compileCollection({ ...plan, after }, catalogue));
      ids.push(first?.row['Id']);
      if (first === undefined || further === undefined) {
        break;
      }
      after = { values: first.position.slice(0, -1), rowId: first.position.at(-1) ?? '', remaining: null };
    }
    return ids;
  }

  it('has in nested text the text that COPY prints', async () => {
    await feed.client.query(`INSERT INTO feed."Agents" ("Id") VALUES (1); UPDATE feed."Cases" SET "AgentId" = 1`);
    const names = 'Id,Small,Cost,Score,CreatedAt,DueOn,StartsAt,Took,Token,Raw,Open';
    const [agent] = await feed.read(compiled(`Agents?$select=Id&$expand=Cases($select=${names})`));
    const plain = await feed.read(compiled(`Cases?$select=${names}`));
    const byId = (a: unknown, b: unknown): number => JSON.stringify(a).localeCompare(JSON.stringify(b));
    const nested = agent?.row['Cases'];
    assert.ok(Array.isArray(nested));
    assert.deepEqual(nested.toSorted(byId), plain.map(({ row }) => row).toSorted(byId));
  });

  it('aggregates what has an order', async () => {
    const url =
      'Cases?$apply=aggregate(Took with max as A,StartsAt with min as B,CreatedAt with max as C,DueOn with min as D,Took with sum as E,Small with average as F,Id with sum as G)';
    const [found] = await feed.read(compiled(url));
    assert.deepEqual(found?.row, {
      A: 'P40DT0.5S',
      B: '00:00:00',
      C: '9999-12-31 23:59:59.999999+00',
      D: '0001-01-01',
      E: 'P79DT22H30M1S',
      F: 0,
      G: 9007199254741004,
    });
  });

  it('fails a division of integers by zero with its SQLSTATE', async () => {
    await assert.rejects(feed.read(compiled('Cases?$filter=1 div Small eq 1')), { code: '22012' });
    await assert.rejects(feed.read(compiled('Cases?$filter=1 mod Small eq 1')), { code: '22012' });
  });
});
