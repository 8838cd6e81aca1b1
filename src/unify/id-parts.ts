import type { StoredSet } from '../catalogue/catalogue.ts';
import { GatewayError } from '../errors.ts';
import type { Contribution } from '../catalogue/unified.ts';
import { quoteIdentifier } from '../sql/identifier.ts';
import type { ValueType } from '../plan/model/read-plan.ts';

/** A part of an id as text, whatever the session says of dates; null where the part is. */
export function idPart(sql: string, type: ValueType): string {
  return textOf(
    sql,
    type === 'Edm.Date' ? 'date' : type === 'Edm.DateTimeOffset' ? 'timestamp with time zone' : 'text',
  );
}

function textOf(sql: string, sqlType: string): string {
  if (sqlType === 'date') {
    return `to_char(${sql}, 'YYYY-MM-DD')`;
  }
  if (sqlType === 'timestamp with time zone') {
    return `to_char(${sql} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
  }
  return `(${sql})::text`;
}

interface IdColumn {
  readonly name: string;
  readonly sqlType: string;
}

/** The columns of the source's own id. */
export function idColumnsOf({ id }: Contribution, set: StoredSet): readonly IdColumn[] {
  return id.map((property) => set.columns.get(property) ?? { name: property, sqlType: 'text' });
}

/** The parts of the id of a row, as texts. */
export const idColumns = (contribution: Contribution, set: StoredSet, alias: string): readonly string[] =>
  idColumnsOf(contribution, set).map(({ name, sqlType }) => textOf(`${alias}.${quoteIdentifier(name)}`, sqlType));

/** That a row has the id whose parts stand as texts in columns `_1`, `_2`, ... of another one. */
export function hasId(
  contribution: Contribution,
  set: StoredSet,
  { alias, parts }: { readonly alias: string; readonly parts: string },
): string {
  return idColumnsOf(contribution, set)
    .map(({ name, sqlType }, place) => {
      const part = `${parts}._${place + 1}`;
      return `${alias}.${quoteIdentifier(name)} = ${sqlType === 'text' ? part : `${part}::${sqlType}`}`;
    })
    .join(' AND ');
}

/** Column of a property. */
export function columnOf(set: StoredSet, property: string): string {
  const column = set.columns.get(property);
  if (column === undefined) {
    throw new GatewayError('Internal', `${set.name} has no column for ${property}.`);
  }
  return column.name;
}
