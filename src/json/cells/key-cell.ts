import type { PrimitiveTypeName } from '../../edm/model.ts';
import { ByteOutput } from '../bytes/byte-output.ts';
import { cellForm } from './cell-form.ts';
import type { CellInput } from './cell-input.ts';
import { cellEnd, cellText, isNull } from './cell-text.ts';

/** Types whose cells are the value's text already. */
const plain: ReadonlySet<PrimitiveTypeName> = new Set<PrimitiveTypeName>([
  'Edm.Byte',
  'Edm.Decimal',
  'Edm.Guid',
  'Edm.Int16',
  'Edm.Int32',
  'Edm.Int64',
  'Edm.SByte',
  'Edm.String',
]);

const scratch = new ByteOutput(256);

/** The text of a key's cell as the row's JSON has it, made by the same writer: what is no valid value there is none in a key. */
export function keyCell(
  input: CellInput,
  start: number,
  { type, nested }: { readonly type: PrimitiveTypeName; readonly nested: boolean },
): string {
  if (plain.has(type)) {
    return cellText(input, start, nested) ?? '';
  }
  if (isNull(input, start, nested)) {
    return '';
  }
  scratch.position = 0;
  scratch.ensure((cellEnd(input, start, nested) - start) * 6 + 64);
  cellForm({ type, collection: false }, { nested, ieee754Compatible: false }).write(input, start, scratch);
  return scratch.bytes.toString('latin1', 0, scratch.position);
}

/** The key that begins at `start`, a text for each of its columns, and where the next column starts. */
export function keyCells(
  input: CellInput,
  start: number,
  { key, nested }: { readonly key: readonly { readonly type: PrimitiveTypeName }[]; readonly nested: boolean },
): { readonly values: readonly string[]; readonly next: number } {
  let next = start;
  const values = key.map(({ type }) => {
    const value = keyCell(input, next, { type, nested });
    next = cellEnd(input, next, nested) + 1;
    return value;
  });
  return { values, next };
}
