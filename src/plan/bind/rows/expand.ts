import type { EntitySet, NavigationProperty } from '../../../edm/model.ts';
import type { ExpandItem, QueryOptions, SelectItem } from '../../../uri/syntax.ts';
import type { ExpandPlan } from '../../model/read-plan.ts';
import { bindApplyRead } from '../apply/read.ts';
import { checkLimit } from '../limits.ts';
import { perhaps } from '../names.ts';
import { allowOptions, type OptionName, singleOptions } from '../request/allowed-options.ts';
import { fault, inOption, isOwnType, notImplemented, rowScope, type Scope, targetSet } from '../scope.ts';
import { bindRows, type Level } from './rows.ts';

/** Whose navigation properties are expanded, and what `$select` says of them. */
export interface Expanded {
  readonly set: EntitySet;
  readonly selects: ReadonlyMap<string, readonly SelectItem[]>;
}

const collectionOptions: readonly OptionName[] = [
  ...singleOptions,
  'filter',
  'search',
  'orderby',
  'top',
  'skip',
  'count',
  'apply',
];
const countOptions: readonly OptionName[] = ['filter', 'search', 'levels'];

/**
 * `$expand` (4.01 Protocol 11.2.5.2) with every option inside, `*`, `$levels`, `/$ref` and `/$count`.
 * @throws GatewayError `UnknownProperty`, `InvalidOption`, `LimitExceeded`
 */
export function bindExpands(items: readonly ExpandItem[], expanded: Expanded, level: Level): ExpandPlan[] {
  const variable = level.it ?? { name: '$it', set: expanded.set };
  const scope = rowScope(level.binding, '$expand', variable);
  const chosen = chooseItems(items, expanded.set, scope);
  for (const name of expanded.selects.keys()) {
    if (!chosen.has(name)) {
      throw fault(scope, 'InvalidOption', `$select names a property of '${name}': add $expand=${name}.`);
    }
  }
  const plans: ExpandPlan[] = [];
  for (const [name, item] of chosen) {
    const navigation = expanded.set.entityType.navigationProperties.get(name);
    if (navigation !== undefined) {
      plans.push(bindExpand({ navigation, item, expanded }, level, scope));
    }
  }
  return plans;
}

/** By navigation property; one named itself goes before `*`. */
function chooseItems(items: readonly ExpandItem[], set: EntitySet, scope: Scope): Map<string, ExpandItem> {
  const chosen = new Map<string, ExpandItem>();
  for (const item of items) {
    if (item.wildcard) {
      continue;
    }
    const name = navigationName(item, set, scope);
    if (chosen.has(name)) {
      throw fault(scope, 'InvalidOption', `'${name}' is expanded twice.`, item.at);
    }
    chosen.set(name, item);
  }
  for (const item of items) {
    if (!item.wildcard) {
      continue;
    }
    for (const [name, navigation] of set.entityType.navigationProperties) {
      const served = set.navigationPropertyBindings.has(name) && (item.suffix !== 'count' || navigation.collection);
      if (served && !chosen.has(name)) {
        chosen.set(name, item);
      }
    }
  }
  return chosen;
}

function navigationName(item: ExpandItem, set: EntitySet, scope: Scope): string {
  const { model } = scope.binding.context;
  const path = item.path.filter((name, index) => index > 0 || !isOwnType(model, set, name));
  const [name, ...rest] = path;
  const type = set.entityType;
  if (name === undefined || !type.navigationProperties.has(name)) {
    const why = name !== undefined && type.properties.has(name) ? ` '${name}' is a plain value: use $select.` : '';
    const hint = why || perhaps(name ?? '', type.navigationProperties.keys());
    throw fault(scope, 'UnknownProperty', `'${type.name}' has no navigation property '${name ?? ''}'.${hint}`, item.at);
  }
  const navigation = type.navigationProperties.get(name);
  const target = navigation === undefined ? null : targetSet(model, set, navigation);
  const second = rest.find((one) => target === null || !isOwnType(model, target, one));
  if (second?.includes('.')) {
    throw fault(scope, 'InvalidOption', `'${name}' does not lead to entities of a type '${second}'.`, item.at);
  }
  if (second !== undefined) {
    throw fault(scope, 'InvalidOption', `write ${name}($expand=${second}) instead of ${path.join('/')}.`, item.at);
  }
  return name;
}

interface One {
  readonly navigation: NavigationProperty;
  readonly item: ExpandItem;
  readonly expanded: Expanded;
}

function bindExpand({ navigation, item, expanded }: One, level: Level, scope: Scope): ExpandPlan {
  const { context, usage } = level.binding;
  const depth = level.depth + 1;
  usage.expands += 1;
  checkLimit(usage.expands, context.limits.expands, 'too many expanded navigation properties');
  checkLimit(depth, context.limits.expandDepth, 'too many levels of $expand');
  const set = targetSet(context.model, expanded.set, navigation);
  const form = item.suffix ?? 'entities';
  allowOptions(item.options ?? {}, allowedFor(form, navigation), { scope, what: `$expand of '${navigation.name}'` });
  if (form === 'count' && !navigation.collection) {
    throw fault(scope, 'InvalidOption', `'${navigation.name}' is a single entity; it cannot be counted.`, item.at);
  }
  const select = expanded.selects.get(navigation.name);
  const options = withSelect(withLevels(item, { navigation, set, level }, scope), select);
  const inside = { ...level, depth };
  if (options.apply === undefined) {
    const { selection, restriction } = bindRows(options, set, inside);
    return { navigation, form, selection, restriction };
  }
  if (item.options?.levels !== undefined) {
    throw notImplemented(
      inOption(scope, '$apply'),
      'apply-with-levels',
      'it cannot be combined with $levels.',
      item.at,
    );
  }
  return { navigation, form, ...bindApplyRead(options, set, inside) };
}

function allowedFor(form: ExpandPlan['form'], navigation: NavigationProperty): readonly OptionName[] {
  if (!navigation.collection) {
    return singleOptions;
  }
  return form === 'count' ? countOptions : collectionOptions;
}

function withSelect(options: QueryOptions, select: readonly SelectItem[] | undefined): QueryOptions {
  return select === undefined ? options : { ...options, select: [...(options.select ?? []), ...select] };
}

interface Reached {
  readonly navigation: NavigationProperty;
  readonly set: EntitySet;
  readonly level: Level;
}

/** `$levels=n` is the same item again, n-1 levels, inside itself; `max` is as many as the limit leaves. */
function withLevels(item: ExpandItem, { navigation, set, level }: Reached, scope: Scope): QueryOptions {
  const { levels, ...options } = item.options ?? {};
  if (levels === undefined) {
    return options;
  }
  const limit = level.binding.context.limits.expandDepth;
  const count = levels === 'max' ? limit - level.depth : levels;
  if (!Number.isSafeInteger(count) || count < 1) {
    throw fault(scope, 'InvalidOption', `$levels is a positive integer or 'max', not ${count}.`, item.at);
  }
  checkLimit(level.depth + count, limit, 'too many levels of $expand');
  if (
    !item.wildcard &&
    count > 1 &&
    set.entityType.navigationProperties.get(navigation.name)?.target !== navigation.target
  ) {
    const message = `'${navigation.name}' does not lead to its own type: $levels above 1 has no meaning.`;
    throw fault(scope, 'InvalidOption', message, item.at);
  }
  if (count === 1) {
    return options;
  }
  const again: ExpandItem = { ...item, options: { ...options, levels: count - 1 } };
  return { ...options, expand: [...(options.expand ?? []), again] };
}
