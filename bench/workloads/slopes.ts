import process from 'node:process';
import type { Bench } from '../support/bench.ts';
import { type MeasuredServer, startGateway } from '../support/gateway.ts';
import { changedMessages, loadMessages, newMessages, writeMessages } from '../support/message-file.ts';
import { conversations, messages, selectOption } from '../support/messages.ts';
import { type Cell, median, note, type Report, verdict } from '../support/report.ts';
import { type BenchWarehouse, fill, openWarehouse } from '../support/warehouse.ts';
import { load } from './ingest.ts';

/** A warehouse with its gateway: the same messages a day, of more or fewer years. */
interface Side {
  readonly warehouse: BenchWarehouse;
  readonly server: MeasuredServer;
  readonly rows: number;
  /** Of the first moment of its last whole day. */
  readonly lastDay: string;
  /** Where the changes since the last asking begin. */
  deltaLink: string;
  /** Rows that were changed so far, from the end. */
  changed: number;
}

interface Measure {
  readonly name: string;
  /** What the larger side may take of the smaller one's; null: it may grow with the rows. */
  readonly most: number | null;
  /** How often a side is asked in its turn; absent: once. */
  readonly times?: number;
  /** Milliseconds. */
  run(side: Side): Promise<number>;
}

const few = 1000;
const year = 365.25 * 24 * 3600;

/**
 * What grows with the rows: the warehouse of the run beside one of BENCH_MOST_ROWS, of the same rows a day. Both are asked in turns. Changes both
 * warehouses, so it runs last.
 */
export async function slopes(bench: Bench): Promise<readonly Report[]> {
  const most = Number(process.env['BENCH_MOST_ROWS'] ?? 10_000_000);
  const large = await openWarehouse();
  const servers: MeasuredServer[] = [];
  try {
    await fill(large.database, most, bench.rows);
    note(`${most.toLocaleString('en')} messages are there`);
    const sides: Side[] = [];
    for (const [warehouse, rows] of [
      [bench.warehouse, bench.rows],
      [large, most],
    ] as const) {
      const server = await startGateway(warehouse);
      servers.push(server);
      const lastDay = lastDayOf(rows / bench.rows);
      sides.push({ warehouse, server, rows, lastDay, deltaLink: await firstDeltaLink(server, lastDay), changed: 0 });
    }
    const times = await inTurns(measures(bench), sides, bench.rounds);
    return [report(bench, times, { sides, loads: await loadMemory(sides) })];
  } finally {
    for (const server of servers) {
      await server.stop();
    }
    await large.close();
  }
}

const lastDayOf = (years: number): string =>
  new Date(
    (Math.floor((Date.UTC(2025, 0, 1) / 1000 + years * 365 * 24 * 3600) / 86_400) - 1) * 86_400_000,
  ).toISOString();

function measures({ client }: Bench): readonly Measure[] {
  const get = async (url: string, follow = false): Promise<number> =>
    (await client.fetch({ url, follow })).milliseconds;
  let number = 0;
  const next = (): number => {
    number += 1;
    return number;
  };
  const keyed = async ({ server, warehouse, rows }: Side): Promise<number> => {
    const { rows: found } = await warehouse.database.query<{ id: string }>(
      `SELECT "MessageId" AS id FROM feed."${messages}" WHERE _row = ANY($1::bigint[])`,
      [Array.from({ length: 200 }, () => 1 + Math.floor(Math.random() * rows))],
    );
    const urls = found.map(({ id }) => `${server.address}${messages}('${id}')`);
    return (await client.load({ urls, connections: 1, seconds: 1 })).p50;
  };
  const changing = async (side: Side): Promise<number> => {
    side.changed += few;
    const from = side.rows + 1 - side.changed;
    const rows = await changedMessages(side.warehouse, { count: few, from, apart: 1 });
    return timed(() => loadMessages(side.warehouse, rows));
  };
  const at = ({ server }: Side, path: string): string => `${server.address}${path}`;
  return [
    { name: 'entity by key', most: 1.3, times: 3, run: keyed },
    {
      name: 'page of 100 by key',
      most: 1.3,
      times: 10,
      run: (side) =>
        get(at(side, `${messages}?${selectOption}&$filter=MessageId gt '7${next()}'&$orderby=MessageId&$top=100`)),
    },
    {
      name: '1,000 rows of the last day',
      most: 1.3,
      times: 10,
      run: (side) =>
        get(
          at(
            side,
            `${messages}?${selectOption}&$filter=CreatedAt ge ${side.lastDay} and Content ne '${next()}'&$top=${few}`,
          ),
        ),
    },
    {
      name: '$expand of 1,000 parents',
      most: 1.3,
      times: 10,
      run: (side) =>
        get(
          at(
            side,
            `${conversations}?$select=ConversationId,Medium,CreatedAt&$skip=${next()}&$top=${few}&$expand=Messages(${selectOption})`,
          ),
        ),
    },
    {
      name: '$search of a rare word',
      most: 1.3,
      times: 10,
      run: (side) => get(at(side, `${messages}?${selectOption}&$search=${Math.floor(side.rows / 2) + next()}`)),
    },
    {
      name: 'load of 1,000 new rows',
      most: 1.3,
      run: ({ warehouse, lastDay }) => timed(() => loadMessages(warehouse, newMessages(few, lastDay))),
    },
    { name: 'load of 1,000 changed rows', most: 1.3, run: changing },
    {
      name: 'delta of these 2,000 changes',
      most: 1.3,
      run: async (side) => {
        const started = performance.now();
        side.deltaLink = await deltaLinkOf(side.deltaLink);
        return performance.now() - started;
      },
    },
    {
      name: 'count of a filtered set, again after these loads',
      most: null,
      run: (side) => get(at(side, `${messages}/$count?$filter=TeamName eq 'Webcare'`)),
    },
    {
      name: 'groupby of all rows',
      most: null,
      run: (side) =>
        get(at(side, `${messages}?$apply=filter(Content ne '${next()}')/groupby((Medium),aggregate($count as N))`)),
    },
    { name: 'full extraction', most: null, run: (side) => get(at(side, `${messages}?${selectOption}`), true) },
  ];
}

async function inTurns(
  all: readonly Measure[],
  sides: readonly Side[],
  rounds: number,
): Promise<ReadonlyMap<Measure, readonly (readonly number[])[]>> {
  const times = new Map(all.map((measure) => [measure, sides.map((): number[] => [])] as const));
  for (let round = 0; round <= rounds; round++) {
    note(`round ${round}`);
    for (const [measure, seen] of times) {
      for (const [place, side] of sides.entries()) {
        for (let time = 0; time < (measure.times ?? 1); time++) {
          const milliseconds = await measure.run(side);
          if (round > 0) {
            seen[place]?.push(milliseconds);
          }
        }
      }
    }
  }
  return times;
}

/** Highest resident memory, in MB, of a process that loads a small file into each side; it runs the compiled program. */
async function loadMemory(sides: readonly Side[]): Promise<readonly number[]> {
  const seen: number[] = [];
  for (const { warehouse } of sides) {
    const file = await writeMessages(warehouse, newMessages(few));
    seen.push((await load(warehouse.url, file)).peakMegabytes);
  }
  return seen;
}

function report(
  bench: Bench,
  times: ReadonlyMap<Measure, readonly (readonly number[])[]>,
  { sides, loads }: { readonly sides: readonly Side[]; readonly loads: readonly number[] },
): Report {
  const rows: Cell[][] = [];
  const verdicts: string[] = [];
  const line = (name: string, [small = 0, large = 0]: readonly number[], most: number | null): void => {
    rows.push([name, small, large, large / small]);
    if (most !== null) {
      verdicts.push(verdict(`${name}, larger of smaller`, large / small, { below: most }));
    }
  };
  for (const [{ name, most }, seen] of times) {
    line(
      name,
      seen.map((one) => median([...one])),
      most,
    );
  }
  line(
    'highest memory of the gateway, MB',
    sides.map(({ server }) => server.peakMemory() ?? 0),
    1.05,
  );
  line('highest memory of a load of 1,000 rows, MB', loads, 1.05);
  const [small = '', large = ''] = sides.map((side) => `${side.rows.toLocaleString('en')}, ms (median)`);
  const title = `What grows with the rows: ${Math.round((sides[1]?.rows ?? 0) / bench.rows)} times as many`;
  return { title, columns: ['', small, large, 'larger / smaller'], rows, verdicts };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Of the messages from a day on; the rows that the loads change are among them. */
const firstDeltaLink = ({ address }: MeasuredServer, day: string): Promise<string> =>
  deltaLinkOf(`${address}${messages}?$select=MessageId,Content&$filter=CreatedAt ge ${monthBefore(day)}`);

const monthBefore = (day: string): string => new Date(Date.parse(day) - (year / 12) * 1000).toISOString();

/** Reads all pages; resolves to the link to what changes from now on. */
async function deltaLinkOf(url: string): Promise<string> {
  for (let next: string | undefined = url; next !== undefined; ) {
    const reply = await fetch(next, { headers: { Prefer: 'odata.track-changes' } });
    const page = (await reply.json()) as { '@odata.nextLink'?: string; '@odata.deltaLink'?: string };
    const link = page['@odata.deltaLink'];
    if (link !== undefined) {
      return link;
    }
    next = page['@odata.nextLink'];
    if (next === undefined) {
      throw new Error(`${url}: ${reply.status} without a delta link`);
    }
  }
  throw new Error('no page');
}
