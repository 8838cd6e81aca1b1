import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { hashKey } from '../../src/sign-in/files/credentials.ts';
import { type Bench, interleaved } from '../support/bench.ts';
import { type MeasuredServer, startGateway } from '../support/gateway.ts';
import { messages, selectOption } from '../support/messages.ts';
import { postgresTime } from '../support/processor-time.ts';
import { median, type Report, verdict } from '../support/report.ts';

/** All of them, so that every reader gets the same bytes: what is measured is what asking for them costs. */
const teams = Array.from({ length: 12 }, (_, n) => String(70 + n));

const rules = {
  claims: { team: { teams }, colleague: { teams: teams.toReversed() } },
  roles: {
    all: { who: [{ names: ['all'] }], read: [{ all: true }] },
    teams: { who: [{ names: ['team', 'colleague'] }], read: [{ sets: [messages], rows: 'TeamId in $user/teams' }] },
    time: { who: [{ names: ['time'] }], read: [{ sets: [messages], rows: 'CreatedAt ge 2025-01-01T00:00:00Z' }] },
  },
};

export const readers = ['all', 'team', 'time'] as const;
export const pageOptions = `${selectOption}&$top=100`;
/** Small pages of one round, one after the other. */
export const pagesEach = 200;

/** What rules cost who reads everything and who reads a page, and what a reply is worth to the next one with the same rights. */
export async function rights(bench: Bench): Promise<readonly Report[]> {
  const settings = restricting(bench);
  const plain = await startGateway(bench.warehouse, { ...settings, REPLY_CACHE_MB: '0' });
  try {
    const postgres = await postgresTime(bench.warehouse);
    const used = (): number => (plain.processorTime() ?? 0) + (postgres() ?? 0);
    const reports = [await extraction(bench, plain, used), await smallPages(bench, plain, used)];
    return [...reports, await shared(bench, settings)];
  } finally {
    await plain.stop();
  }
}

/** Settings of a gateway with these readers and rules, each of whom gets one page of all rows. */
export function restricting(bench: Bench): Readonly<Record<string, string>> {
  const file = (name: string, text: string): string => {
    writeFileSync(path.join(bench.warehouse.folder, name), text, { mode: 0o600 });
    return path.join(bench.warehouse.folder, name);
  };
  const keys = ['all', 'team', 'colleague', 'time'].map((name) => `${name}:${hashKey(`key-${name}`)}\n`).join('');
  return {
    AUTH_KEY_FILE: file('rights-keys', keys),
    ACCESS_FILE: file('rights.yaml', JSON.stringify(rules)),
    PAGE_SIZE: '1000000',
  };
}

export const as = (reader: string): Readonly<Record<string, string>> => ({ 'api-key': `key-${reader}` });

/** Milliseconds: by the clock, and of the processors, of gateway and PostgreSQL together, which a busy machine does not change as much. */
export interface Cost {
  readonly wall: number;
  readonly processor: number;
}

export async function costOf(used: () => number, work: () => Promise<unknown>): Promise<Cost> {
  const [started, before] = [performance.now(), used()];
  await work();
  return { wall: performance.now() - started, processor: used() - before };
}

/** Of each reader the medians of the rounds, in which they take turns. */
async function costs(
  bench: Bench,
  used: () => number,
  work: (reader: string) => Promise<unknown>,
): Promise<(reader: string) => Cost> {
  const contenders = readers.map((name) => ({ name, run: () => costOf(used, () => work(name)) }));
  const results = await interleaved(contenders, bench.rounds);
  return (reader) => {
    const rounds = results.get(reader) ?? [];
    return { wall: median(rounds.map(({ wall }) => wall)), processor: median(rounds.map((one) => one.processor)) };
  };
}

async function extraction(bench: Bench, server: MeasuredServer, used: () => number): Promise<Report> {
  const url = `${server.address}${messages}?${selectOption}`;
  for (const reader of readers) {
    const order = { url, headers: as(reader), follow: true, countRows: '{"MessageId":' };
    const { rows } = await bench.client.fetch(order);
    if (rows !== bench.rows) {
      throw new Error(`${rows} rows came to ${reader}, not ${bench.rows}`);
    }
  }
  const of = await costs(bench, used, (reader) => bench.client.fetch({ url, headers: as(reader), follow: true }));
  const all = of('all');
  return {
    title: 'Full extraction, by rules that let all rows through',
    columns: ['', 'ms (median)', 'of that without a condition', 'processor time, ms', 'of that without a condition'],
    rows: readers.map((name) => {
      const { wall, processor } = of(name);
      return [name, wall, wall / all.wall, processor, processor / all.processor];
    }),
    verdicts: [
      verdict('rows by 12 teams, of the processor time without', of('team').processor / all.processor, { below: 1.03 }),
      verdict('rows by time, of the processor time without', of('time').processor / all.processor, { below: 1.03 }),
    ],
  };
}

async function smallPages(bench: Bench, server: MeasuredServer, used: () => number): Promise<Report> {
  const url = `${server.address}${messages}?${pageOptions}`;
  const of = await costs(bench, used, async (reader) => {
    for (let page = 0; page < pagesEach; page++) {
      await bench.client.fetch({ url, headers: as(reader) });
    }
  });
  const all = of('all');
  const more = (reader: string): number => (of(reader).processor - all.processor) / pagesEach;
  return {
    title: 'A page of 100 rows',
    columns: ['', 'ms (median)', 'processor time, ms', 'more than without a condition, ms'],
    rows: readers.map((name) => [name, of(name).wall / pagesEach, of(name).processor / pagesEach, more(name)]),
    verdicts: [
      verdict('rows by 12 teams, more ms', more('team'), { below: 0.2 }),
      verdict('rows by time, more ms', more('time'), { below: 0.2 }),
    ],
  };
}

async function shared(bench: Bench, settings: Readonly<Record<string, string>>): Promise<Report> {
  const server = await startGateway(bench.warehouse, { ...settings, REPLY_CACHE_MB: '4096' });
  let asked = 0;
  const measured = (reader: string, more: Readonly<Record<string, string>> = {}) =>
    bench.client.fetch({
      url: `${server.address}${messages}?${selectOption}`,
      headers: { ...as(reader), 'Accept-Encoding': 'gzip', ...more },
    });
  try {
    await measured('team');
    const results = await interleaved(
      [
        // Each time another request to the cache, and the same to everybody else.
        { name: 'first reader', run: () => measured('team', { Prefer: `wait=${++asked}` }) },
        { name: 'second reader, of the same teams', run: () => measured('colleague') },
      ],
      bench.rounds,
    );
    const lines = [...results].map(([name, rounds]): readonly [string, number] => [
      name,
      median(rounds.map(({ milliseconds }) => milliseconds)),
    ]);
    const [first, second] = lines.map(([, milliseconds]) => milliseconds);
    return {
      title: 'gzip, asked by one reader and then by another one with equal rights',
      columns: ['', 'ms (median)'],
      rows: lines,
      verdicts: [verdict('the second reader is faster by', (first ?? 0) / (second ?? 1), { atLeast: 30 })],
    };
  } finally {
    await server.stop();
  }
}
