import type { EntitySet } from '../edm/model.ts';
import { GatewayError } from '../errors.ts';
import type { Grants, SetGrant } from './grants.ts';
import { canFail } from './logic/can-fail.ts';
import { mapBoundPlan } from './model/make.ts';
import type { Bound } from './model/read-plan.ts';
import { isRestricted, type RestrictedSet, type RowCondition } from './model/restricted-set.ts';
import { withRights } from './position/rights-part.ts';

/**
 * The plan with every set in it cut down to the rows and values that the grants let through: where rows enter by the path, a
 * navigation, a lambda, a count, an expand, a join, `$root`, `$crossjoin` or `$all`, it is the set that they enter by.
 * Its fingerprint is that of the rights, too. The same plan for `everything`, and for a plan that is
 * restricted already.
 * @throws GatewayError Internal for a set that is not granted: the plan was not bound to what is visible
 */
export function restrict(plan: Bound, grants: Grants): Bound {
  const { sets } = grants;
  if (sets === null) {
    return plan;
  }
  const sealed = canFail(plan);
  const cut = mapBoundPlan(plan, { set: (set) => restricted(set, sets.get(set.name), sealed) });
  // Sets that conditions of rows look into are read with all their rows, whatever the grants say of these.
  const fingerprint = withRights(cut.fingerprint, plan.setNames, grants);
  return fingerprint === cut.fingerprint ? cut : { ...cut, fingerprint };
}

function restricted(set: EntitySet, grant: SetGrant | undefined, sealed: boolean): EntitySet {
  if (grant === undefined) {
    // The reply must not name it: the log has the cause.
    const cause = new Error(`${set.name} is in a plan and not granted`);
    throw new GatewayError('Internal', 'A plan has a set that is not granted.', { cause });
  }
  if (grant.rule === '' || isRestricted(set)) {
    return set;
  }
  const before = made.get(set)?.get(grant);
  if (before !== undefined) {
    return before[sealed ? 'sealed' : 'open'];
  }
  const { views, rule } = grant;
  const parts = { whole: set, rows: grant.rows ?? everyRow(set, views), views, rule };
  const pair = { open: { ...set, ...parts, sealed: false }, sealed: { ...set, ...parts, sealed: true } };
  const byGrant = made.get(set) ?? new WeakMap<SetGrant, Restricted>();
  made.set(set, byGrant.set(grant, pair));
  return pair[sealed ? 'sealed' : 'open'];
}

/** The condition of rows that are all there; which values of them are seen may depend on other sets. */
function everyRow(set: EntitySet, views: RestrictedSet['views']): RowCondition {
  const reads = [...views.values()].flatMap(({ cases }) => cases.flatMap(({ rows }) => rows?.reads ?? []));
  return {
    variable: { name: '$it', set },
    condition: { kind: 'Constant', type: 'Edm.Boolean', value: 'true' },
    text: '',
    reads: [...new Set(reads)].sort(),
  };
}

interface Restricted {
  readonly open: RestrictedSet;
  readonly sealed: RestrictedSet;
}

/** One object for one set in one plan, and no work for the next request. */
const made = new WeakMap<EntitySet, WeakMap<SetGrant, Restricted>>();
