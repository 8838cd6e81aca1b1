/**
 * What a hundred restatements of one day leave behind: sizes of tables and indexes, rows that nobody needs any more, and what reads take, before,
 * on the way and afterwards, with PostgreSQL's own autovacuum as the embedded server has it. Then full extractions with and without a
 * vacuum beside them. Usage: `npm run bench -- restatements [rows] [rows of the day] [times]` (200,000, 1,000 and 100). On a server of its own
 * in a temporary folder, or an empty database named by DATABASE_URL.
 */
import os from 'node:os';
import process from 'node:process';
import { rebuildSets } from '../src/ingest/rebuild/rebuild-sets.ts';
import { openDatabase } from '../src/warehouse/postgres-database.ts';
import { type CountingClient, countingClient } from './support/client.ts';
import { type MeasuredServer, startGateway } from './support/gateway.ts';
import { changedMessages, loadMessages } from './support/message-file.ts';
import { messages, selectOption } from './support/messages.ts';
import { type PlanBuffers, planBuffers } from './support/plan-buffers.ts';
import { type RelationSize, relationSizes, type Vacuums, vacuums } from './support/relations.ts';
import { type Cell, median, note, print } from './support/report.ts';
import { type BenchWarehouse, fill, openWarehouse } from './support/warehouse.ts';

const [rows = 200_000, restated = 1000, times = 100] = process.argv.slice(2).map(Number);
const statistics = 'TracebuzzAgentStatistics';
const asked = 20;
const schemas = ['feed', 'gateway', 'pg_catalog'];

interface Read {
  readonly ms: number;
  /** Where it is the usual one, others on the machine made the median. */
  readonly least: number;
  readonly plan: PlanBuffers | null;
}

/** One moment: what reads take, in ms (median and least) and by their plans, and what lies on disk. */
interface Moment {
  readonly name: string;
  readonly reads: ReadonlyMap<string, Read>;
  readonly sizes: readonly RelationSize[];
  readonly vacuums: readonly Vacuums[];
}

// Days go by in seconds here: PostgreSQL looks each second whether there is something to put away, not each minute.
const warehouse = await openWarehouse({ autovacuum_naptime: '1s' });
const client = countingClient();
let server: MeasuredServer | null = null;
try {
  await fill(warehouse.database, rows);
  await rebuildSets({ ...warehouse, sets: ['Conversations', 'Messages', 'Dates'], folders: [] });
  await restate(0);
  for (const set of [messages, statistics, 'Messages', 'Conversations']) {
    await warehouse.database.query(`VACUUM (ANALYZE) feed."${set}"`);
  }
  server = await startGateway(warehouse, { REPLY_CACHE_MB: '0' });
  note(`${rows.toLocaleString('en')} messages are there`);
  await measure(warehouse, client, server);
} finally {
  await server?.stop();
  client.close();
  await warehouse.close();
}

async function measure(on: BenchWarehouse, through: CountingClient, gateway: MeasuredServer): Promise<void> {
  const moments: Moment[] = [];
  const loads: { readonly upsert: number; readonly restate: number }[] = [];
  const since = { link: await deltaLink(gateway) };
  const look = async (name: string): Promise<void> => {
    note(name);
    moments.push(await momentOf(name, on, { through, gateway, since: since.link }));
  };
  for (let time = 1; time <= times; time++) {
    since.link = await deltaLink(gateway, since.link);
    loads.push(await restate(time));
    if (time === 1 || time === Math.round(times * 0.35) || time === times) {
      await look(`${time} of ${times}`);
    }
  }
  const extractions = await besideVacuum(through, gateway);
  for (const { table } of await vacuums(on.database)) {
    const [schema = '', name = ''] = table.split('.');
    await on.database.query(`VACUUM "${schema}"."${name}"`);
  }
  await look('after a vacuum');
  console.log(`${os.cpus().length} processors, load ${os.loadavg()[0]?.toFixed(1)}`);
  reads(moments);
  sizes(moments);
  dead(moments);
  const tenth = Math.max(1, Math.round(times / 10));
  const firstAndLast = (kind: 'upsert' | 'restate'): readonly Cell[] =>
    [loads.slice(0, tenth), loads.slice(-tenth)].map((some) => median(some.map((load) => load[kind])));
  print({
    title: `Loads: the first ${tenth} beside the last ones`,
    columns: ['', 'first, ms (median)', 'last, ms (median)'],
    rows: [
      [`${restated} changed messages`, ...firstAndLast('upsert')],
      [`a day of ${restated} statistics, a tenth of them others`, ...firstAndLast('restate')],
    ],
    verdicts: [],
  });
  print({ title: 'Full extraction', columns: ['', 'ms (median)'], rows: extractions, verdicts: [] });
}

/** The last messages with another text, and a day of statistics that is stated anew: a tenth of its agents are others than before. */
async function restate(time: number): Promise<{ readonly upsert: number; readonly restate: number }> {
  const changed = await changedMessages(warehouse, { count: restated, from: rows - restated + 1, apart: 1 });
  const stated = Array.from({ length: restated }, (_, place) => ({
    RowDate: '2025-12-31',
    AgentId: String(1 + ((place + Math.floor(time * restated * 0.1)) % (2 * restated))),
    HandledCount: String(time),
  }));
  const upsert = await timed(() => loadMessages(warehouse, changed));
  return { upsert, restate: await timed(() => loadMessages(warehouse, stated, statistics)) };
}

interface Asking {
  readonly through: CountingClient;
  readonly gateway: MeasuredServer;
  readonly since: string;
}

/** What is read; `number`: another one asks for something that was not asked before. */
async function urls({ gateway, since }: Asking): Promise<readonly (readonly [string, (number: number) => string])[]> {
  const { rows: found } = await warehouse.database.query<{ first: string; changed: string }>(
    `SELECT min("CreatedAt")::text AS first, min("LastUpdatedAt")::text AS changed FROM feed."${messages}" WHERE _row > $1`,
    [rows - restated],
  );
  const iso = (text = ''): string => new Date(text).toISOString();
  const [day, changed] = [iso(found[0]?.first), iso(found[0]?.changed)];
  return [
    [
      'page of 100 by key',
      (n) => `${messages}?${selectOption}&$filter=MessageId gt '7${n}'&$orderby=MessageId&$top=100`,
    ],
    [
      'the day, by when it was made',
      (n) => `${messages}?${selectOption}&$filter=CreatedAt ge ${day} and Content ne '${n}'`,
    ],
    [
      'the day, by when it changed',
      (n) => `${messages}?${selectOption}&$filter=LastUpdatedAt ge ${changed} and Content ne '${n}'`,
    ],
    ['delta of the last load', () => since.slice(gateway.address.length)],
    ['$search of a rare word', (n) => `${messages}?${selectOption}&$search=${Math.floor(rows / 2) + n}`],
    [
      '$search of a word of the day',
      (n) => `${messages}?${selectOption}&$search=Loaded&$filter=Content ne '${n}'&$top=100`,
    ],
    ['Messages, the newest 100', (n) => `Messages?$top=100&$orderby=SentAt desc&$filter=Text ne '${n}'`],
    ['statistics of the day', (n) => `${statistics}?$filter=RowDate eq 2025-12-31 and HandledCount ne ${-n}`],
    ['statistics of one agent', (n) => `${statistics}?$filter=RowDate eq 2025-12-31 and AgentId eq ${n}`],
  ];
}

async function momentOf(name: string, { database }: BenchWarehouse, asking: Asking): Promise<Moment> {
  const seen = new Map<string, Read>();
  for (const [read, url] of await urls(asking)) {
    const ms: number[] = [];
    // Plans first: reading through an index marks entries of rows that are gone, so that later reads pass them by.
    const plan = await planBuffers(warehouse, url(0));
    for (let number = 1; number <= asked; number++) {
      const address = `${asking.gateway.address}${url(number)}`;
      ms.push((await asking.through.fetch({ url: address, headers: { Prefer: 'odata.track-changes' } })).milliseconds);
    }
    seen.set(read, { ms: median(ms), least: Math.min(...ms), plan });
  }
  return { name, reads: seen, sizes: await relationSizes(database, schemas), vacuums: await vacuums(database) };
}

/** All rows, alone and while a vacuum of the set goes at autovacuum's pace, in turns. */
async function besideVacuum(through: CountingClient, gateway: MeasuredServer): Promise<readonly (readonly Cell[])[]> {
  const url = `${gateway.address}${messages}?${selectOption}`;
  const extract = async (): Promise<number> => (await through.fetch({ url, follow: true })).milliseconds;
  const [alone, beside, vacuum]: [number[], number[], number[]] = [[], [], []];
  const paced = await openDatabase({ connection: `${warehouse.url}?options=-c%20vacuum_cost_delay%3D2ms` });
  await extract();
  for (let round = 0; round < 3; round++) {
    alone.push(await extract());
    await restate(times + 1 + round);
    const running = timed(() => paced.query(`VACUUM feed."${messages}"`));
    beside.push(await extract());
    vacuum.push(await running);
  }
  await paced.close();
  return [
    ['alone', median(alone)],
    ['beside a vacuum', median(beside)],
    ['the vacuum', median(vacuum)],
  ];
}

function reads(moments: readonly Moment[]): void {
  const names = [...(moments[0]?.reads.keys() ?? [])];
  print({
    title: `Reads, ms (median and least of ${asked}) and pages of 8 KB`,
    columns: ['', ...moments.flatMap(({ name }) => [name, 'least', 'pages']), 'scans, first and last'],
    rows: names.map((name) => {
      const all = moments.map((moment) => moment.reads.get(name));
      const scans = [all[0], all.at(-2)].map((one) => one?.plan?.scans.join(', ') ?? '');
      return [
        name,
        ...all.flatMap((one) => [one?.ms ?? null, one?.least ?? null, one?.plan?.pages ?? null]),
        [...new Set(scans)].join(' / '),
      ];
    }),
    verdicts: [],
  });
}

function sizes(moments: readonly Moment[]): void {
  const sizeAt = ({ sizes: all }: Moment, table: string, index: string | null): number =>
    (all.find((one) => one.table === table && one.index === index)?.bytes ?? 0) / 1e6;
  const last = moments.at(-1)?.sizes ?? [];
  print({
    title: 'Sizes, MB: what grew by a tenth',
    columns: ['table', 'index', ...moments.map(({ name }) => name)],
    rows: last
      .map(({ table, index }) => [table, index, ...moments.map((moment) => sizeAt(moment, table, index))] as const)
      .filter(([, , ...all]) => Math.max(...all) > 0.1 && Math.max(...all) > 1.1 * (all[0] ?? 0)),
    verdicts: [],
  });
}

function dead(moments: readonly Moment[]): void {
  const at = ({ vacuums: all }: Moment, table: string): Vacuums | undefined => all.find((one) => one.table === table);
  const tables = (moments[0]?.vacuums ?? []).map(({ table }) => table);
  print({
    title: 'Rows that nobody needs any more, and how often autovacuum came by itself',
    columns: ['table', ...moments.flatMap(({ name }) => [name, 'autovacuums'])],
    rows: tables
      .map((table) => [
        table,
        ...moments.flatMap((moment) => [at(moment, table)?.dead ?? 0, at(moment, table)?.autovacuums ?? 0]),
      ])
      .filter(([, ...all]) => all.some((one) => Number(one) >= 50)),
    verdicts: [],
  });
}

/** To what changes from now on; follows `from` where it is given. */
async function deltaLink({ address }: MeasuredServer, from?: string): Promise<string> {
  let next = from ?? `${address}${messages}?$select=MessageId,Content&$filter=CreatedAt ge 2025-12-01T00:00:00Z`;
  for (;;) {
    const reply = await fetch(next, { headers: { Prefer: 'odata.track-changes' } });
    const page = (await reply.json()) as { '@odata.nextLink'?: string; '@odata.deltaLink'?: string };
    const link = page['@odata.deltaLink'];
    if (link !== undefined) {
      return link;
    }
    if (page['@odata.nextLink'] === undefined) {
      throw new Error(`${next}: ${reply.status} without a delta link`);
    }
    next = page['@odata.nextLink'];
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
