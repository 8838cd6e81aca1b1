import { readObject, stringValue } from '../json/reading/json-scan.ts';
import type { CsvColumn } from './columns.ts';
import type { CsvFormat } from './csv-format.ts';
import { rowEnd, textField } from './field.ts';

/** The record of a row that comes as a JSON object, with its end. Chosen once for all rows. */
export function objectRow(columns: readonly CsvColumn[], format: CsvFormat): (json: string) => string {
  return (json) => {
    const row = new Members(json);
    return columns.map((column) => valueField(row.at(column), format)).join(format.delimiter) + rowEnd;
  };
}

/** The field of a raw JSON value; none is null. Arrays, whose values no field has room for, stay JSON. */
export function valueField(raw: string | undefined, format: CsvFormat): string {
  if (raw === undefined || raw === 'null') {
    return '';
  }
  const text = stringValue(raw);
  if (text !== null) {
    return textField(text, format);
  }
  if (raw.startsWith('[') || raw.startsWith('{')) {
    return textField(raw, format);
  }
  const digits = raw.endsWith('E0') ? raw.slice(0, -2) : raw;
  return format.decimal === ',' ? digits.replace('.', ',') : digits;
}

/** Raw values of an object, and of those within it. */
class Members {
  readonly #own: ReadonlyMap<string, string>;
  readonly #inner = new Map<string, Members>();

  constructor(json: string) {
    this.#own = readObject(json);
  }

  at([head = '', ...rest]: CsvColumn): string | undefined {
    const raw = this.#own.get(head);
    if (rest.length === 0 || raw === undefined || raw === 'null') {
      return raw;
    }
    const inner = this.#inner.get(head) ?? new Members(raw);
    this.#inner.set(head, inner);
    return inner.at(rest);
  }
}
