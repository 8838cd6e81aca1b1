import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { backupName } from '../backup/backup-names.ts';
import { checkBackup } from '../backup/check-backup.ts';
import type { Manifest } from '../backup/manifest.ts';
import { type KeptPlace, writeBackup } from '../backup/write-backup.ts';
import type { Config } from '../config.ts';
import { loadedFolder, refusedFolder } from '../ingest/delivery/put-away/put-away.ts';
import { exitCodes } from './support/exit-code.ts';
import { type Surroundings, withExistingWarehouse } from './support/surroundings.ts';
import { programVersion } from './support/version.ts';

export interface BackupFlags {
  /** Only read a backup, and compare it with what it says it holds. */
  readonly check?: boolean;
  /** false: without the files of `loaded/` and `refused/`. */
  readonly files?: boolean;
}

/**
 * `gateway backup`: everything that belongs to the gateway as one file, while it runs. With `--check` a backup is read and nothing
 * written. `to`: a folder, which gets a file named after the moment, or the file itself. What is not there yet is a folder where it ends with a slash, or
 * where its name has no ending, as `backups`.
 */
export async function backupCommand(
  surroundings: Surroundings,
  to: string,
  { check = false, files = true }: BackupFlags,
): Promise<number> {
  const { config, print, progress } = surroundings;
  if (check) {
    const manifest = await checkBackup(to, progress);
    progress('');
    print(`${to} is whole: ${summary(manifest)}`);
    return exitCodes.ok;
  }
  return withExistingWarehouse(surroundings, async ({ database }) => {
    const file = await target(to);
    const manifest = await writeBackup({
      database,
      file,
      metadataDir: config.metadataDir,
      keptFiles: files ? keptPlaces(config) : null,
      program: programVersion(),
      progress,
    });
    progress('');
    print(`${file}: ${summary(manifest)}`);
    return exitCodes.ok;
  });
}

/** Where files lie that were taken in, or refused. */
const keptPlaces = ({ dropDir, uploadDir }: Config): readonly KeptPlace[] => {
  const folders = [loadedFolder, refusedFolder];
  return [
    { place: 'drop', root: dropDir, folders },
    { place: 'uploads', root: uploadDir, folders },
  ];
};

/** What a backup holds, in one line. */
export function summary({ made, program, server, tables, files, metadata }: Manifest): string {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const kept = files === null ? 'no kept files' : `${files.length} kept files`;
  return `as of ${made}, ${rows} rows of ${tables.length} tables, ${kept}, ${metadata.length} metadata files (gateway ${program}, PostgreSQL ${server})`;
}

async function target(to: string): Promise<string> {
  const found = await stat(to).catch(() => null);
  const isFolder = found === null ? to.endsWith('/') || path.extname(to) === '' : found.isDirectory();
  if (isFolder) {
    await mkdir(to, { recursive: true });
    return path.join(to, backupName(new Date()));
  }
  await mkdir(path.dirname(to), { recursive: true });
  return to;
}
