import { GatewayError } from '../../errors.ts';
import { type JoinKey, joinProperties } from '../../plan/federate/join-key.ts';
import { rowsBehind } from '../../plan/federate/keyed-plans.ts';
import { crosses } from '../../plan/federate/placement.ts';
import { entityOf, onlyProperties } from '../../plan/model/make.ts';
import type { RowSource } from '../../plan/model/read-plan.ts';
import { sourceSet } from '../../plan/model/sets.ts';
import { filterAcross } from './filter-across.ts';
import type { JoinContext } from './join-context.ts';
import { pickLocal } from './pick-local.ts';

type Navigated = RowSource & { readonly kind: 'Navigated' };

/**
 * A path with every step between sources replaced by the key values it leads to, so that one source can answer the rest.
 * null: the row before the step leads nowhere.
 * @throws GatewayError EntityNotFound when the row before a step does not exist
 */
export async function resolveSource(source: RowSource, context: JoinContext): Promise<RowSource | null> {
  if (source.kind === 'Set') {
    return source;
  }
  const from = await resolveSource(source.from, context);
  if (from === null) {
    return null;
  }
  const { sources } = context;
  if (source.kind === 'Filtered') {
    return { ...source, from, condition: await filterAcross(source.condition, context) };
  }
  if (source.kind !== 'Navigated') {
    return { ...source, from };
  }
  const step = { from: sourceSet(source.from), navigation: source.navigation, to: source.set };
  if (!crosses(sources, step)) {
    return { ...source, from };
  }
  const key = await keyAt(from, source, context);
  return key === null ? null : rowsBehind(source, key);
}

async function keyAt(from: RowSource, { navigation }: Navigated, context: JoinContext): Promise<JoinKey> {
  const set = sourceSet(from);
  const properties = joinProperties(set.entityType, navigation, 'property');
  const plan = entityOf({ source: from, selection: onlyProperties(set, properties) });
  const key = await pickLocal(set, context).entityKey(plan, properties);
  if (key !== 'absent') {
    return key;
  }
  if (from.kind === 'Navigated') {
    return null;
  }
  throw new GatewayError('EntityNotFound', `No entity of ${set.name} has this key`, { target: set.name });
}
