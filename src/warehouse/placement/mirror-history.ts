import type { SetHistory } from '../../catalogue/catalogue.ts';
import { quoteIdentifier, quoteRelation } from '../../sql/identifier.ts';
import type { Transaction } from '../database.ts';
import { laterSetting } from './publish-together.ts';
import { placedSchema } from './source-groups.ts';

// A transaction of Citus is committed on each server by itself, so a version that lies on the coordinator may be seen before or after
// the rows on a worker that it speaks of: a delta link would miss rows for good. Versions and keys of removed rows of placed sets stand a
// second time beside their rows, and readers read them there. Triggers copy what is written, so that nobody who writes has to know of it, an
// older gateway neither.

interface Mirrored {
  readonly table: 'set_versions' | 'tombstones';
  /** Of `SetHistory`. */
  readonly as: keyof SetHistory;
  /** Columns with their types, those of the key first. */
  readonly columns: readonly (readonly [name: string, type: string])[];
  readonly key: readonly string[];
}

const mirrored: readonly Mirrored[] = [
  {
    table: 'set_versions',
    as: 'versions',
    columns: [
      ['entity_set', 'text'],
      ['version', 'bigint'],
      ['changed_at', 'timestamptz'],
      ['epoch', 'uuid'],
      ['kept_since', 'bigint'],
    ],
    key: ['entity_set'],
  },
  {
    table: 'tombstones',
    as: 'tombstones',
    columns: [
      ['entity_set', 'text'],
      ['key', 'jsonb'],
      ['version', 'bigint'],
      ['deleted_at', 'timestamptz'],
      ['number', 'bigint'],
    ],
    key: ['entity_set', 'key'],
  },
];

/** The schema, the list of placed sets, and what copies their history. Makes what is missing, and nothing twice. */
export async function createMirrors(transaction: Transaction): Promise<void> {
  const schema = quoteIdentifier(placedSchema);
  await transaction.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
  await transaction.query(`GRANT USAGE ON SCHEMA ${schema} TO gateway_reader`);
  await transaction.query(
    `CREATE TABLE IF NOT EXISTS ${schema}.home (entity_set text COLLATE "C" PRIMARY KEY, versions text NOT NULL, tombstones text NOT NULL)`,
  );
  for (const one of mirrored) {
    for (const event of ['INSERT', 'UPDATE', 'DELETE'] as const) {
      const name = `${schema}.copy_${one.table}_${event.toLowerCase()}`;
      await transaction.query(
        `CREATE OR REPLACE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $body$${event === 'DELETE' ? removing(one) : copying(one)}$body$`,
      );
      await transaction.query(
        `CREATE OR REPLACE TRIGGER copied_on_${event.toLowerCase()} AFTER ${event} ON gateway.${one.table} REFERENCING ${event === 'DELETE' ? 'OLD' : 'NEW'} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION ${name}()`,
      );
    }
  }
}

/** One statement on a worker for all rows of a group. */
const changedRows = ({ as }: Mirrored): string =>
  `SELECT h.${as} AS mirror, jsonb_agg(to_jsonb(c)) AS rows FROM changed c JOIN ${quoteIdentifier(placedSchema)}.home h USING (entity_set) GROUP BY 1`;

const record = ({ columns }: Mirrored): string => columns.map(([name, type]) => `${name} ${type}`).join(', ');

function copying(one: Mirrored): string {
  const names = one.columns.map(([name]) => name);
  const rest = names.filter((name) => !one.key.includes(name));
  // In this form Citus commits in two phases, also where a load has nothing but an UPDATE besides. With VALUES it would not.
  const text = `INSERT INTO %s (${names.join(', ')}) SELECT ${names.join(', ')} FROM jsonb_to_recordset($1) AS x(${record(one)}) ON CONFLICT (${one.key.join(', ')}) DO UPDATE SET ${rest.map((name) => `${name} = excluded.${name}`).join(', ')}`;
  return loop(one, text);
}

function removing(one: Mirrored): string {
  const same = one.key.map((name) => `m.${name} = x.${name}`).join(' AND ');
  return loop(one, `DELETE FROM %s m USING jsonb_to_recordset($1) AS x(${record(one)}) WHERE ${same}`);
}

const loop = (one: Mirrored, text: string): string => `
DECLARE
  one record;
BEGIN${one.table === 'set_versions' ? unlessLater : ''}
  FOR one IN ${changedRows(one)} LOOP
    EXECUTE format('${text}', one.mirror) USING one.rows;
  END LOOP;
  RETURN NULL;
END `;

const unlessLater = `
  IF current_setting('${laterSetting}', true) = 'on' THEN
    RETURN NULL;
  END IF;`;

/** Makes the tables of a group, still on the coordinator. Returns those that were made. */
export async function createHistory(
  transaction: Transaction,
  history: SetHistory,
  isThere: (name: string) => boolean,
): Promise<void> {
  for (const { table, as } of mirrored) {
    const relation = history[as];
    if (!isThere(quoteRelation(relation))) {
      await transaction.query(
        `CREATE TABLE IF NOT EXISTS ${quoteRelation(relation)} (LIKE gateway.${table} INCLUDING INDEXES)`,
      );
      await transaction.query(`GRANT SELECT ON ${quoteRelation(relation)} TO gateway_reader`);
    }
  }
}

/** From now on the sets' history is read from these tables. Call when they lie where they stay. */
export async function moveHistory(
  transaction: Transaction,
  sets: readonly string[],
  history: SetHistory,
): Promise<void> {
  await transaction.query(
    `INSERT INTO ${quoteIdentifier(placedSchema)}.home (entity_set, versions, tombstones) SELECT name, $2, $3 FROM unnest($1::text[]) AS name ON CONFLICT (entity_set) DO UPDATE SET versions = excluded.versions, tombstones = excluded.tombstones`,
    [sets, quoteRelation(history.versions), quoteRelation(history.tombstones)],
  );
  for (const one of mirrored) {
    const names = one.columns.map(([name]) => name);
    const rest = names.filter((name) => !one.key.includes(name));
    await transaction.query(
      `INSERT INTO ${quoteRelation(history[one.as])} (${names.join(', ')}) SELECT ${names.join(', ')} FROM gateway.${one.table} WHERE entity_set = ANY($1) ON CONFLICT (${one.key.join(', ')}) DO UPDATE SET ${rest.map((name) => `${name} = excluded.${name}`).join(', ')}`,
      [sets],
    );
  }
}
