import type { Relation } from '../../catalogue/catalogue.ts';
import { quoteIdentifier, quoteRelation } from '../../sql/identifier.ts';
import { escapeText } from '../../sql/literal.ts';
import { policyFunction, policyPattern } from '../../sql/row-policy.ts';
import type { Database } from '../database.ts';
import { lockNotAvailable, sqlState } from '../postgres-errors.ts';
import { livingInstance } from '../shared/instances.ts';
import { begin } from './put-policy.ts';

/** A policy of ours that stands at a table. */
export interface StandingPolicy extends Relation {
  readonly token: string;
  /** PostgreSQL holds readers to the policies of the table. */
  readonly enabled: boolean;
  /** No gateway has wanted it for a week. */
  readonly unwanted: boolean;
}

/** Days after which a policy that no gateway wants is taken away: those of before a restore, or of a gateway that is off for the weekend, are there still. */
const keptDays = 7;

/** A row of `gateway.row_policy` that says so. */
const wanted = `wanted_at > clock_timestamp() - interval '${keptDays} days'`;

export async function standingPolicies(database: Database): Promise<readonly StandingPolicy[]> {
  const { rows } = await database.query<StandingPolicy & Record<string, unknown>>(
    `SELECT n.nspname AS schema, c.relname AS name, c.relrowsecurity AS enabled, right(p.polname, 16) AS token,
            NOT EXISTS (SELECT 1 FROM gateway.row_policy w WHERE w.token = right(p.polname, 16) AND ${wanted}) AS unwanted
       FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE p.polname LIKE '${policyPattern}'`,
  );
  return rows;
}

/** Takes those of these policies away that no gateway has wanted for a week. */
export const removeUnwanted = (database: Database, policies: readonly StandingPolicy[]): Promise<void> =>
  removePolicies(
    database,
    policies.filter(({ unwanted }) => unwanted),
    { disable: false, unless: `SELECT 1 FROM gateway.row_policy WHERE token = $1 AND ${wanted}` },
  );

/** Takes all of them away, unless another gateway than `own` lives on the database, which may want them; reads that say nothing see all rows in any case. */
export async function removeAllPolicies(database: Database, own: string | null): Promise<void> {
  await removePolicies(database, await standingPolicies(database), {
    disable: true,
    unless: `SELECT 1 FROM gateway.instance WHERE ${livingInstance}${own === null ? '' : ` AND instance_id <> ${escapeText(own)}`}`,
  });
}

interface Removal {
  /** PostgreSQL holds readers to the policies of the table no more. */
  readonly disable: boolean;
  /** SELECT that has a row where the policy of the token `$1` stays: asked while nobody can put one. */
  readonly unless: string;
}

/** Takes policies away. One whose table is being read stays, for the next time. */
async function removePolicies(
  database: Database,
  policies: readonly StandingPolicy[],
  { disable, unless }: Removal,
): Promise<void> {
  for (const { schema, name, token } of policies) {
    const table = quoteRelation({ schema, name });
    const made = policyFunction(token);
    try {
      await database.transaction(async (transaction) => {
        await begin(transaction);
        const { rowCount } = await transaction.query(unless, unless.includes('$1') ? [token] : []);
        if (rowCount > 0) {
          return;
        }
        await transaction.query(`DROP POLICY IF EXISTS ${quoteIdentifier(made.name)} ON ${table}`);
        await transaction.query(`DROP FUNCTION IF EXISTS ${quoteRelation(made)}(bigint)`);
        await transaction.query('DELETE FROM gateway.row_policy WHERE token = $1', [token]);
        if (disable) {
          await transaction.query(`ALTER TABLE IF EXISTS ${table} DISABLE ROW LEVEL SECURITY`);
        }
      });
    } catch (error) {
      if (sqlState(error) !== lockNotAvailable) {
        throw error;
      }
    }
  }
}
