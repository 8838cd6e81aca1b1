import { type HeaderCell, namedWidth } from '../identify/match-header.ts';

/** A column that no property takes. */
export interface UnknownCell {
  /** 0-based place in the file. */
  readonly field: number;
  /** As it stands in `Extras`: a blank header is named by its place. */
  readonly header: string;
}

/** The columns whose cells go to `Extras`; a delimiter behind the last name makes none. */
export function unknownCells(cells: readonly HeaderCell[]): readonly UnknownCell[] {
  return cells
    .slice(0, namedWidth(cells))
    .filter((cell) => cell.column === null)
    .map(({ index, text }) => ({
      field: index,
      header: text.trim() === '' ? `column ${index + 1}` : text,
    }));
}
