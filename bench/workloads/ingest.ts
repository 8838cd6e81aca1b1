import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { writeSamples } from '../../src/samples/write-samples.ts';
import type { Bench } from '../support/bench.ts';
import { hasPsql, runPsql } from '../support/copy.ts';
import type { Cell, Report } from '../support/report.ts';
import { root } from '../support/warehouse.ts';

/** What the loading process reports. */
export interface Loaded {
  readonly milliseconds: number;
  /** Highest resident memory before the load, and at its end. */
  readonly startMegabytes: number;
  readonly peakMegabytes: number;
  /** Milliseconds of processor time of the process, without its start. */
  readonly processorTime: number;
  /** Rows; absent where the file was not loaded. */
  readonly read?: number;
  readonly inserted?: number;
  readonly state: string;
}

const set = 'HootsuiteInboxMessages';

/** One large export loaded whole, beside `psql` COPY of the same file into an unlogged table of text. */
export async function ingest({ warehouse, rows }: Bench): Promise<readonly Report[]> {
  const folder = path.join(warehouse.folder, 'exports');
  await mkdir(folder, { recursive: true });
  const only = [set];
  const report = await writeSamples(warehouse.catalogue, folder, { rows, days: 1, only });
  const written = report.files.find((file) => file.set === set);
  if (written === undefined) {
    throw new Error(`no sample of ${set} was written`);
  }
  const file = path.join(folder, written.path);
  const megabytes = (await stat(file)).size / 1e6;
  const lines: Cell[][] = [];
  const line = (name: string, milliseconds: number, memory: number | null): void => {
    lines.push([
      name,
      written.rows,
      milliseconds,
      (written.rows / milliseconds) * 1000,
      megabytes / (milliseconds / 1000),
      memory,
    ]);
  };
  if (hasPsql) {
    line('psql COPY into unlogged text', await staging(warehouse, file), null);
  }
  const first = await load(warehouse.url, file);
  line(`gateway, new rows: ${first.state}`, first.milliseconds, first.peakMegabytes);
  const again = path.join(path.dirname(file), `again-${path.basename(file)}`);
  await rename(file, again);
  const second = await load(warehouse.url, again);
  line(`gateway, the same bytes again: ${second.state}`, second.milliseconds, second.peakMegabytes);
  await rm(folder, { recursive: true, force: true });
  return [
    {
      title: `Loading a CSV of ${megabytes.toFixed(0)} MB`,
      columns: ['', 'rows', 'ms', 'rows/s', 'MB/s', 'highest MB'],
      rows: lines,
      verdicts: [],
    },
  ];
}

/** Into one text column a line, so that any dialect goes in: the cheapest thing that PostgreSQL can do with a file. */
async function staging(warehouse: Bench['warehouse'], file: string): Promise<number> {
  await warehouse.database.query('DROP TABLE IF EXISTS public.bench_staging');
  await warehouse.database.query('CREATE UNLOGGED TABLE public.bench_staging (line text)');
  const copy = String.raw`COPY public.bench_staging FROM STDIN (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02')`;
  const milliseconds = await runPsql(warehouse, ['-c', copy], file);
  await warehouse.database.query('DROP TABLE public.bench_staging');
  return milliseconds;
}

/** Loads a file in a process of its own. */
export async function load(url: string, file: string): Promise<Loaded> {
  const child = fork(path.join(root, 'bench', 'support', 'load-process.mjs'), [url, file], { execArgv: [] });
  const [loaded] = (await once(child, 'message')) as [Loaded];
  return loaded;
}
