import type { KeptColumn } from '../../catalogue/kept-columns.ts';
import { identifier } from './sql-text.ts';

/** In the staging table: the cell was taken from another row of the file with the same key, whose winner value stands beside it. */
export const filledFlag = (kept: KeptColumn): string => identifier(`_filled_${kept.column}`);

/** Columns that the staging table has besides: each an own definition. */
export function stagingMarks(kept: readonly KeptColumn[]): readonly string[] {
  return kept.flatMap((one) =>
    one.winner === null
      ? []
      : [`${filledFlag(one)} boolean NOT NULL DEFAULT false`, `${identifier(one.winner.mark)} ${one.winner.sqlType}`],
  );
}

/**
 * Whether the cell of the staged row `s` is newer than the stored one of `t`: by the winner value of the row that said it,
 * then by the time of its file, `fileTime`, as for whole rows. An empty cell says nothing.
 */
export function takesCell(kept: KeptColumn, fileTime: string): string {
  const column = identifier(kept.column);
  const newerFile = `${fileTime}::timestamptz >= coalesce(${storedStamp(kept)}, '-infinity')`;
  return `(s.${column} IS NOT NULL AND (t.${column} IS NULL OR ${newerThanStored(kept, newerFile)}))`;
}

function newerThanStored(kept: KeptColumn, newerFile: string): string {
  if (kept.winner === null) return newerFile;
  const [staged, stored] = [stagedWinner(kept), storedWinner(kept)];
  return `CASE WHEN ${staged} IS NOT DISTINCT FROM ${stored} THEN ${newerFile} ELSE ${stored} IS NULL OR coalesce(${staged} > ${stored}, false) END`;
}

/** Assignments that give a stored row `t` the cells of `s` that are newer, and note how new each cell is. */
export function cellAssignments(kept: KeptColumn, fileTime: string): readonly string[] {
  const column = identifier(kept.column);
  return [
    `${column} = CASE WHEN ${takesCell(kept, fileTime)} THEN s.${column} ELSE t.${column} END`,
    ...markAssignments(kept, fileTime),
  ];
}

/** The marks alone. */
export function markAssignments(kept: KeptColumn, fileTime: string): readonly string[] {
  const takes = takesCell(kept, fileTime);
  const { winner } = kept;
  const stamp = `${identifier(kept.stamp)} = CASE WHEN ${takes} THEN ${fileTime}::timestamptz ELSE ${storedStamp(kept)} END`;
  if (winner === null) return [stamp];
  return [
    stamp,
    `${identifier(winner.mark)} = CASE WHEN ${takes} THEN ${stagedWinner(kept)} ELSE ${storedWinner(kept)} END`,
  ];
}

/** Marks of a new row, by column. */
export function insertedMarks(kept: KeptColumn, fileTime: string): readonly (readonly [string, string])[] {
  const said = `s.${identifier(kept.column)} IS NOT NULL`;
  const { winner } = kept;
  const stamp = [kept.stamp, `CASE WHEN ${said} THEN ${fileTime}::timestamptz END`] as const;
  return winner === null ? [stamp] : [stamp, [winner.mark, `CASE WHEN ${said} THEN ${stagedWinner(kept)} END`]];
}

function stagedWinner(kept: KeptColumn): string {
  if (kept.winner === null) return 'NULL';
  const { column, mark } = kept.winner;
  return `CASE WHEN s.${filledFlag(kept)} THEN s.${identifier(mark)} ELSE s.${identifier(column)} END`;
}

/** Rows stored before there were marks have none: their cells count as new as they are. */
const storedStamp = (kept: KeptColumn): string => `coalesce(t.${identifier(kept.stamp)}, t._stamp)`;

function storedWinner(kept: KeptColumn): string {
  if (kept.winner === null) return 'NULL';
  const { column, mark } = kept.winner;
  return `CASE WHEN t.${identifier(kept.stamp)} IS NULL THEN t.${identifier(column)} ELSE t.${identifier(mark)} END`;
}
