import type { WriteDisposition } from '../../catalogue/catalogue.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { escapeText } from '../../sql/literal.ts';
import { type FileOrder, isNewer, placeOf, storedPlace } from '../ledger/file-order.ts';
import { type ColumnPair, statedTogether } from '../stored/bound-columns.ts';
import { columnOf, type StoredTable } from '../stored/stored-table.ts';
import { type FileShape, isExtraCell } from './file-shape.ts';

// A stored row is as new as the greatest row that stated it. Where the file of that row lacked columns, their cells are older, and
// `_cells` says how new each is: name to [file time, place, winner value]. What the row's own load states has no entry that
// counts, nor has a cell that nobody stated. So rows that come whole from one file, as nearly all do, have nothing there.

/** Name in `_cells` of the newest file that lacked the row, see absences.ts; no column's name and no unknown header's. */
export const absent = '-';

/** What a merge knows of its file. */
export interface CellMerge {
  readonly table: StoredTable;
  readonly write: WriteDisposition;
  readonly file: FileOrder;
  readonly shape: FileShape;
}

interface Winner {
  readonly column: string;
  readonly sqlType: string;
}

function winnerOf({ table, write }: CellMerge): Winner | null {
  if (write.mode !== 'upsert' || write.winner === null) {
    return null;
  }
  return { column: columnOf(table, write.winner), sqlType: table.columns.get(write.winner)?.sqlType ?? 'text' };
}

/** Joins `p`, how the load of the stored row `t` differs, and `x.taken`, the cells of an older row `s` of which it says the newest. */
export function shapeJoins(merge: CellMerge, older: string): string {
  if (merge.shape.others === null) {
    return '';
  }
  const load = 'coalesce(t._place >> 31, t._load_id)';
  const newerThan = (entry: string): string => `(${entry} IS NULL OR ${newerThanCell(merge, entry)})`;
  const replacing = merge.write.mode === 'restate' || merge.write.mode === 'delete-insert';
  const back = replacing ? ` AND ${newerThan(`t._cells -> ${escapeText(absent)}`)}` : '';
  const newest = `(${older}) AND ${newerThan('t._cells -> n')}${back}`;
  return ` LEFT JOIN ${merge.shape.others.table} p ON p.load_id = ${load} LEFT JOIN LATERAL (SELECT array_agg(n) AS taken FROM unnest(p.added) AS n WHERE ${newest}) x ON true`;
}

/** Columns of the table of decisions that writing them needs. */
export const shapeColumns = ({ shape }: CellMerge): string =>
  shape.others === null ? '' : ', p.dropped AS _dropped, x.taken AS _taken';

/** Whether a line of the file is newer than what an entry of `_cells` says. */
export function newerThanCell(merge: CellMerge, entry: string, line = 's._line'): string {
  const staged = { stamp: '$1::timestamptz', place: placeOf(merge.file, line) };
  const stored = { stamp: `(${entry} ->> 0)::timestamptz`, place: `(${entry} ->> 1)::bigint` };
  const newerFile = isNewer(merge.file, staged, stored);
  const winner = winnerOf(merge);
  if (winner === null) {
    return newerFile;
  }
  const [ours, theirs] = [`s.${quoteIdentifier(winner.column)}`, `(${entry} ->> 2)::${winner.sqlType}`];
  return `CASE WHEN ${ours} IS NOT DISTINCT FROM ${theirs} THEN ${newerFile} ELSE ${theirs} IS NULL OR coalesce(${ours} > ${theirs}, false) END`;
}

/** Whether a cell that an older row gives (in `x.taken`) differs from the stored one, or makes another statement with its neighbours. */
export function filledCells({ table, shape }: CellMerge): readonly string[] {
  if (shape.others === null) {
    return [];
  }
  const columns = shape.others.fillable.map(
    (name) =>
      `(${escapeText(name)} = ANY(x.taken) AND s.${quoteIdentifier(name)} IS DISTINCT FROM t.${quoteIdentifier(name)})`,
  );
  const bound = shape.others.bound.map(([a, b]) => {
    const taken = `(${escapeText(a)} = ANY(x.taken) OR ${escapeText(b)} = ANY(x.taken))`;
    return `(${taken} AND ${bothPresent([a, b])})`;
  });
  const extras = extrasOf(table, shape);
  return extras === null
    ? [...columns, ...bound]
    : [
        ...columns,
        ...bound,
        `(x.taken IS NOT NULL AND ${filledExtras(extras, 'x.taken')} IS DISTINCT FROM t.${extras})`,
      ];
}

const bothPresent = ([a, b]: ColumnPair): string =>
  `t.${quoteIdentifier(a)} IS NOT NULL AND t.${quoteIdentifier(b)} IS NOT NULL`;

/** Whether a newer row of the same values makes one statement of cells that were none, or none of what was one. */
export function rebound({ states, others }: FileShape): readonly string[] {
  return (others?.bound ?? []).flatMap((pair) => {
    const stated = pair.filter((name) => states.has(name)).length;
    if (stated === 0) {
      return [];
    }
    const before = statedTogether(pair);
    return [`(${stated === 2 ? `NOT ${before}` : before} AND ${bothPresent(pair)})`];
  });
}

/** Assignments that give an older row `t` the cells named in `d._taken`, and note how new they are. */
export function fillAssignments(merge: CellMerge, fileTime: string): readonly string[] {
  const { table, shape } = merge;
  if (shape.others === null) {
    return [];
  }
  const columns = shape.others.fillable.map(
    (name) =>
      `${quoteIdentifier(name)} = CASE WHEN ${escapeText(name)} = ANY(d._taken) THEN s.${quoteIdentifier(name)} ELSE t.${quoteIdentifier(name)} END`,
  );
  const extras = extrasOf(table, shape);
  const filled =
    extras === null
      ? []
      : [`${extras} = CASE WHEN d._taken IS NULL THEN t.${extras} ELSE ${filledExtras(extras, 'd._taken')} END`];
  return [...columns, ...filled, `_cells = ${takenCells(merge, fileTime)}`];
}

/** `_cells` of an older row with the entries of what it was given. */
export function takenCells(merge: CellMerge, fileTime: string): string {
  const winner = winnerOf(merge);
  const place = placeOf(merge.file, 's._line');
  const newness = [
    `${fileTime}::timestamptz`,
    place,
    ...(winner === null ? [] : [`s.${quoteIdentifier(winner.column)}`]),
  ];
  const taken = `(SELECT jsonb_object_agg(n, jsonb_build_array(${newness.join(', ')})) FROM unnest(d._taken) AS n)`;
  return `CASE WHEN d._taken IS NULL THEN t._cells ELSE coalesce(t._cells, '{}') || ${taken} END`;
}

/** `_cells` of a row that a newer one replaces: the entries of what that does not state, as new as the row was. `states` is the file's. */
export function carriedCells(merge: CellMerge, states: string): string {
  const winner = winnerOf(merge);
  const newness = ['t._stamp', storedPlace('t'), ...(winner === null ? [] : [`t.${quoteIdentifier(winner.column)}`])];
  const dropped = `coalesce((SELECT jsonb_object_agg(n, jsonb_build_array(${newness.join(', ')})) FROM unnest(d._dropped) AS n), '{}')`;
  return `CASE WHEN t._cells IS NULL AND d._dropped IS NULL THEN NULL ELSE nullif((coalesce(t._cells, '{}') - ${states}::text[]) || ${dropped}, '{}') END`;
}

/** The column of `Extras`, quoted, where other files have other unknown headers; null: it is replaced like any other. */
export function extrasOf(table: StoredTable, shape: FileShape): string | null {
  const column = table.columns.get('Extras');
  return column === undefined || shape.others?.extras !== true ? null : quoteIdentifier(column.name);
}

/** `Extras` of a row that a newer one replaces: what that has no header for stays. */
export function carriedExtras(extras: string, { states }: FileShape): string {
  const headers = [...states].filter(isExtraCell).map((name) => escapeText(name.slice(1)));
  const stays = headers.length === 0 ? 'true' : `key NOT IN (${headers.join(', ')})`;
  return `CASE WHEN t.${extras} IS NULL THEN s.${extras} ELSE ${merged(extras, stays, 'true')} END`;
}

const filledExtras = (extras: string, taken: string): string =>
  merged(extras, `'+' || key <> ALL(${taken})`, `'+' || key = ANY(${taken})`);

/** `Extras` of a row that loses the cells named in `gone`. */
export const remainingExtras = (extras: string, gone: string): string =>
  joined(`SELECT key, value FROM json_each(t.${extras}::json) WHERE '+' || key <> ALL(${gone})`);

/** The JSON that reading a file makes: members in the order of their names. */
function merged(extras: string, ofStored: string, ofStaged: string): string {
  const members = `SELECT key, value FROM json_each(t.${extras}::json) WHERE ${ofStored} UNION ALL SELECT key, value FROM json_each(s.${extras}::json) WHERE ${ofStaged}`;
  return joined(members);
}

const joined = (members: string): string =>
  `(SELECT '{' || string_agg(to_json(key)::text || ':' || value::text, ',' ORDER BY key COLLATE "C") || '}' FROM (${members}) e)`;
