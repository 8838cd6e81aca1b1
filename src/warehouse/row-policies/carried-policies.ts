import type { Relation } from '../../catalogue/catalogue.ts';
import { quoteIdentifier, quoteRelation } from '../../sql/identifier.ts';
import { policyPattern } from '../../sql/row-policy.ts';
import { attempt } from '../attempt.ts';
import type { Transaction } from '../database.ts';

/** A policy as it stands at its table. */
interface CarriedPolicy {
  readonly name: string;
  /** Of the table's own columns, whatever it is called. */
  readonly using: string;
}

/** The statement that makes a policy for the read role. */
export const createPolicy = (relation: Relation, { name, using }: CarriedPolicy): string =>
  `CREATE POLICY ${quoteIdentifier(name)} ON ${quoteRelation(relation)} FOR SELECT TO gateway_reader USING (${using})`;

export const enablePolicies = (relation: Relation): string =>
  `ALTER TABLE ${quoteRelation(relation)} ENABLE ROW LEVEL SECURITY`;

/** Gives a table the policies of the one whose place it takes, where there are any. */
export async function carryPolicies(transaction: Transaction, from: Relation, to: Relation): Promise<void> {
  await putPolicies(transaction, to, await policiesOf(transaction, from));
}

/** Does work on a table that its policies stand in the way of, as a column's other type; afterwards it has them again. */
export async function withoutPolicies(
  transaction: Transaction,
  relation: Relation,
  work: () => Promise<void>,
): Promise<void> {
  const policies = await policiesOf(transaction, relation);
  for (const { name } of policies) {
    await transaction.query(`DROP POLICY ${quoteIdentifier(name)} ON ${quoteRelation(relation)}`);
  }
  await work();
  await putPolicies(transaction, relation, policies);
}

async function policiesOf(transaction: Transaction, relation: Relation): Promise<readonly CarriedPolicy[]> {
  const { rows } = await transaction.query<{ name: string; using: string }>(
    `SELECT polname::text AS name, pg_get_expr(polqual, polrelid) AS using FROM pg_policy WHERE polrelid = to_regclass($1) AND polname LIKE '${policyPattern}' ORDER BY polname`,
    [quoteRelation(relation)],
  );
  return rows;
}

async function putPolicies(
  transaction: Transaction,
  relation: Relation,
  policies: readonly CarriedPolicy[],
): Promise<void> {
  if (policies.length === 0) {
    return;
  }
  await transaction.query(enablePolicies(relation));
  for (const policy of policies) {
    // One about a column that is no more lets nobody see anything, and whoever wanted it has no such set either.
    await attempt(transaction, lacksColumn, () => transaction.query(createPolicy(relation, policy)));
  }
}

/** A column is no more, or is of another type, for which there is no such operator, function, condition, collation or cast (PostgreSQL manual, appendix A). */
const lacksColumn: ReadonlySet<string> = new Set([
  '42703', // undefined_column
  '42883', // undefined_function
  '42725', // ambiguous_function
  '42804', // datatype_mismatch
  '42846', // cannot_coerce
  '42P21', // collation_mismatch
  '42P22', // indeterminate_collation
  '22P02', // invalid_text_representation
]);
