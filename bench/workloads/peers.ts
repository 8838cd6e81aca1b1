import { type Bench, type Contender, interleaved } from '../support/bench.ts';
import type { Fetched, FetchOrder, Load } from '../support/client.ts';
import { copyName, timeCopy } from '../support/copy.ts';
import { type MeasuredServer, startGateway } from '../support/gateway.ts';
import {
  conversations,
  filterFrom,
  messages,
  monthOptions,
  selectAll,
  selectMonth,
  selectOption,
} from '../support/messages.ts';
import { nextLinks, smallPages } from '../support/pages.ts';
import { startPeer } from '../support/peer.ts';
import { type Cell, median, type Report, verdict } from '../support/report.ts';

const gatewayName = 'gateway';
const cursorName = 'pg-cursor + JSON.stringify';
const libraryName = 'odata-v4-server + odata-v4-pg';

/** What SAP CAP 9.9.3 reached of psql's COPY where it was measured (its licence keeps it out of this project). */
const cap = { full: 0.078, month: 0.21 } as const;

/** Rows that the slowest peer is asked for, where the others send all: its time grows faster than its rows. */
const libraryRows = 5000;

interface Servers {
  readonly gateway: MeasuredServer;
  readonly cursor: MeasuredServer;
  readonly library: MeasuredServer;
}

/** The gateway beside two ways to do without it, on every workload. */
export async function peers(bench: Bench): Promise<readonly Report[]> {
  const servers: Servers = {
    gateway: await startGateway(bench.warehouse, { PAGE_SIZE: '1000000' }),
    cursor: await startPeer(bench.warehouse, 'cursor-server'),
    library: await startPeer(bench.warehouse, 'odata-v4-server'),
  };
  try {
    return [
      await extraction(bench, servers, 'full'),
      await extraction(bench, servers, 'month'),
      await pages(bench, servers),
      await skipped(bench, servers),
      await count(bench, servers, 'not asked before'),
      await count(bench, servers, 'asked before'),
      await expand(bench, servers),
    ];
  } finally {
    for (const server of Object.values(servers)) {
      await server.stop();
    }
  }
}

interface Timed {
  readonly milliseconds: number;
  readonly rows: number;
}

async function extraction(bench: Bench, servers: Servers, kind: 'full' | 'month'): Promise<Report> {
  const options = kind === 'full' ? selectOption : monthOptions;
  const url = `${servers.gateway.address}${messages}?${options}`;
  const { rows } = await bench.client.fetch({ url, countRows: '{"MessageId":' });
  const all = rows ?? 0;
  const some = Math.min(all, libraryRows);
  const library = `${servers.library.address}${messages}?${options}&$top=${some}`;
  const contenders: Contender<Timed>[] = [
    {
      name: copyName,
      run: async () => ({
        milliseconds: await timeCopy(bench.warehouse, kind === 'full' ? selectAll : selectMonth),
        rows: all,
      }),
    },
    { name: gatewayName, run: () => timed(bench, { url }, all) },
    { name: cursorName, run: () => timed(bench, { url: `${servers.cursor.address}${kind}` }, all) },
    { name: `${libraryName}, $top=${some}`, run: () => timed(bench, { url: library }, some) },
  ];
  const results = await interleaved(contenders, kind === 'full' ? bench.rounds : bench.rounds * 2);
  const rates = [...results].map(([name, rounds]) => ({
    name,
    milliseconds: median(rounds.map((round) => round.milliseconds)),
    rate: median(rounds.map((round) => (round.rows / round.milliseconds) * 1000)),
  }));
  const limit = rates[0]?.rate ?? 1;
  const ours = rates[1]?.rate ?? 0;
  const title = kind === 'full' ? 'Full extraction' : 'One month, 6 columns';
  return {
    title: `${title}: peers`,
    columns: ['', 'ms (median)', 'rows/s', `of ${copyName}`, 'gateway is faster by'],
    rows: rates.map(({ name, milliseconds, rate }) => [name, milliseconds, rate, rate / limit, ours / rate]),
    verdicts: [
      verdict(`of ${copyName}, three times SAP CAP's ${cap[kind]}`, ours / limit, { atLeast: 3 * cap[kind] }),
      ...rates.slice(2).map(({ name, rate }) => verdict(`faster than ${name} by`, ours / rate, { atLeast: 1 })),
    ],
  };
}

async function timed({ client }: Bench, order: FetchOrder, rows: number): Promise<Timed> {
  const { milliseconds } = await client.fetch(order);
  return { milliseconds, rows };
}

/** 100 rows of 22 columns, 16 connections: each peer goes from page to page as it can. */
async function pages(bench: Bench, servers: Servers): Promise<Report> {
  return loads(bench, 'Pages of 100 rows one after the other, 16 connections', [
    [gatewayName, await nextLinks(`${servers.gateway.address}${messages}?${selectOption}`)],
    [cursorName, hundreds((at) => `${servers.cursor.address}page?after=${at}`)],
    [`${libraryName}, $skip`, skipping(servers.library.address)],
  ]);
}

/** The same rows, asked for by their place, as a folded Table.Skip does. */
async function skipped(bench: Bench, servers: Servers): Promise<Report> {
  return loads(bench, '$skip=n&$top=100, n below 9,700, 16 connections', [
    [gatewayName, skipping(servers.gateway.address)],
    [`${cursorName}, OFFSET`, hundreds((at) => `${servers.cursor.address}skip?skip=${at}`)],
    [libraryName, skipping(servers.library.address)],
  ]);
}

const hundreds = (make: (at: number) => string): string[] => Array.from({ length: 97 }, (_, page) => make(page * 100));
const skipping = (root: string): string[] =>
  hundreds((at) => `${root}${messages}?${selectOption}&$top=100&$skip=${at}`);
async function loads(
  bench: Bench,
  title: string,
  contenders: readonly (readonly [string, string[]])[],
): Promise<Report> {
  const order = { headers: smallPages, connections: 16, seconds: 3 };
  const results = await interleaved(
    contenders.map(([name, urls]): Contender<Load> => ({ name, run: () => bench.client.load({ ...order, urls }) })),
    bench.rounds,
  );
  const rates = new Map([...results].map(([name, loads]) => [name, median(loads.map(({ perSecond }) => perSecond))]));
  const ours = rates.get(gatewayName) ?? 0;
  return {
    title,
    columns: ['', 'requests/s', 'p50 ms', 'p99 ms', 'failed', 'gateway is faster by'],
    rows: [...results].map(([name, loads]): readonly Cell[] => [
      name,
      rates.get(name) ?? 0,
      median(loads.map(({ p50 }) => p50)),
      median(loads.map(({ p99 }) => p99)),
      loads.reduce((sum, { failed }) => sum + failed, 0),
      ours / (rates.get(name) ?? 1),
    ]),
    verdicts: [...rates].slice(1).map(([name, rate]) => verdict(`faster than ${name} by`, ours / rate, { atLeast: 1 })),
  };
}

/** `asked before`: the same count again, as every refresh and every page with `$count=true` asks for it. */
async function count(bench: Bench, servers: Servers, kind: 'asked before' | 'not asked before'): Promise<Report> {
  let second = 0;
  const from = (): number => (kind === 'asked before' ? 0 : ++second);
  return single(bench, `Count of a month, ${kind}`, [
    [gatewayName, () => `${servers.gateway.address}${messages}/$count?${filterFrom(from())}`],
    [cursorName, () => `${servers.cursor.address}count?from=${from()}`],
    // Its /$count reads every row; this form lets it count in SQL.
    [
      `${libraryName}, $count=true&$top=1`,
      () => `${servers.library.address}${messages}?$select=MessageId&${filterFrom(from())}&$count=true&$top=1`,
    ],
  ]);
}

async function expand(bench: Bench, servers: Servers): Promise<Report> {
  const options = `$select=ConversationId,Medium,CreatedAt&$top=1000&$expand=Messages`;
  return single(bench, '$expand of 1,000 parents with 6,000 children', [
    [gatewayName, () => `${servers.gateway.address}${conversations}?${options}(${selectOption})`],
    [cursorName, () => `${servers.cursor.address}expand`],
    [libraryName, () => `${servers.library.address}${conversations}?${options}`],
  ]);
}

async function single(
  bench: Bench,
  title: string,
  urls: readonly (readonly [string, () => string])[],
): Promise<Report> {
  const contenders = urls.map(
    ([name, url]): Contender<Fetched> => ({ name, run: () => bench.client.fetch({ url: url() }) }),
  );
  const results = await interleaved(contenders, bench.rounds * 5);
  const times = [...results].map(([name, rounds]) => ({
    name,
    milliseconds: median(rounds.map((round) => round.milliseconds)),
    bytes: rounds[0]?.bytes ?? 0,
  }));
  const ours = times[0]?.milliseconds ?? 1;
  return {
    title,
    columns: ['', 'ms (median)', 'bytes', 'gateway is faster by'],
    rows: times.map(({ name, milliseconds, bytes }) => [name, milliseconds, bytes, milliseconds / ours]),
    verdicts: times
      .slice(1)
      .map(({ name, milliseconds }) => verdict(`faster than ${name} by`, milliseconds / ours, { atLeast: 1 })),
  };
}
