import type { KeptColumn } from '../../catalogue/kept-columns.ts';
import { apart, type Dialect, metRows } from '../../sql/apart.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { isNewer, placeOf, statedLater, storedPlace } from '../ledger/file-order.ts';
import { columnList, sameKey } from '../stored/column-lists.ts';
import { columnOf } from '../stored/stored-table.ts';
import { actionLiteral } from './actions.ts';
import { carriedExtras, extrasOf, filledCells, rebound, shapeColumns, shapeJoins } from './carried-cells.ts';
import { takesCell } from './kept-cells.ts';
import type { MergeInput } from './merge-input.ts';
import { alikeLoads, lastLoad, noteCondition } from './note-condition.ts';
import { scopeColumns } from './replaced-scopes.ts';

/** The SELECT of the rows of `Decisions.rows`; `$1` is the time of the file. */
export function decisionQuery(input: MergeInput, database: Dialect): string {
  // Cells of loads that differ are told by a table of the session, row by row.
  return isDecidedByWorker(input, database) ? decidedByWorker(input, database) : decidedHere(input, database);
}

const isDecidedByWorker = ({ shape }: MergeInput, { isDistributed }: Dialect): boolean =>
  isDistributed && shape.others === null;

/** Columns of the decided rows that tell whether what `MergeInput.alike` asks for is so, by its conditions. */
export const toldAlike = (input: MergeInput, database: Dialect): ReadonlyMap<string, string> =>
  new Map(
    isDecidedByWorker(input, database)
      ? [...new Set(input.alike)].map((condition, index) => [condition, `_alike_${index}`])
      : [],
  );

function decidedHere(input: MergeInput, database: Dialect): string {
  const { table, staged } = input;
  const { fresh, isOlder, olderAction, changed } = cases(input);
  const stale = staleScopes(input);
  const outdated = stale === null ? isOlder : `z IS NOT NULL OR ${isOlder}`;
  const noted = input.notes.may ? ` WHEN ${noteCondition(input)} THEN ${actionLiteral('noted')}` : '';
  const action = `CASE WHEN t._row IS NULL THEN ${fresh} WHEN ${outdated} THEN ${olderAction} WHEN ${changed} THEN ${actionLiteral('update')}${noted} ELSE ${actionLiteral('same')} END`;
  const named = `(SELECT ${columnList(table.key)} FROM ${staged.name} WHERE _code IS NULL)`;
  const stored = metRows(database, { table: table.name, by: named, on: sameKey('t', 'o', table.key) });
  const again = staged.stored === 0 ? 'false' : `coalesce(${isStoredNow(input)}, false)`;
  return `SELECT s._line, t._row AS _target, ${action} AS _action, ${again} AS _again${shapeColumns(input)} FROM ${staged.name} s LEFT JOIN ${stored} t ON ${sameKey('s', 't', table.key)}${shapeJoins(input, isOlder)}${stale ?? ''} WHERE s._code IS NULL AND $1::timestamptz IS NOT NULL`;
}

/**
 * The same where the stored rows lie on a worker of Citus: the rows of the file go there, and what comes back of a stored one is its number and what is done
 * with it. All of its columns would, were they compared on the coordinator. What only the coordinator knows, which periods newer files have replaced and which
 * loads have the header of this one, is left to it.
 */
function decidedByWorker(input: MergeInput, database: Dialect): string {
  const { table, staged, notes } = input;
  const { fresh, isOlder, olderAction, changed } = cases(input);
  const stale = staleScopes(input);
  const noted = notes.may ? ` WHEN ${noteCondition(input, () => 'true')} THEN ${actionLiteral('noted')}` : '';
  const alike = toldAlike(input, database);
  const told = [
    `CASE WHEN ${isOlder} THEN ${olderAction} WHEN ${changed} THEN ${actionLiteral('update')}${noted} ELSE ${actionLiteral('same')} END AS _action`,
    ...(stale === null ? [] : [`${olderAction} AS _older`]),
    ...(notes.may ? [`${lastLoad} AS _load`] : []),
    ...(staged.stored === 0 ? [] : [`${isStoredNow(input)} AS _again`]),
    ...[...alike].map(([condition, name]) => `(${condition}) AS ${name}`),
  ];
  // Each by the index of the key: a worker knows nothing of what comes along, and would go through the whole set, all columns of it in a hash table, to find some rows.
  const stored = `LATERAL (SELECT * FROM ${table.name} k WHERE ${sameKey('s', 'k', table.key)} OFFSET 0) t`;
  const met = `SELECT s._line, t._row AS _target, ${told.join(', ')} FROM ${staged.name} s CROSS JOIN ${stored} WHERE s._code IS NULL OFFSET 0`;
  const cannotNote = ` WHEN m._action = ${actionLiteral('noted')} AND (m._load IN (${alikeLoads(input)})) IS NOT TRUE THEN ${actionLiteral('same')}`;
  const action = `CASE WHEN m._target IS NULL THEN ${fresh}${stale === null ? '' : ' WHEN z IS NOT NULL THEN m._older'}${notes.may ? cannotNote : ''} ELSE m._action END`;
  const again = staged.stored === 0 ? 'false' : 'coalesce(m._again, false)';
  return `SELECT s._line, m._target, ${action} AS _action, ${again} AS _again${[...alike.values()].map((name) => `, m.${name}`).join('')} FROM ${staged.name} s LEFT JOIN (${met}) m ON m._line = s._line${stale ?? ''} WHERE s._code IS NULL AND $1::timestamptz IS NOT NULL`;
}

/** Whether this load stored the row `t` a moment ago. */
const isStoredNow = ({ file }: MergeInput): string => `t._load_id = ${BigInt(file.loadId)}`;

/** What decides about a row `s` of the file beside the stored row `t`, as SQL. */
interface Cases {
  /** The action where there is no stored one; `z` says that its period or parent is replaced. */
  readonly fresh: string;
  /** Whether `s` is older, and the action then. */
  readonly isOlder: string;
  readonly olderAction: string;
  /** Whether it says something else. */
  readonly changed: string;
}

function cases(input: MergeInput): Cases {
  const { table, write } = input;
  const taken = [
    ...table.kept.map((kept) => takesCell(kept, cellFile(input))),
    ...(input.shape.others === null ? [] : ['x.taken IS NOT NULL']),
  ];
  const filled = [...table.kept.map((kept) => cellChanges(kept, input)), ...filledCells(input)];
  const revived =
    write.mode === 'snapshot' ? ' OR (t._deleted_at IS NOT NULL AND $1::timestamptz >= t._deleted_at)' : '';
  const [insert, older] = [actionLiteral('insert'), actionLiteral('older')];
  return {
    // A period that a newer file has replaced keeps no place for a row that file did not hold.
    fresh: input.superseded
      ? older
      : scopeColumns(input) === null
        ? insert
        : `CASE WHEN z IS NULL THEN ${insert} ELSE ${older} END`,
    isOlder: input.superseded ? 'true' : `NOT (${newerCondition(input)})`,
    olderAction:
      taken.length === 0
        ? older
        : `CASE WHEN ${filled.join(' OR ') || 'false'} THEN ${actionLiteral('fill')} WHEN ${taken.join(' OR ')} THEN ${actionLiteral('confirm')} ELSE ${older} END`,
    changed: `${changedCondition(input)}${revived}`,
  };
}

/** The greater winner value counts, then the newer file, then the later line. */
function newerCondition({ table, write, file }: MergeInput): string {
  const staged = { stamp: '$1::timestamptz', place: placeOf(file, 's._line') };
  const newerFile = isNewer(file, staged, { stamp: 't._stamp', place: storedPlace('t') });
  if (write.mode !== 'upsert' || write.winner === null) {
    return newerFile;
  }
  const winner = quoteIdentifier(columnOf(table, write.winner));
  return `CASE WHEN s.${winner} IS NOT DISTINCT FROM t.${winner} THEN ${newerFile} ELSE t.${winner} IS NULL OR coalesce(s.${winner} > t.${winner}, false) END`;
}

const cellFile = ({ file }: MergeInput) => ({ file, fileTime: '$1' });

const cellChanges = (kept: KeptColumn, input: MergeInput): string =>
  `(${takesCell(kept, cellFile(input))} AND s.${quoteIdentifier(kept.column)} IS DISTINCT FROM t.${quoteIdentifier(kept.column)})`;

function changedCondition(input: MergeInput): string {
  const { table, shape } = input;
  const names = [...table.columns.values()]
    .map((column) => column.name)
    .filter((name) => !table.key.includes(name) && !shape.absent.has(name));
  if (names.length === 0) {
    return 'false';
  }
  const extras = extrasOf(table, shape);
  const changed = names.map((name) => {
    if (extras === quoteIdentifier(name)) {
      return `${carriedExtras(extras, shape)} IS DISTINCT FROM t.${extras}`;
    }
    const kept = table.kept.find((one) => one.column === name);
    return kept === undefined
      ? `s.${quoteIdentifier(name)} IS DISTINCT FROM t.${quoteIdentifier(name)}`
      : cellChanges(kept, input);
  });
  return `(${[...changed, ...rebound(shape)].join(' OR ')})`;
}

/** Joins `z`: a row for each period or parent of the file of which the table holds rows of a newer one. */
function staleScopes(input: MergeInput): string | null {
  const scope = scopeColumns(input);
  if (scope === null) {
    return null;
  }
  const staged = `SELECT 1 FROM ${apart(input.staged.name)} p WHERE ${sameKey('p', 'n', scope)}`;
  const newer = `SELECT DISTINCT ${columnList(scope, 'n')} FROM ${input.table.name} n WHERE ${statedLater(input.file, 'n', '$1::timestamptz')} AND EXISTS (${staged})`;
  return ` LEFT JOIN (${newer}) z ON ${sameKey('s', 'z', scope)}`;
}
