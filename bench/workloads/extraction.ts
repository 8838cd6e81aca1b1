import { type Bench, type Contender, interleaved } from '../support/bench.ts';
import type { Fetched, FetchOrder } from '../support/client.ts';
import { copyName, timeCopy } from '../support/copy.ts';
import { startGateway } from '../support/gateway.ts';
import {
  lastDayOptions,
  messages,
  monthOptions,
  selectAll,
  selectLastDay,
  selectMonth,
  selectOption,
} from '../support/messages.ts';
import { median, type Report, verdict } from '../support/report.ts';

type Timed = Pick<Fetched, 'milliseconds' | 'firstByte' | 'bytes' | 'pages'>;

/** The query that the feed itself runs: a page needs a total order, so that the next one can follow it. */
const orderedCopyName = `${copyName} of the feed's own query`;

/** Full extraction and a filtered month, beside PostgreSQL's own COPY of the same rows. */
export async function extraction(bench: Bench): Promise<readonly Report[]> {
  const server = await startGateway(bench.warehouse, { PAGE_SIZE: '1000000' });
  try {
    const full = `${server.address}${messages}?${selectOption}`;
    const month = `${server.address}${messages}?${monthOptions}`;
    const pages = { Prefer: 'odata.maxpagesize=20000' };
    const counted = await check(bench, { url: full, follow: true }, bench.rows);
    await check(bench, { url: full, follow: true, headers: pages }, bench.rows);
    const inMonth = await check(bench, { url: month, follow: true }, null);
    const fullTimes = await interleaved<Timed>(
      [
        copy(bench, selectAll),
        feed(bench, 'one response', { url: full, follow: true }),
        feed(bench, 'pages of 20,000', { url: full, follow: true, headers: pages }),
      ],
      bench.rounds,
    );
    const monthTimes = await interleaved<Timed>(
      [
        copy(bench, selectMonth),
        { ...copy(bench, `${selectMonth} ORDER BY _row LIMIT 1000001`), name: orderedCopyName },
        feed(bench, 'one response', { url: month, follow: true }),
      ],
      bench.rounds * 3,
    );
    const lastDay = `${server.address}${messages}?${lastDayOptions}`;
    const inDay = await check(bench, { url: lastDay }, null);
    const dayTimes = await interleaved<Timed>(
      [copy(bench, selectLastDay), feed(bench, 'one response', { url: lastDay })],
      bench.rounds * 3,
    );
    return [
      table('Full extraction, 22 columns', fullTimes, { rows: counted, atLeast: 0.65, memory: server.peakMemory() }),
      table('One month, 6 columns', monthTimes, { rows: inMonth, atLeast: 1.2, memory: server.peakMemory() }),
      table('1,000 rows of the last day, 22 columns', dayTimes, { rows: inDay, atLeast: 1, memory: null }),
    ];
  } finally {
    await server.stop();
  }
}

/** A round that counts rows: a fast wrong answer is none. */
async function check({ client }: Bench, order: FetchOrder, expected: number | null): Promise<number> {
  const { rows } = await client.fetch({ ...order, countRows: '{"MessageId":' });
  if (rows === null || (expected !== null && rows !== expected)) {
    throw new Error(`${order.url}: ${rows} rows, not ${expected}`);
  }
  return rows;
}

function copy({ warehouse }: Bench, select: string): Contender<Timed> {
  const run = async (): Promise<Timed> => ({
    milliseconds: await timeCopy(warehouse, select),
    firstByte: 0,
    bytes: 0,
    pages: 0,
  });
  return { name: copyName, run };
}

function feed({ client }: Bench, name: string, order: FetchOrder): Contender<Timed> {
  return { name, run: () => client.fetch(order) };
}

interface Facts {
  readonly rows: number;
  readonly atLeast: number;
  readonly memory: number | null;
}

function table(title: string, times: ReadonlyMap<string, readonly Timed[]>, { rows, atLeast, memory }: Facts): Report {
  const limit = median((times.get(copyName) ?? []).map(({ milliseconds }) => milliseconds));
  const verdicts: string[] = [];
  const lines = [...times].map(([name, rounds]) => {
    const milliseconds = median(rounds.map((round) => round.milliseconds));
    const firstByte = median(rounds.map((round) => round.firstByte));
    const bytes = rounds[0]?.bytes ?? 0;
    if (name !== copyName && name !== orderedCopyName) {
      const ordered = times.get(orderedCopyName);
      if (ordered !== undefined) {
        const own = median(ordered.map((round) => round.milliseconds));
        verdicts.push(verdict(`${name}, of ${orderedCopyName}`, own / milliseconds, { atLeast }));
      }
      verdicts.push(verdict(`${name}, of ${copyName}`, limit / milliseconds, { atLeast }));
      verdicts.push(verdict(`${name}, first byte in ms`, firstByte, { below: 50 }));
    }
    const spread = `${Math.min(...rounds.map((round) => round.milliseconds)).toFixed(0)} - ${Math.max(...rounds.map((round) => round.milliseconds)).toFixed(0)}`;
    return [
      name,
      rows,
      milliseconds,
      spread,
      (rows / milliseconds) * 1000,
      limit / milliseconds,
      bytes / milliseconds / 1000,
      firstByte,
      rounds[0]?.pages ?? 0,
    ];
  });
  if (memory !== null) {
    verdicts.push(verdict('highest resident memory of the gateway in MB', memory, { below: 150 }));
  }
  return {
    title,
    columns: ['', 'rows', 'ms (median)', 'ms (range)', 'rows/s', `of ${copyName}`, 'MB/s', 'first byte ms', 'pages'],
    rows: lines,
    verdicts,
  };
}
