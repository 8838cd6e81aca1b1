import { createGzip } from 'node:zlib';
import { type Bench, interleaved } from '../support/bench.ts';
import type { Fetched } from '../support/client.ts';
import { type MeasuredServer, startGateway } from '../support/gateway.ts';
import { messages, selectOption } from '../support/messages.ts';
import { median, type Report, verdict } from '../support/report.ts';

const levels = [1, 2, 3, 4, 5, 6] as const;
const sampleRows = 20_000;

/** What compression costs: end to end, for the second who asks, and the codec alone at each level on the same JSON. */
export async function gzip(bench: Bench): Promise<readonly Report[]> {
  const server = await startGateway(bench.warehouse, { PAGE_SIZE: '1000000', REPLY_CACHE_MB: '0' });
  try {
    const url = `${server.address}${messages}?${selectOption}`;
    const headers = { 'Accept-Encoding': 'gzip' };
    const { rows } = await bench.client.fetch({ url, headers, follow: true, countRows: '{"MessageId":' });
    if (rows !== bench.rows) {
      throw new Error(`${rows} rows came, not ${bench.rows}`);
    }
    const contenders = [
      { name: 'identity', run: () => bench.client.fetch({ url, follow: true }) },
      { name: 'gzip', run: () => bench.client.fetch({ url, headers, follow: true }) },
    ];
    const results = await interleaved(contenders, bench.rounds);
    const plain = median((results.get('identity') ?? []).map(({ milliseconds }) => milliseconds));
    const size = results.get('identity')?.[0]?.bytes ?? 0;
    const endToEnd: Report = {
      title: 'gzip end to end (the client does not inflate)',
      columns: ['', 'ms (median)', 'rows/s', 'MB on the wire', 'smaller by', 'of identity'],
      rows: [...results].map(([name, rounds]) => {
        const milliseconds = median(rounds.map((round) => round.milliseconds));
        const bytes = rounds[0]?.bytes ?? 0;
        return [
          name,
          milliseconds,
          (bench.rows / milliseconds) * 1000,
          bytes / 1e6,
          size / bytes,
          plain / milliseconds,
        ];
      }),
      verdicts: [],
    };
    const page = await (
      await fetch(`${url}&$top=${sampleRows}`, { headers: { 'Accept-Encoding': 'identity' } })
    ).arrayBuffer();
    return [endToEnd, await shared(bench, server), await codec(Buffer.from(page), bench.rounds)];
  } finally {
    await server.stop();
  }
}

/** Who asks first and who asks again, beside a gateway that keeps no replies. */
async function shared(bench: Bench, keepsNothing: MeasuredServer): Promise<Report> {
  const keeps = await startGateway(bench.warehouse, { PAGE_SIZE: '1000000', REPLY_CACHE_MB: '4096' });
  const path = `${messages}?${selectOption}`;
  let asked = 0;
  const measured = async (server: MeasuredServer, prefer: Readonly<Record<string, string>>) => {
    const before = server.processorTime();
    const headers = { 'Accept-Encoding': 'gzip', ...prefer };
    const fetched = await bench.client.fetch({ url: `${server.address}${path}`, headers });
    const after = server.processorTime();
    return { ...fetched, processor: before === null || after === null ? null : after - before };
  };
  try {
    await measured(keeps, {});
    await checkKept(`${keeps.address}${path}`);
    const results = await interleaved(
      [
        { name: 'nothing is kept', run: () => measured(keepsNothing, {}) },
        // Each time another request to the cache, and the same to everybody else.
        { name: 'first client, a copy is kept', run: () => measured(keeps, { Prefer: `wait=${++asked}` }) },
        { name: 'second client', run: () => measured(keeps, {}) },
      ],
      bench.rounds,
    );
    return sharedReport(results, bench);
  } finally {
    await keeps.stop();
  }
}

async function checkKept(url: string): Promise<void> {
  const reply = await fetch(url, { headers: { 'Accept-Encoding': 'gzip' } });
  await reply.body?.cancel();
  if (!/\bcache;dur=/.test(reply.headers.get('server-timing') ?? '')) {
    throw new Error('The reply was not kept');
  }
}

function sharedReport(
  results: ReadonlyMap<string, readonly (Fetched & { readonly processor: number | null })[]>,
  { rows }: Bench,
): Report {
  const lines = [...results].map(([name, rounds]) => ({
    name,
    milliseconds: median(rounds.map((round) => round.milliseconds)),
    firstByte: median(rounds.map((round) => round.firstByte)),
    processor: median(rounds.map(({ processor }) => processor ?? 0)),
  }));
  const [alone, first, second] = lines.map(({ milliseconds }) => milliseconds);
  return {
    title: 'gzip, asked by one client and then by another',
    columns: ['', 'ms (median)', 'rows/s', 'first byte, ms', 'processor time of the gateway, ms'],
    rows: lines.map(({ name, milliseconds, firstByte, processor }) => [
      name,
      milliseconds,
      (rows / milliseconds) * 1000,
      firstByte,
      processor,
    ]),
    verdicts: [
      verdict('the second client is faster than the first by', (first ?? 0) / (second ?? 1), { atLeast: 2 }),
      verdict('the first client waits for its copy, of the time without', (first ?? 0) / (alone ?? 1), { below: 1.1 }),
    ],
  };
}

interface Compressed {
  readonly milliseconds: number;
  readonly bytes: number;
}

async function codec(json: Buffer, rounds: number): Promise<Report> {
  const contenders = levels.map((level) => ({ name: `level ${level}`, run: () => compress(json, level) }));
  const results = await interleaved(contenders, rounds);
  const lines = [...results].map(([name, runs]) => {
    const milliseconds = median(runs.map((run) => run.milliseconds));
    return { name, milliseconds, bytes: runs[0]?.bytes ?? 1 };
  });
  const [first] = lines;
  const last = lines.at(-1);
  return {
    title: `gzip levels on ${(json.length / 1e6).toFixed(0)} MB of this JSON`,
    columns: ['', 'MB/s', 'smaller by'],
    rows: lines.map(({ name, milliseconds, bytes }) => [name, json.length / milliseconds / 1000, json.length / bytes]),
    verdicts: [
      verdict('level 1 is faster than level 6 by', (last?.milliseconds ?? 0) / (first?.milliseconds ?? 1), {
        atLeast: 1,
      }),
    ],
  };
}

function compress(json: Buffer, level: number): Promise<Compressed> {
  const started = performance.now();
  const gzip = createGzip({ level, chunkSize: 64 * 1024 });
  let bytes = 0;
  return new Promise((resolve, reject) => {
    gzip.on('data', (part: Buffer) => (bytes += part.length));
    gzip.on('error', reject);
    gzip.on('end', () => resolve({ milliseconds: performance.now() - started, bytes }));
    for (let at = 0; at < json.length; at += 128 * 1024) {
      gzip.write(json.subarray(at, at + 128 * 1024));
    }
    gzip.end();
  });
}
