import type { BoundExpression, CollectionPlan, Selection } from '../plan/read-plan.ts';
import { compileUpstreamUrl } from './compile-url.ts';
import { readObject } from './json-scan.ts';
import type { ReplyContext } from './read-reply.ts';
import { followIn, readPages } from './read-reply.ts';
import { rowText } from './row-text.ts';
import type { KeyedRequest, KeyedRow, UpstreamReadOptions } from './upstream.ts';
import { refused } from './upstream-fault.ts';
import { canonicalText, valueText } from './value-text.ts';

/** Most values asked for in one request, however long a URL may be: feeds limit the nodes of a filter, often to 100. */
const valuesPerRequest = 50;

/**
 * Rows of one set whose property has one of the values, whatever pages they come in: as few requests as the upstream's
 * URL length allows, one after the other. See `Upstream.fetchByKeys`.
 */
export async function* fetchByKeys(
  request: KeyedRequest,
  options: UpstreamReadOptions,
  context: ReplyContext,
): AsyncGenerator<KeyedRow> {
  const row = rowText(request.selection, options);
  const key = valueText(request.property, false);
  const follow = followIn(options, context);
  for (const path of keyedRequests(request, options, context)) {
    for await (const raw of readPages(path, options, context)) {
      const value = readObject(raw).get(request.property.name) ?? 'null';
      if (value === 'null') throw refused(context.map.source, `left out ${request.property.name}, which was asked for`);
      yield { key: canonicalText(key(value)), json: await row(raw, follow) };
    }
  }
}

/** `path?query` of the requests that together name every value once. */
export function keyedRequests(
  request: KeyedRequest,
  options: Pick<UpstreamReadOptions, 'metadata'>,
  context: Pick<ReplyContext, 'client' | 'map'>,
): readonly string[] {
  const values = [...new Set(request.values)];
  const longest = context.map.maxUrlLength;
  const lengthOf = (path: string): number => new URL(context.client.root.href + path).href.length;
  const requests: string[] = [];
  for (let at = 0; at < values.length; ) {
    let count = Math.min(valuesPerRequest, values.length - at);
    let path = keyedRequest(request, values.slice(at, at + count), { options, context });
    while (lengthOf(path) > longest && count > 1) {
      count = Math.max(1, Math.floor((count * longest) / lengthOf(path)) - 1);
      path = keyedRequest(request, values.slice(at, at + count), { options, context });
    }
    requests.push(path);
    at += count;
  }
  return requests;
}

interface Place {
  readonly options: Pick<UpstreamReadOptions, 'metadata'>;
  readonly context: Pick<ReplyContext, 'client' | 'map'>;
}

function keyedRequest(request: KeyedRequest, values: readonly string[], place: Place): string {
  const { property, set } = request;
  const operand: BoundExpression = {
    kind: 'PropertyValue',
    type: property.type,
    nullable: property.nullable,
    row: { variable: { name: '$it', set }, steps: [] },
    property,
  };
  const items = values.map((value) => ({ kind: 'Constant', type: property.type, value }) as const);
  const filter: BoundExpression = { kind: 'In', type: 'Edm.Boolean', nullable: true, operand, items };
  const plan: CollectionPlan = {
    kind: 'Collection',
    source: { kind: 'Set', set },
    selection: withProperty(request.selection, request),
    restriction: { filter, search: null, orderby: [], top: null, skip: null, count: false },
    apply: null,
    references: false,
    pageSize: values.length,
    after: null,
    since: null,
  };
  const { path, query } = compileUpstreamUrl(plan, place.context.map, place.options.metadata === 'full');
  return `${path}?${query}`;
}

function withProperty(selection: Selection, { property }: KeyedRequest): Selection {
  const has = selection.properties.some((one) => one.name === property.name);
  return has ? selection : { ...selection, properties: [...selection.properties, property] };
}
