import type { Relation } from '../../catalogue/catalogue.ts';
import { quoteIdentifier, quoteRelation } from '../../sql/identifier.ts';
import { policyFunction, policyPattern } from '../../sql/row-policy.ts';
import type { Database } from '../database.ts';
import { sqlState } from '../postgres-errors.ts';
import { livingInstance } from '../shared/instances.ts';
import { begin } from './put-policy.ts';

/** A policy of ours that stands at a table. */
export interface StandingPolicy extends Relation {
  readonly token: string;
  /** PostgreSQL holds readers to the policies of the table. */
  readonly enabled: boolean;
  /** Days since a gateway wanted it last. */
  readonly unwanted: number;
}

export async function standingPolicies(database: Database): Promise<readonly StandingPolicy[]> {
  const { rows } = await database.query<StandingPolicy & Record<string, unknown>>(
    `SELECT n.nspname AS schema, c.relname AS name, c.relrowsecurity AS enabled, right(p.polname, 16) AS token,
            coalesce(extract(epoch FROM clock_timestamp() - w.wanted_at) / 86400, 1000)::float8 AS unwanted
       FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN gateway.row_policy w ON w.token = right(p.polname, 16)
      WHERE p.polname LIKE '${policyPattern}'`,
  );
  return rows;
}

/** Takes policies away. One whose table is being read stays, for the next time; resolves to how many do. */
export async function removePolicies(
  database: Database,
  policies: readonly StandingPolicy[],
  { disable }: { readonly disable: boolean },
): Promise<number> {
  let left = 0;
  for (const { schema, name, token } of policies) {
    const table = quoteRelation({ schema, name });
    const made = policyFunction(token);
    try {
      await database.transaction(async (transaction) => {
        await begin(transaction);
        await transaction.query(`DROP POLICY IF EXISTS ${quoteIdentifier(made.name)} ON ${table}`);
        await transaction.query(`DROP FUNCTION IF EXISTS ${quoteRelation(made)}(bigint)`);
        await transaction.query('DELETE FROM gateway.row_policy WHERE token = $1', [token]);
        if (disable) {
          await transaction.query(`ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY`);
        }
      });
    } catch (error) {
      // lock_not_available (PostgreSQL manual, appendix A)
      if (sqlState(error) !== '55P03') {
        throw error;
      }
      left += 1;
    }
  }
  return left;
}

/** Takes all of them away, unless another gateway lives on the database, which may want them; reads that say nothing see all rows in any case. */
export async function removeAllPolicies(database: Database): Promise<void> {
  const { rowCount } = await database.query(
    `SELECT 1 FROM pg_policy p WHERE p.polname LIKE '${policyPattern}' AND NOT EXISTS (SELECT 1 FROM gateway.instance WHERE ${livingInstance}) LIMIT 1`,
  );
  if (rowCount > 0) {
    await removePolicies(database, await standingPolicies(database), { disable: true });
  }
}
