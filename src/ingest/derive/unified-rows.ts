import type { Catalogue } from '../../catalogue/catalogue.ts';
import { spacesOf } from '../../catalogue/unified.ts';
import { GatewayError } from '../../errors.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { type BoundUnified, unifiedOf } from '../../unify/bind-unified.ts';
import { contestedIds, idsNamedBy, keysOfIds, ownRows, withIds } from '../../unify/ids-query.ts';
import { allRows, type Looked, type Newness, unifiedRows } from '../../unify/rows-query.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { trueStamp } from '../ledger/confirmations.ts';
import { nextVersion, publishVersion } from '../ledger/set-version.ts';
import { columnList } from '../stored/column-lists.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import { affectedTable } from './affected-keys.ts';
import { derivedColumns } from './derived-columns.ts';
import type { DerivedTable } from './derived-sets.ts';
import { lookedUp } from './looked-up.ts';
import type { DerivedMarks } from './write-derived.ts';

/** How new the row of a source is: of rows of files that is noted beside them, too. */
const newness: Newness = (set, alias) => (set.derivation === null ? trueStamp({ set }, alias) : `${alias}._stamp`);

function boundOf(catalogue: Catalogue, { table }: DerivedTable): BoundUnified {
  const unified = unifiedOf(catalogue, table.set.name);
  if (unified === null) {
    throw new GatewayError('Internal', `${table.set.name} is no unified set.`);
  }
  return unified;
}

/** A SELECT of the ids of things that rows `t` of a source speak of where they match a condition. */
export const unifiedIds = (
  catalogue: Catalogue,
  derived: DerivedTable,
  source: StoredTable,
  condition: string,
): string => idsNamedBy(boundOf(catalogue, derived), source.set.name, condition).join(' UNION ');

/** The same of things that several rows speak of, of which the newest may be another one now; null: there are none. */
export function contestedUnified(
  catalogue: Catalogue,
  derived: DerivedTable,
  source: StoredTable,
  condition: string,
): string | null {
  const selects = contestedIds(boundOf(catalogue, derived), source.set.name, condition);
  return selects.length === 0 ? null : selects.join(' UNION ');
}

/** Which rows are made: those of the affected ids, or `all`. */
export interface UnifiedTables {
  readonly derived: DerivedTable;
  readonly all: boolean;
  /** Absent: references are looked up everywhere. */
  readonly looked?: Looked;
  /** What the affected ids are ids of (`affectedSpaces`). Absent: of anything. */
  readonly spaces?: ReadonlySet<string>;
}

/** The SELECT of unified rows, in the columns of `derivedColumns`. */
export function unifiedQuery(catalogue: Catalogue, { derived, all, looked, spaces }: UnifiedTables): string {
  const whole = boundOf(catalogue, derived);
  const unified = all || spaces === undefined ? whole : ofSpaces(whole, spaces);
  const restriction = (bound: BoundUnified['contributions'][number]) =>
    all ? allRows : withIds(unified, bound, affectedTable(derived));
  const choice = { restriction, newness, ...(looked === undefined ? {} : { looked }) };
  return unifiedRows(unified, unified.contributions, derivedColumns(derived), choice);
}

/** A unified set of what speaks of things of these spaces alone: nothing else contends for them. */
function ofSpaces(unified: BoundUnified, spaces: ReadonlySet<string>): BoundUnified {
  const speaks = ({ contribution }: BoundUnified['contributions'][number]) =>
    [...spacesOf(contribution).values()].some((space) => spaces.has(space));
  const contending = [...unified.spaces].map(([space, some]) => [space, some.filter(speaks)] as const);
  return {
    ...unified,
    contributions: unified.contributions.filter(speaks),
    spaces: new Map(contending.filter(([, some]) => some.length > 0)),
  };
}

/** What the affected ids of a unified set are ids of: contributions of which none is affected need not be asked. There are some. */
export async function affectedSpaces(transaction: Transaction, derived: DerivedTable): Promise<ReadonlySet<string>> {
  const { rows } = await transaction.query<{ space: string }>(
    `SELECT DISTINCT _space AS space FROM ${affectedTable(derived)}`,
  );
  return new Set(rows.map(({ space }) => space));
}

/** Where references of a unified set are worth a look now. */
export const unifiedLookups = (
  transaction: Transaction,
  catalogue: Catalogue,
  derived: DerivedTable,
): Promise<Looked> => lookedUp(transaction, boundOf(catalogue, derived));

/** SELECT of the keys, `_key`, that rows of the affected ids may have. */
export const affectedKeys = (catalogue: Catalogue, derived: DerivedTable): string =>
  keysOfIds(boundOf(catalogue, derived), affectedTable(derived));

/** What follows FROM of the stored rows `t` that are made again. */
export function affectedUnified(catalogue: Catalogue, { derived, all }: UnifiedTables): string {
  const { table } = derived;
  const [key = ''] = table.key;
  return all
    ? `${table.name} t`
    : `${table.name} t JOIN (${affectedKeys(catalogue, derived)}) a ON a._key = t.${quoteIdentifier(key)}`;
}

interface NewRows {
  readonly derived: DerivedTable;
  readonly source: StoredTable;
  readonly marks: DerivedMarks;
}

/** Whether each new row of a source gives rows of its own, as long as no other source speaks of the same things. */
export const hasOwnRows = (catalogue: Catalogue, rows: Pick<NewRows, 'derived' | 'source'>): boolean =>
  rows.derived.derivation.kind === 'unified' && ownOf(catalogue, rows) !== null;

function ownOf(catalogue: Catalogue, { derived, source }: Pick<NewRows, 'derived' | 'source'>) {
  const unified = boundOf(catalogue, derived);
  const keys = catalogue.model.entitySets.get(source.set.name)?.entityType.key ?? [];
  return unified.derivation.match === null ? ownRows(unified, source.set, keys) : null;
}

/**
 * Adds what new rows of a source become by themselves. `version`: the source's, which its new rows have, and no others. Resolves to the unified
 * set's new version, null where nothing was added; `undefined`: they do more than that, or speak of things that other rows speak of too, and
 * nothing was done.
 */
export async function addUnified(
  transaction: Transaction,
  catalogue: Catalogue,
  { version: changed, ...rows }: NewRows & { readonly version: string },
): Promise<string | null | undefined> {
  if (!hasOwnRows(catalogue, rows)) {
    return undefined;
  }
  const { table } = rows.derived;
  const version = await nextVersion(transaction, table.set.name);
  // Rows of a table that somebody emptied or moved away by hand are there still. A table that is filled for the first time has no index yet.
  const some = (await transaction.query(`SELECT 1 FROM ${table.name} LIMIT 1`)).rowCount > 0;
  const added = await insertUnified(transaction, catalogue, {
    ...{ ...rows, version, over: some },
    changed: (alias) => `${alias}._version = ${Number(changed)}`,
  });
  if (added === null) {
    return undefined;
  }
  if (added === 0) {
    return null;
  }
  await publishVersion(transaction, table.set.name, version);
  return version;
}

/**
 * Writes what new rows of a source that match `changed` become by themselves, with this version. Resolves to how many rows that are; null: other
 * rows speak of the same things, and nothing was written. `over`: rows of their keys may be there.
 */
export async function insertUnified(
  transaction: Transaction,
  catalogue: Catalogue,
  {
    changed,
    version,
    over = false,
    ...rows
  }: NewRows & {
    readonly changed: (alias: string) => string;
    readonly version: string;
    readonly over?: boolean;
  },
): Promise<number | null> {
  const { derived, marks } = rows;
  const own = ownOf(catalogue, rows);
  for (const query of own?.rivalled(changed('t')) ?? []) {
    if ((await transaction.query(query)).rowCount > 0) {
      return null;
    }
  }
  if (own === null) {
    return null;
  }
  const { table } = derived;
  const columns = derivedColumns(derived);
  // Without rivals nothing depends on how new a row is.
  const alone = {
    ...boundOf(catalogue, derived),
    spaces: new Map(own.contributions.map((one) => [one.contribution.space, [one]])),
    contributions: own.contributions,
  };
  const restriction = () => (alias: string) => ({ join: null, where: [changed(alias)] });
  const made = unifiedRows(alone, own.contributions, columns, {
    ...{ restriction, newness },
    looked: await lookedUp(transaction, alone),
  });
  const replaced = [...columns, '_version', '_load_id', '_loaded_at', '_stamp']
    .map((name) => `${quoteIdentifier(name)} = excluded.${quoteIdentifier(name)}`)
    .join(', ');
  const { rowCount } = await transaction.query(
    `INSERT INTO ${table.name} (${columnList(columns)}, _version, _load_id, _loaded_at, _stamp) SELECT u.*, $1, $2, now(), $3 FROM (${made}) u${over ? ` ON CONFLICT (${columnList(table.key)}) DO UPDATE SET ${replaced}` : ''}`,
    [version, marks.loadId, marks.fileTime],
  );
  return rowCount;
}
