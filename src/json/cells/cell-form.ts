import type { PrimitiveTypeName } from '../../edm/model.ts';
import type { ByteOutput } from '../bytes/byte-output.ts';
import type { CellInput } from './cell-input.ts';
import {
  writeBinary,
  writeBoolean,
  writeJson,
  writeNumber,
  writeQuotedNumber,
  writeRaw,
  writeReal,
} from './scalar-cell.ts';
import { writeNestedText, writeText } from './text-cell.ts';
import { writeDate, writeDuration, writeInstant, writeTimeOfDay } from './time-cell.ts';

/** Writes the cell that starts at `start` and gives back where its separator stands. Room is ensured by the caller. */
export type CellWriter = (input: CellInput, start: number, output: ByteOutput) => number;

export interface CellForm {
  readonly write: CellWriter;
  /** The writer's bytes stand inside a JSON string. */
  readonly quoted: boolean;
}

const quoted = (write: CellWriter): CellForm => ({ write, quoted: true });
const bare = (write: CellWriter): CellForm => ({ write, quoted: false });

const forms: Readonly<Record<PrimitiveTypeName, CellForm>> = {
  'Edm.Binary': quoted(writeBinary),
  'Edm.Boolean': bare(writeBoolean),
  'Edm.Byte': bare(writeRaw),
  'Edm.Date': quoted(writeDate),
  'Edm.DateTimeOffset': quoted(writeInstant),
  'Edm.Decimal': bare(writeNumber),
  'Edm.Double': bare(writeReal),
  'Edm.Duration': quoted(writeDuration),
  'Edm.Guid': quoted(writeRaw),
  'Edm.Int16': bare(writeRaw),
  'Edm.Int32': bare(writeRaw),
  'Edm.Int64': bare(writeRaw),
  'Edm.SByte': bare(writeRaw),
  'Edm.Single': bare(writeReal),
  'Edm.String': quoted(writeText),
  'Edm.TimeOfDay': quoted(writeTimeOfDay),
};

/** Chooses the writer of one column. `ieee754Compatible` quotes Int64 and Decimal (OData JSON 3.2). */
export function cellForm(
  column: { readonly type: PrimitiveTypeName; readonly collection: boolean },
  options: { readonly nested: boolean; readonly ieee754Compatible: boolean },
): CellForm {
  if (column.collection) {
    return bare(writeJson);
  }
  if (column.type === 'Edm.String' && options.nested) {
    return quoted(writeNestedText);
  }
  if (options.ieee754Compatible && (column.type === 'Edm.Int64' || column.type === 'Edm.Decimal')) {
    return quoted(writeQuotedNumber);
  }
  return forms[column.type];
}

/**
 * Types that a reader cannot tell from the JSON value alone (OData JSON 4.5.3): `metadata=full` names them, `minimal` those of
 * properties that `$metadata` does not declare.
 */
export function typeAnnotation(type: PrimitiveTypeName, collection: boolean): string | null {
  if (collection) {
    return `#Collection(${type.slice('Edm.'.length)})`;
  }
  return type === 'Edm.String' || type === 'Edm.Boolean' || type === 'Edm.Double'
    ? null
    : `#${type.slice('Edm.'.length)}`;
}
