import type { EntityType, Property } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { rowText } from '../../json/reading/row-text.ts';
import { onlyProperties } from '../../plan/model/make.ts';
import { readPages } from '../reading/pages.ts';
import type { ReplyContext } from '../reading/reply-context.ts';
import type { AggregatedRequest, UpstreamReadOptions } from '../upstream.ts';
import { applyPath, applyText } from './aggregation-text.ts';
import { valuesOf } from './group-here.ts';

/** Groups that a feed is asked for at most. What has more of them is nearly the rows themselves, and whether one comes twice has to be remembered. */
const mostGroups = 100_000;

/** What a group says, as a type of its own. */
export function groupType({ set, grouping, items }: AggregatedRequest): EntityType {
  const properties = [...grouping, ...items.map(({ result }) => result)];
  return {
    kind: 'EntityType',
    name: set.entityType.name,
    key: [],
    properties: new Map(properties.map((property) => [property.name, property])),
    navigationProperties: new Map(),
  };
}

/**
 * The groups that a feed gives, page after page, as JSON objects. Throws GatewayError NotImplemented where one comes twice, has no number where there is one, or is not
 * the only one where there is one group.
 */
export async function* readAggregated(
  request: AggregatedRequest,
  options: UpstreamReadOptions,
  context: ReplyContext,
): AsyncGenerator<string> {
  const { set, grouping, items } = request;
  const type = groupType(request);
  const properties = [...type.properties.values()];
  const text = rowText(onlyProperties({ ...set, entityType: type }, properties), options);
  const values = valuesOf(type);
  const counts = items.filter(({ result }) => !result.nullable).map(({ result }) => result.name);
  const known = new Set<string>();
  for await (const { raw } of readPages(aggregatedPath(request, context), options, context)) {
    const row = await text(raw, noMore);
    const told = values(row);
    const key = JSON.stringify(grouping.map(({ name }: Property) => told?.get(name) ?? null));
    if (
      told === null ||
      known.has(key) ||
      known.size === mostGroups ||
      counts.some((name) => told.get(name) === null)
    ) {
      throw notOurs(context);
    }
    known.add(key);
    yield row;
  }
  if (grouping.length === 0 && known.size !== 1) {
    throw notOurs(context);
  }
}

const noMore = (): Promise<readonly string[]> => Promise.resolve([]);

/** Throws GatewayError NotImplemented where the address would be too long. */
export function aggregatedPath(
  request: AggregatedRequest,
  { map, client }: Pick<ReplyContext, 'map' | 'client'>,
): string {
  const path = applyPath(request, applyText(request, map), map);
  if (new URL(client.root.href + path).href.length > map.maxUrlLength) {
    throw notImplemented(map.source, 'takes no address so long');
  }
  return path;
}

const notOurs = ({ map }: ReplyContext): GatewayError =>
  notImplemented(map.source, 'gives groups of rows that are not those that were asked for');

const notImplemented = (source: string, what: string): GatewayError =>
  new GatewayError('NotImplemented', `The proxied feed ${source} ${what}.`, { feature: 'proxied', target: '$apply' });
