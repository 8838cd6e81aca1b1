import { parse } from 'csv-parse/sync';
import type { CsvFormat } from '../../../src/csv/csv-format.ts';

export const usual: CsvFormat = {
  delimiter: ',',
  decimal: '.',
  header: true,
  byteOrderMark: false,
  guarded: false,
};

/** Records as somebody else's reader has them; an empty field without quotes is null. */
export function readCsv(text: string, delimiter: CsvFormat['delimiter'] = ','): (string | null)[][] {
  return parse(text, {
    delimiter,
    recordDelimiter: '\r\n',
    relaxColumnCount: false,
    cast: (value, { quoting }) => (value === '' && !quoting ? null : value),
  });
}

/** The value that a column's path leads to in a row of JSON; undefined: it does not. */
export function valueAt(row: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => (isRecord(value) ? value[name] : undefined), row);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** The field that a value of JSON (`IEEE754Compatible=true`) is to be, as `readCsv` gives it, with a decimal point. */
export function fieldOf(value: unknown): string | null {
  if (value === null || value === undefined) {
    return null;
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
