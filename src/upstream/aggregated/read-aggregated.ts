import type { EntityType } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { rowText } from '../../json/reading/row-text.ts';
import { countOf, noRestriction, onlyProperties, rowsOfSet } from '../../plan/model/make.ts';
import { shortEnough } from '../reading/asked-request.ts';
import { readPages } from '../reading/pages.ts';
import { readCount } from '../reading/read-count.ts';
import type { ReplyContext } from '../reading/reply-context.ts';
import type { AggregatedRequest, UpstreamReadOptions } from '../upstream.ts';
import { applyPath, applyText } from './aggregation-text.ts';
import { counted, countName } from './counted.ts';
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
 * The groups that a feed gives, page after page, as JSON objects. Throws GatewayError NotImplemented where one comes twice, or where together they do not have as
 * many rows as the feed counts: some are missing then, or were made of a part of the rows.
 */
export async function* readAggregated(
  request: AggregatedRequest,
  options: UpstreamReadOptions,
  context: ReplyContext,
): AsyncGenerator<string> {
  const asked = counted(request);
  const type = groupType(asked);
  const properties = [...groupType(request).properties.values()];
  const text = rowText(onlyProperties({ ...request.set, entityType: type }, properties), options);
  const values = valuesOf(type);
  const count = countName(asked);
  const known = new Set<string>();
  let rows = 0n;
  const before = await rowsCounted(request, options, context);
  for await (const { raw } of readPages(aggregatedPath(request, context), options, context)) {
    const row = await text(raw, noMore);
    const told = values(raw);
    const key = JSON.stringify(request.grouping.map(({ name }) => told?.get(name) ?? null));
    const own = told?.get(count) ?? null;
    if (own === null || known.has(key) || known.size === mostGroups) {
      throw notOurs(context);
    }
    known.add(key);
    rows += BigInt(own);
    yield row;
  }
  if (request.grouping.length === 0 && known.size !== 1) {
    throw notOurs(context);
  }
  if (rows !== before) {
    // Rows may come and go meanwhile.
    const after = await rowsCounted(request, options, context);
    const [least, most] = before < after ? [before, after] : [after, before];
    if (rows < least || rows > most) {
      throw notOurs(context);
    }
  }
}

/** The rows that the condition leaves. */
async function rowsCounted(
  { set, filter }: AggregatedRequest,
  options: UpstreamReadOptions,
  context: ReplyContext,
): Promise<bigint> {
  const plan = countOf({ source: rowsOfSet(set), restriction: { ...noRestriction, filter } });
  const reply = await readCount(shortEnough(plan, options, context), options, context);
  if (reply.kind !== 'count') {
    throw notOurs(context);
  }
  return BigInt(reply.count);
}

const noMore = (): Promise<readonly string[]> => Promise.resolve([]);

/** Throws GatewayError NotImplemented where the address would be too long. */
export function aggregatedPath(
  request: AggregatedRequest,
  { map, client }: Pick<ReplyContext, 'map' | 'client'>,
): string {
  const path = applyPath(request, applyText(counted(request), map), map);
  if (new URL(client.root.href + path).href.length > map.maxUrlLength) {
    throw notImplemented(map.source, 'takes no address so long');
  }
  return path;
}

const notOurs = ({ map }: ReplyContext): GatewayError =>
  notImplemented(map.source, 'gives groups of rows that are not those that were asked for');

const notImplemented = (source: string, what: string): GatewayError =>
  new GatewayError('NotImplemented', `The proxied feed ${source} ${what}.`, { feature: 'proxied', target: '$apply' });
