import type { WriteDisposition } from '../../catalogue/catalogue.ts';
import type { Dialect } from '../../sql/apart.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { escapeText } from '../../sql/literal.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { noteRemovedRows } from '../../warehouse/note-removed-rows.ts';
import { writeTombstones } from '../../warehouse/write-tombstones.ts';
import { noteConfirmations } from '../ledger/confirmations.ts';
import { type FileOrder, placeOf, storedPlace } from '../ledger/file-order.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import { type Absences, writeLacked } from './absences.ts';
import { type Action, isAction } from './actions.ts';
import { carriedCells, carriedExtras, extrasOf, fillAssignments, takenCells } from './carried-cells.ts';
import type { Decisions } from './decide-rows.ts';
import type { FileShape } from './file-shape.ts';
import { insertStatement, loadTime } from './insert-rows.ts';
import { cellAssignments, markAssignments, saysCell, takesCell } from './kept-cells.ts';
import type { StagedRows } from './stage-rows.ts';

export interface Writing {
  readonly staged: StagedRows;
  readonly decisions: Decisions;
  readonly table: StoredTable;
  /** Data version of the set that this load makes. */
  readonly version: string;
  readonly file: FileOrder;
  readonly shape: FileShape;
  readonly write: WriteDisposition;
  readonly absences: Absences;
  /** Snapshots keep removed rows with the time of their removal; other rows go. */
  readonly soft: boolean;
  /** Snapshots only: a newer one was loaded at this time already, so rows that are new now were gone by then. */
  readonly goneSince: string | null;
}

/**
 * Writes what was decided. Changed rows get the new version; that a newer file confirms rows is noted beside them where it can be. Nothing is asked for what no
 * row is to become: each statement would look through the decisions, and with Citus go to a worker.
 */
export async function applyDecisions(transaction: Transaction, writing: Writing): Promise<void> {
  await removeRows(transaction, writing);
  await updateRows(transaction, writing);
  await fillRows(transaction, writing);
  await writeLacked(transaction, writing);
  await insertRows(transaction, writing);
  await confirmRows(transaction, writing);
  await noteRows(transaction, writing);
}

async function updateRows(transaction: Transaction, writing: Writing): Promise<void> {
  if (!writing.decisions.actions.has('update')) {
    return;
  }
  const { table, file, shape, soft, goneSince } = writing;
  const extras = extrasOf(table, shape);
  const stated = dataColumns(table).filter((name) => !shape.absent.has(name));
  const values = stated.flatMap((name) => {
    if (extras === quoteIdentifier(name)) {
      return [`${extras} = ${carriedExtras(extras, shape)}`];
    }
    const kept = table.kept.find((one) => one.column === name);
    return kept === undefined
      ? [`${quoteIdentifier(name)} = s.${quoteIdentifier(name)}`]
      : cellAssignments(kept, { file, fileTime: '$4' });
  });
  // A row that comes back goes again with the next snapshot, where that one was loaded before and did not hold it.
  const revive = '_deleted_at = CASE WHEN $4::timestamptz >= t._deleted_at THEN $5::timestamptz ELSE t._deleted_at END';
  const marks = [
    '_version = $1',
    '_load_id = $2',
    '_line = s._line',
    '_loaded_at = $3',
    '_stamp = $4',
    '_place = NULL',
    ...(shape.others === null ? [] : [`_cells = ${carriedCells(writing, soft ? '$6' : '$5')}`]),
  ];
  await transaction.query(
    `UPDATE ${table.name} t SET ${[...values, ...marks, ...(soft ? [revive] : [])].join(', ')} FROM ${acted(writing, transaction, { taken: ['update'], staged: true })} AND d._target = t._row`,
    [writing.version, file.loadId, loadTime(), file.fileTime, ...(soft ? [goneSince] : []), ...statesOf(shape)],
  );
}

/** Decided rows `d` with the staged rows `s` that they were decided on. */
const decided = ({ decisions, staged }: Writing): string =>
  `${decisions.rows} d JOIN ${staged.name} s ON s._line = d._line`;

/**
 * The same where one of these actions is taken, for a join with the set's table. If that is a distributed one, all rows of a table of the session go to the
 * worker: others are left out before. `staged`: whether `s` is asked for.
 */
function acted(
  writing: Writing,
  { isDistributed }: Dialect,
  { taken, staged }: { readonly taken: readonly Action[]; readonly staged: boolean },
): string {
  const is = isAction('d', ...taken);
  const { rows } = writing.decisions;
  if (!isDistributed) {
    return `${staged ? decided(writing) : `${rows} d`} WHERE ${is}`;
  }
  const some = `(SELECT d.* FROM ${rows} d WHERE ${is} OFFSET 0) d`;
  const joined = ` JOIN (SELECT s.* FROM ${decided(writing)} WHERE ${is} OFFSET 0) s ON s._line = d._line`;
  return `${some}${staged ? joined : ''} WHERE true`;
}

/** The value of the parameter that carrying cells needs. */
const statesOf = ({ others, states }: FileShape): readonly unknown[] => (others === null ? [] : [[...states]]);

/** Rows that are older as a whole give the cells of which they say the newest. */
async function fillRows(transaction: Transaction, writing: Writing): Promise<void> {
  const { table, version, file } = writing;
  const values = [
    ...table.kept.flatMap((kept) => cellAssignments(kept, { file, fileTime: '$2' })),
    ...fillAssignments(writing, '$2'),
  ];
  if (values.length === 0 || !writing.decisions.actions.has('fill')) {
    return;
  }
  await transaction.query(
    `UPDATE ${table.name} t SET ${values.join(', ')}, _version = $1 FROM ${acted(writing, transaction, { taken: ['fill'], staged: true })} AND d._target = t._row`,
    [version, file.fileTime],
  );
}

/** Rows that change nothing count as new as the newest file that holds them, and so do their cells as far as it has them. */
async function confirmRows(transaction: Transaction, writing: Writing): Promise<void> {
  const { table, file, shape, decisions } = writing;
  if (!decisions.actions.has('same') && !decisions.actions.has('confirm')) {
    return;
  }
  const source = { file, fileTime: '$1' };
  const place = placeOf(file, 'd._line');
  const same = isAction('d', 'same');
  const newer = `(${same} AND (t._stamp IS NULL OR t._stamp < $1 OR ${storedPlace('t')} IS DISTINCT FROM ${place}))`;
  const confirmed = table.kept.map((kept) => takesCell(kept, source));
  const stamp = [
    `_stamp = CASE WHEN ${same} THEN greatest(t._stamp, $1) ELSE t._stamp END`,
    `_place = CASE WHEN ${same} THEN ${place} ELSE t._place END`,
  ];
  const cells =
    shape.others === null
      ? []
      : [`_cells = CASE WHEN ${same} THEN ${carriedCells(writing, '$2')} ELSE ${takenCells(writing, '$1')} END`];
  if (shape.others !== null) {
    confirmed.push('d._taken IS NOT NULL');
  }
  const marks = [...table.kept.flatMap((kept) => markAssignments(kept, source)), ...cells];
  const from = acted(writing, transaction, {
    taken: ['same', 'confirm'],
    staged: table.kept.length + cells.length > 0,
  });
  await transaction.query(
    `UPDATE ${table.name} t SET ${[...stamp, ...marks].join(', ')} FROM ${from} AND d._target = t._row AND (${[newer, ...confirmed].join(' OR ')})`,
    [file.fileTime, ...statesOf(shape)],
  );
}

/** Rows that change nothing at all: that they are as new as the file is noted beside them. */
async function noteRows(transaction: Transaction, writing: Writing): Promise<void> {
  const { table, file, staged, decisions } = writing;
  if (!decisions.actions.has('noted')) {
    return;
  }
  await noteConfirmations(transaction, {
    ...{ table, file, staged: staged.name },
    from: table.kept.length === 0 ? `${decisions.rows} d` : decided(writing),
    where: isAction('d', 'noted'),
    says: new Map(table.kept.map((kept) => [kept.column, saysCell(kept)])),
  });
}

async function insertRows(transaction: Transaction, writing: Writing): Promise<void> {
  const { table, file, soft, goneSince, version, absences, staged, decisions } = writing;
  if (decisions.counts.inserted === staged.stored) {
    return;
  }
  const { newcomers } = absences;
  const gone = soft && goneSince !== null;
  const joined = newcomers === null ? '' : ` LEFT JOIN ${newcomers} n ON n._line = d._line`;
  const { text, values } = insertStatement({
    ...{ table, file, version },
    from: `${decided(writing)}${joined} WHERE ${isAction('d', 'insert')} ORDER BY s._line`,
    more: { ...(gone ? { _deleted_at: '$5' } : {}), ...(newcomers === null ? {} : { _cells: 'n._cells' }) },
  });
  await transaction.query(text, gone ? [...values, goneSince] : values);
}

/** Hides or deletes the rows listed, and leaves a tombstone where the feed loses them. */
async function removeRows(transaction: Transaction, { decisions, table, version, file, soft }: Writing): Promise<void> {
  const { removals, counts } = decisions;
  if (counts.removed === 0) {
    return;
  }
  const { set, name } = table;
  if (set.versionColumn !== null && (!soft || set.hiddenBy !== null)) {
    await transaction.query(
      writeTombstones(
        `$1::text, ${keyObject(table)}, $2::bigint FROM ${name} t JOIN ${removals} r ON r._target = t._row${soft ? ' WHERE t._deleted_at IS NULL' : ''}`,
      ),
      [set.name, version],
    );
  }
  if (soft) {
    await transaction.query(
      `UPDATE ${name} t SET _deleted_at = $1, _version = $2 FROM ${removals} r WHERE r._target = t._row`,
      [file.fileTime, version],
    );
  } else {
    if (set.versionColumn !== null) {
      await transaction.query(noteRemovedRows(`FROM ${name} t JOIN ${removals} r ON r._target = t._row`), [
        set.name,
        version,
      ]);
    }
    await transaction.query(`DELETE FROM ${name} t USING ${removals} r WHERE r._target = t._row`);
  }
}

/** The key of `t` as a JSON object by property name. */
function keyObject(table: StoredTable): string {
  const pairs = [...table.columns]
    .filter(([, column]) => table.key.includes(column.name))
    .map(([property, column]) => `${escapeText(property)}::text, t.${quoteIdentifier(column.name)}`);
  return `jsonb_build_object(${pairs.join(', ')})`;
}

function dataColumns(table: StoredTable): readonly string[] {
  const names = [...table.columns.values()].map((column) => column.name).filter((name) => !table.key.includes(name));
  return names;
}
