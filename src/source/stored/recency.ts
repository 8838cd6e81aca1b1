import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { ReadPlan } from '../../plan/model/read-plan.ts';
import type { Recency } from '../../warehouse/database.ts';

/**
 * How new the rows of these sets have to be. What the gateway notes of its loads is read to see what has just happened; an archive was brought up
 * to its feed for this very read; and what goes on where an earlier read ended, may not lose or repeat rows since this one sees older ones.
 */
export function recencyOf(
  sets: readonly string[],
  { catalogue, goesOn }: { readonly catalogue: Catalogue; readonly goesOn: boolean },
): Recency {
  const roles = sets.map((name) => {
    const set = catalogue.sets.get(name);
    return set?.kind === 'stored' ? set.role : null;
  });
  if (roles.includes('ledger')) {
    return 'latest';
  }
  return sets.length > 0 && (goesOn || roles.includes('copy')) ? { noOlder: sets } : 'any';
}

/** Whether a plan begins where an earlier reply has ended: at its next or delta link, or at rows that the client has counted. */
export function goesOn(plan: ReadPlan): boolean {
  const after = 'after' in plan && plan.after !== null;
  const skips = 'restriction' in plan ? plan.restriction.skip !== null : 'skip' in plan && plan.skip !== null;
  return after || skips || (plan.kind === 'Collection' && plan.since !== null);
}
