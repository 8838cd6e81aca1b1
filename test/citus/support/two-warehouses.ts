import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { defaultOrder, writeSamples } from '../../../src/samples/write-samples.ts';
import { runInProcess } from '../../e2e/remedies/command-line.ts';
import { catalogueOf } from '../../support/catalogue-of.ts';
import { metadataFolder } from '../../support/gateway.ts';
import { testDatabase } from '../../support/postgres.ts';
import { asked, type CitusDatabase, citusDatabase } from './citus-database.ts';

/** One warehouse on plain PostgreSQL and one on Citus, migrated, that are given the same commands and the same files, and samples for them. */
export interface TwoWarehouses {
  readonly plain: string;
  readonly citus: CitusDatabase;
  /** Has `samples/<source>/...`, and what tests put there. */
  readonly folder: string;
  /** Runs a command of the gateway on one of them. Gives what it said; fails where it fails. */
  command(connection: string, ...words: readonly string[]): Promise<string>;
  /** On both. Fails where they say something else, but for times and file names. */
  both(...words: readonly string[]): Promise<string>;
  /** Loads a copy of what lies in a folder below `folder` into both: files of one age. */
  ingest(from: string): Promise<void>;
  /** Fails where tables have other rows; `other`: of another database than that on Citus. */
  sameTables(other?: string): Promise<void>;
  close(): Promise<void>;
}

/** Row numbers of sets over all sources are given in the order in which a worker sends what they are made of. */
const numbered = (set: string): boolean => catalogueOf(metadataFolder).sets.get(set)?.source !== 'unified';

export async function twoWarehouses(environment: Readonly<Record<string, string>> = {}): Promise<TwoWarehouses> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-citus-'));
  await writeSamples(catalogueOf(metadataFolder), path.join(folder, 'samples'), defaultOrder);
  const { connectionString: plain, drop } = await testDatabase();
  const citus = await citusDatabase();
  const command: TwoWarehouses['command'] = async (connection, ...words) => {
    const name = new URL(connection).pathname.slice(1);
    const { code, output } = await runInProcess(words, {
      DATABASE_URL: connection,
      DATA_DIR: path.join(folder, 'data', name),
      DROP_DIR: path.join(folder, 'data', name, 'drop'),
      ...environment,
    });
    assert.equal(code, 0, output);
    return output;
  };
  const both: TwoWarehouses['both'] = async (...words) => {
    const theirs = await command(plain, ...words);
    assert.equal(comparable(await command(citus.connectionString, ...words)), comparable(theirs));
    return theirs;
  };
  await both('migrate');
  return {
    plain,
    citus,
    folder,
    command,
    both,
    ingest: async (from) => {
      for (const connection of [plain, citus.connectionString]) {
        const here = mkdtempSync(path.join(folder, 'in-'));
        cpSync(path.join(folder, from), path.join(here, path.basename(from)), {
          recursive: true,
          preserveTimestamps: true,
        });
        await command(connection, 'ingest', here);
      }
    },
    sameTables: (other = citus.connectionString) => assertSameTables(plain, other),
    close: async () => {
      rmSync(folder, { recursive: true, force: true });
      await citus.drop();
      await drop();
    },
  };
}

/** Without what differs between two runs. */
const comparable = (output: string): string =>
  output.replaceAll(/\d+(\.\d+)? (ms|s)\b/g, '').replaceAll(/\d{4}-\d\d-\d\d[T ][\d:.]+Z?/g, '');

async function assertSameTables(one: string, other: string): Promise<void> {
  const tables = await asked(
    one,
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'feed'::regnamespace AND relkind = 'r' ORDER BY 1`,
  );
  const different: string[] = [];
  for (const { name } of tables) {
    const [theirs, ours] = await Promise.all([rowsOf(one, String(name)), rowsOf(other, String(name))]);
    if (theirs !== ours) {
      const [there, here] = [theirs, ours].map((rows) => rows.split('\n')) as [string[], string[]];
      different.push(
        [
          String(name),
          there.find((row) => !here.includes(row)) ?? '',
          here.find((row) => !there.includes(row)) ?? '',
        ].join('\n  '),
      );
    }
  }
  assert.ok(tables.length > 100);
  assert.deepEqual(different, []);
}

async function rowsOf(connection: string, table: string): Promise<string> {
  const left = ['_loaded_at', ...(numbered(table) ? [] : ['_row'])];
  const columns = await asked(
    connection,
    `SELECT format('coalesce(t.%I::text, ''~'')', attname) AS cell FROM pg_attribute WHERE attrelid = format('feed.%I', $1::text)::regclass AND attnum > 0 AND NOT attisdropped AND attname <> ALL($2) ORDER BY attname`,
    [table, left],
  );
  const cells = columns.map(({ cell }) => String(cell)).join(', ');
  const rows = await asked(connection, `SELECT concat_ws('|', ${cells}) AS line FROM feed."${table}" t`);
  return rows
    .map(({ line }) => String(line))
    .sort()
    .join('\n');
}
