import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type EvaluatedGateway, evaluatedGateway } from './evaluated-gateway.ts';

/** Rows with few different values, many nulls, and values that services take for one. */
const rows = `INSERT INTO feed."Cases" ("Id", "Title", "Priority", "Small", "Cost", "Score", "Open", "CreatedAt", "DueOn", "Token", "AgentId")
  SELECT n,
    (ARRAY['hello', 'Hello', 'hello ', 'héllo', '', 'ss', 'ß', NULL, NULL])[1 + n % 9],
    (ARRAY[1, 2, NULL, 2000000000, -2000000000])[1 + n * 7 % 5],
    (ARRAY[3, 4, NULL, 32767])[1 + n * 5 % 4],
    (ARRAY[0.1, 0.2, NULL, -0.3, 12345678901234567.89, 12345678901234567.88, 7, NULL])[1 + n * 3 % 8],
    n / 8.0,
    (ARRAY[true, false, NULL])[1 + n * 2 % 3],
    '2026-01-01T00:00:00.123456Z'::timestamptz + (n % 4) * interval '1 us' + (n % 2) * interval '1 day',
    (ARRAY['2026-01-01'::date, '2026-01-02', NULL])[1 + n % 3],
    (ARRAY['12ad7c5b-2f25-4bb1-a9c5-6ad9d6d2c3bd'::uuid, NULL])[1 + n % 2],
    n * 11 % 6
  FROM generate_series(1, 97) AS n;`;

const keys = ['Title', 'Priority', 'Small', 'Cost', 'Open', 'CreatedAt', 'DueOn', 'Token', 'AgentId', 'Score'];
const items = [
  ...['$count as N', 'Cost with sum as CostSum', 'Cost with min as CostMin', 'Cost with max as CostMax'],
  ...['Cost with countdistinct as CostKinds', 'Priority with sum as PrioritySum', 'Priority with max as PriorityMax'],
  ...['Small with sum as SmallSum', 'Small with countdistinct as SmallKinds', 'Title with countdistinct as TitleKinds'],
  ...['DueOn with min as DueMin', 'CreatedAt with max as CreatedMax', 'Token with countdistinct as TokenKinds'],
  ...['Small with average as SmallMean', 'Priority with average as PriorityMean', 'Id with average as IdMean'],
  ...['Cost with average as CostMean', 'Score with max as ScoreMax', 'Id with sum as IdSum'],
];
const conditions = [
  ...['Cost gt 0.1', 'Cost eq 12345678901234567.88', 'Cost ne null', 'Open', 'not (Priority in (1,2))', 'Id gt 40'],
  ...[
    "Title eq 'hello'",
    "Title ne 'ß'",
    'CreatedAt ge 2026-01-02T00:00:00Z',
    'CreatedAt gt 2026-01-01T00:00:00.123457Z',
  ],
  ...['DueOn le 2026-01-01', 'Token eq 12ad7c5b-2f25-4bb1-a9c5-6ad9d6d2c3bd', 'Score lt 6', "contains(Title,'h')"],
];
const behind = [
  '',
  '&$filter=N gt 3',
  '&$orderby=N desc&$top=3&$count=true',
  '/filter(N gt 3)',
  '/aggregate(N with average as Mean)',
  '/compute(N mul 2 as Twice)',
];

const someOf = (all: readonly string[], most: number) => fc.subarray([...all], { minLength: 0, maxLength: most });

const requests = fc
  .record({
    keys: someOf(keys, 2),
    items: someOf(items.slice(1), 2),
    conditions: someOf(conditions, 2),
    behind: fc.constantFrom(...behind),
    joined: fc.constantFrom(' and ', ' or '),
    parts: fc.subarray(['date(CreatedAt) as Day', 'year(DueOn) as Year', 'minute(CreatedAt) as Minute'], {
      maxLength: 1,
    }),
  })
  .map(({ keys: own, items: more, conditions, behind, joined, parts }) => {
    const keys = [...own, ...parts.map((part) => part.split(' as ')[1])];
    const compute = parts.length === 0 ? '' : `compute(${parts.join()})/`;
    const filter = conditions.length === 0 ? '' : `filter(${conditions.map((one) => `(${one})`).join(joined)})/`;
    const aggregate = `aggregate(${[items[0], ...more].join(',')})`;
    return `Cases?$apply=${filter}${compute}${keys.length === 0 ? aggregate : `groupby((${keys.join(',')}),${aggregate})`}${behind}`;
  });

/** The same rows, whoever adds them up. */
describe('groups of random requests', () => {
  const open: EvaluatedGateway[] = [];
  before(async () => {
    for (const saysApply of [true, true, false]) {
      open.push(await evaluatedGateway({ rows, saysApply }));
    }
    const [, half] = open;
    assert.ok(half !== undefined);
    // It does not show that it tells values apart, and so is asked for some groups alone.
    half.onRequest = (request, response) => {
      const refuses = decodeURIComponent(request.url ?? '').includes('compute(');
      if (refuses) {
        response.writeHead(501, { 'Content-Type': 'application/json' }).end('{"error":{"code":"x","message":"no"}}');
      }
      return refuses;
    };
  });
  after(async () => {
    for (const gateway of open) {
      await gateway.close();
    }
  });

  it('are those of stored rows: added up by the feed, some of them, or none', async () => {
    const handed = open.map(() => 0);
    const isHanded = (asked: string): boolean => asked.includes('$apply=') && !/Tried|[(]Id (?:in|eq) /.test(asked);
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        const right = await open[0]?.rows(open[0].stored, request);
        for (const [at, gateway] of open.entries()) {
          gateway.asked.length = 0;
          assert.deepEqual(await gateway.rows(gateway.evaluated, request), right, request);
          handed[at] = (handed[at] ?? 0) + Number(gateway.asked.some(isHanded));
        }
      }),
      { numRuns: 120 },
    );
    const [all = 0, some = 0, none = 0] = handed;
    assert.ok(all > some && some > none, handed.join());
    assert.equal(none, 0);
  });
});
