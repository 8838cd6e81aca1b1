import type { PersonalPolicy } from '../../catalogue/personal-data.ts';
import type { Database, Transaction } from '../../warehouse/database.ts';

type Asker = Pick<Database | Transaction, 'query'>;

/** What was done to the stored values of a property. */
export interface AppliedPolicy {
  readonly set: string;
  readonly property: string;
  /** What loads do. */
  readonly policy: PersonalPolicy;
  /** What rows have of earlier policies, which cannot be undone in them. */
  readonly remains: readonly PersonalPolicy[];
}

export async function appliedPolicies(asker: Asker): Promise<readonly AppliedPolicy[]> {
  const { rows } = await asker.query<Readonly<Record<string, unknown>> & AppliedPolicy>(
    `SELECT entity_set AS set, property, policy, remains FROM gateway.personal_policy ORDER BY 1, 2`,
  );
  return rows;
}

export async function notePolicies(transaction: Transaction, applied: readonly AppliedPolicy[]): Promise<void> {
  for (const { set, property, policy, remains } of applied) {
    await transaction.query(
      `INSERT INTO gateway.personal_policy (entity_set, property, policy, remains) VALUES ($1, $2, $3, $4) ON CONFLICT (entity_set, property) DO UPDATE SET policy = excluded.policy, remains = excluded.remains`,
      [set, property, policy, remains],
    );
  }
}

/** The rows of these sets are made anew: nothing remains of what was done to the former ones. */
export async function forgetPolicies(transaction: Transaction, sets: readonly string[]): Promise<void> {
  await transaction.query(`DELETE FROM gateway.personal_policy WHERE entity_set = ANY($1)`, [sets]);
}

/**
 * A load by a gateway that treats properties otherwise than it was noted last, for it runs with other metadata: what it does is noted,
 * so that the start of the newer one looks at the rows again. `sets`: those whose rows it changes; `now`: what it does not keep.
 */
export async function keepPoliciesTrue(
  transaction: Transaction,
  sets: readonly string[],
  now: readonly Pick<AppliedPolicy, 'set' | 'property' | 'policy'>[],
): Promise<void> {
  const known = `SELECT q.entity_set, q.property, coalesce(x.policy, 'keep') AS policy FROM gateway.personal_policy q LEFT JOIN unnest($2::text[], $3::text[], $4::text[]) AS x(entity_set, property, policy) USING (entity_set, property) WHERE q.entity_set = ANY($1)`;
  await transaction.query(
    `UPDATE gateway.personal_policy p SET policy = n.policy, remains = array(SELECT DISTINCT unnest(p.remains || p.policy) EXCEPT SELECT 'keep')
       FROM (${known}) n WHERE p.entity_set = n.entity_set AND p.property = n.property AND p.policy <> n.policy`,
    [sets, now.map(({ set }) => set), now.map(({ property }) => property), now.map(({ policy }) => policy)],
  );
}
