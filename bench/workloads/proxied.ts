import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { lackOfService, startFeeds } from '../../test/upstreams/aspnet/service.ts';
import { type Bench, type Contender, interleaved } from '../support/bench.ts';
import type { Fetched, FetchOrder } from '../support/client.ts';
import { copyName, timeCopy } from '../support/copy.ts';
import { gatewayEnvironment, type MeasuredServer, measuredProcess, startGateway } from '../support/gateway.ts';
import { messages, selectAll, selectOption } from '../support/messages.ts';
import {
  archivedSelect,
  feedWith,
  metadataServed,
  proxiedSet,
  rowStart,
  source,
  variable,
} from '../support/proxied-set.ts';
import { median, note, type Report, verdict } from '../support/report.ts';
import { root } from '../support/warehouse.ts';

/** Rows of the proxied set, and pairs of readings; PROXIED_ROWS and PROXIED_PAIRS change them. */
const rows = Number(process.env['PROXIED_ROWS'] ?? 100_000);
const pairs = Number(process.env['PROXIED_PAIRS'] ?? 6);
const pageSize = 10_000;

/** One reading of all rows, with the processor time that it took of each server. */
interface Reading extends Fetched {
  readonly feed: number;
  readonly gateway: number;
}

type Feed = Pick<MeasuredServer, 'address' | 'processorTime'>;

/**
 * A proxied set beside its feed: all rows in pages of 10,000 from Microsoft.AspNetCore.OData, and through the gateway from the same service, in
 * pairs that take turns; then out of the archive, beside a stored set.
 */
export async function proxied(bench: Bench): Promise<readonly Report[]> {
  const lack = lackOfService();
  if (lack !== null) {
    note(`skipped: Microsoft.AspNetCore.OData is ${lack}`);
    return [];
  }
  const feeds = await startFeeds([feedWith(bench.warehouse, rows, pageSize)]);
  try {
    const feed = { ...measuredProcess(feeds.pid), address: feeds.roots[0] ?? '' };
    const live = await liveReport(bench, feed);
    const settings = { [variable]: feed.address, METADATA_DIR: metadataServed(bench.warehouse, 'archive') };
    copied(bench, settings);
    return [live, await archivedReport(bench, settings)];
  } finally {
    await feeds.close();
  }
}

/** A round that counts rows: a fast wrong answer is none. */
async function checked({ client }: Bench, order: FetchOrder): Promise<void> {
  const { rows: seen } = await client.fetch(order);
  if (seen !== rows) {
    throw new Error(`${order.url}: ${seen} rows, not ${rows}`);
  }
}

async function liveReport(bench: Bench, feed: Feed): Promise<Report> {
  const { warehouse, client } = bench;
  const server = await startGateway(warehouse, {
    [variable]: feed.address,
    METADATA_DIR: metadataServed(warehouse, 'live'),
  });
  try {
    const direct = { url: `${feed.address}${proxiedSet.slice('Buzzeasy'.length)}`, follow: true };
    const through = { url: `${server.address}${proxiedSet}`, follow: true };
    await checked(bench, { ...direct, countRows: rowStart });
    await checked(bench, { ...through, countRows: rowStart });
    const memoryBefore = server.peakMemory();
    const read = async (order: FetchOrder): Promise<Reading> => {
      const before = [feed.processorTime() ?? 0, server.processorTime() ?? 0] as const;
      const fetched = await client.fetch(order);
      const [atFeed, atGateway] = [feed.processorTime() ?? 0, server.processorTime() ?? 0];
      return { ...fetched, feed: atFeed - before[0], gateway: atGateway - before[1] };
    };
    const names = ['the feed directly', 'through the gateway'] as const;
    const results = await interleaved<Reading>(
      [
        { name: names[0], run: () => read(direct) },
        { name: names[1], run: () => read(through) },
      ],
      pairs,
    );
    return pairsReport(results, names, { before: memoryBefore, after: server.peakMemory() });
  } finally {
    await server.stop();
  }
}

function pairsReport(
  results: ReadonlyMap<string, readonly Reading[]>,
  [direct, through]: readonly [string, string],
  memory: { readonly before: number | null; readonly after: number | null },
): Report {
  const [own, ours] = [results.get(direct) ?? [], results.get(through) ?? []];
  const ratios = ours.map(({ milliseconds }, at) => milliseconds / (own[at]?.milliseconds ?? 1));
  const shares = ours.map((reading) => reading.gateway / reading.feed);
  return {
    title: `${rows.toLocaleString('en')} rows in pages of ${pageSize.toLocaleString('en')} from Microsoft.AspNetCore.OData`,
    columns: ['', 'ms (median)', 'feed, ms of processor time', 'gateway, ms of processor time', 'MB', 'pages'],
    rows: [...results].map(([name, readings]) => [
      name,
      median(readings.map(({ milliseconds }) => milliseconds)),
      median(readings.map((reading) => reading.feed)),
      median(readings.map((reading) => reading.gateway)),
      (readings[0]?.bytes ?? 0) / 1e6,
      readings[0]?.pages ?? 0,
    ]),
    verdicts: [
      verdict(`time through the gateway, of the feed's own, median of ${pairs} pairs`, median(ratios), { below: 1.15 }),
      verdict("gateway's processor time, of the feed's", median(shares), { below: 0.5 }),
      verdict(
        'MB that the gateway grew by, after two readings of all rows',
        (memory.after ?? 0) - (memory.before ?? 0),
        {
          below: 30,
        },
      ),
      `highest resident memory of the gateway: ${memory.after ?? '-'} MB`,
    ],
  };
}

/** Copies the feed into the archive, by the command that does it. */
function copied({ warehouse }: Bench, settings: Readonly<Record<string, string>>): void {
  const arguments_ = ['archive', source, '--set', proxiedSet, '--once'];
  const run = spawnSync(process.execPath, [path.join(root, 'bin', 'gateway.mjs'), ...arguments_], {
    cwd: warehouse.folder,
    env: gatewayEnvironment(warehouse, settings),
    encoding: 'utf8',
  });
  if (run.status !== 0) {
    throw new Error(`gateway archive ended with ${run.status}: ${run.stdout}${run.stderr}`);
  }
  note('archived');
}

/** The archived set and a stored one of as many rows, each beside PostgreSQL's own COPY of its columns. */
async function archivedReport(bench: Bench, settings: Readonly<Record<string, string>>): Promise<Report> {
  const { warehouse, client } = bench;
  const some = Math.min(rows, bench.rows);
  await warehouse.database.query(`VACUUM (ANALYZE) gateway_archive."${proxiedSet}"`);
  const server = await startGateway(warehouse, { ...settings, PAGE_SIZE: '1000000' });
  try {
    const archived = { url: `${server.address}${proxiedSet}`, follow: true };
    await checked(bench, { ...archived, countRows: rowStart });
    const copy = (name: string, select: string): Contender<Fetched> => ({
      name,
      run: async () => {
        const milliseconds = await timeCopy(warehouse, select);
        return { status: 200, milliseconds, firstByte: 0, bytes: 0, pages: 0, rows: null };
      },
    });
    const stored = { url: `${server.address}${messages}?${selectOption}&$top=${some}`, follow: true };
    const names = ['archived', 'stored'] as const;
    const copyOf = (name: string): string => `${copyName} of the ${name} set's columns`;
    const results = await interleaved<Fetched>(
      [
        copy(copyOf(names[0]), archivedSelect(warehouse)),
        { name: names[0], run: () => client.fetch(archived) },
        copy(copyOf(names[1]), `${selectAll} ORDER BY _row LIMIT ${some}`),
        { name: names[1], run: () => client.fetch(stored) },
      ],
      pairs,
    );
    const timeOf = (name: string): number => median((results.get(name) ?? []).map(({ milliseconds }) => milliseconds));
    const ofCopy = names.map((name) => timeOf(copyOf(name)) / timeOf(name));
    return {
      title: `${rows.toLocaleString('en')} rows out of the archive, beside a stored set`,
      columns: ['', 'ms (median)', 'MB', 'MB/s'],
      rows: [...results].map(([name, [first]]) => {
        const bytes = (first?.bytes ?? 0) / 1e6;
        return [name, timeOf(name), bytes, (bytes / timeOf(name)) * 1000];
      }),
      verdicts: [
        verdict(`archived: its speed (of ${copyName}), of the stored one's`, (ofCopy[0] ?? 0) / (ofCopy[1] ?? 1), {
          atLeast: 0.9,
        }),
      ],
    };
  } finally {
    await server.stop();
  }
}
