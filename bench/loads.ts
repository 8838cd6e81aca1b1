/**
 * Loads of new, unchanged and changed rows, beside what one would do with psql. Usage: `npm run bench -- loads [rows] [rounds]`
 * (100,000 and 3); `npm run bench -- loads indexes [rows]`: what each index of the table costs; `npm run bench -- loads large [rows]
 * [more]`: a large set, its memory, and a small file into it. On a server of its own in a temporary folder.
 */
import process from 'node:process';
import { LoadBench, type Measured } from './support/load-bench.ts';
import { median, print, verdict } from './support/report.ts';
import { upsertName } from './support/upsert-peer.ts';

/** Files of new rows that are put into the large set, one after the other. */
const smallFiles = 3;

const [first = ''] = process.argv.slice(2);
const numbers = process.argv
  .slice(2)
  .filter((one) => /^\d+$/.test(one))
  .map(Number);
const bench = await LoadBench.open(
  numbers[0] ?? 100_000,
  first === 'large' || first === 'indexes' ? ['new'] : undefined,
);
try {
  if (first === 'indexes') {
    await indexes();
  } else if (first === 'large') {
    await large(numbers[1] ?? 1000);
  } else {
    await beside(numbers[1] ?? 3);
  }
} finally {
  await bench.close();
}

async function beside(rounds: number): Promise<void> {
  const kinds = ['new', 'unchanged', 'changed'] as const;
  const unified: number[] = [];
  const theirs = new Map<string, number[]>(kinds.map((kind) => [kind, []]));
  const ours = new Map<string, { ms: number; wal: number; peak: number }[]>(kinds.map((kind) => [kind, []]));
  for (let round = 0; round < rounds; round++) {
    await bench.empty();
    for (const kind of kinds) {
      theirs.get(kind)?.push(await bench.peer(kind));
      ours.get(kind)?.push(await bench.gateway(kind, { alone: kind === 'new' }));
      if (kind === 'new') {
        // The same file once more, with the sets of all sources; the peer has its rows for what follows.
        await bench.emptySets();
        unified.push((await bench.gateway(kind)).ms);
      }
    }
  }
  const rows = kinds.map((kind) => {
    const [peer, own] = [theirs.get(kind) ?? [], ours.get(kind) ?? []];
    const [p, g] = [median(peer), median(own.map(({ ms }) => ms))];
    const wal = median(own.map(({ wal: bytes }) => bytes)) / bench.rows;
    return { kind, p, g, ratio: p / g, wal, peak: Math.max(...own.map(({ peak }) => peak)) };
  });
  const of = (kind: string) => rows.find((one) => one.kind === kind);
  print({
    title: `Loading ${bench.rows.toLocaleString('en')} messages, medians of ${rounds}`,
    columns: ['rows', `${upsertName}, ms`, 'gateway, ms', 'of psql', 'WAL, bytes a row', 'highest MB'],
    rows: [
      ...rows.map(({ kind, p, g, ratio, wal, peak }) => [kind, Math.round(p), Math.round(g), ratio, wal, peak]),
      [
        'new, with the sets of all sources',
        null,
        Math.round(median(unified)),
        (of('new')?.p ?? 0) / median(unified),
        null,
        null,
      ],
    ],
    verdicts: [
      verdict('new rows, of psql', of('new')?.ratio ?? 0, { atLeast: 0.9 }),
      verdict('new rows with the sets of all sources, times those without', median(unified) / (of('new')?.g ?? 1), {
        below: 1.1,
      }),
      verdict('unchanged rows, of psql', of('unchanged')?.ratio ?? 0, { atLeast: 1 }),
      verdict('WAL of an unchanged row, bytes', of('unchanged')?.wal ?? 0, { below: 20 }),
    ],
  });
}

async function indexes(): Promise<void> {
  const rows = [];
  for (const one of await bench.indexes()) {
    await bench.empty();
    const { milliseconds, megabytes } = await bench.without(one.name);
    rows.push([one.definition, megabytes, milliseconds]);
  }
  print({
    title: `What each index costs: an upsert of ${bench.rows.toLocaleString('en')} new rows`,
    columns: ['without', 'MB of the index', 'processor time of PostgreSQL, ms'],
    rows,
    verdicts: [],
  });
}

async function large(more: number): Promise<void> {
  await bench.empty();
  const whole = await bench.gateway('new');
  const some: Measured[] = [];
  for (let file = 0; file < smallFiles; file++) {
    some.push(await bench.small(more, file));
  }
  const line = (name: string, rows: number, measured: Measured) => [
    ...[name, rows, Math.round(measured.ms), measured.start, measured.peak],
    ...[Math.round(measured.processorTime.gateway), measured.processorTime.postgres],
  ];
  print({
    title: `A set of ${bench.rows.toLocaleString('en')} messages`,
    columns: ['', 'rows', 'ms', 'MB at its start', 'highest MB', 'processor time, ms', 'of PostgreSQL, ms'],
    rows: [line('loaded', bench.rows, whole), ...some.map((one) => line('new rows into it', more, one))],
    verdicts: [
      verdict('memory, MB', whole.peak, { below: 260 }),
      verdict(`${more.toLocaleString('en')} rows, seconds`, median(some.map(({ ms }) => ms)) / 1000, { below: 1 }),
    ],
  });
}
