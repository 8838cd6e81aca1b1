import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { load } from '../workloads/ingest.ts';
import type { Bench } from './bench.ts';
import { gatewayEnvironment, type MeasuredServer, startGateway } from './gateway.ts';
import { changedMessages, loadMessages, newMessages, writeMessages } from './message-file.ts';
import { conversations, messages, selectOption } from './messages.ts';
import type { StatisticDays } from './statistic-days.ts';
import { type BenchWarehouse, root } from './warehouse.ts';

/** A warehouse with its gateway: the same messages a day, of more or fewer years. */
export interface Side {
  readonly warehouse: BenchWarehouse;
  readonly server: MeasuredServer;
  readonly rows: number;
  /** Of the first moment of its last whole day. */
  readonly lastDay: string;
  readonly statistics: StatisticDays;
  /** Where the changes since the last asking begin. */
  deltaLink: string;
  /** Rows that were changed so far, from the end. */
  changed: number;
  /** What is counted again was counted once. */
  counted: boolean;
}

/** `flat`: the larger side may take 1.3 of the smaller one's; `linear`: that for each row; a number: so much of it; `free`: as it may. */
export type Slope = 'flat' | 'linear' | 'free' | number;

export interface Measure {
  readonly name: string;
  readonly slope: Slope;
  /** How often a side is asked in its turn; absent: once. */
  readonly times?: number;
  /** Milliseconds, or megabytes where the name says so. */
  run(side: Side): Promise<number>;
}

const few = 1000;
const part = 1.05;

/** The names of two of them, of which the second takes a part of the first. */
export const counting = {
  first: '$count=true of a filtered set, for the first time',
  again: 'another one, again after a load of 1,000 rows',
} as const;

/** In the order in which they are asked: counts and deltas follow the loads that they are about. */
export function measures({ client }: Bench): readonly Measure[] {
  const get = async ({ server }: Side, query: string, follow = false): Promise<number> =>
    (await client.fetch({ url: `${server.address}${query}`, follow })).milliseconds;
  let number = 0;
  const next = (): number => {
    number += 1;
    return number;
  };
  const all = `${messages}?${selectOption}`;
  const counted = (filter: string): string => `${messages}?$select=MessageId&$top=1&$count=true&$filter=${filter}`;
  const filter = "TeamName eq 'Webcare' and Direction eq 'outbound'";
  const read = (name: string, query: (side: Side) => string): Measure => ({
    ...{ name, slope: 'flat', times: 10 },
    run: (side) => get(side, query(side)),
  });
  return [
    { name: 'entity by key', slope: 'flat', times: 3, run: (side) => byKey(client, side) },
    read('page of 100 by key', () => `${all}&$filter=MessageId gt '7${next()}'&$orderby=MessageId&$top=100`),
    read(
      '1,000 rows of the last day',
      (side) => `${all}&$filter=CreatedAt ge ${side.lastDay} and Content ne '${next()}'&$top=${few}`,
    ),
    read(
      '$expand of 1,000 parents',
      () =>
        `${conversations}?$select=ConversationId,Medium,CreatedAt&$skip=${next()}&$top=${few}&$expand=Messages(${selectOption})`,
    ),
    read('$search of a rare word', (side) => `${all}&$search=${Math.floor(side.rows / 2) + next()}`),
    read('first 100 rows of a rare word', (side) => `${all}&$top=100&$search=${Math.floor(side.rows / 2) + next()}`),
    { name: '$metadata', slope: 'flat', times: 10, run: (side) => get(side, '$metadata') },
    {
      name: counting.first,
      slope: 'free',
      run: (side) => get(side, counted(`${filter} and Content ne '${next()}'`)),
    },
    {
      name: 'load of 1,000 new rows',
      slope: 'flat',
      run: ({ warehouse, lastDay }) => timed(() => loadMessages(warehouse, newMessages(few, lastDay))),
    },
    {
      name: counting.again,
      slope: 'free',
      run: async (side) => {
        // What is asked for twice is kept from the second time on, so the first turn, which warms up, asks twice.
        if (!side.counted) {
          side.counted = true;
          await get(side, counted(filter));
          await loadMessages(side.warehouse, newMessages(few, side.lastDay));
        }
        return get(side, counted(filter));
      },
    },
    { name: 'load of 1,000 changed rows', slope: 'flat', run: change },
    {
      name: 'delta of these 1,000 changes',
      slope: 'flat',
      run: (side) =>
        timed(async () => {
          side.deltaLink = await deltaLinkOf(side.deltaLink);
        }),
    },
    {
      name: 'restatement of a day of 1,000 statistics',
      slope: 'flat',
      run: (side) => timed(() => side.statistics.restate(next())),
    },
    {
      name: 'highest memory of a load of 1,000 rows, MB',
      slope: part,
      run: async ({ warehouse }) =>
        (await load(warehouse.url, await writeMessages(warehouse, newMessages(few)))).peakMegabytes,
    },
    {
      name: 'groupby of all rows',
      slope: 'linear',
      run: (side) =>
        get(side, `${messages}?$apply=filter(Content ne '${next()}')/groupby((Medium),aggregate($count as N))`),
    },
    { name: 'full extraction', slope: 'linear', run: (side) => get(side, all, true) },
    { name: 'highest memory of the gateway, MB', slope: part, run: async ({ server }) => server.peakMemory() ?? 0 },
    { name: 'start of a gateway with an empty DATA_DIR', slope: 'flat', run: (side) => start(side, next()) },
    { name: 'gateway check', slope: 'flat', run: (side) => check(side) },
  ];
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function byKey(client: Bench['client'], { server, warehouse, rows }: Side): Promise<number> {
  const { rows: found } = await warehouse.database.query<{ id: string }>(
    `SELECT "MessageId" AS id FROM feed."${messages}" WHERE _row = ANY($1::bigint[])`,
    [Array.from({ length: 200 }, () => 1 + Math.floor(Math.random() * rows))],
  );
  const urls = found.map(({ id }) => `${server.address}${messages}('${id}')`);
  return (await client.load({ urls, connections: 1, seconds: 1 })).p50;
}

/** What changed before is known then. */
async function change(side: Side): Promise<number> {
  side.deltaLink = await deltaLinkOf(side.deltaLink);
  side.changed += few;
  const from = side.rows + 1 - side.changed;
  const rows = await changedMessages(side.warehouse, { count: few, from, apart: 1 });
  return timed(() => loadMessages(side.warehouse, rows));
}

/** Until it answers. */
async function start({ warehouse }: Side, number: number): Promise<number> {
  const started = performance.now();
  const server = await startGateway(warehouse, { DATA_DIR: path.join(warehouse.folder, `start-${number}`) });
  const milliseconds = performance.now() - started;
  await server.stop();
  return milliseconds;
}

const check = ({ warehouse }: Side): Promise<number> =>
  timed(async () => {
    const child = spawn(process.execPath, [path.join(root, 'bin', 'gateway.mjs'), 'check'], {
      ...{ cwd: warehouse.folder, env: gatewayEnvironment(warehouse, {}) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) {
      throw new Error(`gateway check ended with ${String(code)}: ${said}`);
    }
  });

/** Reads all pages; resolves to the link to what changes from now on. */
export async function deltaLinkOf(url: string): Promise<string> {
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
