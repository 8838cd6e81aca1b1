import { deepEqual, equal } from 'node:assert/strict';
import { allRowsPolicy } from '../../src/sql/row-policy.ts';
import { attempt } from '../../src/warehouse/attempt.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { carryPolicies } from '../../src/warehouse/row-policies/carried-policies.ts';
import { putPolicy } from '../../src/warehouse/row-policies/put-policy.ts';
import { migratedDatabase } from '../support/made-databases.ts';
import type { TestDatabase } from '../support/postgres.ts';

const from = { schema: 'feed', name: 'Old' };
const to = { schema: 'feed', name: 'New' };

/** Conditions of rules, as the SQL of requests has them, and what type their column has afterwards. */
const conditions: Readonly<Record<string, readonly [using: string, later: string]>> = {
  'a truth that is a text now': ['"Open"', '"Open" text'],
  'a truth that is a number now': ['("Open") IS TRUE', '"Open" integer'],
  'a text without case that is a number now': [
    '(lower(("City") COLLATE "und-x-icu")) COLLATE "C" = \'bonn\'',
    '"City" integer',
  ],
  'a decimal that is a truth now': ['("Size")::numeric > 2.5', '"Size" boolean'],
  'a column that is no more': ['"City" = \'Bonn\'', '"Open" boolean'],
};

describe('Policies of a table that another one takes the place of', () => {
  let store: TestDatabase;
  let database: Database;
  before(async () => {
    store = await migratedDatabase();
    database = await openDatabase({ connection: store.connectionString });
  });
  after(async () => {
    await database.close();
    await store.drop();
  });

  for (const [what, [using, later]] of Object.entries(conditions)) {
    it(`are left out where they speak of ${what}, and the others are carried`, async () => {
      await database.query(
        `DROP TABLE IF EXISTS feed."Old", feed."New"; CREATE TABLE feed."Old" ("City" text, "Open" boolean, "Size" integer); CREATE TABLE feed."New" (${later})`,
      );
      const all = allRowsPolicy(from);
      await putPolicy(database, { ...all, token: '0123456789abcdef', using });
      await database.transaction((transaction) => carryPolicies(transaction, from, to));
      const { rows } = await database.query<{ name: string }>(
        `SELECT polname::text AS name FROM pg_policy WHERE polrelid = 'feed."New"'::regclass`,
      );
      deepEqual(rows, [{ name: `gateway rows ${all.token}` }]);
      const { rowCount } = await database.query(
        `SELECT FROM pg_class WHERE oid = 'feed."New"'::regclass AND relrowsecurity`,
      );
      equal(rowCount, 1);
    });
  }

  it('that are left out leave what was begun before to be undone as a whole', async () => {
    const divided = new Set(['22012']);
    const left = await database.transaction(async (transaction) => {
      await attempt(transaction, divided, async () => {
        await transaction.query('CREATE TABLE feed."Begun" ()');
        await attempt(transaction, divided, () => transaction.query('SELECT 1 / 0'));
        await transaction.query('SELECT 1 / 0');
      });
      return transaction.query(`SELECT to_regclass('feed."Begun"')::text AS begun`);
    });
    deepEqual(left.rows, [{ begun: null }]);
  });
});
