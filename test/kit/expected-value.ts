import { DateTime } from 'luxon';
import type { ExportColumn } from '../../src/catalogue/catalogue.ts';
import type { PrimitiveTypeName } from '../../src/edm/model.ts';

interface ExpectedContext {
  readonly zone: string;
  readonly date: string | undefined;
  readonly nullable: boolean;
}

/** What an example cell must come back as, written down independently of the program's own converters. */
export function expectedValue(column: ExportColumn, type: PrimitiveTypeName, context: ExpectedContext): unknown {
  const cell = column.example.trim();
  // A key is never null: its empty text is a value.
  if (cell === '') {
    return context.nullable ? null : '';
  }
  if (cell === 'NULL') {
    return null;
  }
  switch (column.encoding) {
    case 'text':
    case 'list':
    case 'label-list':
      return column.example;
    case 'integer':
      return Number(cell);
    case 'decimal':
    case 'percentage':
      return Number(cell.replace('%', '').trim());
    case 'duration-seconds':
      return cell.includes(':') ? cell.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) : Number(cell);
    case 'boolean':
      return ['1', 'true', 'yes'].includes(cell.toLowerCase());
    case 'date':
      return cell.slice(0, 10);
    case 'time-of-day':
      return cell.length === 5 ? `${cell}:00` : cell;
    case 'unix-seconds':
    case 'date-time':
    case 'moment':
      return type === 'Edm.DateTimeOffset' ? instant(cell, context) : cell;
  }
}

function instant(cell: string, { zone, date }: ExpectedContext): string | null {
  if (cell === '0') {
    return null;
  }
  const moment = /^\d+$/.test(cell)
    ? DateTime.fromMillis(cell.length > 11 ? Number(cell) : Number(cell) * 1000)
    : /^\d\d:\d\d(:\d\d)?$/.test(cell)
      ? DateTime.fromISO(`${date ?? ''}T${cell}`, { zone })
      : DateTime.fromISO(cell.replace(' ', 'T'), { zone });
  if (!moment.isValid) {
    throw new Error(`the kit cannot read ${cell}`);
  }
  return moment.toUTC().toISO({ suppressMilliseconds: true });
}
