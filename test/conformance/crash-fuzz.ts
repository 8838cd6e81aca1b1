import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { LoadedFeed } from './loaded-feed.ts';

/** Valid requests of every kind, from which the mutations start. */
export const seeds: readonly string[] = [
  '',
  '$metadata?$format=json',
  'TracebuzzCases?$top=3&$skip=1&$count=true&$orderby=CaseId desc',
  'TracebuzzCases(50123)/Results?$select=ResultId&$filter=Status eq 2',
  "TracebuzzUsers?$filter=contains(tolower(Name),'de') or not (UserId le 60) and Email ne null",
  'TracebuzzCases?$select=CaseId&$expand=Results($filter=Status ne 1;$orderby=TbRank desc;$top=2;$count=true;$expand=Activities/$count)',
  'TracebuzzLabels?$expand=CategoryMembers($levels=3;$select=LabelId)&$select=LabelId',
  'TracebuzzCases?$filter=Results/any(r:r/Status eq 2 and r/Activities/all(a:a/ActivityId gt 5))&$select=CaseId',
  'TracebuzzCases?$filter=Results/$count($filter=Status eq 2) ge 2 and CaseId in (1,2,@a)&@a=3',
  'TracebuzzResults?$compute=Likes mul 2 as Twice,round(TbRank divby 3) as Third&$filter=Twice gt Third&$orderby=Twice desc',
  'TracebuzzResults?$apply=filter(Status ne null)/groupby((rollup($all,Status,Type)),aggregate(Likes with sum as Sum,$count as N))&$orderby=Sum',
  'TracebuzzCases?$apply=join(Results as R,filter(Likes gt 1))/groupby((R/Status,Person),aggregate(R/Likes with sum as L))&$expand=Person($select=PersonId)',
  'TracebuzzCases?$apply=groupby((QueueId),orderby(CaseId)/top(2)/aggregate(Results/$count as N,Results/Likes with sum as L))',
  'TracebuzzCases?$select=CaseId&$expand=Results($apply=groupby((Status),aggregate($count as N));$orderby=N;$top=2)',
  'TracebuzzResults?$apply=concat(topcount(3,TbRank),aggregate(Likes with average as Mean))',
  'TracebuzzNotes?$search="family plan" OR NOT (thanks AND solved)&$select=NoteKey',
  '$crossjoin(TracebuzzCases,TracebuzzUsers)?$filter=TracebuzzCases/HandlerUserId eq TracebuzzUsers/UserId&$top=3&$orderby=TracebuzzUsers/UserId',
  "TracebuzzActivities?$filter=OccurredAt sub duration'PT1H' ge 2026-11-01T00:00:00Z and date(OccurredAt) lt 2026-11-02",
  'TracebuzzSlaStatistics(RowDate=2026-11-01,Interval=09:00:00,ServiceId=4,SlaId=2)/ServiceName/$value',
  "TracebuzzResults/$filter(Status eq 2)/$count?$filter=cast(Likes,Edm.String) eq substring('x9',1)",
  '$entity?$id=TracebuzzCases(50123)&$format=application/json;odata.metadata=full',
  '$all/Gateway.TracebuzzCase?$top=1',
  '$all?$top=3&$skip=4&$format=json',
  'TracebuzzCases?$filter=HandlerUserId eq $root/TracebuzzCases(50123)/HandlerUserId and Results(1)/Status ne 2&$orderby=Results(2)/Likes',
];

const pieces = [
  ...[
    '(',
    ')',
    "'",
    "''",
    '"',
    '/',
    '//',
    ',',
    ';',
    ':',
    '=',
    '&',
    '?',
    '@',
    '@a',
    '$',
    '$it',
    '$this',
    '$root/',
    '*',
    '-',
    '--',
    '.',
    '%25',
    '%00',
  ],
  ...[
    '%C3',
    '%F0%9F%99%8F',
    '%2527',
    '\u0000',
    '\uD800',
    ' ',
    '  ',
    '+',
    'null',
    'true',
    'NaN',
    'INF',
    '-INF',
    '1e400',
    '9223372036854775808',
  ],
  ...[
    '99999999999999999999999',
    '0.1',
    '2026-02-30',
    '0000-01-01T00:00:00Z',
    '24:00:00',
    "duration'P9999999D'",
    "binary'AA'",
    ' eq ',
    ' div 0',
    ' in (',
  ],
  ...[
    '/any(x:',
    '/all(',
    '/$count',
    '/$ref',
    '/$value',
    '$filter=',
    '&$expand=*',
    '&$levels=max',
    '&$search=',
    '&$apply=',
    '&$skiptoken=W10',
    'not ',
    ' mod ',
  ],
  ...[
    'Results',
    'CaseId',
    'Name',
    'cast(',
    'Edm.Int64',
    'matchesPattern(',
    'geo.length(',
    'length(',
    'year(',
    'now()',
    "isof('x')",
    'with sum as ',
    ' desc',
  ],
] as const;

const mutation = fc.record({
  kind: fc.constantFrom('insert', 'delete', 'replace', 'repeat', 'splice'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.integer({ min: 1, max: 12 }),
  piece: fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 6 })),
  other: fc.constantFrom(...seeds),
});

type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutated(text: string, { kind, at, length, piece, other }: Mutation): string {
  const start = Math.floor(at * text.length);
  const [before, after] = [text.slice(0, start), text.slice(start)];
  switch (kind) {
    case 'insert':
      return before + piece + after;
    case 'delete':
      return before + after.slice(length);
    case 'replace':
      return before + piece + after.slice(length);
    case 'repeat':
      return before + after.slice(0, length).repeat(40) + after;
    default:
      return before + other.slice(Math.floor(at * other.length));
  }
}

const url = fc
  .tuple(fc.constantFrom(...seeds), fc.array(mutation, { minLength: 1, maxLength: 4 }))
  .map(([seed, mutations]) => mutations.reduce(mutated, seed));

/** As any client's library does: what cannot stand in a URL is percent-encoded. */
function encoded(query: string): string {
  // Half a surrogate pair becomes U+FFFD.
  const text = Buffer.from(query).toString();
  return text.replace(/[^!-~]|[<>"\\^`{|}#]/gu, encodeURIComponent);
}

/** Milliseconds after which a request counts as hanging; the machine may be busy. */
const patience = 200_000;

/** Asks for `runs` mutated URLs: no 500, no hang, an OData error or a whole reply, one OData-Version. */
export async function survives(feed: LoadedFeed, runs: number): Promise<void> {
  const seen = new Map<number, number>();
  const property = fc.asyncProperty(url, async (query) => {
    const target = feed.root + encoded(query).replace(/^\/+/, '');
    // A client takes `..` out of a URL before it asks: what leads out of the feed asks the console.
    fc.pre(new URL(target).href.startsWith(feed.root));
    const reply = await fetch(target, { signal: AbortSignal.timeout(patience), redirect: 'error' });
    const body = await reply.text();
    seen.set(reply.status, (seen.get(reply.status) ?? 0) + 1);
    assert.equal(reply.headers.get('odata-version'), '4.0', target);
    assert.ok(
      [200, 204, 304, 400, 404, 405, 406, 414, 501].includes(reply.status),
      `${reply.status} ${target} ${body}`,
    );
    if (reply.status >= 400) {
      const { error } = JSON.parse(body) as { error: { code: string; message: string } };
      assert.ok(error.code.length > 0 && error.message.length > 0, target);
    } else if (/^application\/json/.test(reply.headers.get('content-type') ?? '')) {
      JSON.parse(body);
    }
  });
  await fc.assert(property, { numRuns: runs });
  for (const status of [200, 400, 404]) {
    assert.ok((seen.get(status) ?? 0) > 0, `no ${status} among ${[...seen]}`);
  }
}
