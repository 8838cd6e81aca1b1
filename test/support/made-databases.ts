import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { migrate } from '../../src/warehouse/migrate.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { provision } from '../../src/warehouse/tables/provision.ts';
import { placedDatabase, testsOnCitus } from '../citus/support/placed-database.ts';
import { databaseLike, type TestDatabase, testDatabase } from './postgres.ts';

let migrated: Promise<TestDatabase> | null = null;
/** null: one was made, and is used. */
const provisioned = new WeakMap<Catalogue, Promise<TestDatabase> | null>();

/** A fresh database on which all migrations have run: a copy, made in a fraction of the time that they take. */
export async function migratedDatabase(): Promise<TestDatabase> {
  migrated ??= testDatabase().then((test) => prepared(test, migrate));
  return databaseLike((await migrated).name);
}

/**
 * A fresh database with the tables of a catalogue: a copy, from the third on of the same catalogue, which `catalogueOf`
 * gives for the same files. (Many catalogues are used once; a copy of their only database would be work for nothing.)
 */
export async function provisionedDatabase(catalogue: Catalogue): Promise<TestDatabase> {
  if (testsOnCitus) {
    return placedDatabase(catalogue);
  }
  const make = async (): Promise<TestDatabase> =>
    prepared(await migratedDatabase(), (database) => provision(database, catalogue));
  const known = provisioned.get(catalogue);
  if (known === undefined) {
    provisioned.set(catalogue, null);
    return make();
  }
  const template = known ?? make();
  provisioned.set(catalogue, template);
  return databaseLike((await template).name);
}

/** Leaves no connection: nobody may be connected to what is copied. */
async function prepared(test: TestDatabase, by: (database: Database) => Promise<unknown>): Promise<TestDatabase> {
  const database = await openDatabase({ connection: test.connectionString });
  try {
    await by(database);
  } finally {
    await database.close();
  }
  return test;
}
