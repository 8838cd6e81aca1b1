import process from 'node:process';
import type { Bench } from '../support/bench.ts';
import { type MeasuredServer, startGateway } from '../support/gateway.ts';
import { messages } from '../support/messages.ts';
import { type Cell, median, note, print, type Report, verdict } from '../support/report.ts';
import { counting, deltaLinkOf, type Measure, measures, type Side, timed } from '../support/slope-measures.ts';
import { StatisticDays } from '../support/statistic-days.ts';
import { fill, openWarehouse } from '../support/warehouse.ts';

const year = 365.25 * 24 * 3600;
/** What may be more of what does not grow with the rows, and of what grows with them for each row. */
const flat = 1.3;

/**
 * What grows with the rows: the warehouse of the run beside one of BENCH_MOST_ROWS, of the same rows a day. Both are asked in turns, and what is known is printed
 * after each round, so that a run that is cut off has told something. Changes both warehouses, so it runs last.
 */
export async function slopes(bench: Bench): Promise<readonly Report[]> {
  const most = Number(process.env['BENCH_MOST_ROWS'] ?? 10_000_000);
  const large = await openWarehouse();
  const servers: MeasuredServer[] = [];
  try {
    const took = await timed(() => fill(large.database, most, bench.rows));
    note(`${most.toLocaleString('en')} messages are there after ${(took / 1000).toFixed(0)} s`);
    const agents = Math.max(1, Math.min(1000, Math.round(bench.rows / 1000)));
    const sides: Side[] = [];
    for (const [warehouse, rows] of [
      [bench.warehouse, bench.rows],
      [large, most],
    ] as const) {
      const statistics = await StatisticDays.fill(warehouse, { years: rows / bench.rows, agents });
      note('statistics are there');
      const server = await startGateway(warehouse);
      servers.push(server);
      const lastDay = lastDayOf(rows / bench.rows);
      const deltaLink = await firstDeltaLink(server, lastDay);
      sides.push({ warehouse, server, rows, lastDay, statistics, deltaLink, changed: 0, counted: false });
    }
    return [await inTurns(bench, sides)];
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

type Times = ReadonlyMap<Measure, readonly (readonly number[])[]>;

async function inTurns(bench: Bench, sides: readonly Side[]): Promise<Report> {
  const times = new Map(measures(bench).map((measure) => [measure, sides.map((): number[] => [])] as const));
  // The first round warms up, and counts are kept from the second one on.
  for (let round = 0; round <= bench.rounds; round++) {
    note(`round ${round} of ${bench.rounds}`);
    for (const [measure, seen] of times) {
      const medians: number[] = [];
      for (const [place, side] of sides.entries()) {
        const own: number[] = [];
        for (let time = 0; time < (measure.times ?? 1); time++) {
          own.push(await measure.run(side));
        }
        medians.push(median(own));
        if (round > 0) {
          seen[place]?.push(...own);
        }
      }
      note(`${measure.name}: ${medians.map((one) => one.toFixed(1)).join(' and ')}`);
    }
    if (round > 0 && round < bench.rounds) {
      print(report(bench, times, { sides, round }));
    }
  }
  return report(bench, times, { sides, round: bench.rounds });
}

function report(
  bench: Bench,
  times: Times,
  { sides, round }: { readonly sides: readonly Side[]; readonly round: number },
): Report {
  const larger = (sides[1]?.rows ?? 0) / bench.rows;
  const rows: Cell[][] = [];
  const verdicts: string[] = [];
  const medians = new Map<string, readonly number[]>();
  for (const [{ name, slope }, seen] of times) {
    const both = seen.map((one) => median(one));
    const [small = 0, large = 0] = both;
    medians.set(name, both);
    rows.push([name, small, large, large / small]);
    if (slope === 'linear') {
      verdicts.push(verdict(`${name}, larger of smaller for each row`, large / small / larger, { below: flat }));
    } else if (slope !== 'free') {
      const below = slope === 'flat' ? flat : slope;
      verdicts.push(verdict(`${name}, larger of smaller`, large / small, { below }));
    }
  }
  const [first, again] = [medians.get(counting.first)?.[1] ?? 0, medians.get(counting.again)?.[1] ?? 0];
  verdicts.push(
    verdict('$count=true of the larger side again after a load, of a first count', again / first, { below: 0.1 }),
  );
  const [small = '', large = ''] = sides.map((side) => `${side.rows.toLocaleString('en')} rows`);
  const after = round < bench.rounds ? `, after ${round} of ${bench.rounds} rounds` : '';
  const title = `What grows with the rows: ${Math.round(larger)} times as many; ms, medians${after}`;
  return { title, columns: ['', small, large, 'larger / smaller'], rows, verdicts };
}

/** Of the messages from a month before the day on; the rows that the loads change are among them. */
const firstDeltaLink = ({ address }: MeasuredServer, day: string): Promise<string> =>
  deltaLinkOf(`${address}${messages}?$select=MessageId,Content&$filter=CreatedAt ge ${monthBefore(day)}`);

const monthBefore = (day: string): string => new Date(Date.parse(day) - (year / 12) * 1000).toISOString();
