import process from 'node:process';
import { type Bench, interleaved } from '../support/bench.ts';
import type { FetchOrder } from '../support/client.ts';
import { startGateway } from '../support/gateway.ts';
import { messages, selectOption } from '../support/messages.ts';
import { median, note, type Report, verdict } from '../support/report.ts';

const wanted = 0.97;

/** Reads by way of a standby beside the same ones of the primary. Needs READ_DATABASE_URL, a standby of DATABASE_URL. */
export async function standby(bench: Bench): Promise<readonly Report[]> {
  const address = process.env['READ_DATABASE_URL'] ?? '';
  if (address === '') {
    note('standby: READ_DATABASE_URL names none');
    return [];
  }
  const primary = await startGateway(bench.warehouse);
  const reading = await startGateway(bench.warehouse, { READ_DATABASE_URL: address, READ_MAX_LAG: '3600' });
  try {
    const rows: (readonly [name: string, order: (root: string) => FetchOrder])[] = [
      ['all rows, pages of 20,000', (root) => ({ url: `${root}${messages}?${selectOption}`, follow: true })],
      [
        'next links: 100 pages of 100',
        (root) => ({
          url: `${root}${messages}?${selectOption}&$top=10000`,
          headers: { Prefer: 'odata.maxpagesize=100' },
          follow: true,
        }),
      ],
      ['groupby', (root) => ({ url: `${root}${messages}?$apply=groupby((Medium),aggregate($count as N))` })],
    ];
    const measured = [];
    for (const [name, order] of rows) {
      const times = await interleaved(
        [primary, reading].map((server, index) => ({
          name: index === 0 ? 'primary' : 'standby',
          run: async () => (await bench.client.fetch(order(server.address))).milliseconds,
        })),
        bench.rounds,
      );
      const [here, there] = ['primary', 'standby'].map((one) => median([...(times.get(one) ?? [])]));
      measured.push([name, here ?? 0, there ?? 0, (here ?? 0) / (there ?? 1)] as const);
    }
    return [
      {
        title: 'Reads by way of a standby',
        columns: ['', 'primary, ms (median)', 'standby, ms (median)', 'primary / standby'],
        rows: measured,
        verdicts: measured.map(([name, , , ratio]) => verdict(name, ratio, { atLeast: wanted })),
      },
    ];
  } finally {
    await primary.stop();
    await reading.stop();
  }
}
