import { stat } from 'node:fs/promises';
import path from 'node:path';
import { filesBelow } from '../../backup/folder-files.ts';
import { diskSpace } from '../../embedded/disk-space.ts';
import { loadedFolder, refusedFolder } from '../../ingest/delivery/put-away/put-away.ts';
import type { Database } from '../../warehouse/database.ts';
import { exitCodes } from '../support/exit-code.ts';
import { type Surroundings, withExistingWarehouse } from '../support/surroundings.ts';

interface TableSize {
  readonly name: string;
  /** By the last statistics of PostgreSQL. */
  readonly rows: number;
  readonly table: number;
  readonly indexes: number;
}

/** `gateway disk`: what takes how much room, the largest first, and how it grew in the last thirty days. Only reads. */
export async function diskCommand(surroundings: Surroundings): Promise<number> {
  const { config, print } = surroundings;
  return withExistingWarehouse(surroundings, async ({ database, server }) => {
    const tables = await tableSizes(database);
    print(line(['table', 'rows', 'table', 'indexes', 'bytes/row']));
    for (const { name, rows, table, indexes } of tables.filter((one) => one.rows > 0)) {
      const each = Math.round((table + indexes) / rows).toLocaleString('en-US');
      print(line([name, rows.toLocaleString('en-US'), megabytes(table), megabytes(indexes), each]));
    }
    const all = tables.reduce((sum, one) => sum + one.table + one.indexes, 0);
    print(`tables and indexes   ${megabytes(all)}`);
    print(`log of PostgreSQL    ${await logSize(database)}`);
    for (const folder of [loadedFolder, refusedFolder]) {
      const sizes = [await folderSize(config.dropDir, folder), await folderSize(config.uploadDir, folder)];
      const [files, bytes] = [
        sizes.reduce((sum, one) => sum + one.files, 0),
        sizes.reduce((sum, one) => sum + one.bytes, 0),
      ];
      print(`${folder.padEnd(20)} ${megabytes(bytes)} in ${files} files`);
    }
    print(await growth(database, tables));
    const folders = new Set([config.dataDir, config.dropDir, ...(server === null ? [] : [server.folders.cluster])]);
    for (const folder of folders) {
      const space = diskSpace(folder);
      if (space !== null) {
        print(`free on the disk of ${folder}: ${megabytes(space.free)} of ${megabytes(space.total)}`);
      }
    }
    return exitCodes.ok;
  });
}

const line = ([name = '', ...numbers]: readonly string[]): string =>
  [name.padEnd(44), ...numbers.map((number) => number.padStart(12))].join(' ');

const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`;

async function tableSizes(database: Database): Promise<readonly TableSize[]> {
  const { rows } = await database.query<Readonly<Record<'name' | 'rows' | 'table' | 'indexes', string>>>(
    `SELECT n.nspname || '.' || c.relname AS name, pg_table_size(c.oid)::text AS table, pg_indexes_size(c.oid)::text AS indexes,
            greatest(c.reltuples::bigint, coalesce(s.n_live_tup, 0))::text AS rows
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
      WHERE n.nspname IN ('feed', 'gateway', 'gateway_archive') AND c.relkind = 'r'
      ORDER BY pg_total_relation_size(c.oid) DESC, 1`,
  );
  return rows.map((row) => ({
    name: row.name,
    rows: Number(row.rows),
    table: Number(row.table),
    indexes: Number(row.indexes),
  }));
}

/** Only an administrator of a server may see its log. */
async function logSize(database: Database): Promise<string> {
  const { rows } = await database.query<{ may: boolean }>(
    `SELECT has_function_privilege('pg_ls_waldir()', 'EXECUTE') AS may`,
  );
  if (rows[0]?.may !== true) {
    return 'not shown to this user of the server';
  }
  const found = await database.query<{ bytes: string }>(
    'SELECT coalesce(sum(size), 0)::text AS bytes FROM pg_ls_waldir()',
  );
  return megabytes(Number(found.rows[0]?.bytes ?? 0));
}

async function folderSize(root: string, folder: string): Promise<{ readonly files: number; readonly bytes: number }> {
  let bytes = 0;
  const files = await filesBelow(root, [folder]);
  for (const file of files) {
    bytes += (await stat(path.join(root, file)).catch(() => ({ size: 0 }))).size;
  }
  return { files: files.length, bytes };
}

/** What the loads of thirty days brought, at the size that a row has on average. */
async function growth(database: Database, tables: readonly TableSize[]): Promise<string> {
  const { rows } = await database.query<{ files: string; bytes: string; rows: string }>(
    `SELECT count(*)::text AS files, coalesce(sum(size_bytes), 0)::text AS bytes, coalesce(sum(rows_inserted), 0)::text AS rows
       FROM gateway.load WHERE state = 'loaded' AND finished_at > now() - interval '30 days'`,
  );
  const [month] = rows;
  const sets = tables.filter(({ name }) => /^(?:feed|gateway_archive)[.]/.test(name));
  const stored = sets.reduce((sum, one) => sum + one.rows, 0);
  const bytes = sets.reduce((sum, one) => sum + one.table + one.indexes, 0);
  const added = Number(month?.rows ?? 0);
  const about = stored === 0 ? 0 : (bytes / stored) * added;
  return `last 30 days         ${month?.files} files of ${megabytes(Number(month?.bytes ?? 0))}, ${added.toLocaleString('en-US')} new rows: about ${megabytes(about)} of tables`;
}
