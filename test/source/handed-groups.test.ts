import assert from 'node:assert/strict';
import type { UpstreamEvent } from '../../src/observation/events/upstream.ts';
import { messages, rows } from '../sql/apply-rows.ts';
import { type EvaluatedGateway, evaluatedGateway } from './evaluated-gateway.ts';

/** Texts that services take for one another, nulls alone in a group, fractions, and sums beyond 32 bits. */
const more = `
  INSERT INTO feed."Cases" ("Id", "Title", "Priority", "Small", "Cost", "Open", "AgentId", "DueOn") VALUES
    (50, 'Hello', 5, 7, NULL, false, 2, '2026-01-01'), (51, 'hello', 5, 7, NULL, false, 2, '2026-01-02'),
    (52, 'hello ', 6, 7, 0.25, false, 2, NULL), (53, 'héllo', 2000000000, 7, 0.75, false, 2, '2026-01-02'),
    (54, 'hello', 2000000000, 8, -0.5, NULL, 4, '2026-01-01');
  UPDATE feed."Cases" SET "CreatedAt" = '2026-01-01T00:00:00.123456Z'::timestamptz + "Small" * interval '1 us' WHERE "Id" > 50;`;

const right: readonly string[] = [
  'Cases?$apply=aggregate(Cost with sum as T,$count as N)',
  'Cases?$apply=groupby((Open),aggregate(Cost with sum as T,Cost with min as F,Cost with max as M))',
  'Cases?$apply=groupby((Small),aggregate(Priority with sum as T))',
  'Cases?$apply=groupby((Open,Title),aggregate(DueOn with max as M))&$filter=M ne null&$count=true&$top=3&$skip=1',
  'Cases?$apply=aggregate(Small with countdistinct as D,Title with countdistinct as T)',
  "Cases?$apply=filter(Title eq 'hello')/aggregate(Cost with sum as T,$count as N)",
  'Cases?$apply=filter(Id gt 20 and Cost ne null)/groupby((Open),aggregate($count as N))/filter(N gt 1)',
  'Cases?$apply=filter(Id gt 1000)/aggregate(Cost with sum as T,$count as N)',
  'Cases?$apply=filter(Id gt 1000)/groupby((Open),aggregate(Cost with sum as T))',
  'Cases/$count?$apply=groupby((Title,Open))',
  'Cases?$apply=groupby((CreatedAt),aggregate($count as N))',
  'Cases?$apply=compute(date(CreatedAt) as Day,hour(CreatedAt) as Hour)/groupby((Day,Hour),aggregate($count as N))&$orderby=Day',
  'Cases?$apply=groupby((Open),aggregate(Small with average as A,AgentId with average as B))&$orderby=A desc',
  'Cases?$apply=filter(CreatedAt gt 2026-01-01T00:00:00.123463Z)/aggregate(CreatedAt with max as M,Id with min as I)',
  'Cases/$filter(Open)?$apply=groupby((AgentId),aggregate(Cost with max as M))/aggregate(M with average as A)',
];

const byOpen = 'Cases?$apply=groupby((Open),aggregate(Cost with sum as T))';
const byTitle = 'Cases?$apply=groupby((Title),aggregate($count as N))';
const inAll = 'Cases?$apply=aggregate(Cost with sum as T)';

type Row = Record<string, unknown>;
/** Requests that a feed was asked for with `$apply`, and no trial. */
const handed = ({ asked }: EvaluatedGateway): readonly string[] =>
  asked.filter((one) => one.includes('$apply=') && !/Tried|\(Id (?:in|eq) |\(CaseId eq /.test(one));

/** Answers what has `$apply` otherwise than the gateway behind it. `asks`: the same for its text. */
function distort(
  gateway: EvaluatedGateway,
  {
    asks = (text) => text,
    gives = (found) => found,
  }: Partial<{ asks: (text: string) => string; gives: (rows: Row[]) => Row[] }>,
): void {
  gateway.onRequest = (request, response) => {
    const url = new URL(request.url ?? '', gateway.stored.root);
    const apply = url.searchParams.get('$apply');
    if (apply === null) {
      return false;
    }
    url.searchParams.set('$apply', asks(apply));
    void fetch(new URL(url.search, new URL(url.pathname, gateway.stored.root))).then(async (reply) => {
      const body = (await reply.json()) as { value?: Row[] };
      response.writeHead(reply.status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(reply.ok ? { ...body, value: gives(body.value ?? []) } : body));
    });
    return true;
  };
}

const mapNumbers = (rows: Row[], map: (value: number) => unknown): Row[] =>
  rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, one]) => [name, typeof one === 'number' ? map(one) : one])),
  );

/** Groups whose texts become one, with the values of the first. */
const merged =
  (fold: (text: string) => string) =>
  (rows: Row[]): Row[] =>
    [
      ...new Map(
        rows
          .toReversed()
          .map((row) => [
            JSON.stringify(row, (name, one) =>
              typeof one === 'string' && !name.includes('@') ? fold(one) : one,
            ).replace(/"N":\d+|"TriedRows":\d+/g, ''),
            row,
          ]),
      ).values(),
    ].toReversed();

type Fault = Parameters<typeof distort>[1];

/** What a feed does, what of it is wrong, and how. */
const faults: readonly (readonly [string, string, Fault])[] = [
  [
    'takes null for 0',
    byOpen,
    { gives: (found) => found.map((row) => ('T' in row ? { ...row, T: row['T'] ?? 0 } : row)) },
  ],
  ['cuts fractions', byOpen, { gives: (found) => mapNumbers(found, Math.trunc) }],
  [
    'adds up in 32 bits',
    'Cases?$apply=aggregate(Priority with sum as T)',
    { gives: (found) => mapNumbers(found, (one) => one | 0) },
  ],
  [
    'adds up with a floating point',
    inAll,
    { gives: (found) => mapNumbers(found, (one) => one + (Number.isInteger(one) ? 0 : 1e-12)) },
  ],
  ['groups without case', byTitle, { gives: merged((text) => text.toLowerCase()) }],
  [
    'groups without accents',
    'Cases?$apply=groupby((Title))',
    { gives: merged((text) => text.normalize('NFD').replace(/\p{M}/gu, '')) },
  ],
  ['groups without blanks at the end', byTitle, { gives: merged((text) => text.trimEnd()) }],
  [
    'takes moments of a millisecond for one',
    'Cases?$apply=groupby((CreatedAt))',
    {
      gives: (found) => [
        ...new Map(
          found.map((row) => [
            JSON.stringify(row)
              .replace(/(\.\d{3})\d+Z/, '$1Z')
              .replace(/PT0\.00000\dS/, ''),
            row,
          ]),
        ).values(),
      ],
    },
  ],
  [
    'takes parts of times by another zone in summer',
    'Cases?$apply=compute(hour(CreatedAt) as Hour)/groupby((Hour))',
    {
      asks: (text) =>
        text.replace(/(\w+ add duration'P182D)T(\d+)H'/g, (_, time, hours) => `${time}T${Number(hours) + 1}H'`),
    },
  ],
  [
    'keeps the offset of times',
    'Cases?$apply=compute(date(CreatedAt) as Day)/groupby((Day))',
    { asks: (text) => text.replaceAll('2026-07-01T10:30:00+02:00', '2026-07-01T10:30:00Z') },
  ],
  [
    'counts nulls for an average',
    'Cases?$apply=aggregate(Small with average as A)',
    { asks: (text) => text.replaceAll('Small mul 0 add 1', '1') },
  ],
  [
    'has decimals with a floating point',
    'Cases?$apply=aggregate(Cost with countdistinct as D)',
    {
      gives: (found) => [
        ...new Map(found.map((row) => [JSON.stringify(mapNumbers([row], Math.fround)), row])).values(),
      ],
    },
  ],
  [
    'compares without case',
    "Cases?$apply=filter(Title eq 'hello')/aggregate($count as N)",
    {
      asks: (text) =>
        text
          .replace(/filter\(Title eq '(\w+)'\)/, "filter(tolower(Title) eq '$1')")
          .replace(/(concat\(\w+,'e'\)) eq (concat\(\w+,'E'\))/, 'tolower($1) eq tolower($2)'),
    },
  ],
  [
    'passes over filter(...)',
    'Cases?$apply=filter(Id gt 40)/aggregate($count as N)',
    { asks: (text) => text.replace(/^filter\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\//, '') },
  ],
  [
    'leaves out the group of null',
    byOpen,
    { gives: (found) => found.filter((row) => !('Open' in row) || row['Open'] !== null) },
  ],
  [
    'counts null as a value',
    'Cases?$apply=aggregate(Small with countdistinct as D)',
    { gives: (found) => found.map((row) => ('D' in row ? { ...row, D: Number(row['D']) + 1 } : row)) },
  ],
  [
    'gives the least for the most',
    'Cases?$apply=aggregate(Cost with max as M)',
    { asks: (text) => text.replaceAll('with max', 'with min') },
  ],
  ['leaves out counts', byTitle, { gives: (found) => found.map(({ N: _, ...row }) => row) }],
  ['gives rows without groups', inAll, { gives: () => [{}, {}] }],
  ['gives a group twice', byTitle, { gives: (found) => [...found, ...found.slice(0, 1)] }],
  ['does not do it', inAll, { asks: () => 'unknown()' }],
];

describe('groups that a feed adds up', () => {
  let gateway: EvaluatedGateway;
  let events: UpstreamEvent[] = [];

  before(async () => {
    const observe = (event: UpstreamEvent): void => void events.push(event);
    gateway = await evaluatedGateway({ rows: `${rows}${messages}${more}`, saysApply: true, observe });
  });
  beforeEach(() => {
    // What was tried before is forgotten.
    gateway.time.at += 48 * 3_600_000;
    gateway.onRequest = null;
    gateway.asked.length = 0;
    events = [];
  });
  after(() => gateway.close());

  const areRight = async (requests: readonly string[]): Promise<void> => {
    for (const request of requests) {
      const found = await gateway.rows(gateway.evaluated, request);
      assert.deepEqual(found, await gateway.rows(gateway.stored, request), request);
    }
  };
  const told = (): readonly boolean[] => events.flatMap((one) => (one.event === 'upstream-apply' ? [one.here] : []));

  it('are those of stored sets, from a feed that is right', async () => {
    await areRight(right);
    assert.equal(handed(gateway).length, right.length);
    // Nothing but groups, and what trials have looked at.
    const others = gateway.asked.filter((one) => !/[$]apply=|[$]top=|[/][$]count/.test(one));
    assert.deepEqual(others, []);
  });

  for (const [what, request, fault] of faults) {
    it(`are those of stored sets where it ${what}`, async () => {
      distort(gateway, fault);
      await areRight([request]);
      assert.deepEqual(handed(gateway), []);
      assert.ok(told().every((here) => here));
      assert.equal(gateway.asked.at(-1)?.includes('$apply'), false);
    });
  }

  it('a feed is tried once a day, and told of once', async () => {
    const byAgent = 'Cases?$apply=groupby((AgentId),aggregate(Cost with sum as T))';
    const counts: number[] = [];
    for (const hours of [0, 1, 24]) {
      gateway.time.at += hours * 3_600_000;
      gateway.asked.length = 0;
      await areRight([byAgent]);
      counts.push(gateway.asked.length);
    }
    const [first, second, third] = counts;
    // Groups, and how many rows there are.
    assert.equal(second, 2);
    assert.ok((first ?? 0) > 3);
    assert.equal(third, first);
    assert.deepEqual(told(), [false]);
    assert.deepEqual(handed(gateway), [byAgent.replace('as T', 'as T,$count as RowsOfGroup')]);
  });

  for (const [what, gives] of [
    ['gives a group twice', (found: Row[]) => [...found, ...found.slice(0, 1)]],
    ['leaves out a group', (found: Row[]) => found.slice(1)],
    ['adds up some of the rows', (found: Row[]) => mapNumbers(found, (rows) => (rows > 1 ? rows - 1 : rows))],
  ] as const) {
    it(`one that ${what} later is not asked for an hour`, async () => {
      await areRight([byTitle]);
      distort(gateway, { gives });
      gateway.asked.length = 0;
      await areRight([byTitle, byTitle]);
      assert.deepEqual(handed(gateway), [byTitle]);
      gateway.onRequest = null;
      gateway.time.at += 2 * 3_600_000;
      await areRight([byTitle]);
      assert.equal(handed(gateway).length, 2);
    });
  }
});

describe('groups that a feed has not shown to add up', () => {
  it('are tried again as soon as there are nulls', async () => {
    const withoutNulls = `INSERT INTO feed."Messages" ("CaseId", "Number", "Length") VALUES (1, 1, 5), (1, 2, 7), (1, 3, 7);`;
    const gateway = await evaluatedGateway({ rows: withoutNulls, saysApply: true });
    try {
      const request = 'Messages?$apply=aggregate(Length with sum as T)';
      const total = async (): Promise<unknown> => {
        gateway.asked.length = 0;
        const reply = (await gateway.rows(gateway.evaluated, request)) as { readonly value: readonly Row[] };
        return reply.value[0]?.['T'];
      };
      assert.equal(await total(), 19);
      assert.equal(await total(), 19);
      assert.deepEqual(gateway.asked, [
        'Messages?$select=CaseId,Number&$filter=Length eq null&$top=1',
        'Messages/$count',
        'Messages?$apply=aggregate(Length with sum as T,$count as RowsOfGroup)',
      ]);
      await gateway.stored.client.query('UPDATE feed."Messages" SET "Length" = NULL WHERE "Number" = 3');
      distort(gateway, { gives: (found) => found.map((row) => ({ ...row, T: row['T'] ?? 0 })) });
      assert.equal(await total(), 12);
      assert.deepEqual(handed(gateway), []);
    } finally {
      await gateway.close();
    }
  });
});
