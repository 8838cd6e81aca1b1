import { stat } from 'node:fs/promises';
import path from 'node:path';
import { ArchiveReader } from '../backup/archive-reader.ts';
import { checkBackup } from '../backup/check-backup.ts';
import { hasAll, type RestoredFiles, restoreFiles } from '../backup/restore-files.ts';
import { restoreTables } from '../backup/restore-tables.ts';
import { migrationsFolder, readMigrations } from '../warehouse/migrate.ts';
import { summary } from './backup.ts';
import { exitCodes } from './support/exit-code.ts';
import { type Surroundings, withWarehouse } from './support/surroundings.ts';

export interface RestoreFlags {
  /** What the database holds goes. */
  readonly replace?: boolean;
  /** false: the kept files stay in the backup. */
  readonly files?: boolean;
}

/**
 * `gateway restore`: puts a backup into an empty database (of whatever server), its files into the drop folder, and its metadata where
 * there are none yet. All of the backup is read and checked before anything is changed.
 */
export async function restoreCommand(
  surroundings: Surroundings,
  file: string,
  { replace = false, files = true }: RestoreFlags,
): Promise<number> {
  const { config, print, progress } = surroundings;
  await checkBackup(file, progress);
  const archive = await ArchiveReader.open(file);
  try {
    const { migrated, erasedSince } = await withWarehouse(surroundings, ({ database }) =>
      restoreTables({
        ...{ database, archive, progress },
        migrations: readMigrations(migrationsFolder),
        replaces: replace,
      }),
    );
    progress('');
    print(`restored ${summary(archive.manifest)}`);
    migrated.map((name) => `migrated ${name}`).forEach(print);
    for (const [place, folder] of [
      ['drop', config.dropDir],
      ['uploads', config.uploadDir],
    ] as const) {
      const kept = files ? (archive.manifest.files ?? []).filter((file) => file.place === place) : [];
      if (kept.length > 0) {
        fileLines(await restoreFiles(archive, kept, folder), folder).forEach(print);
      }
    }
    print(await restoreMetadata(archive, surroundings));
    if (erasedSince > 0) {
      print(
        `${erasedSince} erasures were made after the backup, which has those persons again: run gateway erase once more for them`,
      );
    }
    print('Delta links and ETags of before are refused or not matched: clients read their sets anew.');
    print(
      `Files that were loaded after the backup are not in it. Where they still lie: gateway ingest ${path.join(config.dropDir, 'loaded')} (known ones are passed over)`,
    );
    return exitCodes.ok;
  } finally {
    archive.close();
  }
}

function fileLines({ written, same, differ }: RestoredFiles, folder: string): readonly string[] {
  return [
    `${folder}: ${written} files written, ${same} were there`,
    ...differ.map((name) => `${path.join(folder, name)} has other bytes than in the backup, and stays`),
  ];
}

/** Metadata that somebody has edited since is not overwritten: which of the two is right, only people know. */
async function restoreMetadata(archive: ArchiveReader, { config }: Surroundings): Promise<string> {
  const { metadata, made } = archive.manifest;
  if ((await stat(config.metadataDir).catch(() => null)) === null) {
    await restoreFiles(archive, metadata, config.metadataDir);
    return `${config.metadataDir}: the metadata of the backup`;
  }
  if (await hasAll(metadata, config.metadataDir)) {
    return `${config.metadataDir}: as in the backup`;
  }
  const beside = path.join(config.dataDir, `metadata-of-backup-${made.replace(/[-:]|\.\d+/g, '')}`);
  await restoreFiles(archive, metadata, beside);
  return `${config.metadataDir} differs from the backup, whose metadata is in ${beside}: compare them, then gateway check and gateway migrate`;
}
