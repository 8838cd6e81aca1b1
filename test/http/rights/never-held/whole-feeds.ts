import { FileAccess } from '../../../../src/access/access.ts';
import { parseAccess } from '../../../../src/access/read-access.ts';
import type { Catalogue, StoredSet } from '../../../../src/catalogue/catalogue.ts';
import { maskedValue } from '../../../../src/edm/mask.ts';
import type { EntitySet } from '../../../../src/edm/model.ts';
import { feedCapabilities } from '../../../../src/http/capabilities.ts';
import type { Feed } from '../../../../src/http/feed.ts';
import type { AccessEvent } from '../../../../src/observation/events/access.ts';
import { everything } from '../../../../src/plan/grants.ts';
import { visibleCatalogue } from '../../../../src/plan/visible.ts';
import { noClaims, type Principal } from '../../../../src/sign-in/principal.ts';
import { quoteIdentifier, quoteRelation } from '../../../../src/sql/identifier.ts';
import type { Database } from '../../../../src/warehouse/database.ts';
import { metadataFolder, type TestGateway, testGateway } from '../../../support/gateway.ts';
import { wholeCatalogue } from '../../../unified/whole-catalogue.ts';
import { byName } from '../../by-name.ts';
import { chosenSets, madeUpRows } from './made-up-rows.ts';
import type { Alternative, RandomAccess } from './random-access.ts';

/**
 * The product's own model on two databases: one with all rows, where a file of rules restricts who asks, and one that never held the rest and
 * where everybody sees everything.
 */
export interface WholeFeeds {
  readonly restricted: TestGateway;
  readonly bare: TestGateway;
  /** Who asks the restricted feed has these rights from now on, and the bare feed holds what they let through. */
  hold(access: RandomAccess): Promise<void>;
  close(): Promise<void>;
}

/** Headers of who has no rights that restrict him. */
const unrestricted = { 'api-key': 'everything' };

/** `rowLevelSecurity`: PostgreSQL holds the restricted one to the rights, too. */
export async function openWholeFeeds({ rowLevelSecurity = false } = {}): Promise<WholeFeeds> {
  let grants = everything;
  let seen: Catalogue = wholeCatalogue;
  const settings = { pageSize: 5, authentication: byName };
  const grantsOf: Feed['grantsOf'] = (principal) => (principal?.name === 'everything' ? everything : grants);
  const restricted = await testGateway(metadataFolder, { ...settings, grantsOf, rowLevelSecurity }, feedCapabilities);
  const bare = await testGateway(metadataFolder, { ...settings, served: () => seen }, feedCapabilities);
  const statements = chosenSets.map(insertion).join(';');
  await restricted.database.query(statements);
  await bare.database.query(`${statements}; CREATE SCHEMA whole; CREATE SCHEMA masked`);
  for (const set of chosenSets) {
    await keepMasked(bare.database, set);
    await bare.database.query(`${withoutRequired(set)}`);
  }
  const numbersOf = rowNumbers(restricted);
  return {
    restricted,
    bare,
    async hold({ text, claims, granted }) {
      const { document, faults } = parseAccess({ file: 'access.yaml', text }, wholeCatalogue);
      if (document === null) {
        throw new Error(`${faults.join('\n')}\n${text}`);
      }
      const observe = (event: AccessEvent): never => {
        throw new Error(JSON.stringify(event));
      };
      grants = new FileAccess(document, observe).grantsOf(holder(claims), wholeCatalogue);
      const all = await Promise.all(
        chosenSets.map(async (set) => {
          const alternatives = granted.get(set.name) ?? [];
          const numbers = await Promise.all(alternatives.map(({ rows }) => numbersOf(set, rows)));
          return refill(
            set,
            alternatives.map((one, at) => ({ ...one, numbers: numbers[at] ?? [] })),
          );
        }),
      );
      await bare.database.query(
        `BEGIN; ${all.join(';')}; UPDATE gateway.set_versions SET version = version + 1; COMMIT`,
      );
      seen = visibleCatalogue(wholeCatalogue, grants);
    },
    async close() {
      await restricted.close();
      await bare.close();
    },
  };
}

const holder = (claims: Readonly<Record<string, unknown>>): Principal => ({
  ...{ id: 'entra:t:o', name: 'jan', kind: 'entra', tenant: 't' },
  claims: { ...noClaims, all: new Map(Object.entries(claims)) },
});

function bindingOf({ name }: EntitySet): StoredSet {
  const set = wholeCatalogue.sets.get(name);
  if (set?.kind !== 'stored') {
    throw new TypeError(`${name} is not stored`);
  }
  return set;
}

const tableOf = (set: EntitySet): string => quoteRelation(bindingOf(set).relation);

const columnOf = (set: EntitySet, property: string): string =>
  quoteIdentifier(bindingOf(set).columns.get(property)?.name ?? property);

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

function insertion(set: EntitySet): string {
  const rows = madeUpRows.get(set.name);
  if (rows === undefined) {
    return 'SELECT 1';
  }
  const { columns } = bindingOf(set);
  const named = rows.map((row) =>
    Object.fromEntries([...columns].map(([name, column]) => [column.name, row[name] ?? null])),
  );
  const names = [...columns.values()].map(({ name }) => quoteIdentifier(name)).join();
  const table = tableOf(set);
  return `DELETE FROM ${table}; INSERT INTO ${table} (${names}) SELECT ${names} FROM json_populate_recordset(NULL::${table}, ${quoted(JSON.stringify(named))})`;
}

const controls = ['_row', '_version'];

/** Fills the tables of the schemas `whole` and `masked`, the latter with every value masked here, where PostgreSQL's own masks have no say. */
async function keepMasked(database: Database, set: EntitySet): Promise<void> {
  const table = tableOf(set);
  const copy = quoteIdentifier(set.name);
  const own = [...set.entityType.properties.values()];
  const texts = own.map(({ name, type }) => {
    const column = columnOf(set, name);
    return type === 'Edm.DateTimeOffset'
      ? `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS ${quoteIdentifier(name)}`
      : `${column}::text AS ${quoteIdentifier(name)}`;
  });
  const { rows } = await database.query<Record<string, string | null>>(
    `SELECT _row::text AS _row, ${texts.join()} FROM ${table}`,
  );
  const masked = rows.map((row) => ({
    _row: row['_row'],
    ...Object.fromEntries(
      own.map((property) => {
        const value = row[property.name] ?? null;
        const { name: column = property.name } = bindingOf(set).columns.get(property.name) ?? {};
        return [column, value === null ? null : maskedValue(value, property)];
      }),
    ),
  }));
  await database.query(
    `CREATE TABLE whole.${copy} AS TABLE ${table}; CREATE TABLE masked.${copy} AS TABLE ${table} WITH NO DATA;
     INSERT INTO masked.${copy} SELECT * FROM json_populate_recordset(NULL::masked.${copy}, ${quoted(JSON.stringify(masked))})`,
  );
}

interface Held extends Alternative {
  /** `_row` of the rows that it gives. */
  readonly numbers: readonly string[];
}

function refill(set: EntitySet, alternatives: readonly Held[]): string {
  const table = tableOf(set);
  const copy = quoteIdentifier(set.name);
  if (alternatives.length === 0) {
    return `DELETE FROM ${table}`;
  }
  const among = (numbers: readonly string[]): string =>
    numbers.length === 0 ? 'FALSE' : `t._row IN (${numbers.join()})`;
  const own = [...set.entityType.properties.keys()].flatMap((name) => {
    const column = columnOf(set, name);
    const cases = alternatives.flatMap(({ shown, masked, numbers }) =>
      shown.includes(name) ? [{ sql: among(numbers), clear: !masked.includes(name) }] : [],
    );
    const values = [
      ...cases.filter(({ clear }) => clear).map(({ sql }) => `WHEN ${sql} THEN t.${column}`),
      ...cases.filter(({ clear }) => !clear).map(({ sql }) => `WHEN ${sql} THEN m.${column}`),
    ];
    return cases.length === 0 ? [] : [{ column, sql: `CASE ${values.join(' ')} END` }];
  });
  const all = [...own, ...controls.map((name) => ({ column: name, sql: `t.${name}` }))];
  const where = alternatives.map(({ numbers }) => among(numbers)).join(' OR ');
  return `DELETE FROM ${table}; INSERT INTO ${table} (${all.map(({ column }) => column).join()}) OVERRIDING SYSTEM VALUE
    SELECT ${all.map(({ sql }) => sql).join()} FROM whole.${copy} AS t JOIN masked.${copy} AS m USING (_row) WHERE ${where} ORDER BY t._row`;
}

/** What is not seen is null there, whatever it has to be where it is loaded. */
function withoutRequired(set: EntitySet): string {
  const { key, properties } = set.entityType;
  const others = [...properties.keys()].filter((name) => !key.includes(name));
  return others.map((name) => `ALTER TABLE ${tableOf(set)} ALTER ${columnOf(set, name)} DROP NOT NULL`).join(';');
}

type NumbersOf = (set: EntitySet, filter: string | null) => Promise<readonly string[]>;

/** The rows of a set that a `$filter` finds where nothing restricts who asks; none where a claim has no place in it. */
function rowNumbers({ get, database }: TestGateway): NumbersOf {
  const byKey = new Map<string, Promise<ReadonlyMap<string, string>>>();
  const known = new Map<string, Promise<readonly string[]>>();
  const numbered = async (set: EntitySet): Promise<ReadonlyMap<string, string>> => {
    const parts = set.entityType.key.map((part) => columnOf(set, part)).join();
    const { rows } = await database.query<{ row: string; key: string }>(
      `SELECT _row::text AS row, jsonb_build_array(${parts})::text AS key FROM ${tableOf(set)}`,
    );
    return new Map(rows.map(({ row, key }) => [JSON.stringify(JSON.parse(key)), row]));
  };
  const found = async (set: EntitySet, filter: string): Promise<readonly string[]> => {
    const numbers = byKey.get(set.name) ?? numbered(set);
    byKey.set(set.name, numbers);
    const names = set.entityType.key;
    const rows: string[] = [];
    for (
      let next: string | undefined = `${set.name}?$select=${names.join()}&$filter=${encodeURIComponent(filter)}`;
      next !== undefined;
    ) {
      const reply = await get(next, unrestricted);
      if (reply.status === 400) {
        await reply.arrayBuffer();
        return [];
      }
      const page = (await reply.json()) as { value: readonly Record<string, unknown>[]; '@odata.nextLink'?: string };
      const keys = page.value.map((row) => JSON.stringify(names.map((name) => row[name])));
      const all = await numbers;
      rows.push(...keys.map((key) => all.get(key) ?? `no row has the key ${key}`));
      next = page['@odata.nextLink'];
    }
    return rows;
  };
  return async (set, filter) => {
    if (filter === null) {
      return [];
    }
    const key = `${set.name} ${filter}`;
    const before = known.get(key) ?? found(set, filter);
    known.set(key, before);
    return before;
  };
}
