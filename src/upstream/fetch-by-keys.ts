import { faultOfMembers } from '../edm/enumeration.ts';
import type { Property } from '../edm/model.ts';
import { rowText } from '../json/reading/row-text.ts';
import { keyedCondition } from '../plan/logic/keyed-condition.ts';
import { collectionOf, rowsOfSet } from '../plan/model/make.ts';
import { compileUpstreamUrl } from './compile-url.ts';
import type { ReplyContext } from './read-reply.ts';
import { followIn, readPages } from './read-reply.ts';
import type { KeyedRequest, UpstreamReadOptions } from './upstream.ts';

/** Most keys asked for in one request, however long a URL may be: feeds limit the nodes of a filter, often to 100. */
const keysPerRequest = 45;

/**
 * Rows of one set that have one of the keys, whatever pages they come in: as few requests as the upstream's URL length
 * allows, one after the other. All rows of one key come from one request, in its order. See `Upstream.fetchByKeys`.
 */
export async function* fetchByKeys(
  request: KeyedRequest,
  options: UpstreamReadOptions,
  context: ReplyContext,
): AsyncGenerator<string> {
  const row = rowText(request.selection, options);
  for (const path of keyedRequests(request, options, context)) {
    for await (const { raw, context: told } of readPages(path, options, context)) {
      yield await row(raw, followIn(options, context, told));
    }
  }
}

type Context = Pick<ReplyContext, 'client' | 'map'>;

/** `path?query` of the requests that together name every key once. */
export function keyedRequests(
  request: KeyedRequest,
  options: Pick<UpstreamReadOptions, 'metadata'>,
  context: Context,
): readonly string[] {
  const keys = [...new Map(request.keys.map((key) => [JSON.stringify(key), key])).values()].filter((key) =>
    request.properties.every((property, at) => canHold(property, key[at] ?? '')),
  );
  const longest = context.map.maxUrlLength;
  const most = Math.max(1, Math.floor(keysPerRequest / request.properties.length));
  const lengthOf = (path: string): number => new URL(context.client.root.href + path).href.length;
  const pathOf = (some: KeyedRequest['keys']): string =>
    keyedPath({ ...request, keys: some }, context, options.metadata === 'full');
  const requests: string[] = [];
  for (let at = 0; at < keys.length; ) {
    let count = Math.min(most, keys.length - at);
    let path = pathOf(keys.slice(at, at + count));
    while (lengthOf(path) > longest && count > 1) {
      count = Math.max(1, Math.floor((count * longest) / lengthOf(path)) - 1);
      path = pathOf(keys.slice(at, at + count));
    }
    requests.push(path);
    at += count;
  }
  return requests;
}

/** A feed refuses a request that names a member its enumeration does not have; no row has it either. */
const canHold = ({ enumeration }: Property, value: string): boolean =>
  enumeration === undefined || faultOfMembers(enumeration, value) === null;

function keyedPath(request: KeyedRequest, context: Context, ids: boolean): string {
  const { set, properties, keys, selection, restriction } = request;
  const plan = collectionOf({
    source: rowsOfSet(set),
    selection,
    restriction: {
      ...restriction,
      filter: keyedCondition({ set, properties, keys }, restriction.filter),
      top: null,
      skip: null,
      count: false,
    },
    pageSize: keys.length,
  });
  const { path, query } = compileUpstreamUrl(plan, context.map, ids);
  return `${path}?${query}`;
}
