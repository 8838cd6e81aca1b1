import { type Bench, interleaved } from '../support/bench.ts';
import { type MeasuredServer, startGateway } from '../support/gateway.ts';
import { messages, selectOption } from '../support/messages.ts';
import { postgresTime } from '../support/processor-time.ts';
import { median, type Report } from '../support/report.ts';
import { as, type Cost, costOf, pageOptions, pagesEach, readers, restricting } from './rights.ts';

const switches = ['off', 'on'] as const;
type Switch = (typeof switches)[number];

/** What ROW_LEVEL_SECURITY costs on top of the same rules without it. */
export async function policies(bench: Bench): Promise<readonly Report[]> {
  const settings = { ...restricting(bench), REPLY_CACHE_MB: '0' };
  const servers = {
    off: await startGateway(bench.warehouse, settings),
    on: await startGateway(bench.warehouse, { ...settings, ROW_LEVEL_SECURITY: 'on' }),
  };
  try {
    const postgres = await postgresTime(bench.warehouse);
    const used = (): number =>
      (servers.off.processorTime() ?? 0) + (servers.on.processorTime() ?? 0) + (postgres() ?? 0);
    const url = (server: MeasuredServer, options: string): string => `${server.address}${messages}?${options}`;
    const all = await costs(bench, used, async (server, reader) => {
      const order = { url: url(server, selectOption), headers: as(reader), follow: true, countRows: '{"MessageId":' };
      const { rows } = await bench.client.fetch(order);
      if (rows !== bench.rows) {
        throw new Error(`${rows} rows came to ${reader}, not ${bench.rows}`);
      }
    });
    const pages = await costs(bench, used, async (server, reader) => {
      for (let page = 0; page < pagesEach; page++) {
        await bench.client.fetch({ url: url(server, pageOptions), headers: as(reader) });
      }
    });
    return [
      report('Full extraction, with and without policies for rows', all, 1),
      report('A page of 100 rows, with and without policies for rows', pages, pagesEach),
    ];
  } finally {
    await servers.off.stop();
    await servers.on.stop();
    await bench.warehouse.database.query(`ALTER TABLE feed."${messages}" DISABLE ROW LEVEL SECURITY`);
  }

  /** By switch and reader, the medians of the rounds, in which they take turns. */
  async function costs(
    { rounds, warehouse }: Bench,
    used: () => number,
    work: (server: MeasuredServer, reader: string) => Promise<unknown>,
  ): Promise<Costs> {
    const contenders = readers.flatMap((reader) =>
      switches.map((state) => ({
        name: `${state} ${reader}`,
        run: async () => {
          // Policies that are there have a price at the gateway without them, too.
          const set = state === 'on' ? 'ENABLE' : 'DISABLE';
          await warehouse.database.query(`ALTER TABLE feed."${messages}" ${set} ROW LEVEL SECURITY`);
          return costOf(used, () => work(servers[state], reader));
        },
      })),
    );
    const results = await interleaved(contenders, rounds);
    return (state, reader) => {
      const found = results.get(`${state} ${reader}`) ?? [];
      return { wall: median(found.map(({ wall }) => wall)), processor: median(found.map((one) => one.processor)) };
    };
  }
}

type Costs = (state: Switch, reader: string) => Cost;

function report(title: string, of: Costs, each: number): Report {
  return {
    title,
    columns: ['', 'off, ms', 'on, ms', 'off, processor ms', 'on, processor ms', 'of that without'],
    rows: readers.map((reader) => {
      const [off, on] = [of('off', reader), of('on', reader)];
      const shown = [off.wall, on.wall, off.processor, on.processor].map((value) => value / each);
      return [reader, ...shown, on.processor / off.processor];
    }),
    verdicts: [],
  };
}
