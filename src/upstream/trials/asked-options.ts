import type { BoundExpression, ExpandPlan, Restriction, Selection } from '../../plan/model/read-plan.ts';
import { isRestricted } from '../../plan/model/restricted-set.ts';
import type { ReplyContext } from '../reading/reply-context.ts';
import type { UpstreamPlan } from '../upstream.ts';
import type { NestedOption } from './nested-trials.ts';
import type { SetOption } from './set-trials.ts';

const optionsIn = ({ filter, orderby, skip }: Restriction): readonly NestedOption[] => [
  ...(filter === null ? [] : (['$filter'] as const)),
  ...(orderby.length === 0 ? [] : (['$orderby'] as const)),
  ...(skip === null || skip === 0 ? [] : (['$skip'] as const)),
];

/** The options that the rows of an `$expand` are asked for with. A condition on the rows that may be seen is one more of them. */
export const optionsInside = ({ restriction, selection }: ExpandPlan): readonly NestedOption[] => [
  ...new Set([...(isRestricted(selection.set) ? (['$filter'] as const) : []), ...optionsIn(restriction)]),
];

interface InsideOf {
  readonly restriction: Pick<Restriction, 'filter'>;
  readonly selection: Pick<Selection, 'set'>;
}

/** The conditions on the rows of an `$expand`, or on rows by key. */
export const conditionsInside = ({
  restriction: { filter },
  selection: { set },
}: InsideOf): readonly BoundExpression[] => [
  ...(isRestricted(set) ? [set.rows.condition] : []),
  ...(filter === null ? [] : [filter]),
];

/** What is asked of a feed with `$top` alone where that is more than it takes. */
const inBlocks = ['$orderby', '$skip'] as const;

/** The options that the rows of a plan are asked for with. */
export function optionsOf(plan: UpstreamPlan, { map, limits }: ReplyContext): readonly SetOption[] {
  if (plan.kind !== 'Collection' && plan.kind !== 'Count') {
    return [];
  }
  const { restriction, source } = plan;
  const isFiltered = restriction.filter !== null || source.kind === 'Filtered';
  if (plan.kind === 'Count') {
    return isFiltered ? ['/$count'] : [];
  }
  const { top, count } = restriction;
  const most = limits?.known().maxTop ?? map.maxTop ?? null;
  const own = optionsIn(restriction).filter((option) => option !== '$filter');
  const all: readonly SetOption[] = [
    ...(isFiltered ? (['$filter'] as const) : []),
    ...own,
    ...(top !== null && most !== null && top > most ? inBlocks : []),
    ...(isFiltered && count ? (['$count'] as const) : []),
  ];
  return [...new Set(all)];
}
