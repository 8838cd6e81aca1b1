import type { Catalogue } from '../../catalogue/catalogue.ts';
import { quoteRelation } from '../../sql/identifier.ts';
import { policyPattern } from '../../sql/row-policy.ts';
import type { Transaction } from '../database.ts';
import { lockNotAvailable, sqlState } from '../postgres-errors.ts';
import { tableSettings } from './table-plan.ts';
import { wantedTableOf } from './wanted-tables.ts';

/**
 * Whether the table of a set holds no row, and is as the gateway made it: its columns and indexes are those of the metadata, the
 * read role alone may read it, and nothing of anybody else's hangs on it, be it a view, a trigger, a policy that is none of the gateway's, a grant, a comment, a setting, statistics or
 * a publication. Such a table may be dropped for another one. If so, it is locked against other writers until the transaction ends;
 * one that somebody writes to now is none.
 */
export async function isEmptyAndPlain(transaction: Transaction, catalogue: Catalogue, set: string): Promise<boolean> {
  const wanted = wantedTableOf(catalogue, set);
  const table = quoteRelation({ schema: wanted.schema, name: wanted.table });
  await transaction.query('SAVEPOINT before_plain');
  try {
    await transaction.query(`LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE NOWAIT`);
  } catch (error) {
    if (sqlState(error) !== lockNotAvailable) {
      throw error;
    }
    await transaction.query('ROLLBACK TO SAVEPOINT before_plain');
    return false;
  }
  const { rows } = await transaction.query<{ plain: boolean }>(plainQuery(table), [
    table,
    wanted.columns.map(({ name }) => name).sort(),
    wanted.indexes.map(({ name }) => name).sort(),
    [tableSettings],
  ]);
  const plain = rows[0]?.plain === true;
  await transaction.query(`${plain ? 'RELEASE' : 'ROLLBACK TO'} SAVEPOINT before_plain`);
  return plain;
}

const sorted = (select: string): string =>
  `(SELECT coalesce(array_agg(n ORDER BY n COLLATE "C"), '{}') FROM (${select}) AS x(n))`;

/** The catalogues are those of the PostgreSQL manual, chapter 52; all of these columns are there since version 13. */
const plainQuery = (table: string): string => `SELECT NOT EXISTS (SELECT 1 FROM ${table})
    AND c.relkind = 'r' AND c.relpersistence = 'p' AND NOT c.relispartition AND NOT c.relhassubclass AND NOT c.relhastriggers
    AND c.relrowsecurity = EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid) AND NOT c.relforcerowsecurity
    AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname NOT LIKE '${policyPattern}')
    AND c.relreplident = 'd' AND coalesce(c.reloptions, $4::text[]) = $4::text[]
    AND pg_has_role(c.relowner, 'USAGE') AND pg_has_role(c.relowner, 'SET')
    AND NOT EXISTS (SELECT 1 FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner AND (a.grantee <> 'gateway_reader'::regrole OR a.privilege_type <> 'SELECT'))
    AND has_table_privilege('gateway_reader', c.oid, 'SELECT')
    AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND (a.attacl IS NOT NULL OR a.attoptions IS NOT NULL))
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.deptype = 'n' AND d.classid <> 'pg_policy'::regclass)
    AND NOT EXISTS (SELECT 1 FROM pg_description d WHERE d.classoid = 'pg_class'::regclass AND d.objoid = c.oid)
    AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype <> 'n')
    AND NOT EXISTS (SELECT 1 FROM pg_statistic_ext s WHERE s.stxrelid = c.oid)
    AND NOT EXISTS (SELECT 1 FROM pg_publication)
    AND ${sorted('SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped')} = $2::text[]
    AND ${sorted('SELECT x.relname::text FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid')} = $3::text[] AS plain
  FROM pg_class c WHERE c.oid = $1::regclass`;
