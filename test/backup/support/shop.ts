import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'mocha';
import type { Manifest } from '../../../src/backup/manifest.ts';
import { writeBackup } from '../../../src/backup/write-backup.ts';
import type { Database } from '../../../src/warehouse/database.ts';
import { openDatabase } from '../../../src/warehouse/postgres-database.ts';
import { gatewayCommand, type Outcome } from '../../e2e/remedies/command-line.ts';
import { World } from '../../e2e/remedies/world.ts';
import { testDatabase } from '../../support/postgres.ts';

/** A second database with its own folders: where a backup goes. */
export interface Place {
  readonly connectionString: string;
  readonly folder: string;
  run(line: string): Promise<Outcome>;
  /** Opens a pool for the work alone, so that a restore finds nobody connected. */
  within<T>(work: (database: Database) => Promise<T>): Promise<T>;
}

/** Sets of every kind: an upsert with a rejected row and unknown columns, a snapshot that lost a row, a code list. */
export function shop(world: World): void {
  world.metadata('orders', {
    set: 'Orders',
    files: [{ name: '^orders', example: 'orders.csv' }],
    key: ['OrderId'],
    properties: {
      OrderId: { type: 'Int64', header: 'Id' },
      Title: {},
      Count: { type: 'Decimal', nullable: true },
      At: { type: 'DateTimeOffset', header: 'At', nullable: true },
    },
  });
  world.metadata('stock', {
    set: 'Stock',
    files: [{ name: '^stock', example: 'stock.csv' }],
    write: { mode: 'snapshot', missing: 'hide' },
    key: ['Shelf'],
    properties: { Shelf: {}, Pieces: { type: 'Int32' } },
  });
}

/** Texts that COPY has to escape, in columns that the metadata knows and in one that it does not. */
export const orders = `Id,Title,Count,At,Colour\n1,"a\tb\\n\\N ""x"" é 🙂",1.5,2026-01-01T00:00:00Z,"red\nand ""blue"""\n2,,,,\nx,bad,,,\n`;

/** Loads the files of the shop: lists of places in the drop folder. */
export async function fill(world: World): Promise<void> {
  await world.run(`gateway ingest ${world.file('data/drop/loaded/orders.csv', orders, 1)}`);
  await world.works(`gateway ingest ${world.file('data/drop/loaded/stock-1.csv', 'Shelf,Pieces\na,1\nb,2\nc,3\n', 2)}`);
  await world.works(`gateway ingest ${world.file('data/drop/loaded/stock-2.csv', 'Shelf,Pieces\na,1\nc,4\n', 3)}`);
  world.file('data/drop/refused/sub/bad%\\name.csv', 'x', 4);
  world.file('data/uploads/loaded/up.csv', 'y', 5);
}

export function useWorld(): () => World {
  let world: World;
  before(async () => {
    world = await World.open();
  });
  after(() => world.close());
  return () => world;
}

/** A fresh empty place for each call. */
export function usePlaces(): () => Promise<Place> {
  const ends: (() => Promise<void>)[] = [];
  after(async () => {
    for (const end of ends) {
      await end();
    }
  });
  return async () => {
    const { connectionString, drop } = await testDatabase();
    const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-restored-'));
    ends.push(async () => {
      await drop();
      rmSync(folder, { recursive: true, force: true });
    });
    mkdirSync(folder, { recursive: true });
    const environment = {
      DATABASE_URL: connectionString,
      DATA_DIR: path.join(folder, 'data'),
      METADATA_DIR: path.join(folder, 'metadata'),
    };
    return {
      connectionString,
      folder,
      run: (line) => gatewayCommand(line, environment),
      within: (work) => within(connectionString, work),
    };
  };
}

export async function within<T>(connectionString: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase({ connection: connectionString });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** A backup of the database alone. */
export function backupOf(database: Pick<Database, 'query' | 'snapshot'>, file: string): Promise<Manifest> {
  return writeBackup({
    ...{ database, file, program: '1.2.3' },
    metadataDir: path.join(path.dirname(file), 'no-metadata'),
    keptFiles: null,
    progress: () => {},
  });
}

/**
 * What a backup says of the stored state, to be compared: digests of all rows in their order, structures and counters. Of the histories a
 * restore makes new ones, so their table is left out.
 */
export const stateOf = ({ tables, sequences }: Manifest): unknown => ({
  tables: tables.filter(({ name }) => name !== 'set_versions'),
  sequences,
});
