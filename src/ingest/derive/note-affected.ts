import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { leaveTables } from '../../warehouse/left-tables.ts';
import { sameKey } from '../stored/column-lists.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import { affectedBy, disputedBy } from './affected-keys.ts';
import { bringRows } from './brought-rows.ts';
import { asDimension, type DerivedTable, derivedFrom, isNamed } from './derived-sets.ts';
import { addAffected, createAffected } from './fill-affected.ts';
import { noteStatements } from './said-statements.ts';
import { contestedUnified, unifiedIds } from './unified-rows.ts';
import { type ComparedRows, noteUntouched, type UntouchedRows } from './untouched-rows.ts';
import { differences } from './write-derived.ts';

/** Where more rows change than this, `bulk`, comparing what each says costs more than making all things they name again. */
export const manyChanges = 200_000;

/** Rows of a source set that a load or another writer is about to change. */
export interface SourceChange {
  readonly source: StoredTable;
  readonly rows: {
    /** SELECT of the numbers of rows that change or leave. */
    readonly changing: string;
    /** Of rows that stay as they are, and that the file of `fileTime` (ISO text) states as well. */
    readonly restated: string;
    /** Those of the changing rows that stay, beside what they become. Absent or null: nobody knows. */
    readonly compared?: ComparedRows | null;
  };
  readonly fileTime: string;
  /** More than `manyChanges`. */
  readonly bulk: boolean;
}

/** What was noted before a source set changes. */
export interface NotedChange {
  /** Things whose newest statement is one that a newer file states again. */
  readonly restated: number;
  readonly untouched: UntouchedRows | null;
}

/**
 * Before the source set changes: notes the keys that rows about to change or go name now, and those of rows that stay
 * as they are but are restated by a newer file, where that makes their statement the newest one.
 */
export async function noteAffected(
  transaction: Transaction,
  catalogue: Catalogue,
  { source, rows, fileTime, bulk }: SourceChange,
): Promise<NotedChange> {
  let restated = 0;
  // Of a load that brings nothing but new rows there is nothing to note.
  const { rows: some } = await transaction.query<{ some: boolean }>(
    `SELECT EXISTS (${rows.changing}) OR EXISTS (${rows.restated}) AS some`,
  );
  const noting = some[0]?.some === true ? derivedFrom(catalogue, source.set.name) : [];
  const compared = noting.length === 0 ? null : (rows.compared ?? null);
  const untouched =
    compared === null ? null : await noteUntouched(transaction, { source, sets: noting, rows: compared });
  // What is made of columns alone is no other thing where a newer file states rows again.
  const touched = noting.filter((derived) => untouched?.all(derived) !== true);
  const changing = `t._row IN (${rows.changing})`;
  const brought = bulk
    ? null
    : await bringRows(transaction, { source, sets: touched, condition: changing, when: 'before' });
  for (const derived of touched) {
    await createAffected(transaction, derived);
    const condition = `${changing}${untouched?.others(derived) ?? ''}`;
    await noteChanging(transaction, catalogue, { derived, source, brought, bulk, condition });
    const newer = `t._row IN (${rows.restated}) AND (t._stamp IS NULL OR t._stamp < $1)`;
    const disputed = isNamed(derived)
      ? disputedBy(derived, source, newer)
      : derived.derivation.kind === 'unified'
        ? contestedUnified(catalogue, derived, source, newer)
        : null;
    if (disputed !== null) {
      restated += await addAffected(transaction, derived, disputed, [fileTime]);
    }
  }
  if (brought !== null) {
    await leaveTables(transaction, [brought.name]);
  }
  return { restated, untouched };
}

/** Before rows `t` of the source matching `condition` change or go: the keys they name, for a dimension with what they say. */
export async function noteChanging(
  transaction: Transaction,
  catalogue: Catalogue,
  {
    derived,
    source,
    brought = null,
    bulk,
    condition,
  }: {
    readonly derived: DerivedTable;
    readonly source: StoredTable;
    /** These rows at hand. Absent or null: they are not. */
    readonly brought?: StoredTable | null;
    readonly bulk: boolean;
    readonly condition: string;
  },
): Promise<void> {
  const dimension = bulk ? null : asDimension(derived);
  if (dimension !== null) {
    await noteStatements(transaction, { dimension, source, brought }, condition);
  } else {
    const affected = namedKeys(catalogue, { derived, source, condition });
    if (affected !== null) {
      await addAffected(transaction, derived, affected);
    }
  }
}

/** A SELECT of what the affected table holds of rows `t` of the source that match a condition; null: nothing. */
export function namedKeys(
  catalogue: Catalogue,
  {
    derived,
    source,
    condition,
  }: { readonly derived: DerivedTable; readonly source: StoredTable; readonly condition: string },
): string | null {
  if (isNamed(derived)) {
    return affectedBy(derived, source, condition);
  }
  return derived.derivation.kind === 'unified' ? unifiedIds(catalogue, derived, source, condition) : null;
}

/** Before the rows of a derived set are written as they were `made`, and `lost` ones leave: what this changes in the sets below it. */
export async function noteBelow(
  transaction: Transaction,
  catalogue: Catalogue,
  {
    derived,
    below,
    made,
    lost,
    bulk,
  }: {
    readonly derived: DerivedTable;
    readonly below: readonly DerivedTable[];
    readonly made: string;
    /** null: there are none. */
    readonly lost: string | null;
    readonly bulk: boolean;
  },
): Promise<void> {
  const { table } = derived;
  const differs = differences(derived);
  const gone = lost === null ? [] : [`SELECT _target FROM ${lost}`];
  const updated = `SELECT t._row FROM ${table.name} t JOIN ${made} m ON ${sameKey('m', 't', table.key)} WHERE ${differs}`;
  const rows = [...gone, ...(differs === null ? [] : [updated])].join(' UNION ALL ');
  if (
    below.length === 0 ||
    rows === '' ||
    (await transaction.query(`SELECT 1 WHERE EXISTS (${rows})`)).rowCount === 0
  ) {
    return;
  }
  const changing = `t._row IN (${rows})`;
  for (const one of below) {
    await createAffected(transaction, one);
    await noteChanging(transaction, catalogue, { derived: one, source: table, bulk, condition: changing });
  }
}
