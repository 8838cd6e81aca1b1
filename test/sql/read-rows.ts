import type { ControlShape, FieldShape, RowShape } from '../../src/json/row-shape.ts';
import type { CompiledQuery } from '../../src/sql/compiled-query.ts';

/** Decodes COPY text by the shape of its query, slowly and plainly: the test's own reading of the contract. */

export type Value = null | boolean | number | string | Value[] | { [name: string]: Value };

export interface ReadRow {
  readonly row: { [name: string]: Value };
  /** COPY texts of the position columns. */
  readonly position: readonly (string | null)[];
}

export function readRows(query: CompiledQuery, copied: string): ReadRow[] {
  const lines = copied === '' ? [] : copied.replace(/\n$/, '').split('\n');
  return lines.map((line) => {
    const cells = line.split('\t').map((cell) => (cell === '\\N' ? null : copyUnescaped(cell)));
    const reader = new Cells(cells, false);
    const row = readFields(query.shape, query.control ?? null, reader);
    const behind = Array.from({ length: query.positionColumns }, () => reader.next());
    const position =
      query.orderValues?.map((column) => (column === null ? behind.shift() : cells[column]) ?? null) ?? behind;
    if (!reader.done) {
      throw new Error(`columns left over in ${line}`);
    }
    return { row, position };
  });
}

class Cells {
  #at = 0;
  readonly #cells: readonly (string | null)[];
  readonly #nested: boolean;

  constructor(cells: readonly (string | null)[], nested: boolean) {
    this.#cells = cells;
    this.#nested = nested;
  }

  next(): string | null {
    if (this.#at >= this.#cells.length) {
      throw new Error('too few columns');
    }
    return this.#cells[this.#at++] ?? null;
  }

  /** The next cell as a value; inside nested collections 0x1b escapes control bytes. */
  scalar(type: string): Value {
    const cell = this.next();
    return cell === null ? null : scalar(this.#nested ? nestedUnescaped(cell) : cell, type);
  }

  get done(): boolean {
    return this.#at === this.#cells.length || (this.#cells.length === 1 && this.#cells[0] === '' && this.#at === 0);
  }
}

const copyEscapes: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

function copyUnescaped(cell: string): string {
  return cell.replace(/\\(.)/gs, (_, letter: string) => copyEscapes[letter] ?? letter);
}

function readFields(shape: RowShape, control: ControlShape | null, cells: Cells): { [name: string]: Value } {
  const row: { [name: string]: Value } = {};
  if (control !== null) {
    row['@id'] = [control.set, ...control.key.map(({ type }) => cells.scalar(type))];
  }
  for (const field of shape.fields) {
    readField(field, cells, row);
  }
  return row;
}

/** What .NET's Decimal does not hold is served as null where it was computed. */
const decimalOverflow = 2 ** 96;

function readField(field: FieldShape, cells: Cells, row: { [name: string]: Value }): void {
  switch (field.kind) {
    case 'value': {
      const read = cells.scalar(field.type);
      const beyond =
        field.dynamic === true && field.type === 'Edm.Decimal' && Math.abs(Number(read)) >= decimalOverflow;
      const value = beyond ? null : read;
      if (value !== null || field.optional !== true) {
        row[field.name] = value;
      }
      return;
    }
    case 'count':
      row[`${field.name}@odata.count`] = Number(cells.next());
      return;
    case 'object': {
      const present = cells.next();
      const inner = readFields(field.row, field.control, cells);
      if (present !== '0' || field.optional !== true) {
        row[field.name] = present === null ? null : inner;
      }
      return;
    }
    case 'array': {
      if (field.withCount) {
        row[`${field.name}@odata.count`] = Number(cells.next());
      }
      row[field.name] = readNested(field, cells.next() ?? '');
    }
  }
}

function readNested(field: Extract<FieldShape, { kind: 'array' }>, text: string): Value[] {
  const [rowEnd, columnEnd] = [String.fromCharCode(field.rowEnd), String.fromCharCode(field.columnEnd)];
  const lines = text.split(rowEnd);
  if (lines.pop() !== '') {
    throw new Error('a nested row has no end');
  }
  return lines.map((line) => {
    const cells = new Cells(
      line.split(columnEnd).map((cell) => (cell === '\x1d' ? null : cell)),
      true,
    );
    const row = readFields(field.row, field.control, cells);
    if (!cells.done) {
      throw new Error('nested columns left over');
    }
    return row;
  });
}

const numeric = new Set([
  'Edm.Int16',
  'Edm.Int32',
  'Edm.Int64',
  'Edm.Decimal',
  'Edm.Double',
  'Edm.Single',
  'Edm.Byte',
  'Edm.SByte',
]);

function nestedUnescaped(cell: string): string {
  return cell.replace(/\x1b(.)/g, (_, letter: string) => String.fromCharCode(letter.charCodeAt(0) - 64));
}

function scalar(text: string, type: string): Value {
  if (type === 'Edm.Boolean') {
    return text === 't' || text === 'true';
  }
  // IEEE minus zero equals zero.
  return numeric.has(type) ? Number(text) + 0 : text;
}
