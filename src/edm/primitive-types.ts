import type { PrimitiveTypeName } from './model.ts';

/** Facets besides `Nullable` (CSDL 4.0, 6.2). */
export type FacetName = 'MaxLength' | 'Precision' | 'Scale' | 'Unicode';

/**
 * How a value stands in OData JSON 4.0 (section 7.1). `number`: a JSON number; `long-number`: a number, a string under
 * `IEEE754Compatible=true`; `float`: a number, or one of the strings INF, -INF, NaN; `boolean`; `string`.
 */
export type JsonForm = 'number' | 'long-number' | 'float' | 'boolean' | 'string';

/** How canonical text is decorated in a URL (ABNF `primitiveLiteral`). */
export type UrlForm = 'bare' | 'quoted' | 'duration' | 'binary';

/** Everything the rooms need to know about one type. */
export interface PrimitiveType {
  readonly name: PrimitiveTypeName;
  /** Column type of a stored property, as PostgreSQL's `format_type` prints it. */
  readonly postgres: string;
  readonly facets: readonly FacetName[];
  readonly json: JsonForm;
  readonly url: UrlForm;
  /** May be the type of a key property (CSDL 4.0, 8.2). */
  readonly keyable: boolean;
  /** May be added, subtracted, summed. */
  readonly numeric: boolean;
}

type Row = readonly [
  name: PrimitiveTypeName,
  postgres: string,
  facets: readonly FacetName[],
  json: JsonForm,
  url: UrlForm,
  keyable: boolean,
  numeric: boolean,
];

const rows: readonly Row[] = [
  ['Edm.Binary', 'bytea', ['MaxLength'], 'string', 'binary', false, false],
  ['Edm.Boolean', 'boolean', [], 'boolean', 'bare', true, false],
  ['Edm.Byte', 'smallint', [], 'number', 'bare', true, true],
  ['Edm.Date', 'date', [], 'string', 'bare', true, false],
  ['Edm.DateTimeOffset', 'timestamp with time zone', ['Precision'], 'string', 'bare', true, false],
  ['Edm.Decimal', 'numeric', ['Precision', 'Scale'], 'long-number', 'bare', true, true],
  ['Edm.Double', 'double precision', [], 'float', 'bare', false, true],
  ['Edm.Duration', 'interval', ['Precision'], 'string', 'duration', true, false],
  ['Edm.Guid', 'uuid', [], 'string', 'bare', true, false],
  ['Edm.Int16', 'smallint', [], 'number', 'bare', true, true],
  ['Edm.Int32', 'integer', [], 'number', 'bare', true, true],
  ['Edm.Int64', 'bigint', [], 'long-number', 'bare', true, true],
  ['Edm.SByte', 'smallint', [], 'number', 'bare', true, true],
  ['Edm.Single', 'real', [], 'float', 'bare', false, true],
  ['Edm.String', 'text', ['MaxLength', 'Unicode'], 'string', 'quoted', true, false],
  ['Edm.TimeOfDay', 'time without time zone', ['Precision'], 'string', 'bare', true, false],
];

/** The closed table, in the order of the names. */
export const primitiveTypes: ReadonlyMap<PrimitiveTypeName, PrimitiveType> = new Map(
  rows.map(([name, postgres, facets, json, url, keyable, numeric]) => [
    name,
    Object.freeze({ name, postgres, facets, json, url, keyable, numeric }),
  ]),
);

/** The row of a type; every `PrimitiveTypeName` has one. */
export function primitiveType(name: PrimitiveTypeName): PrimitiveType {
  const found = primitiveTypes.get(name);
  if (found === undefined) {
    throw new TypeError(`${name} is missing from the table of primitive types`);
  }
  return found;
}

export function isPrimitiveTypeName(text: string): text is PrimitiveTypeName {
  return primitiveTypes.has(text as PrimitiveTypeName);
}

/**
 * The literal of a value in an OData 4.0 URL, not yet percent-encoded. `canonicalText` is that of `Constant` in
 * `plan/model/read-plan.ts`; null gives `null`.
 */
export function urlLiteral(type: PrimitiveTypeName | 'null', canonicalText: string | null): string {
  if (canonicalText === null || type === 'null') {
    return 'null';
  }
  switch (primitiveType(type).url) {
    case 'bare':
      return canonicalText;
    case 'quoted':
      return `'${canonicalText.replaceAll("'", "''")}'`;
    case 'duration':
      return `duration'${canonicalText}'`;
    case 'binary':
      return `binary'${canonicalText}'`;
  }
}
