import type { RejectCode } from '../reject-codes.ts';

/** Why a cell has no value. */
export interface CellFault {
  readonly code: RejectCode;
  readonly message: string;
}

/** PostgreSQL input text, null, or a fault. */
export type Converted = string | null | CellFault;

/** From a cell's text, never empty and no null token, trimmed unless the encoding is text. */
export type CellConverter = (cell: string) => Converted;

export function isFault(value: Converted): value is CellFault {
  return value !== null && typeof value === 'object';
}

/** Long cells are cut in messages; the whole row is kept beside them. */
export function fault(code: RejectCode, cell: string, expected: string): CellFault {
  const shown = cell.length > 60 ? `${cell.slice(0, 60)}…` : cell;
  return { code, message: `"${shown}" is not ${expected}` };
}
