import { type Bench, type Contender, interleaved } from '../support/bench.ts';
import type { FetchOrder } from '../support/client.ts';
import { hasPsql, runPsql } from '../support/copy.ts';
import { type MeasuredServer, startGateway } from '../support/gateway.ts';
import { messages, selectAll, selectOption } from '../support/messages.ts';
import { median, type Report, verdict } from '../support/report.ts';

interface Timed {
  readonly milliseconds: number;
  readonly bytes: number;
  /** Of the gateway alone, in milliseconds; null: the platform does not say. */
  readonly processor: number | null;
}

const psqlName = 'psql \\copy csv';

/** All rows as CSV in one reply, beside `psql \copy (...) to stdout csv` of the same rows and columns, and JSON of them. */
export async function csv(bench: Bench): Promise<readonly Report[]> {
  if (!hasPsql) {
    return [];
  }
  const server = await startGateway(bench.warehouse, { PAGE_SIZE: '1000000' });
  try {
    const json = `${server.address}${messages}?${selectOption}`;
    const { rows } = await bench.client.fetch({ url: `${json}&$format=csv`, countRows: '\r\n' });
    if (rows !== bench.rows + 1) {
      throw new Error(`${rows} lines came, not those of ${bench.rows} rows and a header`);
    }
    const times = await interleaved<Timed>(
      [
        psql(bench),
        feed(bench, server, { name: 'CSV', order: { url: `${json}&$format=csv` } }),
        feed(bench, server, { name: 'CSV, semicolons', order: { url: `${json}&$format=text/csv;decimal=comma` } }),
        feed(bench, server, { name: 'JSON', order: { url: json, follow: true } }),
      ],
      bench.rounds,
    );
    return [report(times, bench.rows)];
  } finally {
    await server.stop();
  }
}

function psql({ warehouse }: Bench): Contender<Timed> {
  const args = ['-c', `\\copy (${selectAll}) to stdout csv header`];
  return {
    name: psqlName,
    run: async () => ({ milliseconds: await runPsql(warehouse, args, null), bytes: 0, processor: null }),
  };
}

interface Asked {
  readonly name: string;
  readonly order: FetchOrder;
}

function feed({ client }: Bench, server: MeasuredServer, { name, order }: Asked): Contender<Timed> {
  const run = async (): Promise<Timed> => {
    const before = server.processorTime();
    const { milliseconds, bytes } = await client.fetch(order);
    const after = server.processorTime();
    return { milliseconds, bytes, processor: before === null || after === null ? null : after - before };
  };
  return { name, run };
}

function report(times: ReadonlyMap<string, readonly Timed[]>, rows: number): Report {
  const limit = median((times.get(psqlName) ?? []).map(({ milliseconds }) => milliseconds));
  const lines = [...times].map(([name, rounds]) => ({
    name,
    milliseconds: median(rounds.map((round) => round.milliseconds)),
    processor: median(rounds.map((round) => round.processor ?? 0)),
    bytes: rounds[0]?.bytes ?? 0,
  }));
  const own = lines.filter(({ name }) => name.startsWith('CSV'));
  return {
    title: 'All messages as CSV, 22 columns',
    columns: ['', 'rows', 'ms (median)', 'rows/s', `of ${psqlName}`, 'MB', 'processor time of the gateway, ms'],
    rows: lines.map(({ name, milliseconds, processor, bytes }) => [
      ...[name, rows, milliseconds, (rows / milliseconds) * 1000, limit / milliseconds, bytes / 1e6, processor],
    ]),
    verdicts: own.map(({ name, milliseconds }) =>
      verdict(`${name}, of ${psqlName}`, limit / milliseconds, { atLeast: 1 }),
    ),
  };
}
