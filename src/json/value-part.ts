import { byteRun, putRun } from './bytes/byte-run.ts';
import { cellForm, typeAnnotation } from './cells/cell-form.ts';
import { cellEnd, isNull } from './cells/cell-text.ts';
import { isBeyondDecimal, isSpecialNumber } from './cells/scalar-cell.ts';
import type { JsonFormat } from './json-format.ts';
import { keyText, type Level, type Part } from './row-part.ts';
import type { FieldShape } from './row-shape.ts';

type ValueShape = FieldShape & { readonly kind: 'value' };

/** Parts of fields that come with each request anew, by what of the format they depend on. */
const made = new WeakMap<ValueShape, Map<number, Part>>();
const levels = { none: 0, minimal: 8, full: 16 } as const;

/** A member with one value, or the array of a collection's values; its type before it where the reply has to say it. */
export function valuePart(field: ValueShape, format: JsonFormat, level: Level): Part {
  const { metadata, ieee754Compatible, omitNulls } = format;
  const form = levels[metadata] + (ieee754Compatible ? 4 : 0) + (omitNulls ? 2 : 0) + (level.nested ? 1 : 0);
  const before = made.get(field);
  const part = before?.get(form);
  if (part !== undefined) {
    return part;
  }
  const fresh = newPart(field, format, level);
  made.set(field, (before ?? new Map<number, Part>()).set(form, fresh));
  return fresh;
}

function newPart(field: ValueShape, format: JsonFormat, { nested }: Level): Part {
  const form = cellForm(field, { nested, ieee754Compatible: format.ieee754Compatible });
  const named = format.metadata === 'full' || (format.metadata === 'minimal' && field.dynamic === true);
  const annotation = named ? typeAnnotation(field.type, field.collection) : null;
  const typed = (name: string): string => `${keyText(`${field.name}@odata.type`)}"${name}"`;
  const key = (annotation === null ? '' : typed(annotation)) + keyText(field.name);
  // A Double is told by being a number; INF, -INF and NaN are strings and say what they are (OData JSON 4.5.3).
  const special = named && field.type === 'Edm.Double' ? byteRun(typed('#Double')) : null;
  const opening = byteRun(form.quoted ? `${key}"` : key);
  const omitted = format.omitNulls || field.optional === true;
  const absent = omitted && !field.collection ? null : byteRun(`${key}${field.collection ? '[]' : 'null'}`);
  const overhead = Math.max(opening.length, absent?.length ?? 0) + (special?.length ?? 0) + 64;
  const { write: writeCell, quoted } = form;
  const unlimited = field.dynamic === true && field.type === 'Edm.Decimal';
  const nullLength = nested ? 1 : 2;
  return {
    columns: 1,
    overhead,
    write(input, start, output) {
      if (isNull(input, start, nested)) {
        if (absent !== null) {
          putRun(absent, output);
        }
        return start + nullLength + 1;
      }
      if (unlimited && isBeyondDecimal(input, start)) {
        if (absent !== null) {
          putRun(absent, output);
        }
        return cellEnd(input, start, nested) + 1;
      }
      if (special !== null && isSpecialNumber(input, start)) {
        putRun(special, output);
      }
      putRun(opening, output);
      const end = writeCell(input, start, output);
      if (quoted) {
        output.bytes[output.position++] = 0x22;
      }
      return end + 1;
    },
  };
}

/** `Name@odata.count`; where there is nothing to count, 0. */
export function countPart(name: string, { nested }: Level): Part {
  const key = byteRun(keyText(`${name}@odata.count`));
  const { write: writeCell } = cellForm({ type: 'Edm.Int32', collection: false }, { nested, ieee754Compatible: false });
  return {
    columns: 1,
    overhead: key.length + 64,
    write(input, start, output) {
      putRun(key, output);
      if (!isNull(input, start, nested)) {
        return writeCell(input, start, output) + 1;
      }
      output.bytes[output.position++] = 0x30;
      return cellEnd(input, start, nested) + 1;
    },
  };
}
