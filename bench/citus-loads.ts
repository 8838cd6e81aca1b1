/**
 * Loads into a warehouse whose sources are spread over Citus beside the same ones into a plain PostgreSQL of the same settings. Usage:
 * `CITUS_URL=... PLAIN_URL=... npm run bench -- citus-loads [pairs]` (3): a coordinator of Citus and a PostgreSQL of the same version, each with a
 * superuser. Databases are made there and dropped at the end. Which side goes first takes turns.
 */
import { randomBytes } from 'node:crypto';
import { appendFile, copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type { Catalogue } from '../src/catalogue/catalogue.ts';
import { requireCatalogue } from '../src/catalogue/read-metadata.ts';
import { writeSamples } from '../src/samples/write-samples.ts';
import { asked, citusDatabase, citusUrl } from '../test/citus/support/citus-database.ts';
import { LoadSide, type SideLoad } from './support/load-side.ts';
import { changeRows, exportName, keyStart, startOfKey } from './support/message-exports.ts';
import { type Cell, median, note, print, verdict } from './support/report.ts';
import { root } from './support/warehouse.ts';

const set = 'HootsuiteInboxMessages';
const [firstRows, moreRows, smallRows, smallFiles] = [20_000, 100_000, 100, 5];
const wanted = 0.7;

const plainUrl = process.env['PLAIN_URL'] ?? '';
if (citusUrl === null || plainUrl === '') {
  note(
    'CITUS_URL has to name a coordinator of Citus, and PLAIN_URL a plain PostgreSQL of the same version and settings.',
  );
  process.exit(2);
}
const pairs = Number(process.argv[2] ?? 3);
const catalogue = requireCatalogue(path.join(root, 'metadata'), {});
const folder = await mkdtemp(path.join(os.tmpdir(), 'gateway-citus-loads-'));
const plain = await plainDatabase(plainUrl);
const citus = await citusDatabase();
try {
  const workers = citus.workers.map((_, number) => citus.workerUrl(number));
  const sides = [
    await LoadSide.open('plain', catalogue, { url: plain.url }),
    await LoadSide.open('Citus', catalogue, { url: citus.connectionString, workers }),
  ] as const;
  try {
    report(await measured(sides, await filesOf(catalogue)));
  } finally {
    await Promise.all(sides.map((side) => side.close()));
  }
} finally {
  await citus.drop();
  await plain.drop();
  await rm(folder, { recursive: true, force: true });
}

interface LoadedFile {
  readonly name: string;
  readonly path: string;
}

/** Loads of one kind: both sides of each pair. */
type Pairs = readonly (readonly [plain: SideLoad, citus: SideLoad])[];

async function measured(
  sides: readonly [LoadSide, LoadSide],
  files: readonly LoadedFile[],
): Promise<ReadonlyMap<string, Pairs>> {
  const seen = new Map<string, [SideLoad, SideLoad][]>(files.map(({ name }) => [name, []]));
  // The first round opens connections and warms the program up.
  for (let round = 0; round <= pairs; round++) {
    note(round === 0 ? 'to warm up ...' : `round ${round} of ${pairs} ...`);
    await Promise.all(sides.map((side) => side.empty(set)));
    for (const [place, file] of files.entries()) {
      const citusFirst = (round + place) % 2 === 1;
      const order = citusFirst ? [sides[1], sides[0]] : sides;
      const loads: SideLoad[] = [];
      for (const side of order) {
        loads.push(await side.load(file.path));
      }
      const [one, other] = (citusFirst ? loads.reverse() : loads) as [SideLoad, SideLoad];
      if (round > 0) {
        seen.get(file.name)?.push([one, other]);
        note(`${file.name}: ${Math.round(one.ms)} and ${Math.round(other.ms)} ms, ${(one.ms / other.ms).toFixed(2)}`);
      }
      if (!file.name.startsWith('a small')) {
        await Promise.all(sides.map((side) => side.settle()));
      }
    }
  }
  return seen;
}

function report(seen: ReadonlyMap<string, Pairs>): void {
  const half = (all: Pairs, of: (load: SideLoad) => number | null): [number | null, number | null] => {
    const both = ([0, 1] as const).map((side) => all.map((pair) => of(pair[side])));
    return both.map((some) => (some.includes(null) ? null : median(some.map(Number)))) as [
      number | null,
      number | null,
    ];
  };
  const ratio = (all: Pairs, of: (load: SideLoad) => number | null): number =>
    median(all.map(([one, other]) => (of(one) ?? 0) / (of(other) ?? 1)));
  const whole = (cells: readonly (number | null)[]): Cell[] =>
    cells.map((one) => (one === null ? null : Math.round(one)));
  print({
    title: `Loads of ${set} through Citus beside plain PostgreSQL, medians of ${pairs} pairs, load ${os.loadavg()[0]?.toFixed(1)}`,
    columns: [
      ...['file', 'plain, ms', 'Citus, ms', 'speed of plain', 'processor time, ms', 'through Citus, ms', 'of plain'],
      ...['statements', 'through Citus'],
    ],
    rows: [...seen].map(([name, all]) => {
      const times = half(all, ({ processorTime }) => processorTime);
      return [
        ...[name, ...whole(half(all, ({ ms }) => ms)), ratio(all, ({ ms }) => ms)],
        ...[...whole(times), times.includes(null) ? null : ratio(all, ({ processorTime }) => processorTime)],
        ...whole(half(all, ({ statements }) => statements)),
      ];
    }),
    verdicts: [...seen].map(([name, all]) =>
      verdict(
        `${name}, of plain`,
        ratio(all, ({ ms }) => ms),
        { atLeast: wanted },
      ),
    ),
  });
}

/** In the order in which they are loaded. */
async function filesOf(of: Catalogue): Promise<readonly LoadedFile[]> {
  const first = await sample(of, { rows: firstRows, day: '02' });
  const more = await sample(of, { rows: moreRows, day: '03', keys: 1 });
  const changed = path.join(path.dirname(first), exportName('04'));
  await changeRows(first, changed, 4);
  const unchanged = path.join(path.dirname(first), exportName('05'));
  await copyFile(changed, unchanged);
  // Other bytes, of the same rows.
  await appendFile(unchanged, '\n');
  const files = [
    { name: `${firstRows.toLocaleString('en')} rows, the first ones`, path: first },
    { name: `${moreRows.toLocaleString('en')} new rows more`, path: more },
    { name: `${firstRows.toLocaleString('en')} rows, a quarter changed`, path: changed },
    { name: `${firstRows.toLocaleString('en')} unchanged rows`, path: unchanged },
  ];
  for (let number = 0; number < smallFiles; number++) {
    const day = String(6 + number).padStart(2, '0');
    files.push({
      name: `a small file of ${smallRows} new rows`,
      path: await sample(of, { rows: smallRows, day, keys: 2 + number }),
    });
  }
  return files;
}

/** A file of messages, with keys of its own for each number of `keys`. */
async function sample(
  of: Catalogue,
  { rows, day, keys }: { readonly rows: number; readonly day: string; readonly keys?: number },
): Promise<string> {
  const below = path.join(folder, day);
  const written = await writeSamples(of, below, { rows, days: 1, only: [set], seed: 1 + Number(day) });
  const text = await readFile(path.join(below, written.files[0]?.path ?? ''), 'utf8');
  const file = path.join(folder, 'hootsuite-inbox', 'message', exportName(day));
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, keys === undefined ? text : text.replaceAll(startOfKey, keyStart(keys)));
  note(`${path.basename(file)}: ${((await stat(file)).size / 1e6).toFixed(1)} MB`);
  return file;
}

async function plainDatabase(server: string): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const name = `bench_${randomBytes(6).toString('hex')}`;
  const at = (database: string): string => Object.assign(new URL(server), { pathname: database }).href;
  await asked(at('postgres'), `CREATE DATABASE ${name} ENCODING 'UTF8' TEMPLATE template0`);
  return {
    url: at(name),
    drop: async () => {
      await asked(at('postgres'), `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}
