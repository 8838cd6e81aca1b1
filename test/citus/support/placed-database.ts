import process from 'node:process';
import type { Catalogue } from '../../../src/catalogue/catalogue.ts';
import { migrate } from '../../../src/warehouse/migrate.ts';
import { placeGroups } from '../../../src/warehouse/placement/place-groups.ts';
import { openDatabase } from '../../../src/warehouse/postgres-database.ts';
import { provision } from '../../../src/warehouse/tables/provision.ts';
import { share } from '../../support/lifetime.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { citusDatabase, citusUrl } from './citus-database.ts';

/** Tests whose warehouses have tables get them on Citus, placed: `test/citus/kits.long.test.ts`. */
export const testsOnCitus = process.env['TESTS_ON_CITUS'] === '1' && citusUrl !== null;

/** A fresh database on Citus with the tables of a catalogue, each group of sources on a worker. */
export async function placedDatabase(catalogue: Catalogue): Promise<TestDatabase> {
  const { connectionString, drop } = await citusDatabase();
  const database = await openDatabase({ connection: connectionString });
  try {
    await migrate(database);
    await provision(database, catalogue);
    await placeGroups(database, catalogue, () => {});
  } finally {
    await database.close();
  }
  let dropped: Promise<void> | null = null;
  const once = (): Promise<void> => {
    dropped ??= drop();
    return dropped;
  };
  share({ close: once });
  return { connectionString, name: new URL(connectionString).pathname.slice(1), drop: once };
}
