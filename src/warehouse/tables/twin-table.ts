import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Catalogue, Relation, StoredSet } from '../../catalogue/catalogue.ts';
import type { EntitySet, Property } from '../../edm/model.ts';
import { primitiveType } from '../../edm/primitive-types.ts';
import { quoteIdentifier, quoteRelation } from '../../sql/identifier.ts';

/** PostgreSQL cuts longer names off without an error; in bytes. */
const longestName = 63;

/**
 * The binding of a table with the rows of a proxied set: a column of its own type for each property that the set has now, so that the SQL
 * compiler reads them as it reads stored ones. Enumerations are text, as they are served; collections JSON arrays in text. `relation`: where
 * it is or will be. Pure but for digests of long names.
 */
export function twinOf(
  set: EntitySet,
  { source, relation }: { readonly source: string; readonly relation: Relation },
): StoredSet {
  const { properties } = set.entityType;
  return {
    kind: 'stored',
    name: set.name,
    source,
    role: 'copy',
    relation,
    columns: new Map([...properties.values()].map((property) => [property.name, columnOfProperty(property)])),
    rowId: '_row',
    versionColumn: null,
    hiddenBy: null,
    indexes: [],
    derivation: null,
  };
}

/** Column of a property that a feed names; no name is that of a column of the gateway's own, which begin with `_`. */
function columnOfProperty({ name, type, collection }: Property): { readonly name: string; readonly sqlType: string } {
  const sqlType = collection ? 'text' : primitiveType(type).postgres;
  if (!name.startsWith('_') && Buffer.byteLength(name) <= longestName) {
    return { name, sqlType };
  }
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 16);
  // Identifiers of OData may hold letters of several bytes.
  let kept = name.replace(/^_+/, '');
  while (Buffer.byteLength(kept) + digest.length + 1 > longestName) {
    kept = [...kept].slice(0, -1).join('');
  }
  return { name: `${kept}~${digest}`, sqlType };
}

/**
 * The catalogue with some proxied sets in tables: what compiles a plan by it reads these. The plan stays as it is: it points at entity
 * sets, and where their rows are the catalogue says.
 */
export function withTwins(catalogue: Catalogue, twins: readonly StoredSet[]): Catalogue {
  return { ...catalogue, sets: new Map([...catalogue.sets, ...twins.map((twin) => [twin.name, twin] as const)]) };
}

/** Where a twin lies that a transaction makes for itself; `number` tells those of one transaction apart. */
export const temporaryTwin = (number: number): Relation => ({ schema: 'pg_temp', name: `twin ${number}` });

/** The statement that makes one, which is gone when the transaction ends. Rows are numbered as they come. */
export function createTemporaryTwin(twin: StoredSet): string {
  const own = [...twin.columns.values()].map(({ name, sqlType }) => {
    // Text compares by code point, as it does in the tables made from metadata.
    const collation = sqlType === 'text' ? ' COLLATE "C"' : '';
    return `${quoteIdentifier(name)} ${sqlType}${collation}`;
  });
  const columns = [`${quoteIdentifier(twin.rowId)} bigint NOT NULL GENERATED ALWAYS AS IDENTITY`, ...own];
  return `CREATE TEMP TABLE ${quoteIdentifier(twin.relation.name)} (${columns.join(', ')}) ON COMMIT DROP`;
}

/** `COPY ... FROM STDIN` of rows that have the texts of these properties, in this order. */
export function copyIntoTwin(twin: StoredSet, properties: readonly Property[]): string {
  const columns = properties.map(({ name }) => quoteIdentifier(twin.columns.get(name)?.name ?? ''));
  return `COPY ${quoteRelation(twin.relation)} (${columns.join(', ')}) FROM STDIN`;
}
