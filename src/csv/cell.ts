import type { PrimitiveTypeName } from '../edm/model.ts';
import { type CellWriter, cellForm } from '../json/cells/cell-form.ts';
import { isSpecialNumber, writeQuotedNumber, writeRaw } from '../json/cells/scalar-cell.ts';
import type { CsvFormat } from './csv-format.ts';
import { csvTextCell } from './text-cell.ts';

const point = 0x2e;
const comma = 0x2c;

/** The writer of a column's fields that are not null: digits, times and the like as JSON has them, without its quotes. */
export function csvCell(
  column: { readonly type: PrimitiveTypeName; readonly collection: boolean },
  format: CsvFormat,
): CellWriter {
  if (column.collection || column.type === 'Edm.String') {
    return csvTextCell(format);
  }
  switch (column.type) {
    case 'Edm.Decimal':
    case 'Edm.Double':
    case 'Edm.Single':
      return format.decimal === ',' ? numberWithComma : number;
    default:
      return cellForm(column, { nested: false, ieee754Compatible: false }).write;
  }
}

const number: CellWriter = (input, start, output) =>
  isSpecialNumber(input, start) ? writeQuotedNumber(input, start, output) : writeRaw(input, start, output);

const numberWithComma: CellWriter = (input, start, output) => {
  const from = output.position;
  const end = number(input, start, output);
  const found = output.bytes.subarray(from, output.position).indexOf(point);
  if (found >= 0) {
    output.bytes[from + found] = comma;
  }
  return end;
};
