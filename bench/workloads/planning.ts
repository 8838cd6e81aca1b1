import { bindRead } from '../../src/plan/bind/bind-read.ts';
import { defaultPlanLimits } from '../../src/plan/bind/limits.ts';
import { compileCollection, compileCount } from '../../src/sql/read/compile-read.ts';
import { parseODataUri } from '../../src/uri/parse-uri.ts';
import type { Bench } from '../support/bench.ts';
import { conversations, messages, monthOptions, selectOption } from '../support/messages.ts';
import { median, type Report, verdict } from '../support/report.ts';

/** What Power BI and Excel ask: a preview, a refresh of all columns, a folded range, a folded join, a count. */
const shapes: readonly (readonly [string, string])[] = [
  ['preview', `${messages}?$top=1000`],
  ['all columns', `${messages}?${selectOption}`],
  ['range of an incremental refresh', `${messages}?${monthOptions}`],
  [
    'folded filter and order',
    `${messages}?$filter=(Medium%20eq%20%27WhatsApp%27%20or%20Medium%20eq%20%27Email%27)%20and%20contains(tolower(Content),%27order%27)%20and%20TeamName%20ne%20null&$orderby=CreatedAt%20desc,MessageId&$top=1000&$select=MessageId,CreatedAt,Content`,
  ],
  ['expand', `${conversations}?$expand=Messages(${selectOption})&$top=1000`],
  ['count', `${messages}/$count?$filter=Direction%20eq%20%27inbound%27`],
  [
    'summary',
    `${messages}?$apply=filter(CreatedAt%20ge%202025-03-01T00:00:00Z)/groupby((TeamName,Medium),aggregate($count%20as%20Messages,CreatedAt%20with%20max%20as%20Last))`,
  ],
];

const runs = 2000;

/** Parse, bind and compile of one request, without PostgreSQL and HTTP. */
export async function planning({ warehouse: { catalogue } }: Bench): Promise<readonly Report[]> {
  const plan = (url: string): void => {
    const read = bindRead(parseODataUri(url), {
      model: catalogue.model,
      sets: catalogue.sets,
      limits: defaultPlanLimits,
      pageSize: 20_000,
      now: () => '2026-01-31T12:00:00.000Z',
      serviceRoot: 'http://127.0.0.1/odata/',
    });
    if (read.kind === 'Collection') {
      compileCollection(read, catalogue);
    } else if (read.kind === 'Count') {
      compileCount(read, catalogue);
    } else {
      throw new Error(`${url} is a ${read.kind}`);
    }
  };
  const lines = shapes.map(([name, url]): readonly [string, number, number] => {
    for (let warm = 0; warm < 300; warm++) {
      plan(url);
    }
    const times = Array.from({ length: runs }, () => {
      const started = performance.now();
      plan(url);
      return performance.now() - started;
    }).sort((a, b) => a - b);
    return [name, median(times), times[Math.floor(runs * 0.99)] ?? 0];
  });
  return [
    {
      title: 'Planning: parse, bind, compile',
      columns: ['', 'ms (median)', 'ms (99 of 100)'],
      rows: lines,
      verdicts: lines.map(([name, milliseconds]) => verdict(`${name}, ms`, milliseconds, { below: 0.3 })),
    },
  ];
}
