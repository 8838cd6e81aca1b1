import type { Relation } from '../../catalogue/catalogue.ts';
import { quoteRelation } from '../../sql/identifier.ts';
import { allRowsPolicy, policyFunction, policyName, type RowPolicy } from '../../sql/row-policy.ts';
import type { Database, Transaction } from '../database.ts';
import { createPolicy, enablePolicies } from './carried-policies.ts';

/** Of `pg_advisory_xact_lock`: whoever changes policies, among all gateways of the database. */
export const policyLock = 6_802_340_127;

/**
 * Milliseconds that a change of policies waits for those who read the table, and others behind it: then it lets them, and is tried again. Less than PostgreSQL's
 * `deadlock_timeout`.
 */
const patience = 250;

/**
 * Puts a policy at its table, the one that lets all rows through with the first of them, so that nobody is shut out who may see all. Does nothing where it is there,
 * and where its relation is no table. Throws what PostgreSQL says, with lock_not_available where the table is being read.
 */
export async function putPolicy(database: Database, policy: RowPolicy): Promise<void> {
  await database.transaction(async (transaction) => {
    await begin(transaction);
    const all = allRowsPolicy(policy.relation);
    for (const one of all.token === policy.token ? [all] : [all, policy]) {
      if (await lacks(transaction, one)) {
        await create(transaction, one);
      }
    }
    await transaction.query(
      'INSERT INTO gateway.row_policy (token) VALUES ($1) ON CONFLICT (token) DO UPDATE SET wanted_at = clock_timestamp()',
      [policy.token],
    );
  });
}

/** Begins a change of policies. */
export async function begin(transaction: Transaction): Promise<void> {
  await transaction.query(`SELECT pg_advisory_xact_lock(${policyLock})`);
  await transaction.query(`SET LOCAL lock_timeout = ${patience}`);
}

async function lacks(transaction: Transaction, { relation, token }: RowPolicy): Promise<boolean> {
  const { rows } = await transaction.query<{ lacks: boolean }>(
    `SELECT NOT c.relrowsecurity OR NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = $2) AS lacks
       FROM pg_class c WHERE c.oid = to_regclass($1) AND c.relkind IN ('r', 'p')`,
    [quoteRelation(relation), policyName(token)],
  );
  return rows[0]?.lacks === true;
}

async function create(transaction: Transaction, { relation, token, using, looks }: RowPolicy): Promise<void> {
  const statements = [
    ...(looks === null ? [] : functionStatements(policyFunction(token), looks)),
    enablePolicies(relation),
    `DROP POLICY IF EXISTS "${policyName(token)}" ON ${quoteRelation(relation)}`,
    createPolicy(relation, { name: policyName(token), using }),
  ];
  await transaction.query(statements.join(';\n'));
}

const functionStatements = (name: Relation, looks: string): readonly string[] => [
  `CREATE OR REPLACE FUNCTION ${quoteRelation(name)}${looks}`,
  `REVOKE ALL ON FUNCTION ${quoteRelation(name)}(bigint) FROM PUBLIC`,
  `GRANT EXECUTE ON FUNCTION ${quoteRelation(name)}(bigint) TO gateway_reader`,
];
