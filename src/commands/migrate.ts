import type { Catalogue } from '../catalogue/catalogue.ts';
import { ConfigError } from '../config.ts';
import { type FilledProperty, fillFromExtras } from '../ingest/back-fill/fill-from-extras.ts';
import { remakeDerived } from '../ingest/derive/remake-derived.ts';
import { putExpectations } from '../ingest/ledger/expectations.ts';
import { checkPersonalKey } from '../ingest/treat-stored/check-key.ts';
import { type TreatedValues, treatStored } from '../ingest/treat-stored/treat-stored.ts';
import type { CommandEvent } from '../observation/events/commands.ts';
import { everyone, type Observe } from '../observation/observe.ts';
import type { Database } from '../warehouse/database.ts';
import { migrate } from '../warehouse/migrate.ts';
import { pruneTombstones, tombstoneDays } from '../warehouse/prune-tombstones.ts';
import { provision } from '../warehouse/tables/provision.ts';
import { preparationTo } from './support/console.ts';
import { exitCodes } from './support/exit-code.ts';
import { catalogueOf, type Surroundings, withWarehouse } from './support/surroundings.ts';

export interface Preparation {
  readonly observe: Observe<CommandEvent>;
  /** This gateway serves with the metadata of now: it opens tables that were rebuilt for them. */
  readonly serves?: boolean;
}

/** Brings the database to what the program and the metadata need. */
export async function prepare(
  database: Database,
  catalogue: Catalogue,
  { observe, serves = false }: Preparation,
): Promise<void> {
  const print = (message: string): void => observe({ event: 'table-change', message });
  const tell = (message: string): void => observe({ event: 'stored-rows', message });
  const { applied } = await migrate(database);
  for (const name of applied) {
    print(`migrated ${name}`);
  }
  await checkReportingZone(database, catalogue);
  await checkPersonalKey(database, catalogue);
  const report = await provision(database, catalogue, { opens: serves });
  await putExpectations(database, catalogue);
  const created = report.changes.filter((change) => change.endsWith(': created'));
  if (created.length > 0) {
    print(`created ${created.length} tables`);
  }
  for (const change of report.changes) {
    if (!created.includes(change)) {
      print(change);
    }
  }
  for (const column of report.retiredColumns) {
    print(`${column}: kept, not served any more`);
  }
  for (const table of report.retiredTables) {
    print(`${table}: kept, not served any more`);
  }
  const made = report.changes.flatMap((change) => /^(\w+): (?:created|made anew)/.exec(change)?.[1] ?? []);
  for (const line of await unloadedFiles(database, catalogue, made)) {
    tell(line);
  }
  for (const one of await fillFromExtras(database, catalogue)) {
    for (const line of filledLines(one)) {
      tell(line);
    }
  }
  for (const one of await treatStored(database, catalogue)) {
    treatedLines(one).forEach(tell);
  }
  for (const set of await remakeDerived(database, catalogue)) {
    print(`${set}: made again, the metadata derives it otherwise than before`);
  }
  const forgotten = await pruneTombstones(database);
  if (forgotten > 0) {
    print(`forgot ${forgotten} rows that left more than ${tombstoneDays} days ago`);
  }
}

/** PostgreSQL has time zones of its own, of the server that it runs on. */
async function checkReportingZone(database: Database, { reportingTimeZone: zone = 'UTC' }: Catalogue): Promise<void> {
  if (zone === 'UTC') {
    return;
  }
  const { rowCount } = await database.query(`SELECT FROM pg_timezone_names WHERE lower(name) = lower($1) LIMIT 1`, [
    zone,
  ]);
  if (rowCount === 0) {
    throw new ConfigError([
      `REPORTING_TIME_ZONE: the database knows no time zone ${zone}; name another one, or update its time zones`,
    ]);
  }
}

/** Sets whose tables are new although files were loaded into them: somebody moved the old ones away. */
async function unloadedFiles(
  database: Database,
  catalogue: Catalogue,
  made: readonly string[],
): Promise<readonly string[]> {
  const writing = catalogue.exports.filter((one) => made.includes(one.set));
  if (writing.length === 0) {
    return [];
  }
  const { rows } = await database.query<{ set: string; files: string }>(
    `SELECT x.set, count(*)::text AS files FROM gateway.load JOIN unnest($1::text[], $2::text[], $3::text[]) AS x(source, export, set) USING (source, export) WHERE state = 'loaded' AND rows_read > rows_rejected GROUP BY 1 ORDER BY 1`,
    [writing.map((one) => one.source), writing.map((one) => one.name), writing.map((one) => one.set)],
  );
  return rows.map(
    ({ set, files }) =>
      `${set}: its table is new, and ${files} files were loaded before. To load them again: gateway rebuild ${set}`,
  );
}

const did = { keep: 'kept', hash: 'hashed', mask: 'masked', drop: 'dropped' } as const;

function treatedLines({ set, property, policy, rows, remains }: TreatedValues): readonly string[] {
  const name = `${set}.${property}`;
  const changed = rows === 0 ? [] : [`${name}: ${rows} stored values ${did[policy]}, as the metadata says now`];
  if (remains.length === 0) {
    return changed;
  }
  const left = remains.map((one) => did[one]).join(' or ');
  return [
    ...changed,
    `${name}: values stored before stay ${left}, which cannot be undone in them. To read them again from their files: gateway rebuild ${set}`,
  ];
}

function filledLines({ set, property, rows, left, reason }: FilledProperty): readonly string[] {
  const filled = rows === 0 ? [] : [`${set}.${property}: filled from Extras in ${rows} rows`];
  if (left === 0) {
    return filled;
  }
  return [...filled, `${set}.${property}: ${left} cells stay in Extras, ${reason}`];
}

/** `gateway migrate`. */
export async function migrateCommand(surroundings: Surroundings): Promise<number> {
  const catalogue = catalogueOf(surroundings);
  const observe = everyone(surroundings.observe, preparationTo(surroundings.print));
  await withWarehouse(surroundings, ({ database }) => prepare(database, catalogue, { observe, serves: true }));
  surroundings.print('The database is up to date.');
  return exitCodes.ok;
}
