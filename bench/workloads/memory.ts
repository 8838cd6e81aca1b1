import type { Bench } from '../support/bench.ts';
import { startGateway } from '../support/gateway.ts';
import { messages, selectOption } from '../support/messages.ts';
import { type Cell, type Report, verdict } from '../support/report.ts';

/** Rows in all of each extraction; what the warehouse does not have is read again from the start. BENCH_MOST_ROWS limits it. */
const sizes = [100_000, 1_000_000, 10_000_000];

/** Highest resident memory of one gateway while ever more rows leave it. */
export async function memory(bench: Bench): Promise<readonly Report[]> {
  const most = Number(process.env['BENCH_MOST_ROWS'] ?? 10_000_000);
  const server = await startGateway(bench.warehouse, { PAGE_SIZE: '1000000' });
  try {
    const rows: Cell[][] = [['started', 0, server.peakMemory()]];
    for (const size of sizes.filter((one) => one <= most)) {
      for (let left = size; left > 0; left -= Math.min(left, bench.rows)) {
        const top = Math.min(left, bench.rows);
        await bench.client.fetch({ url: `${server.address}${messages}?${selectOption}&$top=${top}`, follow: true });
      }
      rows.push([size.toLocaleString('en'), size, server.peakMemory()]);
    }
    const highest = Number(rows.at(-1)?.[2] ?? 0);
    const title = 'Highest resident memory of the gateway';
    const verdicts =
      highest === 0
        ? []
        : [
            verdict('MB after all', highest, { below: 150 }),
            verdict('MB after all, as the main issue asks', highest, { below: 200 }),
          ];
    return [{ title, columns: ['extracted', 'rows', 'MB'], rows, verdicts }];
  } finally {
    await server.stop();
  }
}
