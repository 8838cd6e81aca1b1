import type { Property } from '../../edm/model.ts';
import { nullProof } from '../../plan/logic/null-proof.ts';
import type { AggregatedItem, AggregatedRequest } from '../upstream.ts';
import { encodeOption } from '../url/compile-url.ts';
import { expressionText } from '../url/expression-text.ts';
import { type UpstreamMap, upstreamPropertyName, upstreamSetName } from '../url/upstream-map.ts';

/** How the rows that are left are put into groups, and what is told of each. */
export type Groups = Pick<AggregatedRequest, 'grouping' | 'computed' | 'items'>;

/** What is done with them, not percent-encoded: `compute(...)/groupby((A,B),aggregate(...))`, or `aggregate(...)` of all of them. */
export function groupsText({ grouping, computed, items }: Groups): string {
  const parts = computed.filter(({ result }) => grouping.includes(result));
  const before = [
    ...parts.map(({ part, of, result }) => `${part}(${upstreamPropertyName(of)}) as ${result.name}`),
    ...items.flatMap(({ property, method, result }) =>
      method === 'values' && property !== null
        ? [`${upstreamPropertyName(property)} mul 0 add 1 as ${oneOf(result)}`]
        : [],
    ),
  ];
  const aggregate = items.length === 0 ? '' : `aggregate(${items.map(itemText).join(',')})`;
  const keys = `(${grouping.map(upstreamPropertyName).join(',')})`;
  const groups = grouping.length === 0 ? aggregate : `groupby(${aggregate === '' ? keys : `${keys},${aggregate}`})`;
  return before.length === 0 ? groups : `compute(${before.join(',')})/${groups}`;
}

function itemText({ property, method, result }: AggregatedItem): string {
  if (property === null) {
    return `$count as ${result.name}`;
  }
  return method === 'values'
    ? `${oneOf(result)} with sum as ${result.name}`
    : `${upstreamPropertyName(property)} with ${method} as ${result.name}`;
}

/** The name of what is 1 where there is a value, and null where there is none. */
export const oneOf = ({ name }: Property): string => `${name}One`;

/** The whole of `$apply`. Throws GatewayError NotImplemented where a condition cannot be asked of the feed. */
export function applyText(request: AggregatedRequest, map: UpstreamMap): string {
  const { filter } = request;
  const place = { map, option: '$apply', variables: new Map() };
  const first = filter === null ? '' : `filter(${expressionText(nullProof(filter), place)})/`;
  return first + groupsText(request);
}

/** `path?query` below the service root, encoded. */
export const applyPath = ({ set }: Pick<AggregatedRequest, 'set'>, text: string, map: UpstreamMap): string =>
  `${encodeURIComponent(upstreamSetName(map, set))}?$apply=${encodeOption(text)}`;

/** Names of the transformations that a request needs. */
export function transformationsOf({ filter, computed, items }: AggregatedRequest): readonly string[] {
  const computes = computed.length > 0 || items.some(({ method }) => method === 'values');
  return ['aggregate', 'groupby', ...(filter === null ? [] : ['filter']), ...(computes ? ['compute'] : [])];
}
