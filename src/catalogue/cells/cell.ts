/** Why a single cell has no value; each is also a reject code (docs/errors.md, Rejected rows). */
export type CellCode =
  | 'INVALID_INTEGER'
  | 'INVALID_DECIMAL'
  | 'AMBIGUOUS_DECIMAL'
  | 'INVALID_BOOLEAN'
  | 'INVALID_UNIX_TIME'
  | 'INVALID_DATE_TIME'
  | 'INVALID_DATE'
  | 'INVALID_TIME_OF_DAY'
  | 'INVALID_DURATION'
  | 'INVALID_PERCENTAGE'
  | 'INVALID_GUID'
  | 'INVALID_BINARY'
  | 'SCIENTIFIC_NOTATION'
  | 'SPREADSHEET_ERROR'
  | 'OUT_OF_RANGE'
  | 'TOO_LONG';

export interface CellFault {
  readonly code: CellCode;
  readonly message: string;
}

/** PostgreSQL input text, null, or a fault. */
export type Converted = string | null | CellFault;

/** From a cell's text, never empty and no null token, trimmed unless the property is a text. */
export type CellConverter = (cell: string) => Converted;

export function isFault(value: Converted): value is CellFault {
  return value !== null && typeof value === 'object';
}

/** Long cells are cut in messages; the whole row is kept beside them. */
export function shownCell(cell: string): string {
  return `"${cell.length > 60 ? `${cell.slice(0, 60)}…` : cell}"`;
}

export function fault(code: CellCode, cell: string, expected: string): CellFault {
  return { code, message: `${shownCell(cell)} is not ${expected}` };
}
