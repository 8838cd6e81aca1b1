import type { KeptColumn } from '../../catalogue/kept-columns.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { type FileOrder, isNewer, placeOf, storedPlace } from '../ledger/file-order.ts';
import { distinctName } from '../stored/distinct-name.ts';

/** In the staging table: the cell was taken from another row of the file with the same key, whose winner value stands beside it. */
export const filledFlag = (kept: KeptColumn): string => quoteIdentifier(distinctName('_filled_', kept.column));

/** In the staging table: the line that such a cell was taken from. */
export const filledLine = (kept: KeptColumn): string => quoteIdentifier(distinctName('_line_', kept.column));

/** Whether the staged row says that the vendor deleted what it tells of. */
function isDeleted({ deletions }: KeptColumn): string {
  const set = deletions.map(({ column, sqlType }) => {
    const cell = `s.${quoteIdentifier(column)}`;
    if (sqlType === 'boolean') {
      return `${cell} IS TRUE`;
    }
    if (sqlType === 'text') {
      return `coalesce(${cell} <> '', false)`;
    }
    if (numberTypes.has(sqlType)) {
      return `coalesce(${cell} <> 0, false)`;
    }
    return `${cell} IS NOT NULL`;
  });
  return set.length === 0 ? 'false' : `(${set.join(' OR ')})`;
}

/** Types of which 0 says that a row was not deleted. */
export const numberTypes: ReadonlySet<string> = new Set([
  'smallint',
  'integer',
  'bigint',
  'numeric',
  'real',
  'double precision',
]);

/** Whether the staged row `s` by itself says something of the cell: what it is, or with a deletion that it is empty. */
export const saysCell = (kept: KeptColumn): string =>
  `(s.${quoteIdentifier(kept.column)} IS NOT NULL OR ${isDeleted(kept)})`;

/** The same of the row that is left of those with its key, which may have got the cell from another of them. */
const hasSaid = (kept: KeptColumn): string => `(${saysCell(kept)} OR s.${filledLine(kept)} IS NOT NULL)`;

/** Whether nothing was said of the stored cell. */
const unsaid = ({ column, stamp }: KeptColumn): string =>
  `t.${quoteIdentifier(column)} IS NULL AND t.${quoteIdentifier(stamp)} IS NULL`;

/** In the staging table: a mark of the cell as it is where the row is new. */
export const newMark = (mark: string): string => quoteIdentifier(distinctName('_new', mark));

/** Columns that the staging table has besides: each an own definition. */
export function stagingMarks(kept: readonly KeptColumn[]): readonly string[] {
  return kept.flatMap((one) => [
    `${newMark(one.stamp)} timestamptz`,
    `${newMark(one.place)} bigint`,
    ...(one.winner === null ? [] : [`${newMark(one.winner.mark)} ${one.winner.sqlType}`]),
    `${filledLine(one)} integer`,
    ...(one.winner === null
      ? []
      : [
          `${filledFlag(one)} boolean NOT NULL DEFAULT false`,
          `${quoteIdentifier(one.winner.mark)} ${one.winner.sqlType}`,
        ]),
  ]);
}

/** A file, and the parameter that holds its time. */
export interface CellFile {
  readonly file: FileOrder;
  readonly fileTime: string;
}

/**
 * Whether the cell of the staged row `s` is newer than the stored one of `t`: by the winner value of the row that said it,
 * then by its file and line, as for whole rows. An empty cell says nothing, except of what was deleted.
 */
export function takesCell(kept: KeptColumn, { file, fileTime }: CellFile): string {
  const staged = { stamp: `${fileTime}::timestamptz`, place: stagedPlace(kept, file) };
  const newerFile = isNewer(file, staged, { stamp: storedStamp(kept), place: storedCellPlace(kept) });
  return `(${hasSaid(kept)} AND ((${unsaid(kept)}) OR ${newerThanStored(kept, newerFile)}))`;
}

function newerThanStored(kept: KeptColumn, newerFile: string): string {
  if (kept.winner === null) {
    return newerFile;
  }
  const [staged, stored] = [stagedWinner(kept), storedWinner(kept)];
  return `CASE WHEN ${staged} IS NOT DISTINCT FROM ${stored} THEN ${newerFile} ELSE ${stored} IS NULL OR coalesce(${staged} > ${stored}, false) END`;
}

/** Assignments that give a stored row `t` the cells of `s` that are newer, and note how new each cell is. */
export function cellAssignments(kept: KeptColumn, source: CellFile): readonly string[] {
  const column = quoteIdentifier(kept.column);
  return [
    `${column} = CASE WHEN ${takesCell(kept, source)} THEN s.${column} ELSE t.${column} END`,
    ...markAssignments(kept, source),
  ];
}

/** The marks alone. */
export function markAssignments(kept: KeptColumn, source: CellFile): readonly string[] {
  const takes = takesCell(kept, source);
  const { winner } = kept;
  const mark = (name: string, said: string, stored: string): string =>
    `${quoteIdentifier(name)} = CASE WHEN ${takes} THEN ${said} WHEN ${unsaid(kept)} THEN NULL ELSE ${stored} END`;
  const stamp = mark(kept.stamp, `${source.fileTime}::timestamptz`, storedStamp(kept));
  const place = mark(kept.place, stagedPlace(kept, source.file), storedCellPlace(kept));
  return winner === null ? [stamp, place] : [stamp, place, mark(winner.mark, stagedWinner(kept), storedWinner(kept))];
}

/** Marks of a new row, by column. */
export function insertedMarks(kept: KeptColumn, { file, fileTime }: CellFile): readonly (readonly [string, string])[] {
  const said = hasSaid(kept);
  const { winner } = kept;
  const stamp = [kept.stamp, `CASE WHEN ${said} THEN ${fileTime}::timestamptz END`] as const;
  const place = [kept.place, `CASE WHEN ${said} THEN ${stagedPlace(kept, file)} END`] as const;
  return winner === null
    ? [stamp, place]
    : [stamp, place, [winner.mark, `CASE WHEN ${said} THEN ${stagedWinner(kept)} END`]];
}

function stagedWinner(kept: KeptColumn): string {
  if (kept.winner === null) {
    return 'NULL';
  }
  const { column, mark } = kept.winner;
  return `CASE WHEN s.${filledFlag(kept)} THEN s.${quoteIdentifier(mark)} ELSE s.${quoteIdentifier(column)} END`;
}

const stagedPlace = (kept: KeptColumn, file: FileOrder): string =>
  placeOf(file, `coalesce(s.${filledLine(kept)}, s._line)`);

const storedCellPlace = (kept: KeptColumn): string =>
  `CASE WHEN t.${quoteIdentifier(kept.stamp)} IS NULL THEN ${storedPlace('t')} ELSE t.${quoteIdentifier(kept.place)} END`;

/** Rows stored before there were marks have none: their cells count as new as they are. */
const storedStamp = (kept: KeptColumn): string => `coalesce(t.${quoteIdentifier(kept.stamp)}, t._stamp)`;

function storedWinner(kept: KeptColumn): string {
  if (kept.winner === null) {
    return 'NULL';
  }
  const { column, mark } = kept.winner;
  return `CASE WHEN t.${quoteIdentifier(kept.stamp)} IS NULL THEN t.${quoteIdentifier(column)} ELSE t.${quoteIdentifier(mark)} END`;
}
