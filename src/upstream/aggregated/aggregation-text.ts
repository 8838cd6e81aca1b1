import { nullProof } from '../../plan/logic/null-proof.ts';
import type { AggregatedItem, AggregatedRequest } from '../upstream.ts';
import { encodeOption } from '../url/compile-url.ts';
import { expressionText } from '../url/expression-text.ts';
import { type UpstreamMap, upstreamPropertyName, upstreamSetName } from '../url/upstream-map.ts';

/** What is done with the rows that are left, not percent-encoded: `groupby((A,B),aggregate(...))`, or `aggregate(...)` of all of them. */
export function groupsText({ grouping, items }: Pick<AggregatedRequest, 'grouping' | 'items'>): string {
  const aggregate = items.length === 0 ? '' : `aggregate(${items.map(itemText).join(',')})`;
  if (grouping.length === 0) {
    return aggregate;
  }
  const keys = `(${grouping.map(upstreamPropertyName).join(',')})`;
  return `groupby(${aggregate === '' ? keys : `${keys},${aggregate}`})`;
}

const itemText = ({ property, method, result }: AggregatedItem): string =>
  property === null ? `$count as ${result.name}` : `${upstreamPropertyName(property)} with ${method} as ${result.name}`;

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

/** Names of the transformations that a request needs, and its trials. */
export const transformationsOf = ({ filter }: AggregatedRequest): readonly string[] =>
  filter === null ? ['aggregate', 'groupby'] : ['aggregate', 'groupby', 'filter'];
