import type { Catalogue, StoredSet } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import type { IngestEvent } from '../../observation/events/ingest.ts';
import type { Observe } from '../../observation/observe.ts';
import { quoteRelation } from '../../sql/identifier.ts';
import type { Database, Transaction } from '../../warehouse/database.ts';
import { putGivenRows } from '../../warehouse/tables/given-rows.ts';
import { provisionOthers } from '../../warehouse/tables/provision.ts';
import {
  createShadow,
  keepRowNumbers,
  replaceTable,
  type ShadowTable,
  shadowOf,
  withShadows,
} from '../../warehouse/tables/shadow-table.ts';
import { derivedTables, madeOf, setsTouched } from '../derive/derived-sets.ts';
import { makeAgain } from '../derive/maintain-derived.ts';
import { newestLoad } from '../derive/remake-derived.ts';
import { forgetConfirmations } from '../ledger/confirmations.ts';
import { rewrittenFiles } from '../ledger/erasures.ts';
import { pastLoads } from '../ledger/past-loads.ts';
import { lockSets } from '../ledger/set-version.ts';
import { noteFreshPolicies } from '../treat-stored/treat-stored.ts';
import { findKeptFiles, type KeptFile } from './kept-files.ts';
import { mergeShadow } from './merge-shadow.ts';
import { reloadFile } from './reload-file.ts';

export interface RebuildOptions {
  readonly database: Database;
  readonly catalogue: Catalogue;
  /** Names of stored entity sets. */
  readonly sets: readonly string[];
  /** Where the files of loads may lie besides where they were loaded from. */
  readonly folders: readonly string[];
  /** Absent: nobody listens. */
  readonly observe?: Observe<IngestEvent>;
}

/** What became of one set. */
export interface RebuiltSet {
  readonly set: string;
  readonly files: number;
  readonly rows: number;
  readonly rejected: number;
  /** The table has other columns or another key than before: gateways that run must be started again. */
  readonly replaced: boolean;
}

/**
 * Makes the rows of sets anew, as loading all their files with the metadata of now would: exports from the files of the ledger, derived
 * sets from the rows that they are made of, code lists from the metadata. All files are found first, else FilesMissing. One
 * transaction, in which loads of these sets wait and readers have the old rows; a table whose columns and key stay is changed row by
 * row, any other is replaced. Throws RebuildRefused, ProvisionRefused for other sets that differ, and what is wrong with a file;
 * then, and where the program is ended on the way, nothing was changed. Call after `migrate`.
 */
export async function rebuildSets(options: RebuildOptions): Promise<readonly RebuiltSet[]> {
  const { database, catalogue, folders } = options;
  const names = [...new Set(options.sets)];
  const sets = names.map((name) => rebuildable(catalogue, name));
  for (const { name } of sets) {
    await checkLedger(database, catalogue, name);
  }
  const files = await filesOfSets(database, catalogue, { names, folders, found: new Map() });
  const replaced = new Set(await provisionOthers(database, catalogue, new Set(names)));
  return database.transaction((transaction) => rebuild(transaction, options, { sets, files, replaced }));
}

/** The files of all loads of each set, in their order. `found`: those that were looked for before; only others are looked for. */
async function filesOfSets(
  asker: Pick<Database | Transaction, 'query'>,
  catalogue: Catalogue,
  {
    names,
    folders,
    found,
  }: { readonly names: readonly string[]; readonly folders: readonly string[]; readonly found: Plan['files'] },
): Promise<Plan['files']> {
  // A file that was written anew since it was found, because somebody was erased, is to be found anew.
  const keyOf = ({ load_id: id, sha256 }: KeptFile['load']): string => `${id} ${sha256}`;
  const known = new Map([...found.values()].flat().map((file) => [keyOf(file.load), file] as const));
  const loads = new Map<string, Awaited<ReturnType<typeof pastLoads>>>();
  for (const name of names) {
    loads.set(name, await pastLoads(asker, catalogue, name));
  }
  const missing = [...loads.values()].flat().filter((load) => !known.has(keyOf(load)));
  for (const file of await findKeptFiles(missing, folders, await rewrittenFiles(asker))) {
    known.set(keyOf(file.load), file);
  }
  return new Map([...loads].map(([name, all]) => [name, all.flatMap((load) => known.get(keyOf(load)) ?? [])] as const));
}

/** Throws RebuildRefused for a name of no stored set. */
function rebuildable(catalogue: Catalogue, name: string): StoredSet {
  const set = catalogue.sets.get(name);
  if (set?.kind === 'stored' && set.role !== 'ledger') {
    return set;
  }
  const known = [...catalogue.sets.values()].filter((one) => one.kind === 'stored' && one.role !== 'ledger');
  throw new GatewayError(
    'RebuildRefused',
    `There is no stored entity set ${name}; there are ${known.map((one) => one.name).join(', ')}`,
    { target: name },
  );
}

/** Rows of an export that the metadata does not describe any more would be lost. */
async function checkLedger(database: Database, catalogue: Catalogue, name: string): Promise<void> {
  const set = catalogue.sets.get(name);
  if (set?.kind !== 'stored' || set.role !== 'export') {
    return;
  }
  const { rows: tables } = await database.query('SELECT 1 WHERE to_regclass($1) IS NOT NULL', [
    quoteRelation(set.relation),
  ]);
  if (tables.length === 0) {
    return;
  }
  const writing = catalogue.exports.filter((one) => one.set === name);
  const { rows } = await database.query<{ name: string }>(
    `SELECT DISTINCT source || '/' || export AS name FROM gateway.load WHERE load_id IN (SELECT DISTINCT _load_id FROM ${quoteRelation(set.relation)})
        AND NOT EXISTS (SELECT 1 FROM unnest($1::text[], $2::text[]) AS x(s, e) WHERE s = source AND e = export) ORDER BY 1`,
    [writing.map((one) => one.source), writing.map((one) => one.name)],
  );
  if (rows.length === 0) {
    return;
  }
  throw new GatewayError(
    'RebuildRefused',
    `Rows of ${name} come from ${rows.map((row) => row.name).join(', ')}, which the metadata does not describe any more: describe it again first`,
    { target: name },
  );
}

interface Plan {
  readonly sets: readonly StoredSet[];
  readonly files: ReadonlyMap<string, readonly KeptFile[]>;
  /** Sets whose tables cannot be changed into what the catalogue wants. */
  readonly replaced: ReadonlySet<string>;
}

async function rebuild(
  transaction: Transaction,
  { catalogue, folders, observe }: RebuildOptions,
  { sets, files: found, replaced }: Plan,
): Promise<readonly RebuiltSet[]> {
  await lockSets(
    transaction,
    sets.flatMap(({ name }) => setsTouched(catalogue, name)),
  );
  // A load that was at work when the files were looked for has ended, and is one of those to repeat.
  const names = sets.map(({ name }) => name);
  const files = await filesOfSets(transaction, catalogue, { names, folders, found });
  // The rows that come of it say themselves how new they are.
  for (const name of names) {
    await forgetConfirmations(transaction, name);
  }
  const shadows = sets
    .filter(({ name, role }) => role === 'export' || replaced.has(name))
    .map(({ name }, index) => shadowOf(catalogue, name, index));
  const beside = withShadows(catalogue, shadows);
  for (const one of shadows) {
    await createShadow(transaction, catalogue, one);
  }
  const versions = await versionsOf(transaction, shadows);
  await putGivenRows(transaction, beside, (set) => shadows.some((one) => one.set === set));
  const reports: RebuiltSet[] = [];
  for (const { name } of sets) {
    const kept = files.get(name) ?? [];
    await forgetOutcomes(transaction, kept);
    let [rows, rejected] = [0, 0];
    for (const file of kept) {
      const onBytes = (bytes: number, totalBytes: number): void =>
        observe?.({ event: 'load-progress', file: file.path, bytes, totalBytes });
      const reloaded = await named(file, reloadFile(transaction, beside, file, onBytes));
      rows += reloaded.read;
      rejected += reloaded.rejected;
    }
    reports.push({ set: name, files: kept.length, rows, rejected, replaced: replaced.has(name) });
  }
  await restoreVersions(transaction, versions);
  for (const one of shadows) {
    if (!replaced.has(one.set)) {
      await mergeShadow(transaction, catalogue, one);
    }
  }
  const replacing = shadows.filter((one) => replaced.has(one.set));
  await deriveAgain(transaction, withShadows(catalogue, replacing), new Set(sets.map(({ name }) => name)));
  for (const one of replacing) {
    await keepRowNumbers(transaction, catalogue, one);
  }
  for (const one of replacing) {
    await beginHistory(transaction, one);
  }
  for (const one of replacing) {
    await replaceTable(transaction, catalogue, one);
  }
  await noteFreshPolicies(transaction, catalogue, names);
  return reports;
}

/** An error of a file says of which load it is. */
async function named<T>({ load, path }: KeptFile, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code === 'DatabaseUnavailable' || error.code === 'Internal') {
      throw error;
    }
    const message = `${path} (load ${load.load_id}) cannot be loaded with the metadata of now: ${error.code}: ${error.message}`;
    throw new GatewayError('RebuildRefused', message, { target: path, cause: error });
  }
}

/** Until it is loaded again, a snapshot says of no row that it is gone: see `nextSnapshot`. */
async function forgetOutcomes(transaction: Transaction, files: readonly KeptFile[]): Promise<void> {
  await transaction.query(`UPDATE gateway.load SET removal = 'pending' WHERE load_id = ANY($1::bigint[])`, [
    files.map(({ load }) => load.load_id),
  ]);
}

/** Of one set, as text. */
interface Published {
  readonly version: string;
  readonly changedAt: string;
  /** Up to which version, and from where on, it is known which rows were removed; null: of none. */
  readonly noted: string | null;
  readonly since: string | null;
}

type Versions = ReadonlyMap<string, Published>;

async function versionsOf(transaction: Transaction, shadows: readonly ShadowTable[]): Promise<Versions> {
  const { rows } = await transaction.query<{
    name: string;
    version: string;
    changedAt: string;
    noted: string | null;
    since: string | null;
  }>(
    `SELECT entity_set AS name, version::text, changed_at::text AS "changedAt", removals_noted::text AS noted, removals_since::text AS since FROM gateway.set_versions WHERE entity_set = ANY($1)`,
    [shadows.map(({ set }) => set)],
  );
  return new Map(rows.map(({ name, ...published }) => [name, published] as const));
}

/** What happened to a shadow happened to nobody. */
async function restoreVersions(transaction: Transaction, versions: Versions): Promise<void> {
  for (const [set, { version, changedAt, noted, since }] of versions) {
    await transaction.query(
      `UPDATE gateway.set_versions SET version = $2, changed_at = $3, removals_noted = $4, removals_since = $5 WHERE entity_set = $1`,
      [set, version, changedAt, noted, since],
    );
  }
}

/** Sets made of the rebuilt ones, each after those it is made of. */
async function deriveAgain(
  transaction: Transaction,
  catalogue: Catalogue,
  rebuilt: ReadonlySet<string>,
): Promise<void> {
  const changed = new Set(rebuilt);
  for (const derived of derivedTables(catalogue)) {
    const { name } = derived.table.set;
    if (!changed.has(name) && ![...madeOf(catalogue, derived)].some((set) => changed.has(set))) {
      continue;
    }
    changed.add(name);
    const marks = await newestLoad(transaction, catalogue, derived);
    if (marks === null) {
      continue;
    }
    // What a set that is itself rebuilt learned from rows that are gone goes too.
    const columns = new Set([...derived.table.columns.values()].map((column) => column.name));
    const anew = rebuilt.has(name) ? { ...derived, unlearned: { things: true, columns } } : derived;
    await makeAgain(transaction, catalogue, { derived: anew, marks });
  }
}

/** A table with other columns, numbers and versions: nobody's ETag or delta link speaks of it. */
async function beginHistory(transaction: Transaction, { set, shadow }: ShadowTable): Promise<void> {
  const { rows } = await transaction.query<{ newest: string | null }>(
    `SELECT max(_version)::text AS newest FROM ${quoteRelation(shadow)}`,
  );
  await transaction.query(
    `UPDATE gateway.set_versions SET version = greatest(version + 1, $2::bigint), kept_since = greatest(version + 1, $2::bigint), epoch = gen_random_uuid(), changed_at = now() WHERE entity_set = $1`,
    [set, rows[0]?.newest ?? null],
  );
  await transaction.query(`DELETE FROM gateway.tombstones WHERE entity_set = $1`, [set]);
}
