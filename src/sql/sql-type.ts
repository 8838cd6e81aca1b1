import type { PrimitiveTypeName } from '../edm/model.ts';
import type { ValueType } from '../plan/model/read-plan.ts';

const sqlTypes: Record<PrimitiveTypeName, string> = {
  'Edm.Binary': 'bytea',
  'Edm.Boolean': 'boolean',
  'Edm.Byte': 'smallint',
  'Edm.Date': 'date',
  'Edm.DateTimeOffset': 'timestamptz',
  'Edm.Decimal': 'numeric',
  'Edm.Double': 'double precision',
  'Edm.Duration': 'interval',
  'Edm.Guid': 'uuid',
  'Edm.Int16': 'smallint',
  'Edm.Int32': 'integer',
  'Edm.Int64': 'bigint',
  'Edm.SByte': 'smallint',
  'Edm.Single': 'real',
  'Edm.String': 'text',
  'Edm.TimeOfDay': 'time',
};

/** The PostgreSQL type that values of an EDM type have in every expression. The null literal alone counts as text. */
export function sqlType(type: ValueType): string {
  return type === 'null' ? 'text' : sqlTypes[type];
}

const integers: ReadonlySet<ValueType> = new Set(['Edm.Byte', 'Edm.SByte', 'Edm.Int16', 'Edm.Int32', 'Edm.Int64']);

export function isInteger(type: ValueType): boolean {
  return integers.has(type);
}

export function isFloat(type: ValueType): boolean {
  return type === 'Edm.Double' || type === 'Edm.Single';
}

export function isNumeric(type: ValueType): boolean {
  return isInteger(type) || isFloat(type) || type === 'Edm.Decimal';
}
