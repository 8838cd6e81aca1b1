import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { type Bench, type Contender, interleaved } from '../support/bench.ts';
import type { FetchOrder } from '../support/client.ts';
import { timeCopyInNode } from '../support/copy.ts';
import { lackOfDotNetPeer, startDotNetPeer } from '../support/dot-net-peer.ts';
import { type MeasuredServer, startGateway } from '../support/gateway.ts';
import {
  conversations,
  countFrom,
  filterFrom,
  groupOptions,
  lastDayOptions,
  messages,
  monthOptions,
  selectAll,
  selectGroups,
  selectLastDay,
  selectMonth,
  selectOption,
} from '../support/messages.ts';
import { nextLinks, smallPages } from '../support/pages.ts';
import { postgresTime } from '../support/processor-time.ts';
import { type Cell, median, note, type Report, verdict } from '../support/report.ts';

const [gatewayName, peerName, bareName] = ['gateway', 'AspNetCore.OData, EF Core, Npgsql', 'PostgreSQL alone'] as const;
/** What theirs is to take of ours. */
const wanted = 2;
/** Small requests before those that are measured: on a busy machine some seconds of them are too few for either to have compiled what it runs. */
const warmUp = 4000;

/** What one run of a workload took, in milliseconds; processor time of the server and of PostgreSQL. */
interface Cost {
  readonly milliseconds: number;
  readonly server: number;
  readonly postgres: number;
}

interface Workload {
  readonly name: string;
  /** The `at`th request for rows of a service root. */
  readonly order: (root: string, at: number) => FetchOrder;
  /** Milliseconds of the same SQL without a server around it; null: not measured. */
  readonly bare: ((at: number) => Promise<number>) | null;
  /** Rounds for each one that the run is told. */
  readonly times: number;
}

interface Servers {
  readonly gateway: MeasuredServer;
  readonly peer: MeasuredServer;
  /** Milliseconds of PostgreSQL's processor time. */
  readonly postgres: () => number | null;
}

/** The gateway beside what a .NET developer would write over the same tables. */
export async function dotNet(bench: Bench): Promise<readonly Report[]> {
  const lack = lackOfDotNetPeer();
  if (lack !== null) {
    note(`skipped: the .NET peer is ${lack}`);
    return [];
  }
  const { warehouse } = bench;
  const servers: Servers = {
    // What was asked before must not be answered from what was kept of it: the peer keeps nothing.
    gateway: await startGateway(warehouse, { PAGE_SIZE: '1000000', REPLY_CACHE_MB: '0' }),
    peer: await startDotNetPeer(warehouse, null),
    postgres: await postgresTime(warehouse),
  };
  const client = new pg.Client(warehouse.url);
  try {
    await client.connect();
    const results = [];
    for (const workload of workloadsOf(bench, client)) {
      note(`  ${workload.name}`);
      results.push([workload.name, await compared(bench, servers, workload)] as const);
    }
    const reports = [singles(results), await pages(bench, servers)];
    return [...reports, memoryOf(servers)];
  } finally {
    await client.end();
    await servers.peer.stop();
    await servers.gateway.stop();
  }
}

function workloadsOf({ warehouse }: Bench, client: pg.Client): readonly Workload[] {
  const asked = (set: string, options: string): Workload['order'] => {
    return (root) => ({ url: `${root}${set}?${options}` });
  };
  const copied = (select: string) => (): Promise<number> => timeCopyInNode(warehouse, select);
  const queried = (sql: (at: number) => string) => async (at: number) => {
    const started = performance.now();
    await client.query(sql(at));
    return performance.now() - started;
  };
  const expanded = `$select=ConversationId,Medium,CreatedAt&$top=1000&$expand=Messages(${selectOption})`;
  const full = asked(messages, selectOption);
  return [
    { name: 'full extraction, 22 columns', order: full, bare: copied(`${selectAll} ORDER BY _row`), times: 1 },
    {
      name: 'the same with gzip',
      order: (root, at) => ({ ...full(root, at), headers: { 'Accept-Encoding': 'gzip' } }),
      bare: null,
      times: 1,
    },
    {
      name: 'month x 6 columns',
      order: asked(messages, monthOptions),
      bare: copied(`${selectMonth} ORDER BY _row`),
      times: 3,
    },
    { name: '$expand of 1,000 parents', order: asked(conversations, expanded), bare: null, times: 3 },
    { name: 'last day, 1,000 rows', order: asked(messages, lastDayOptions), bare: copied(selectLastDay), times: 5 },
    {
      name: '$count of a month, never the same',
      order: (root, at) => ({ url: `${root}${messages}/$count?${filterFrom(at)}` }),
      bare: queried(countFrom),
      times: 8,
    },
    { name: 'groupby of a month', order: asked(messages, groupOptions), bare: queried(() => selectGroups), times: 8 },
  ];
}

async function compared(
  bench: Bench,
  { gateway, peer, postgres }: Servers,
  { order, bare, times }: Workload,
): Promise<ReadonlyMap<string, readonly Cost[]>> {
  let turn = 0;
  const asked = (name: string, server: MeasuredServer): Contender<Cost> => ({
    name,
    async run() {
      const before = [server.processorTime() ?? 0, postgres() ?? 0] as const;
      const { milliseconds } = await bench.client.fetch(order(server.address, ++turn % 3600));
      return {
        milliseconds,
        server: (server.processorTime() ?? 0) - before[0],
        postgres: (postgres() ?? 0) - before[1],
      };
    },
  });
  const contenders = [asked(gatewayName, gateway), asked(peerName, peer)];
  if (bare !== null) {
    const run = async (): Promise<Cost> => ({ milliseconds: await bare(++turn % 3600), server: 0, postgres: 0 });
    contenders.push({ name: bareName, run });
  }
  return interleaved(contenders, bench.rounds * times);
}

const medianOf = (costs: readonly Cost[] | undefined, of: keyof Cost): number | null =>
  costs === undefined ? null : median(costs.map((cost) => cost[of]));
/** Clock ticks are too long for one small request, not for all of them. */
const meanOf = (costs: readonly Cost[] = [], of: keyof Cost): number =>
  costs.reduce((sum, cost) => sum + cost[of], 0) / costs.length;

function singles(results: readonly (readonly [string, ReadonlyMap<string, readonly Cost[]>])[]): Report {
  const verdicts: string[] = [];
  const rows = results.map(([name, costs]): readonly Cell[] => {
    const [ours, theirs, bare] = [costs.get(gatewayName), costs.get(peerName), costs.get(bareName)];
    const own = medianOf(ours, 'milliseconds') ?? 1;
    const alone = medianOf(bare, 'milliseconds');
    const factor = (medianOf(theirs, 'milliseconds') ?? 0) / own;
    const share = alone === null ? '' : ` (PostgreSQL alone takes ${(alone / own).toFixed(2)} of our time)`;
    verdicts.push(`${verdict(`${name}: theirs over ours`, factor, { atLeast: wanted })}${share}`);
    const used = [ours, theirs].map((one) => ({ server: meanOf(one, 'server'), postgres: meanOf(one, 'postgres') }));
    const [our, their] = used.map(({ server, postgres }) => server + postgres);
    const processors = (their ?? 0) / (our ?? 1);
    const limit = ((their ?? 0) / (used[0]?.postgres ?? 1)).toFixed(1);
    const what = `${name}: theirs over ours in processor time, PostgreSQL's included`;
    verdicts.push(`${verdict(what, processors, { atLeast: wanted })} (${limit} if the gateway took none)`);
    const times = [own, medianOf(theirs, 'milliseconds'), factor, alone];
    return [name, ...times, ...used.flatMap(({ server, postgres }) => [server, postgres]), processors];
  });
  return {
    title: `${peerName} over the same tables`,
    columns: [
      ...['', 'gateway, ms', 'theirs, ms', 'theirs over ours', `${bareName}, ms`],
      ...['gateway, processor ms', 'its PostgreSQL', 'theirs, processor ms', 'its PostgreSQL', 'theirs over ours'],
    ],
    rows,
    verdicts,
  };
}

/** Pages of 100 rows of 22 columns by next link, 16 connections. */
async function pages(bench: Bench, servers: Servers): Promise<Report> {
  note('  pages of 100 rows');
  const seconds = 3;
  const asked = async (name: string, server: MeasuredServer): Promise<Contender<Cost & { perSecond: number }>> => {
    const urls = await nextLinks(`${server.address}${messages}?${selectOption}`);
    const order = { urls, headers: smallPages, connections: 16, seconds };
    for (let warm = 0; warm < warmUp; ) {
      warm += (await bench.client.load(order)).requests;
    }
    return {
      name,
      async run() {
        const before = [server.processorTime() ?? 0, servers.postgres() ?? 0] as const;
        const load = await bench.client.load(order);
        if (load.failed > 0) {
          throw new Error(`${name}: ${load.failed} pages failed`);
        }
        return {
          milliseconds: load.p50,
          perSecond: load.perSecond,
          server: ((server.processorTime() ?? 0) - before[0]) / load.requests,
          postgres: ((servers.postgres() ?? 0) - before[1]) / load.requests,
        };
      },
    };
  };
  const bare = pgbench(bench, seconds);
  const peer = await startDotNetPeer(bench.warehouse, 100);
  const contenders = [await asked(gatewayName, servers.gateway), await asked(peerName, peer)];
  if (bare !== null) {
    contenders.push({
      name: `${bareName} (pgbench)`,
      async run() {
        const before = servers.postgres() ?? 0;
        const { perSecond, requests } = bare();
        const postgres = ((servers.postgres() ?? 0) - before) / requests;
        return { milliseconds: 16_000 / perSecond, perSecond, server: 0, postgres };
      },
    });
  }
  const results = await interleaved(contenders, bench.rounds).finally(() => peer.stop());
  const rateOf = (name: string): number => median((results.get(name) ?? []).map(({ perSecond }) => perSecond));
  const factor = rateOf(gatewayName) / rateOf(peerName);
  const usedBy = (name: string): number =>
    (medianOf(results.get(name), 'server') ?? 0) + (medianOf(results.get(name), 'postgres') ?? 0);
  const limit = (usedBy(peerName) / (medianOf(results.get(gatewayName), 'postgres') ?? 1)).toFixed(1);
  const what = 'pages of 100, 16 connections: theirs over ours in processor time';
  return {
    title: 'Pages of 100 rows by next link, 16 connections',
    columns: ['', 'requests/s', 'p50, ms', 'processor ms a request', "PostgreSQL's, of it"],
    rows: [...results].map(([name, costs]) => [
      name,
      rateOf(name),
      medianOf(costs, 'milliseconds'),
      usedBy(name),
      medianOf(costs, 'postgres'),
    ]),
    verdicts: [
      verdict('pages of 100, 16 connections: our requests/s over theirs', factor, { atLeast: wanted }),
      `${verdict(what, usedBy(peerName) / usedBy(gatewayName), { atLeast: wanted })} (${limit} if the gateway took none)`,
    ],
  };
}

/** The statement of a page by itself, from a client that only asks; null where there is no pgbench. */
function pgbench({ warehouse }: Bench, seconds: number): (() => { perSecond: number; requests: number }) | null {
  if (spawnSync('pgbench', ['--version']).status !== 0) {
    return null;
  }
  const file = path.join(warehouse.folder, 'page.sql');
  writeFileSync(file, `\\set after random(0, 96) * 100\n${selectAll} WHERE _row > :after ORDER BY _row LIMIT 101;\n`);
  return () => {
    const options = ['-n', '-c', '16', '-j', '2', '-T', String(seconds), '-f', file, warehouse.url];
    const { stdout, stderr } = spawnSync('pgbench', options, { encoding: 'utf8' });
    const perSecond = Number(/^tps = ([\d.]+)/m.exec(stdout)?.[1] ?? '0');
    const requests = Number(/^number of transactions actually processed: (\d+)/m.exec(stdout)?.[1] ?? '0');
    if (requests === 0) {
      throw new Error(`pgbench: ${stderr}`);
    }
    return { perSecond, requests };
  };
}

function memoryOf({ gateway, peer }: Servers): Report {
  const [ours, theirs] = [gateway.peakMemory() ?? 0, peer.peakMemory() ?? 0];
  return {
    title: 'Highest resident memory after all of it',
    columns: ['', 'MB'],
    rows: [
      [gatewayName, ours],
      [peerName, theirs],
    ],
    verdicts: [verdict('memory: theirs over ours', theirs / ours, { atLeast: wanted })],
  };
}
