import { deepEqual } from 'node:assert/strict';
import type { Catalogue } from '../../../src/catalogue/catalogue.ts';
import { affectedTable } from '../../../src/ingest/derive/affected-keys.ts';
import { derivationQuery } from '../../../src/ingest/derive/derive-rows.ts';
import { derivedColumns } from '../../../src/ingest/derive/derived-columns.ts';
import { asDimension, type DerivedDimension, forgets } from '../../../src/ingest/derive/derived-sets.ts';
import type { Deriving } from '../../../src/ingest/derive/dimension-rows.ts';
import { columnList } from '../../../src/ingest/stored/column-lists.ts';
import { columnOf, storedTable } from '../../../src/ingest/stored/stored-table.ts';
import { quoteIdentifier } from '../../../src/sql/identifier.ts';
import type { Feed } from './feed.ts';

/** Things by key, each a value of every column. */
export type Things = ReadonlyMap<string, readonly (string | null)[]>;

/** The dimension of that name. */
export function dimensionOf(of: Catalogue, name: string): DerivedDimension {
  const table = storedTable(of, name);
  const { derivation } = table.set;
  const dimension = derivation === null || derivation.kind === 'rows' ? null : asDimension({ table, derivation });
  if (dimension === null) {
    throw new Error(`${name} is no dimension`);
  }
  return dimension;
}

const thingsOf = (rows: readonly { k: string; v: (string | null)[] }[]): Things =>
  new Map(rows.map(({ k, v }) => [k, v]));

/** What is stored. */
export async function storedThings(feed: Feed, { table, derivation }: DerivedDimension): Promise<Things> {
  const columns = derivedColumns({ table, derivation }).map((name) => `${quoteIdentifier(name)}::text`);
  return thingsOf(
    await feed.rows(
      `SELECT concat_ws('/', ${columnList(table.key)}) AS k, ARRAY[${columns.join(', ')}] AS v FROM ${table.name}`,
    ),
  );
}

/** The dimension made from all rows of all its sources, as if nothing of it were there. */
export async function madeAtOnce(feed: Feed, dimension: DerivedDimension): Promise<Things> {
  const { table, derivation } = dimension;
  const keys = derivation.from.map((one) => {
    const from = storedTable(feed.catalogue, one.set);
    const theirs = table.key.map((name) => {
      const [property = ''] = [...one.columns].find(([ours]) => columnOf(table, ours) === name)?.slice(1) ?? [];
      return quoteIdentifier(columnOf(from, property));
    });
    return `SELECT ${theirs.join(', ')} FROM ${from.name}`;
  });
  const columns = derivedColumns(dimension).map((name) => `${quoteIdentifier(name)}::text`);
  return feed.database.transaction(async (transaction) => {
    const affected = affectedTable(dimension);
    await transaction.query(
      `CREATE TEMP TABLE ${affected} (${table.key.map((name) => `${quoteIdentifier(name)} text COLLATE "C"`).join(', ')}) ON COMMIT DROP`,
    );
    await transaction.query(`INSERT INTO ${affected} ${keys.join(' UNION ')}`);
    const made = async (deriving: Deriving): Promise<Things> => {
      const { rows } = await transaction.query<{ k: string; v: (string | null)[] }>(
        `SELECT concat_ws('/', ${columnList(table.key)}) AS k, ARRAY[${columns.join(', ')}] AS v FROM (${derivationQuery(feed.catalogue, dimension, deriving)}) d`,
      );
      return thingsOf(rows);
    };
    const noted = new Set(derivation.from.map((one) => one.set));
    const affectedOnes = await made({ whole: false, noted, isDistributed: false });
    deepEqual(await made({ whole: true, noted, isDistributed: true }), affectedOnes);
    return affectedOnes;
  });
}

/** What was known before is kept where nothing says otherwise, unless the dimension takes its things along with a set. */
export function expectedThings(dimension: DerivedDimension, before: Things, made: Things): Things {
  if (forgets(dimension)) {
    return made;
  }
  const expected = new Map(before);
  for (const [key, values] of made) {
    expected.set(
      key,
      values.map((value, index) => value ?? before.get(key)?.[index] ?? null),
    );
  }
  return expected;
}

export const sorted = (things: Things) => [...things].sort(([a], [b]) => (a < b ? -1 : 1));
