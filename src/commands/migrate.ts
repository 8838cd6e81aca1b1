import type { Catalogue } from '../catalogue/catalogue.ts';
import { type FilledProperty, fillFromExtras } from '../ingest/back-fill/fill-from-extras.ts';
import { remakeDerived } from '../ingest/remake-derived.ts';
import type { Database } from '../warehouse/database.ts';
import { migrate } from '../warehouse/migrate.ts';
import { provision } from '../warehouse/provision.ts';
import { pruneTombstones, tombstoneDays } from '../warehouse/prune-tombstones.ts';
import { exitCodes } from './exit-code.ts';
import { catalogueOf, type Surroundings, withWarehouse } from './surroundings.ts';

/**
 * Brings the database to what the program and the metadata need; prints what changed. `tell`: what became of stored rows, which
 * whoever runs any command should know.
 */
export async function prepare(
  database: Database,
  catalogue: Catalogue,
  print: (line: string) => void,
  tell = print,
): Promise<void> {
  const { applied } = await migrate(database);
  for (const name of applied) print(`migrated ${name}`);
  const report = await provision(database, catalogue);
  const created = report.changes.filter((change) => change.endsWith(': created'));
  if (created.length > 0) print(`created ${created.length} tables`);
  for (const change of report.changes) if (!created.includes(change)) print(change);
  for (const column of report.retiredColumns) print(`${column}: kept, not served any more`);
  for (const table of report.retiredTables) print(`${table}: kept, not served any more`);
  for (const one of await fillFromExtras(database, catalogue)) for (const line of filledLines(one)) tell(line);
  for (const set of await remakeDerived(database, catalogue)) {
    print(`${set}: made again, the metadata derives it otherwise than before`);
  }
  const forgotten = await pruneTombstones(database);
  if (forgotten > 0) print(`forgot ${forgotten} rows that left more than ${tombstoneDays} days ago`);
}

function filledLines({ set, property, rows, left, reason }: FilledProperty): readonly string[] {
  const filled = rows === 0 ? [] : [`${set}.${property}: filled from Extras in ${rows} rows`];
  if (left === 0) return filled;
  return [...filled, `${set}.${property}: ${left} cells stay in Extras, ${reason}`];
}

/** `gateway migrate`. */
export async function migrateCommand(surroundings: Surroundings): Promise<number> {
  const catalogue = catalogueOf(surroundings);
  await withWarehouse(surroundings, ({ database }) => prepare(database, catalogue, surroundings.print));
  surroundings.print('The database is up to date.');
  return exitCodes.ok;
}
