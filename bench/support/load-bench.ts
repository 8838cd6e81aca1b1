import { fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, copyFile, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Export } from '../../src/catalogue/catalogue.ts';
import { setsTouched } from '../../src/ingest/derive/derived-sets.ts';
import { storedTable } from '../../src/ingest/stored/stored-table.ts';
import { writeSamples } from '../../src/samples/write-samples.ts';
import type { Loaded } from '../workloads/ingest.ts';
import { appendOthers, changeRows, exportName, keyStart, startOfKey } from './message-exports.ts';
import { postgresTime } from './processor-time.ts';
import { UpsertPeer } from './upsert-peer.ts';
import { type BenchWarehouse, openWarehouse, root } from './warehouse.ts';

const set = 'HootsuiteInboxMessages';

export type Kind = 'new' | 'unchanged' | 'changed';

/** One load by the gateway: `wal` in bytes, memory in MB, processor time in ms (of PostgreSQL: null where the platform does not say). */
export interface Measured {
  readonly ms: number;
  readonly wal: number;
  readonly start: number;
  readonly peak: number;
  readonly processorTime: { readonly gateway: number; readonly postgres: number | null };
}

/** The set, its peer of the same shape, and files of new, unchanged and changed rows. */
export class LoadBench {
  readonly rows: number;
  readonly #warehouse: BenchWarehouse;
  readonly #peer: UpsertPeer;
  readonly #files: Readonly<Record<Kind, string>>;

  // biome-ignore lint/style/useConsistentMemberAccessibility: made by its static method alone, which waits for what it needs
  private constructor(warehouse: BenchWarehouse, target: Export, files: Readonly<Record<Kind, string>>, rows: number) {
    this.#warehouse = warehouse;
    this.#peer = new UpsertPeer(warehouse, target);
    this.#files = files;
    this.rows = rows;
  }

  /** `kinds`: the files that are made. */
  static async open(rows: number, kinds: readonly Kind[] = ['new', 'unchanged', 'changed']): Promise<LoadBench> {
    // Vacuum would write WAL and take processor time at moments of its own; it runs between the steps instead.
    const warehouse = await openWarehouse({ autovacuum: 'off', max_wal_size: '8GB' });
    const target = warehouse.catalogue.exports.find((one) => one.set === set);
    if (target === undefined) {
      throw new Error(`no export writes ${set}`);
    }
    const folder = path.join(warehouse.folder, 'exports');
    const made = Math.min(rows, mostSamples);
    const report = await writeSamples(warehouse.catalogue, folder, { rows: made, days: 1, only: [set] });
    const [written] = report.files;
    const files = fileNames(folder);
    await mkdir(path.dirname(files.new), { recursive: true });
    await rename(path.join(folder, written?.path ?? ''), files.new);
    const { size } = await stat(files.new);
    for (let times = 1; times < rows / made; times++) {
      await appendOthers(files.new, size, keyStart(times));
    }
    if (kinds.includes('unchanged')) {
      await copyFile(files.new, files.unchanged);
      await appendFile(files.unchanged, '\n');
    }
    if (kinds.includes('changed')) {
      await changeRows(files.new, files.changed);
    }
    return new LoadBench(warehouse, target, files, (written?.rows ?? 0) * Math.ceil(rows / made));
  }

  async close(): Promise<void> {
    await this.#warehouse.close();
  }

  /** Nothing is loaded. */
  async empty(): Promise<void> {
    await this.#peer.empty();
    await this.emptySets();
  }

  /** Nothing is loaded by the gateway. */
  async emptySets(): Promise<void> {
    const { database, catalogue } = this.#warehouse;
    const tables = setsTouched(catalogue, set).map((name) => storedTable(catalogue, name).name);
    await database.query(`TRUNCATE ${tables.join(', ')}; TRUNCATE gateway.load, gateway.confirmation CASCADE`);
    await this.#settle();
  }

  /** Milliseconds. */
  async peer(kind: Kind): Promise<number> {
    // psql takes no blank line, which makes the gateway's file of unchanged rows another one.
    const milliseconds = await this.#peer.load(this.#files[kind === 'unchanged' ? 'new' : kind]);
    await this.#settle();
    return milliseconds;
  }

  /** `alone`: into no sets that speak of all sources. */
  async gateway(kind: Kind, { alone = false }: { readonly alone?: boolean } = {}): Promise<Measured> {
    const measured = await this.#load(this.#files[kind], kind, alone);
    await this.#settle();
    return measured;
  }

  /** A file of new rows, newer than all others; another `number`, others. */
  async small(rows: number, number: number): Promise<Measured> {
    const folder = path.join(this.#warehouse.folder, `small-${number}`);
    const report = await writeSamples(this.#warehouse.catalogue, folder, {
      ...{ rows, days: 1, only: [set], seed: 7 + number, from: `2027-01-0${1 + number}` },
    });
    const file = path.join(folder, report.files[0]?.path ?? '');
    // Samples count their keys from the same one; the key stands first in each line.
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replaceAll(startOfKey, keyStart(1000 + number)));
    return this.#load(file, 'new');
  }

  /** The indexes of the set's table, then an empty name for none. */
  async indexes(): Promise<readonly { readonly name: string; readonly definition: string }[]> {
    await this.#peer.empty();
    const { rows } = await this.#warehouse.database.query<{ name: string; definition: string }>(
      `SELECT indexrelid::regclass::text AS name, substring(pg_get_indexdef(indexrelid) FROM 'USING .*') AS definition FROM pg_index WHERE indrelid = '${this.#peer.table}'::regclass ORDER BY indexrelid`,
    );
    return [{ name: '', definition: 'none is left out' }, ...rows, { name: '*', definition: 'all but the key' }];
  }

  /** Processor time, in ms, of new rows into the peer's table without an index (`*`: without all but the key); megabytes of that index. */
  async without(name: string): Promise<{ readonly milliseconds: number | null; readonly megabytes: number | null }> {
    const { database } = this.#warehouse;
    let megabytes: number | null = null;
    if (name !== '' && name !== '*') {
      await this.#peer.load(this.#files.new);
      const { rows } = await database.query<{ n: string }>(`SELECT pg_relation_size('${name}')::text AS n`);
      megabytes = Number(rows[0]?.n) / 1e6;
      await this.#peer.empty();
    }
    const all = (await this.indexes()).filter((one) => one.name !== '' && one.name !== '*');
    const key = all.find(({ definition }) => definition.includes('"MessageId"'));
    for (const one of all) {
      if (one.name !== key?.name && (name === '*' || name === one.name)) {
        await database.query(`DROP INDEX ${one.name}`);
      }
    }
    return { milliseconds: await this.#peer.processorTime(this.#files.new), megabytes };
  }

  async #load(file: string, kind: Kind, alone = false): Promise<Measured> {
    const before = await this.#wal();
    const time = await postgresTime(this.#warehouse);
    const postgresBefore = time();
    const child = fork(
      path.join(root, 'bench', 'support', 'load-process.mjs'),
      [this.#warehouse.url, file, ...(alone ? ['alone'] : [])],
      { execArgv: [] },
    );
    const ended = once(child, 'exit');
    const [loaded] = (await once(child, 'message')) as [Loaded];
    await ended;
    if (loaded.state !== 'loaded' || (kind === 'new' && loaded.inserted !== loaded.read)) {
      throw new Error(`${kind}: ${JSON.stringify(loaded)}`);
    }
    const wal = (await this.#wal()) - before;
    const postgresAfter = time();
    return {
      ...{ ms: loaded.milliseconds, wal, start: loaded.startMegabytes, peak: loaded.peakMegabytes },
      processorTime: {
        gateway: loaded.processorTime,
        postgres: postgresBefore === null || postgresAfter === null ? null : postgresAfter - postgresBefore,
      },
    };
  }

  /** Bytes of WAL so far; the loading process has ended, and its connections told theirs. */
  async #wal(): Promise<number> {
    const { database } = this.#warehouse;
    await database.query('SELECT pg_stat_force_next_flush()');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { rows } = await database.query<{ n: string }>('SELECT wal_bytes::text AS n FROM pg_stat_wal');
    return Number(rows[0]?.n);
  }

  async #settle(): Promise<void> {
    await this.#warehouse.database.query('VACUUM (ANALYZE)');
    await this.#warehouse.database.query('CHECKPOINT');
  }
}

/** Samples take their time: more rows are the same ones with other keys. */
const mostSamples = 1_000_000;

/** Each newer than the one before. */
function fileNames(folder: string): Readonly<Record<Kind, string>> {
  const named = (day: string): string => path.join(folder, 'hootsuite-inbox', 'message', exportName(day));
  return { new: named('02'), unchanged: named('03'), changed: named('04') };
}
