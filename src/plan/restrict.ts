import type { EntitySet } from '../edm/model.ts';
import { GatewayError } from '../errors.ts';
import type { Grants, SetGrant } from './grants.ts';
import { canFail } from './logic/can-fail.ts';
import { mapBoundPlan } from './model/make.ts';
import type { Bound } from './model/read-plan.ts';
import { isRestricted, type RestrictedSet } from './model/restricted-set.ts';

/**
 * The plan with every set in it cut down to the rows that the grants let through: where rows enter by the path, a
 * navigation, a lambda, a count, an expand, a join, `$root`, `$crossjoin` or `$all`, it is the set that they enter by.
 * The same plan for `everything`, and for a plan that is restricted already.
 * @throws GatewayError Internal for a set that is not granted: the plan was not bound to what is visible
 */
export function restrict(plan: Bound, grants: Grants): Bound {
  const { sets } = grants;
  if (sets === null) {
    return plan;
  }
  const sealed = canFail(plan);
  return mapBoundPlan(plan, { set: (set) => restricted(set, sets.get(set.name), sealed) });
}

function restricted(set: EntitySet, grant: SetGrant | undefined, sealed: boolean): EntitySet {
  if (grant === undefined) {
    // The reply must not name it: the log has the cause.
    const cause = new Error(`${set.name} is in a plan and not granted`);
    throw new GatewayError('Internal', 'A plan has a set that is not granted.', { cause });
  }
  if (grant.rows === null || isRestricted(set)) {
    return set;
  }
  const before = made.get(set)?.get(grant);
  if (before !== undefined) {
    return before[sealed ? 'sealed' : 'open'];
  }
  const { rows } = grant;
  const pair = {
    open: { ...set, whole: set, rows, sealed: false },
    sealed: { ...set, whole: set, rows, sealed: true },
  };
  const byGrant = made.get(set) ?? new WeakMap<SetGrant, Restricted>();
  made.set(set, byGrant.set(grant, pair));
  return pair[sealed ? 'sealed' : 'open'];
}

interface Restricted {
  readonly open: RestrictedSet;
  readonly sealed: RestrictedSet;
}

/** One object for one set in one plan, and no work for the next request. */
const made = new WeakMap<EntitySet, WeakMap<SetGrant, Restricted>>();
