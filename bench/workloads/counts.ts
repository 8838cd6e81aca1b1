import { type Bench, interleaved } from '../support/bench.ts';
import { copyName, timeCopy, timeCopyInNode } from '../support/copy.ts';
import { startGateway } from '../support/gateway.ts';
import { changedMessages, loadMessages, newMessages } from '../support/message-file.ts';
import { messages } from '../support/messages.ts';
import { type Cell, median, type Report, verdict } from '../support/report.ts';

/** Filters with their SQL; `other` makes another one of it that lets the same rows through. */
const filters = [
  {
    name: 'no index',
    url: "TeamName eq 'Webcare' and Direction eq 'outbound'",
    sql: `"TeamName" = 'Webcare' AND "Direction" = 'outbound'`,
  },
  {
    name: 'an indexed time',
    url: 'CreatedAt ge 2025-04-01T00:00:00Z and MessageType ne null',
    sql: `"CreatedAt" >= '2025-04-01Z' AND "MessageType" IS NOT NULL`,
  },
] as const;

const loaded = 1000;

/** Counts of a filtered set: asked for the first time, again, and after loads, beside PostgreSQL's own count. */
export async function counts(bench: Bench): Promise<readonly Report[]> {
  const { warehouse } = bench;
  const server = await startGateway(warehouse);
  const ask = async (filter: string): Promise<number> => {
    const url = `${server.address}${messages}/$count?$filter=${encodeURIComponent(filter)}`;
    return (await bench.client.fetch({ url })).milliseconds;
  };
  try {
    const rows: Cell[][] = [];
    const verdicts: string[] = [];
    for (const { name, url, sql } of filters) {
      const select = `SELECT count(*) FROM feed."${messages}" WHERE ${sql}`;
      let number = 0;
      const next = (): number => {
        number += 1;
        return number;
      };
      const changes = [
        ['after 1,000 new rows', () => newMessages(loaded)],
        [
          'after 1,000 changed rows side by side',
          () => changedMessages(warehouse, { count: loaded, from: 5000 + next() * loaded, apart: 1 }),
        ],
        [
          'after 1,000 changed rows all over the set',
          () =>
            changedMessages(warehouse, {
              count: loaded,
              from: next(),
              apart: Math.floor(bench.rows / loaded),
            }),
        ],
      ] as const;
      const again = async (filter: string): Promise<number> => {
        await loadMessages(warehouse, newMessages(loaded));
        return ask(filter);
      };
      // The second count is the first that is kept.
      await ask(url);
      await again(url);
      let first = '';
      const times = await interleaved(
        [
          { name: copyName, run: () => timeCopy(warehouse, select) },
          { name: 'the same over a connection that is open', run: () => timeCopyInNode(warehouse, select) },
          {
            name: 'asked for the first time',
            run: () => {
              first = `${url} and Content ne '${next()}'`;
              return ask(first);
            },
          },
          { name: 'the same after a load, by blocks', run: () => again(first) },
          { name: 'again, unchanged', run: () => ask(url) },
          ...changes.map(([title, make]) => ({
            name: title,
            run: async () => {
              await loadMessages(warehouse, await make());
              return ask(url);
            },
          })),
        ],
        bench.rounds,
      );
      const whole = median([...(times.get('the same over a connection that is open') ?? [])]);
      for (const [what, seen] of times) {
        const milliseconds = median([...seen]);
        rows.push([`${name}: ${what}`, milliseconds, milliseconds / whole]);
      }
      const of = (what: string): number => median([...(times.get(what) ?? [])]) / whole;
      verdicts.push(
        verdict(`${name}, after a load, of a full count`, of('after 1,000 new rows'), { below: 0.1 }),
        verdict(`${name}, first time, of a full count`, of('asked for the first time'), { below: 1.1 }),
      );
    }
    const columns = ['', 'ms (median)', 'of a full count'];
    return [{ title: `Counts of ${bench.rows.toLocaleString('en')} messages`, columns, rows, verdicts }];
  } finally {
    await server.stop();
  }
}
