import type { CollectionPlan } from '../../plan/model/read-plan.ts';
import type { UpstreamPlan, UpstreamReadOptions } from '../upstream.ts';
import { compileUpstreamUrl } from '../url/compile-url.ts';
import type { UpstreamMap } from '../url/upstream-map.ts';
import { asksWhole } from './asks-whole.ts';
import type { ReplyContext } from './reply-context.ts';

/**
 * `path?query`, with `$select` only where it leaves something out if the whole would be longer than the feed allows, or if many whole rows are
 * asked for and the feed has shown that they come without it.
 */
export function shortEnough(
  plan: UpstreamPlan,
  { metadata }: Pick<UpstreamReadOptions, 'metadata'>,
  { map, client }: Pick<ReplyContext, 'map' | 'client'>,
): string {
  const requestOf = (how: UpstreamMap): string => {
    const { path, query } = compileUpstreamUrl(plan, how, metadata === 'full');
    return query === '' ? path : `${path}?${query}`;
  };
  const request = requestOf({ ...map, brief: asksWhole(plan, { map }) });
  const { length } = new URL(client.root.href + request).href;
  return length > map.maxUrlLength ? requestOf({ ...map, brief: true }) : request;
}

/** What all pages of one read have in common: our own next links leave `$top` and `$skip` out, the upstream's carry them on. */
export function continuedRequest(
  plan: CollectionPlan,
  options: Pick<UpstreamReadOptions, 'metadata'>,
  context: Pick<ReplyContext, 'map'>,
): string {
  const restriction = { ...plan.restriction, top: null, skip: null };
  // What was learned of the feed between two pages is no part of what was asked.
  const map = { ...context.map, countsNested: false, lists: 'in' as const, maxTop: null, nullsSaid: new Set<string>() };
  const { path, query } = compileUpstreamUrl({ ...plan, restriction }, map, options.metadata === 'full');
  return `${path}?${query}`;
}
