import type { Catalogue } from '../../catalogue/catalogue.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { leaveTables, takeNames } from '../../warehouse/left-tables.ts';
import type { FreshTables } from '../../warehouse/tables/fresh-tables.ts';
import { nextVersion, publishVersion } from '../ledger/set-version.ts';
import { columnList } from '../stored/column-lists.ts';
import { distinctName } from '../stored/distinct-name.ts';
import { type StoredTable, storedTable } from '../stored/stored-table.ts';
import { addNew, publishMade } from './add-new.ts';
import { affectedBy, affectedColumns, affectedTable } from './affected-keys.ts';
import { bringRows, filledDimensions } from './brought-rows.ts';
import { extendCalendar } from './calendar.ts';
import { derivedColumns } from './derived-columns.ts';
import {
  asDimension,
  type DerivedDimension,
  type DerivedTable,
  derivedFrom,
  forgets,
  isNamed,
  madeOf,
} from './derived-sets.ts';
import type { EarlyRows } from './early-rows.ts';
import { addAffected, createAffected, nameAffected } from './fill-affected.ts';
import { findLost, madeQuery } from './made-rows.ts';
import { matchRows } from './matched-rows.ts';
import { namedKeys, noteBelow, noteChanging } from './note-affected.ts';
import { completeTotals } from './running-totals.ts';
import { settledTable, settleStatements, settlingTables } from './settle-statements.ts';
import type { UntouchedRows } from './untouched-rows.ts';
import { type DerivedMarks, insertAll, writeDerived } from './write-derived.ts';

/** After a source changed: makes the derived rows of all noted keys again, and those derived from these. */
export async function maintainDerived(
  transaction: Transaction,
  catalogue: Catalogue,
  change: {
    readonly source: StoredTable;
    readonly version: string;
    readonly marks: DerivedMarks;
    readonly bulk: boolean;
    /** All rows of this version are new, and none left. Absent: not so. */
    readonly onlyNew?: boolean;
    /** Things that nothing names any more leave, where they would stay known otherwise. */
    readonly outlived?: boolean;
    /** Tables that get their indexes when they are filled. Absent or null: there are none. */
    readonly fresh?: FreshTables | null;
    /** What was made of these rows before. Absent or null: nothing was. */
    readonly early?: EarlyRows | null;
    /** Rows of this version that are nothing new to some sets. Absent or null: there are none. */
    readonly untouched?: UntouchedRows | null;
  },
): Promise<void> {
  const { source, version, marks, bulk, onlyNew = false, outlived = false, fresh = null } = change;
  const untouched = change.untouched?.source === source.set.name ? change.untouched : null;
  const sets = derivedFrom(catalogue, source.set.name).filter((derived) => untouched?.all(derived) !== true);
  const filled = onlyNew ? await filledDimensions(transaction, sets) : new Set();
  let brought: StoredTable | null = null;
  for (const one of sets) {
    const derived = { ...one, outlived };
    const changed = `t._version = ${Number(version)}${untouched?.others(derived) ?? ''}`;
    if (derived.derivation.kind === 'calendar') {
      await fresh?.index(transaction, derived.table.set.name);
      await extendCalendar(transaction, { derived, source, changed, marks });
      continue;
    }
    const made = change.early?.madeOf(derived) ?? null;
    const added = !onlyNew
      ? undefined
      : made === null
        ? await addNew(transaction, catalogue, { derived, source, changed, version, marks })
        : await publishMade(transaction, derived, made);
    if (added !== undefined) {
      await fresh?.index(transaction, derived.table.set.name);
      if (added !== null) {
        await maintainDerived(transaction, catalogue, { ...change, source: derived.table, ...added });
      }
      await leaveTables(transaction, [affectedTable(derived)], { ifThere: true });
      continue;
    }
    await fresh?.index(transaction, derived.table.set.name);
    if (onlyNew && !transaction.isDistributed && isWrittenAsMade(derived) && (await isEmpty(transaction, derived))) {
      await fillEmpty(transaction, catalogue, { ...change, derived });
      await transaction.query(`DROP TABLE IF EXISTS ${affectedTable(derived)}`);
      continue;
    }
    // A set derived from this one and from another derived one was made, and its table dropped, on the way to here.
    await createAffected(transaction, derived);
    const mayBeEmpty = onlyNew && isMadeWhole(derived) && !filled.has(derived.table.set.name);
    if (mayBeEmpty && (await isEmpty(transaction, derived))) {
      // Nothing that is stored named any thing: all rows of its sources are those that are new, or say nothing.
      await rederive(transaction, catalogue, { derived, marks, bulk: true, whole: true, first: true });
      await leaveTables(transaction, [affectedTable(derived)]);
      continue;
    }
    const dimension = bulk ? null : asDimension(derived);
    brought ??=
      dimension === null
        ? null
        : await bringRows(transaction, { source, sets, condition: `t._version = ${Number(version)}`, when: 'after' });
    const { again, known } =
      dimension === null
        ? await nameAffected(transaction, derived, namedKeys(catalogue, { derived, source, condition: changed }) ?? '')
        : await settleStatements(transaction, catalogue, { dimension, source, brought, changed, onlyNew });
    if (again) {
      await transaction.query(`ANALYZE ${affectedTable(derived)}`);
    }
    if (again || known) {
      await rederive(transaction, catalogue, { derived, marks, bulk, allKnown: !again });
    }
    const left = dimension === null ? [] : settlingTables(transaction, dimension);
    await leaveTables(transaction, [affectedTable(derived), ...left]);
  }
  if (brought !== null) {
    await leaveTables(transaction, [brought.name]);
  }
}

/** Whether all rows of a set that holds none can be written as they are made: none depends on others of the set. */
const isWrittenAsMade = ({ derivation }: DerivedTable): boolean =>
  derivation.kind === 'dimension' ||
  (derivation.kind === 'unified' && derivation.combined && derivation.running === null && derivation.match === null);

/** Writes all rows of a set that holds none, where all rows of its sources are new or say nothing; then what is derived from it. */
async function fillEmpty(
  transaction: Transaction,
  catalogue: Catalogue,
  {
    derived,
    ...change
  }: Omit<Parameters<typeof maintainDerived>[2], 'source' | 'version'> & { readonly derived: DerivedTable },
): Promise<void> {
  const { table } = derived;
  const version = await nextVersion(transaction, table.set.name);
  const rows = await madeQuery(transaction, catalogue, derived, true);
  const { marks } = change;
  if ((await insertAll(transaction, { derived, rows, version, marks })) === 0) {
    return;
  }
  await publishVersion(transaction, table.set.name, version);
  const written = { source: table, version, onlyNew: true, bulk: true };
  await maintainDerived(transaction, catalogue, { ...change, ...written, early: null, untouched: null });
}

/** Makes all rows of a derived set again, from all rows of its sources, and those derived from the ones that changed. */
export async function makeAgain(
  transaction: Transaction,
  catalogue: Catalogue,
  { derived, marks }: { readonly derived: DerivedTable; readonly marks: DerivedMarks },
): Promise<void> {
  if (derived.derivation.kind === 'calendar') {
    for (const set of madeOf(catalogue, derived)) {
      await extendCalendar(transaction, { derived, source: storedTable(catalogue, set), changed: 'true', marks });
    }
    return;
  }
  if (!isNamed(derived)) {
    await rederive(transaction, catalogue, { derived, marks, bulk: true, whole: true });
    return;
  }
  await createAffected(transaction, derived);
  for (const set of madeOf(catalogue, derived)) {
    await addAffected(transaction, derived, affectedBy(derived, storedTable(catalogue, set), 'true'));
  }
  const { table } = derived;
  await addAffected(
    transaction,
    derived,
    `SELECT DISTINCT ${columnList(affectedColumns(derived), 't')} FROM ${table.name} t`,
  );
  await transaction.query(`ANALYZE ${affectedTable(derived)}`);
  await rederive(transaction, catalogue, { derived, marks, bulk: true });
  await leaveTables(transaction, [affectedTable(derived)]);
}

/** Whether all rows are made in one statement that asks for no list of things: when none is stored, that is the shortest way. */
const isMadeWhole = (derived: DerivedTable): boolean =>
  asDimension(derived) !== null || (derived.derivation.kind === 'unified' && derived.derivation.combined);

async function isEmpty(transaction: Transaction, { table }: DerivedTable): Promise<boolean> {
  return (await transaction.query(`SELECT 1 FROM ${table.name} LIMIT 1`)).rowCount === 0;
}

async function rederive(
  transaction: Transaction,
  catalogue: Catalogue,
  {
    derived,
    marks,
    bulk,
    whole = false,
    first = false,
    allKnown = false,
  }: {
    readonly derived: DerivedTable;
    readonly marks: DerivedMarks;
    readonly bulk: boolean;
    /** All rows of a dimension or of a unified set, and not those of the affected keys alone. */
    readonly whole?: boolean;
    /** Nothing is stored yet. */
    readonly first?: boolean;
    /** Of a dimension: no key is affected, and all rows are those of `settledTable`, whose things are stored. */
    readonly allKnown?: boolean;
  },
): Promise<void> {
  const { table } = derived;
  const lost = quoteIdentifier(distinctName('lost_', table.set.name));
  const dimension = bulk ? null : asDimension(derived);
  const isSettled = allKnown && dimension !== null;
  const made = isSettled
    ? settledTable(dimension)
    : await makeRows(transaction, catalogue, { derived, whole, settled: dimension });
  const totals = isNamed(derived) ? null : await completeTotals(transaction, catalogue, { derived, made, all: whole });
  // No plan depends on the other columns, of which there are many.
  await transaction.query(`ANALYZE ${made} (${columnList(table.key)})`);
  const version = await nextVersion(transaction, table.set.name);
  // Of tables on a worker of Citus each question costs a way there, and the made rows go along.
  const noneStored = first && transaction.isDistributed;
  const leaving =
    isSettled || noneStored || !forgets(derived)
      ? 0
      : await findLost(transaction, catalogue, { derived, made, lost, totals, whole });
  const rows = { derived, made, lost: leaving > 0 ? lost : null };
  const below = derivedFrom(catalogue, table.set.name);
  const match = derived.derivation.kind === 'unified' ? derived.derivation.match : null;
  // Which rows are one thing is told when all are written, so what is below is told of one version with two writings.
  const inBulk = bulk || match !== null;
  if (!noneStored) {
    await noteBelow(transaction, catalogue, { ...rows, below, bulk: inBulk });
  }
  const stored = isSettled ? 'all' : noneStored ? 'none' : 'some';
  const written = await writeDerived(transaction, { ...rows, version, marks, stored });
  const tables = [...(isSettled ? [] : [made]), ...(leaving > 0 ? [lost] : [])];
  if (tables.length > 0) {
    await leaveTables(transaction, tables);
  }
  const rematched = match === null ? null : await matchRows(transaction, table, match);
  if (rematched !== null) {
    const condition = `t._row IN (${rematched.rows})`;
    for (const one of below) {
      await createAffected(transaction, one);
      await noteChanging(transaction, catalogue, { derived: one, source: table, bulk: true, condition });
    }
    await rematched.write(version);
  }
  if (!written && rematched === null) {
    return;
  }
  await publishVersion(transaction, table.set.name, version);
  if (below.length > 0) {
    const { outlived = false } = derived;
    await maintainDerived(transaction, catalogue, { source: table, version, marks, bulk: inBulk, outlived });
  }
}

/** Makes a temporary table of the rows of a derived set, for the affected keys or all, and of things that are `settled`, where it is a dimension whose are. */
async function makeRows(
  transaction: Transaction,
  catalogue: Catalogue,
  {
    derived,
    whole,
    settled,
  }: { readonly derived: DerivedTable; readonly whole: boolean; readonly settled: DerivedDimension | null },
): Promise<string> {
  const made = quoteIdentifier(distinctName('made_', derived.table.set.name));
  await takeNames(transaction, [made]);
  const rows = await madeQuery(transaction, catalogue, derived, whole);
  await transaction.query(`CREATE TEMP TABLE ${made} ON COMMIT DROP AS ${rows}`);
  if (settled !== null) {
    const columns = columnList(derivedColumns(derived));
    await transaction.query(`INSERT INTO ${made} SELECT ${columns} FROM ${settledTable(settled)}`);
  }
  return made;
}
