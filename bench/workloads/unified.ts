import { spawnSync } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { rebuildSets } from '../../src/ingest/rebuild/rebuild-sets.ts';
import { writeSamples } from '../../src/samples/write-samples.ts';
import { type Bench, type Contender, interleaved } from '../support/bench.ts';
import type { Fetched, FetchOrder } from '../support/client.ts';
import { copyName, hasPsql, runPsql, timeCopy } from '../support/copy.ts';
import { gatewayEnvironment, type MeasuredServer, startGateway } from '../support/gateway.ts';
import { conversations, messages } from '../support/messages.ts';
import { median, note, type Report, verdict } from '../support/report.ts';
import { root } from '../support/warehouse.ts';

/** What two other sources say beside the messages that every run has, half as many each. */
const others = [
  ...['HootsuiteInboxMessages', 'HootsuiteInboxConversations', 'TracebuzzCases', 'TracebuzzResults'],
  ...['TracebuzzServices', 'TracebuzzQueues'],
];

/** Each set over all sources, and the set of one source that it is held against. */
const pairs = [
  { unified: 'Messages', single: messages },
  { unified: 'Conversations', single: conversations },
] as const;

const weeks = 'groupby((Date/IsoYear,Date/IsoWeek,Channel),aggregate($count as N))';
const weeksSql = `SELECT d."IsoYear", d."IsoWeek", m."Channel", count(*) AS "N" FROM feed."Messages" m LEFT JOIN feed."Dates" d ON d."Date" = m."LocalDate" GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`;

/** Sets over all sources, of three sources: extraction beside one source's set, first pages, messages by week and channel beside psql. */
export async function unified(bench: Bench): Promise<readonly Report[]> {
  await fillUnified(bench);
  const server = await startGateway(bench.warehouse, { PAGE_SIZE: '1000000', REPLY_CACHE_MB: '0' });
  try {
    return [await extraction(bench, server), await firstPages(bench, server), await byWeek(bench, server)];
  } finally {
    await server.stop();
  }
}

async function fillUnified({ warehouse, rows }: Bench): Promise<void> {
  const { database, catalogue } = warehouse;
  const folder = path.join(warehouse.folder, 'other-exports');
  await mkdir(folder, { recursive: true });
  await writeSamples(catalogue, folder, { rows: Math.ceil(rows / 2), days: 1, only: others });
  // A process of its own, as a nightly load is: what it needs of memory is gone when readers come.
  const run = spawnSync(process.execPath, [path.join(root, 'bin', 'gateway.mjs'), 'ingest', folder], {
    cwd: warehouse.folder,
    env: gatewayEnvironment(warehouse, {}),
    encoding: 'utf8',
  });
  if (run.status !== 0) {
    throw new Error(`gateway ingest ended with ${run.status}: ${run.stdout}${run.stderr}`);
  }
  await rm(folder, { recursive: true });
  await rebuildSets({ database, catalogue, sets: ['Conversations', 'Messages', 'Dates'], folders: [] });
  for (const set of ['Conversations', 'Messages', 'Dates']) {
    await database.query(`VACUUM (ANALYZE, FREEZE) feed."${set}"`);
  }
  note('made sets over all sources');
}

/** The properties that are columns by their own names, in the order of the model. */
async function columns({ warehouse }: Bench, set: string): Promise<readonly string[]> {
  const found = warehouse.catalogue.model.entitySets.get(set);
  if (found === undefined) {
    throw new TypeError(`there is no set ${set}`);
  }
  const { rows } = await warehouse.database.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'feed."${set}"'::regclass AND attnum > 0 AND NOT attisdropped`,
  );
  const stored = new Set(rows.map(({ name }) => name));
  return [...found.entityType.properties.keys()].filter((name) => stored.has(name));
}

async function countOf({ warehouse }: Bench, set: string): Promise<number> {
  const { rows } = await warehouse.database.query<{ n: number }>(`SELECT count(*)::int AS n FROM feed."${set}"`);
  return rows[0]?.n ?? 0;
}

async function extraction(bench: Bench, server: MeasuredServer): Promise<Report> {
  const lines: (readonly [string, number, number, number, number])[] = [];
  const verdicts: string[] = [];
  for (const pair of pairs) {
    const shares = [];
    for (const set of [pair.unified, pair.single]) {
      const names = await columns(bench, set);
      const url = `${server.address}${set}?$select=${names.join(',')}`;
      const rows = await countOf(bench, set);
      const checked = await bench.client.fetch({ url, follow: true, countRows: `{"${names[0]}":` });
      if (checked.rows !== rows) {
        throw new Error(`${checked.rows} rows of ${set} came, not ${rows}`);
      }
      const select = `SELECT ${names.map((name) => `"${name}"`).join(', ')} FROM feed."${set}"`;
      const times = await interleaved<number>(
        [{ name: copyName, run: () => timeCopy(bench.warehouse, select) }, timed(bench, 'feed', { url, follow: true })],
        bench.rounds,
      );
      const [copy, feed] = [copyName, 'feed'].map((name) => median(times.get(name) ?? []));
      lines.push([set, rows, copy ?? 0, feed ?? 0, (copy ?? 0) / (feed ?? 1)]);
      shares.push((copy ?? 0) / (feed ?? 1));
    }
    const [own = 0, single = 1] = shares;
    verdicts.push(verdict(`${pair.unified}, of the speed of ${pair.single}`, own / single, { atLeast: 0.9 }));
  }
  return {
    title: 'All rows and columns of sets over all sources, beside one source',
    columns: ['', 'rows', `${copyName}, ms (median)`, 'feed, ms (median)', `of ${copyName}`],
    rows: lines,
    verdicts,
  };
}

const timed = ({ client }: Bench, name: string, order: FetchOrder): Contender<number> => ({
  name,
  run: async () => (await client.fetch(order)).milliseconds,
});

/** The first 100 rows, by key and by time, until the last byte. */
async function firstPages({ client, rounds, warehouse }: Bench, server: MeasuredServer): Promise<Report> {
  const { rows: days } = await warehouse.database.query<{ day: string }>(
    `SELECT max("LocalDate")::text AS day FROM feed."Conversations"`,
  );
  const orders = [
    ['Messages', 'Messages?$top=100'],
    ['Messages by time', 'Messages?$top=100&$orderby=SentAt desc'],
    ['Conversations', 'Conversations?$top=100'],
    ['Conversations of a day', `Conversations?$top=100&$filter=LocalDate eq ${days[0]?.day}`],
  ] as const;
  const times = await interleaved<Fetched>(
    orders.map(([name, url]) => ({ name, run: () => client.fetch({ url: `${server.address}${encodeURI(url)}` }) })),
    Math.max(rounds, 5),
  );
  const rows = [...times].map(
    ([name, all]) => [name, median(all.map(({ milliseconds }) => milliseconds)), all[0]?.bytes ?? 0] as const,
  );
  return {
    title: 'First pages of 100 rows',
    columns: ['', 'ms (median)', 'bytes'],
    rows,
    verdicts: rows.map(([name, milliseconds]) => verdict(`${name}, ms`, milliseconds, { below: 20 })),
  };
}

async function byWeek(bench: Bench, server: MeasuredServer): Promise<Report> {
  if (!hasPsql) {
    return { title: 'Messages by week and channel: skipped, there is no psql', columns: [''], rows: [], verdicts: [] };
  }
  const query = `Messages?$apply=${encodeURIComponent(weeks)}`;
  const kept = await startGateway(bench.warehouse, { REPLY_CACHE_MB: '64' });
  try {
    const again = { url: `${kept.address}${query}`, headers: { 'Accept-Encoding': 'gzip' } };
    await bench.client.fetch(again);
    const psql = 'psql';
    const times = await interleaved<number>(
      [
        { name: psql, run: () => runPsql(bench.warehouse, ['-c', weeksSql], null) },
        timed(bench, 'feed', { url: `${server.address}${query}` }),
        { name: 'asked again', run: () => medianOf(askedAgain, () => timed(bench, 'asked again', again).run()) },
      ],
      bench.rounds,
    );
    const [sql = 1, feed = 0, repeated = 0] = [psql, 'feed', 'asked again'].map((name) =>
      median(times.get(name) ?? []),
    );
    return {
      title: 'Messages of three sources by ISO week and channel',
      columns: ['', 'ms (median)'],
      rows: [...times].map(([name, all]) => [name, median(all)]),
      verdicts: [
        verdict('one $apply, of the same SQL by psql', feed / sql, { below: 1.3 }),
        verdict('asked again, ms', repeated, { below: 3 }),
      ],
    };
  } finally {
    await kept.stop();
  }
}

/** Requests of a gateway that was just started are slower than later ones, which V8 has compiled the path of. */
const askedAgain = 50;

async function medianOf(times: number, run: () => Promise<number>): Promise<number> {
  const found: number[] = [];
  for (let time = 0; time < times; time++) {
    found.push(await run());
  }
  return median(found);
}
