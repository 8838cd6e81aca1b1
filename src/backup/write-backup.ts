import { quoteRelation } from '../sql/identifier.ts';
import type { Database, Snapshot } from '../warehouse/database.ts';
import { sqlState } from '../warehouse/postgres-errors.ts';
import { ArchiveWriter } from './archive-writer.ts';
import { LineCount } from './count-lines.ts';
import { addFiles, filesBelow } from './folder-files.ts';
import { backupFormat, type Manifest, manifestName, type PlacedFile, type TablePart } from './manifest.ts';
import { carriedColumns, ownSchemas, passingTables, readSequences, readStructure, tableNames } from './structure.ts';

export interface BackupOrder {
  readonly database: Pick<Database, 'query' | 'snapshot'>;
  /** Of the backup; its folder is there. */
  readonly file: string;
  readonly metadataDir: string;
  /** Places whose files are kept; null: without files. */
  readonly keptFiles: readonly KeptPlace[] | null;
  /** Version of this program. */
  readonly program: string;
  /** Told what is written now. */
  readonly progress: (what: string) => void;
}

/** A folder of which some folders hold files that were taken in. */
export interface KeptPlace {
  readonly place: PlacedFile['place'];
  readonly root: string;
  readonly folders: readonly string[];
}

/**
 * Writes everything that belongs to the gateway into one file: the rows of all tables as of one moment, then the files that were
 * loaded, refused, and the metadata. Loads and reads go on meanwhile; what would replace a table waits. Files come after
 * the rows, so that a file whose load the snapshot has is in its folder by then.
 */
export async function writeBackup(order: BackupOrder): Promise<Manifest> {
  const archive = new ArchiveWriter(order.file);
  try {
    const stored = await storedState(order, archive);
    const { keptFiles, metadataDir } = order;
    const files = keptFiles === null ? null : await addPlaces(archive, keptFiles);
    const metadata = await addFiles(archive, {
      root: metadataDir,
      paths: await filesBelow(metadataDir),
      as: 'metadata',
    });
    const manifest: Manifest = {
      format: backupFormat,
      program: order.program,
      ...stored,
      files,
      metadata: [...metadata],
    };
    await archive.finish(manifestName, `${JSON.stringify(manifest, null, 1)}\n`);
    return manifest;
  } catch (error) {
    await archive.abandon();
    throw error;
  }
}

async function addPlaces(archive: ArchiveWriter, places: readonly KeptPlace[]): Promise<PlacedFile[]> {
  const files: PlacedFile[] = [];
  for (const { place, root, folders } of places) {
    const kept = await addFiles(archive, { root, paths: await filesBelow(root, folders), as: `files/${place}` });
    files.push(...kept.map((file) => ({ ...file, place })));
  }
  return files;
}

type StoredState = Pick<Manifest, 'made' | 'server' | 'migrations' | 'tables' | 'sequences'>;

/** Table names that went or came while we were about to hold them. */
class TablesChanged extends Error {}

const mostAttempts = 5;

async function storedState(order: BackupOrder, archive: ArchiveWriter, attempt = 1): Promise<StoredState> {
  const names = await namesOf(order.database);
  try {
    return await order.database.snapshot(async (snapshot) => {
      // Before anything is seen: a table that is replaced between the moment and its reading would come out empty.
      await snapshot.query(`LOCK TABLE ${names.join(', ')} IN ACCESS SHARE MODE`);
      if ((await namesOf(snapshot)).join() !== names.join()) {
        throw new TablesChanged('tables came or went');
      }
      return readAll(snapshot, order, archive);
    });
  } catch (error) {
    const changed = error instanceof TablesChanged || sqlState(error) === '42P01';
    if (!changed || attempt === mostAttempts) {
      throw error;
    }
    return storedState(order, archive, attempt + 1);
  }
}

async function namesOf(database: Pick<Snapshot, 'query'>): Promise<readonly string[]> {
  const { rows } = await database.query<{ name: string }>(tableNames, [ownSchemas]);
  return rows.map(({ name }) => name);
}

async function readAll(snapshot: Snapshot, order: BackupOrder, archive: ArchiveWriter): Promise<StoredState> {
  const { rows } = await snapshot.query<{ made: Date; server: string }>(
    `SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS made, current_setting('server_version') AS server`,
  );
  const migrations = await snapshot.query<{ name: string; sha256: string }>(
    `SELECT name, sha256 FROM gateway.migration ORDER BY name COLLATE "C"`,
  );
  const tables: TablePart[] = [];
  const passing = await passingTables(snapshot);
  for (const table of await readStructure(snapshot)) {
    order.progress(`${table.schema}.${table.name}`);
    const count = new LineCount();
    const none = passing.has(`${table.schema}.${table.name}`) ? ' WHERE false' : '';
    const rowsOf = snapshot.copyOut(`SELECT ${carriedColumns(table)} FROM ${quoteRelation(table)}${none}`);
    const part = await archive.add(partOf(table), count.of(rowsOf));
    tables.push({ ...table, ...part, rows: count.lines });
  }
  const [row] = rows;
  return {
    made: String(row?.made),
    server: String(row?.server),
    migrations: [...migrations.rows],
    tables,
    sequences: [...(await readSequences(snapshot))],
  };
}

/** A retired table may have any name. */
const partOf = ({ schema, name }: { readonly schema: string; readonly name: string }): string =>
  `tables/${schema}.${encodeURIComponent(name)}.copy`;
