import { setTimeout as pause } from 'node:timers/promises';
import { GatewayError } from '../errors.ts';
import { quoteIdentifier, quoteRelation } from '../sql/identifier.ts';
import type { Database, Transaction } from '../warehouse/database.ts';
import { type Migration, runMigrations, schemaLock } from '../warehouse/migrate.ts';
import { placedSchema } from '../warehouse/placement/source-groups.ts';
import { type ArchiveReader, invalid } from './archive-reader.ts';
import { LineCount } from './count-lines.ts';
import type { SequenceState, TablePart } from './manifest.ts';
import { carriedColumns, createStatement, finishStatements, ownSchemas } from './structure.ts';

export interface RestoreOrder {
  readonly database: Database;
  readonly archive: ArchiveReader;
  /** Of this program, in order. */
  readonly migrations: readonly Migration[];
  /** Whether what the database holds goes. */
  readonly replaces: boolean;
  readonly progress: (what: string) => void;
}

/** Names of the migrations that brought an older backup to what this program needs. */
export interface RestoredTables {
  readonly migrated: readonly string[];
  /** Erasures of persons that the database knew and the backup does not. */
  readonly erasedSince: number;
}

/**
 * Puts the rows of a backup into a database, in one transaction: all of them, or nothing has changed. The tables are made as they were,
 * by the migrations that the backup had seen and by its own description, filled, and brought to what this program needs by the
 * migrations that followed. Every set begins a new history, so that nothing that was served before is taken for what is there now.
 *
 * Throws GatewayError RestoreRefused (the database is not empty, another gateway uses it, or a newer program wrote the backup) and
 * BackupInvalid.
 */
export async function restoreTables(order: RestoreOrder): Promise<RestoredTables> {
  const { database, archive, migrations } = order;
  const seen = seenMigrations(archive, migrations);
  return database.transaction(async (transaction) => {
    await transaction.query(`SELECT pg_advisory_xact_lock(${String(schemaLock)})`);
    const erasures = await erasuresThere(transaction);
    await makeRoom(transaction, order.replaces);
    await runMigrations(transaction, seen);
    await fill(transaction, order);
    const { applied } = await runMigrations(transaction, migrations);
    await transaction.query('UPDATE gateway.set_versions SET epoch = gen_random_uuid()');
    const restored = new Set(await erasuresThere(transaction));
    return { migrated: applied, erasedSince: erasures.filter((one) => !restored.has(one)).length };
  });
}

/** Those of this program that the backup had seen. Throws RestoreRefused where it had seen others. */
function seenMigrations({ manifest }: ArchiveReader, migrations: readonly Migration[]): readonly Migration[] {
  manifest.migrations.forEach(({ name, sha256 }, index) => {
    const own = migrations[index];
    if (own?.name !== name || own.sha256 !== sha256) {
      throw refused(
        `the backup was written by the gateway ${manifest.program}, whose database had run ${name}; this version does not know it. Restore with version ${manifest.program} or a newer one`,
      );
    }
  });
  return migrations.slice(0, manifest.migrations.length);
}

/** What tells erasures of persons from each other: one that was at work while the backup was written may be older than it, and not in it. */
async function erasuresThere(transaction: Transaction): Promise<readonly string[]> {
  const { rows } = await transaction.query<{ there: boolean }>(
    `SELECT to_regclass('gateway.erasure') IS NOT NULL AS there`,
  );
  if (rows[0]?.there !== true) {
    return [];
  }
  const erasures = await transaction.query<{ one: string }>(
    `SELECT erasure_id || ' ' || extract(epoch FROM erased_at) AS one FROM gateway.erasure`,
  );
  return erasures.rows.map(({ one }) => one);
}

async function makeRoom(transaction: Transaction, replaces: boolean): Promise<void> {
  const { rows } = await transaction.query<{ schema: string }>(
    `SELECT nspname AS schema FROM pg_namespace WHERE nspname = ANY ($1)`,
    [ownSchemas],
  );
  if (rows.length === 0) {
    return;
  }
  const { rows: ours } = await transaction.query<{ ours: boolean }>(
    `SELECT to_regclass('gateway.migration') IS NOT NULL AS ours`,
  );
  if (ours[0]?.ours !== true) {
    throw refused(
      `the database has a schema ${rows.map(({ schema }) => schema).join(' and ')} that the gateway did not make: restore into another database`,
    );
  }
  if (await isUsed(transaction)) {
    throw refused(
      'a gateway is connected to the database: stop it, it would go on with what it knows of the former rows',
    );
  }
  if (!replaces && (await holdsLoads(transaction))) {
    throw refused(
      'the database holds loads. Restore into an empty one (another DATA_DIR or DATABASE_URL), or replace all that is there: gateway restore --replace',
    );
  }
  await transaction.query(
    `DROP SCHEMA IF EXISTS ${[...ownSchemas, placedSchema].map(quoteIdentifier).join(', ')} CASCADE`,
  );
}

/** Sessions of a command that has just ended are gone in a moment. */
async function isUsed(transaction: Transaction): Promise<boolean> {
  for (let tries = 0; tries < 20; tries += 1) {
    const { rows } = await transaction.query<{ others: string }>(
      `SELECT count(*)::text AS others FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'gateway%' AND pid <> pg_backend_pid()`,
    );
    if (rows[0]?.others === '0') {
      return false;
    }
    await pause(100);
    await transaction.query('SELECT pg_stat_clear_snapshot()');
  }
  return true;
}

async function holdsLoads(transaction: Transaction): Promise<boolean> {
  const { rows } = await transaction.query<{ holds: boolean }>(
    `SELECT EXISTS (SELECT FROM gateway.load) OR EXISTS (SELECT FROM pg_class WHERE relkind = 'r' AND relnamespace = to_regnamespace('gateway_archive')) AS holds`,
  );
  return rows[0]?.holds === true;
}

async function fill(transaction: Transaction, { archive, progress }: RestoreOrder): Promise<void> {
  const { tables, sequences } = archive.manifest;
  const made = await tablesThere(transaction);
  const foreign = tables.filter((table) => !made.has(quoteRelation(table)));
  for (const table of foreign) {
    await transaction.query(createStatement(table));
  }
  if (made.size > 0) {
    // What migrations put there is in the backup, as it has become since.
    await transaction.query(`TRUNCATE ${[...made].join(', ')}`);
  }
  for (const table of await inOrder(transaction, tables)) {
    progress(`${table.schema}.${table.name}`);
    await fillTable(transaction, table, archive);
  }
  for (const statement of finishStatements(foreign)) {
    await transaction.query(statement);
  }
  for (const sequence of sequences) {
    await setSequence(transaction, sequence);
  }
}

async function fillTable(transaction: Transaction, table: TablePart, archive: ArchiveReader): Promise<void> {
  const count = new LineCount();
  const text = `COPY ${quoteRelation(table)} (${carriedColumns(table)}) FROM STDIN`;
  const stored = await transaction.copyIn(text, count.of(archive.content(table)));
  if (stored !== table.rows || count.lines !== table.rows) {
    throw invalid(`${table.part} has ${count.lines} rows, ${stored} were stored, and the manifest says ${table.rows}`);
  }
}

async function setSequence(transaction: Transaction, sequence: SequenceState): Promise<void> {
  const { table, column, schema, name, value, called } = sequence;
  if (table === null || column === null) {
    const relation = quoteRelation({ schema, name });
    await transaction.query(`CREATE SEQUENCE IF NOT EXISTS ${relation}`);
    await transaction.query(`SELECT setval($1::regclass, $2::bigint, $3)`, [relation, value, called]);
    return;
  }
  await transaction.query(`SELECT setval(pg_get_serial_sequence($1, $2)::regclass, $3::bigint, $4)`, [
    quoteRelation({ schema, name: table }),
    column,
    value,
    called,
  ]);
}

/** Tables of our schemas, as `quoteRelation` writes them. */
async function tablesThere(transaction: Transaction): Promise<ReadonlySet<string>> {
  const { rows } = await transaction.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY ($1) AND c.relkind = 'r'`,
    [ownSchemas],
  );
  return new Set(rows.map(quoteRelation));
}

/** The tables so that each one follows those that its foreign keys point to. */
async function inOrder(transaction: Transaction, tables: readonly TablePart[]): Promise<readonly TablePart[]> {
  const { rows } = await transaction.query<{ from: string; to: string }>(
    `SELECT format('"%s"."%s"', f.nspname, c.relname) AS from, format('"%s"."%s"', t.nspname, r.relname) AS to
       FROM pg_constraint x JOIN pg_class c ON c.oid = x.conrelid JOIN pg_namespace f ON f.oid = c.relnamespace
       JOIN pg_class r ON r.oid = x.confrelid JOIN pg_namespace t ON t.oid = r.relnamespace
      WHERE x.contype = 'f' AND x.conrelid <> x.confrelid AND f.nspname = ANY ($1)`,
    [ownSchemas],
  );
  const ordered: TablePart[] = [];
  let left = [...tables];
  while (left.length > 0) {
    const waiting = new Set(left.map(quoteRelation));
    const free = left.filter((table) => !rows.some(({ from, to }) => from === quoteRelation(table) && waiting.has(to)));
    if (free.length === 0) {
      throw new GatewayError(
        'Internal',
        'Tables point at each other in a ring; a restore does not know where to begin.',
      );
    }
    ordered.push(...free);
    left = left.filter((table) => !free.includes(table));
  }
  return ordered;
}

function refused(why: string): GatewayError {
  return new GatewayError('RestoreRefused', `The backup is not restored: ${why}.`);
}
