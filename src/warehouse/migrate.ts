import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { GatewayError } from '../errors.ts';
import type { Database, Transaction } from './database.ts';
import { sqlState } from './postgres-errors.ts';

export interface MigrationReport {
  /** File names run now, in order. */
  readonly applied: readonly string[];
  /** How many had been run before. */
  readonly earlier: number;
}

export interface Migration {
  readonly name: string;
  readonly text: string;
  readonly sha256: string;
}

/** `migrations/` of this package: the same place seen from `src/warehouse` and from `dist/warehouse`. */
export const migrationsFolder = fileURLToPath(new URL('../../migrations', import.meta.url));

/** Any fixed number; taken by every gateway that migrates or provisions this database. */
export const schemaLock = 6_120_451_838;

/**
 * Runs the migrations that this database has not seen, all in one transaction: afterwards all of them are in, or none.
 * Two gateways that start at once wait for each other. Throws GatewayError MigrationRefused when a file that was run has
 * changed since or is missing (the database was used by a newer gateway), or when the user may not create what is needed.
 */
export async function migrate(database: Database, folder = migrationsFolder): Promise<MigrationReport> {
  const files = readMigrations(folder);
  try {
    return await database.transaction((transaction) => runMigrations(transaction, files));
  } catch (error) {
    if (sqlState(error) !== '42501') {
      throw error;
    }
    const cause = error instanceof GatewayError && error.cause instanceof Error ? error.cause.message : String(error);
    throw new GatewayError(
      'MigrationRefused',
      `The user of DATABASE_URL may not set up the database (${cause}). Make it the owner of the database, and have an administrator run once: CREATE ROLE gateway_reader NOLOGIN; GRANT gateway_reader TO that user WITH SET TRUE;`,
      { cause: error },
    );
  }
}

/**
 * For whoever only reads the bookkeeping: throws MigrationRefused where the database has not run all migrations of this version, or more of them.
 * Changes nothing, so that a gateway of the other version goes on beside.
 */
export async function requireMigrated(database: Pick<Database, 'query'>, folder = migrationsFolder): Promise<void> {
  const { rows } = await database.query<{ name: string; sha256: string }>(
    `SELECT name, sha256 FROM gateway.migration ORDER BY name COLLATE "C"`,
  );
  const files = readMigrations(folder);
  rows.forEach((row, index) => {
    checkApplied(row, files[index]);
  });
  if (rows.length < files.length) {
    throw refused(
      `the database is of an older version of the gateway (${files[rows.length]?.name ?? ''} has not run); start the new version, or run gateway migrate`,
    );
  }
}

/** Files `NNN-name.sql`, numbered from 001 without a gap. Line ends do not count in the checksum. */
export function readMigrations(folder: string): readonly Migration[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  return names.map((name, index) => {
    if (!name.startsWith(`${String(index + 1).padStart(3, '0')}-`)) {
      throw refused(
        `${name} is out of order: migrations are named 001-name.sql, 002-name.sql and so on, without a gap`,
      );
    }
    const text = readFileSync(path.join(folder, name), 'utf8').replaceAll('\r\n', '\n');
    return { name, text, sha256: createHash('sha256').update(text).digest('hex') };
  });
}

/** The same in a transaction that does more; `files` may be the first of all migrations. Throws MigrationRefused. */
export async function runMigrations(transaction: Transaction, files: readonly Migration[]): Promise<MigrationReport> {
  await transaction.query(`SELECT pg_advisory_xact_lock(${String(schemaLock)})`);
  await transaction.query(`CREATE SCHEMA IF NOT EXISTS gateway`);
  await transaction.query(
    `CREATE TABLE IF NOT EXISTS gateway.migration (name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
  );
  const { rows } = await transaction.query<{ name: string; sha256: string }>(
    `SELECT name, sha256 FROM gateway.migration ORDER BY name COLLATE "C"`,
  );
  rows.forEach((row, index) => {
    checkApplied(row, files[index]);
  });
  const pending = files.slice(rows.length);
  for (const file of pending) {
    await apply(transaction, file);
  }
  return { applied: pending.map((file) => file.name), earlier: rows.length };
}

function checkApplied(row: { name: string; sha256: string }, file: Migration | undefined): void {
  if (file?.name !== row.name) {
    throw refused(`the database has run ${row.name}, which this version of the gateway does not know`);
  }
  if (file.sha256 !== row.sha256) {
    throw refused(
      `${file.name} has changed since the database ran it (sha256 was ${row.sha256.slice(0, 12)}, is ${file.sha256.slice(0, 12)}); write a new migration instead`,
    );
  }
}

async function apply(transaction: Transaction, file: Migration): Promise<void> {
  await transaction.query(file.text);
  await transaction.query('INSERT INTO gateway.migration (name, sha256) VALUES ($1, $2)', [file.name, file.sha256]);
}

function refused(what: string): GatewayError {
  return new GatewayError('MigrationRefused', `Migrations are refused: ${what}.`);
}
