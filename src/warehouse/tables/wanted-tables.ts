import { createHash } from 'node:crypto';
import type { Catalogue, StoredSet } from '../../catalogue/catalogue.ts';
import { keptColumns } from '../../catalogue/kept-columns.ts';
import type { EntitySet } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { searchVector } from '../../sql/expression/search.ts';
import { quoteIdentifier, quoteRelation } from '../../sql/identifier.ts';

/** A column as it should be. */
export interface WantedColumn {
  readonly name: string;
  /** As `format_type` prints it. */
  readonly sqlType: string;
  readonly nullable: boolean;
  /** What follows the type in CREATE TABLE, e.g. the identity clause. */
  readonly suffix: string;
}

export interface WantedIndex {
  /** Ends in a checksum of the definition: another definition is another name. */
  readonly name: string;
  readonly unique: boolean;
  /** What follows `ON table`. */
  readonly definition: string;
}

export interface WantedTable {
  readonly set: string;
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly WantedColumn[];
  /** Columns of the key, in order. */
  readonly key: readonly string[];
  readonly indexes: readonly WantedIndex[];
}

/**
 * What every stored table has besides its properties. In front of them, what all rows have and most statements and each index look at: PostgreSQL finds a column behind texts
 * only by way of all columns before it.
 */
const leading: readonly WantedColumn[] = [
  { name: '_row', sqlType: 'bigint', nullable: false, suffix: ' GENERATED ALWAYS AS IDENTITY' },
  { name: '_version', sqlType: 'bigint', nullable: false, suffix: ' DEFAULT 0' },
  { name: '_load_id', sqlType: 'bigint', nullable: true, suffix: '' },
  { name: '_loaded_at', sqlType: 'timestamp with time zone', nullable: true, suffix: ' DEFAULT now()' },
  { name: '_stamp', sqlType: 'timestamp with time zone', nullable: true, suffix: '' },
];

/** Behind them, what few rows have or nothing but merges look at. */
const trailing: readonly WantedColumn[] = [
  { name: '_line', sqlType: 'integer', nullable: true, suffix: '' },
  { name: '_hash', sqlType: 'text', nullable: true, suffix: '' },
  { name: '_place', sqlType: 'bigint', nullable: true, suffix: '' },
  { name: '_cells', sqlType: 'jsonb', nullable: true, suffix: '' },
  { name: '_deleted_at', sqlType: 'timestamp with time zone', nullable: true, suffix: '' },
];

const bookkeeping = new Set([...leading, ...trailing].map(({ name }) => name));

/** What follows `ON table` of the indexes by which rows are found again: of the numbers of rows, and of their versions. */
const numberIndex = `(${quoteIdentifier('_row')})`;
const versionIndex = `(${quoteIdentifier('_version')}, ${quoteIdentifier('_row')})`;

/** Whether it is the index of the rows' numbers. */
export const isNumberIndex = ({ definition }: WantedIndex): boolean => definition === numberIndex;

/** PostgreSQL cuts longer names off without an error; in bytes. */
const longestName = 63;
/** The most columns of a table in PostgreSQL. */
const mostColumns = 1600;

/** The tables that the stored sets of a catalogue need; the ledger's views come from the migrations, copies of proxied sets have their makers. */
export function wantedTables(catalogue: Catalogue): readonly WantedTable[] {
  return [...catalogue.sets.values()].flatMap((set) => {
    const entitySet = catalogue.model.entitySets.get(set.name);
    if (set.kind !== 'stored' || set.role === 'ledger' || set.role === 'copy' || entitySet === undefined) {
      return [];
    }
    return [wantedTable(set, entitySet, keptMarks(catalogue, set.name))];
  });
}

/** The table of one stored set. Throws Internal for another: the catalogue has checked that. */
export function wantedTableOf(catalogue: Catalogue, name: string): WantedTable {
  const set = catalogue.sets.get(name);
  const entitySet = catalogue.model.entitySets.get(name);
  if (set?.kind !== 'stored' || entitySet === undefined) {
    throw new GatewayError('Internal', `${name} has no table.`);
  }
  return wantedTable(set, entitySet, keptMarks(catalogue, name));
}

/** What PostgreSQL cannot hold of the tables wanted, a sentence each: names too long, too many columns. */
export function tableFaults(tables: readonly WantedTable[]): readonly string[] {
  return tables.flatMap(({ set, table, columns }) => {
    const tooLong = [table, ...columns.map(({ name }) => name)]
      .filter((name) => Buffer.byteLength(name) > longestName)
      .map(
        (name) =>
          `${set}: the name ${name} is longer than PostgreSQL's ${String(longestName)} bytes. Shorten it in the metadata.`,
      );
    if (columns.length <= mostColumns) {
      return tooLong;
    }
    const message = `${set}: its table would have ${String(columns.length)} columns with the gateway's own, and PostgreSQL holds ${String(mostColumns)}. Leave properties out, or split the set.`;
    return [...tooLong, message];
  });
}

/** Column of a property. Throws Internal for a property without one: the catalogue has checked that. */
export function columnOf(set: StoredSet, property: string): string {
  const column = set.columns.get(property);
  if (column === undefined) {
    throw new GatewayError('Internal', `${set.name} has no column for ${property}.`);
  }
  return column.name;
}

/** How new the values of columns are that an empty cell does not overwrite. */
function keptMarks(catalogue: Catalogue, setName: string): readonly WantedColumn[] {
  return keptColumns(catalogue, setName).flatMap(({ stamp, place, winner }) => [
    { name: stamp, sqlType: 'timestamp with time zone', nullable: true, suffix: '' },
    { name: place, sqlType: 'bigint', nullable: true, suffix: '' },
    ...(winner === null ? [] : [{ name: winner.mark, sqlType: winner.sqlType, nullable: true, suffix: '' }]),
  ]);
}

function wantedTable(set: StoredSet, entitySet: EntitySet, marks: readonly WantedColumn[]): WantedTable {
  const { properties, key } = entitySet.entityType;
  const own = [...set.columns]
    .filter(([, column]) => !bookkeeping.has(column.name))
    .map(([property, column]) => ({
      ...column,
      nullable: properties.get(property)?.nullable ?? true,
      suffix: '',
    }));
  const columns = [...leading, ...own, ...trailing, ...marks];
  return {
    set: set.name,
    schema: set.relation.schema,
    table: set.relation.name,
    columns,
    key: key.map((property) => columnOf(set, property)),
    indexes: indexesOf(set, entitySet, columns),
  };
}

function indexesOf(set: StoredSet, entitySet: EntitySet, columns: readonly WantedColumn[]): readonly WantedIndex[] {
  // Nulls come first in an ascending $orderby; only an index in that order can answer it.
  const ordered = (name: string): string =>
    columns.find((column) => column.name === name)?.nullable === true
      ? `${quoteIdentifier(name)} NULLS FIRST`
      : quoteIdentifier(name);
  const over = (names: readonly string[]): string => names.map(ordered).join(', ');
  const key = entitySet.entityType.key.map((property) => columnOf(set, property));
  const groups = set.indexes.map((group) => group.map((property) => columnOf(set, property)));
  const { searchable } = entitySet;
  const indexes: WantedIndex[] = [
    index(set, 'key', true, `(${over(key)}) NULLS NOT DISTINCT`),
    index(set, 'row', true, numberIndex),
    index(set, 'version', false, versionIndex),
    // The row number decides ties, so an index without it could not give the order of a page.
    ...groups.map((names) => index(set, 'by', false, `(${over(names)}, ${quoteIdentifier('_row')})`)),
  ];
  if (searchable.length > 0) {
    indexes.push(index(set, 'search', false, `USING gin (${searchVector(set, searchable)})`));
  }
  return indexes;
}

function index(set: StoredSet, purpose: string, unique: boolean, definition: string): WantedIndex {
  const text = `${quoteRelation(set.relation)} ${definition}`;
  const checksum = createHash('sha256').update(text).digest('hex').slice(0, 10);
  return { name: `${set.relation.name.slice(0, 40)}_${purpose}_${checksum}`, unique, definition };
}

/** Index names of the form that `index` gives: those of earlier metadata may go. */
export const ownIndex = /_(key|row|version|by|search)_[0-9a-f]{10}$/;
