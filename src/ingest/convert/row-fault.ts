import type { CellFault } from '../../catalogue/cells/cell.ts';
import type { TextRecord } from '../csv/read-records.ts';
import { type RejectCode, rejectCodes } from '../csv/reject-codes.ts';
import type { ColumnPlan } from './column-plan.ts';

/** Why a record is no row of its set. */
export interface RowFault {
  readonly code: RejectCode;
  /** null: the fault is the whole row's. */
  readonly property: string | null;
  readonly header: string | null;
  readonly message: string;
}

/** Fields that a record may have. */
export interface RecordWidth {
  readonly least: number;
  /** Further ones are allowed up to here where they are blank. */
  readonly most: number;
}

/** What is wrong with a record before anybody looks at its cells; null: nothing. */
export function recordFault(record: TextRecord, { least, most }: RecordWidth): RowFault | null {
  const whole = (code: RejectCode, message: string = rejectCodes[code]): RowFault => ({
    code,
    property: null,
    header: null,
    message,
  });
  if (record.fault !== null) {
    return whole(record.fault);
  }
  if (record.raw.includes('\0')) {
    return whole('NUL_CHARACTER');
  }
  const count = record.fields.length;
  if (count < least) {
    return whole('TOO_FEW_FIELDS', `The row has ${count} fields, the header ${least}.`);
  }
  if (count > most || (count > least && record.fields.slice(least).some((field) => field.trim() !== ''))) {
    return whole('TOO_MANY_FIELDS', `The row has ${count} fields, the header ${least}.`);
  }
  return null;
}

/** The fault of one cell, with the column it stands in. */
export function faultOf(plan: ColumnPlan, { code, message }: CellFault): RowFault {
  return { code, message, property: plan.property.name, header: plan.header };
}
