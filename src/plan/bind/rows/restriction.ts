import type { EntitySet } from '../../../edm/model.ts';
import type { OrderByItem, QueryOptions } from '../../../uri/syntax.ts';
import type { OrderKey, Restriction } from '../../model/read-plan.ts';
import { bindCondition, bindExpression } from '../expression/expression.ts';
import { checkLimit } from '../limits.ts';
import { fault, inOption, notImplemented, type Scope } from '../scope.ts';
import { bindSearch } from './search.ts';

/** `$filter $search $orderby $top $skip $count` of one collection (4.01 Protocol 11.2.6). `set` null: `$search` has nothing to look into. */
export function bindRestriction(options: QueryOptions, set: EntitySet | null, scope: Scope): Restriction {
  const { filter, search, orderby } = options;
  const inFilter = inOption(scope, '$filter');
  const bound = {
    filter: filter === undefined ? null : bindCondition(filter, inFilter),
    search: search === undefined ? null : searchIn(search, set, inOption(scope, '$search')),
    orderby: bindOrderBy(orderby ?? [], inOption(scope, '$orderby')),
    top: rowCount(options.top, inOption(scope, '$top')),
    skip: rowCount(options.skip, inOption(scope, '$skip')),
    count: options.count ?? false,
  };
  return scope.row === null ? bound : { variable: scope.row, ...bound };
}

function searchIn(search: NonNullable<QueryOptions['search']>, set: EntitySet | null, scope: Scope) {
  if (set !== null) {
    return bindSearch(search, set, scope);
  }
  throw notImplemented(
    scope,
    'search-in-derived-rows',
    'aggregated and joined rows cannot be searched; search before.',
  );
}

/** Order keys of plain values; a direction not given is ascending. */
export function bindOrderBy(items: readonly OrderByItem[], scope: Scope): OrderKey[] {
  return items.map((item) => ({ expression: bindExpression(item.expression, scope), direction: item.direction }));
}

/**
 * `$top` and `$skip`: whole rows from 0 to the limit; null where the option is absent.
 * @throws GatewayError `InvalidOption`, `LimitExceeded`
 */
export function rowCount(count: number | undefined, scope: Scope): number | null {
  if (count === undefined) {
    return null;
  }
  if (!Number.isSafeInteger(count) || count < 0) {
    throw fault(scope, 'InvalidOption', `${count} is no number of rows; write 0 or a positive integer.`);
  }
  checkLimit(count, scope.binding.context.limits.top, `too large a number of rows in ${scope.option}`);
  return count;
}
