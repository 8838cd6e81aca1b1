import { faultOfMembers } from '../../edm/enumeration.ts';
import type { Property } from '../../edm/model.ts';
import { rowText } from '../../json/reading/row-text.ts';
import { keyedCondition } from '../../plan/logic/keyed-condition.ts';
import { collectionOf, rowsOfSet } from '../../plan/model/make.ts';
import type { CollectionPlan } from '../../plan/model/read-plan.ts';
import { refusedWith, statusBehind } from '../client/upstream-fault.ts';
import { type FeedLimits, type ListForm, listRefused, listTaken, nextLength, untried } from '../feed-limits.ts';
import { hasTextsOf } from '../texts/keyed-rows.ts';
import type { KeyedRequest, UpstreamReadOptions } from '../upstream.ts';
import { compileUpstreamUrl } from '../url/compile-url.ts';
import { followIn, readPages } from './pages.ts';
import { type ReplyContext, rowFormat } from './reply-context.ts';

/** Characters of a URL that every server takes. Some answer longer ones as if there were nothing at this address. */
const surelyShort = 1024;

/**
 * Rows of one set that have one of the keys, whatever pages they come in: as few requests as the feed takes, one after the
 * other. What it refuses is asked again with fewer keys, or in another form, and what it takes then is learned. All rows of one
 * key come from one request, in its order. Texts of keys are those that were asked for, letter by letter, whatever the feed takes for one: a row would come
 * by each of the requests that name a text like it. `wider`: what the feed is asked for in place of the rows, and which of these are left out.
 * See `Upstream.fetchByKeys`.
 */
export async function* fetchByKeys(
  request: KeyedRequest,
  options: UpstreamReadOptions,
  context: ReplyContext,
  wider: WiderRows = { request, keeps: () => true },
): AsyncGenerator<string> {
  const row = rowText(request.selection, rowFormat(options, context));
  const keys = askableKeys(request);
  let limits = context.limits?.known() ?? untried;
  let refusal: unknown = null;
  for (let at = 0; at < keys.length; ) {
    const asked = keyedRequest({ ...wider.request, keys: keys.slice(at) }, options, { ...context, known: limits });
    const isAsked = hasTextsOf(request, keys.slice(at, at + asked.keys));
    let begun = false;
    try {
      for await (const { raw, context: told } of readPages(asked.path, options, context)) {
        begun = true;
        if (!isAsked(raw) || !wider.keeps(raw)) {
          continue;
        }
        yield await row(raw, followIn(options, context, told));
      }
    } catch (error) {
      refusal ??= error;
      const less = begun || asked.keys <= 1 ? null : afterRefusal(error, limits, asked);
      if (less === null) {
        throw asked.keys <= 1 ? refusal : error;
      }
      limits = less;
      continue;
    }
    limits = listTaken(limits, asked.form, asked.members);
    if (refusal !== null || asked.members > 1) {
      context.limits?.learn(limits);
    }
    refusal = null;
    at += asked.keys;
  }
}

/** What a feed is asked for that compares some texts otherwise. */
export interface WiderRows {
  readonly request: KeyedRequest;
  readonly keeps: (raw: string) => boolean;
}

/** How the same keys may be taken; null: the refusal is no matter of how many they are. */
function afterRefusal(error: unknown, limits: FeedLimits, asked: KeyedUrl): FeedLimits | null {
  const status = statusBehind(error);
  if (status === 414 || status === 431 || (status === 404 && asked.length > surelyShort)) {
    return { ...limits, maxUrlLength: Math.floor((asked.length * 3) / 4) };
  }
  return refusedWith(error) === null ? null : listRefused(limits, asked.form, asked.members);
}

type Context = Pick<ReplyContext, 'client' | 'map'> & { readonly known?: FeedLimits };

/** A request for the first keys of some. */
export interface KeyedUrl {
  /** `path?query` below the service root. */
  readonly path: string;
  /** How many keys it names. */
  readonly keys: number;
  readonly form: ListForm;
  /** Values that are compared. */
  readonly members: number;
  /** Of the whole URL, in characters. */
  readonly length: number;
}

/** Each key once, without those that no row can have. */
export function askableKeys(request: KeyedRequest): KeyedRequest['keys'] {
  const distinct = new Map(request.keys.map((key) => [JSON.stringify(key), key]));
  return [...distinct.values()].filter((key) =>
    request.properties.every((property, at) => canHold(property, key[at] ?? '')),
  );
}

/** The request for as many of the keys, from the first on, as the feed takes in one. */
export function keyedRequest(
  request: KeyedRequest,
  options: Pick<UpstreamReadOptions, 'metadata'>,
  { known = untried, ...context }: Context,
): KeyedUrl {
  const { keys, properties } = request;
  const form = formOf(properties, known);
  const map = { ...context.map, lists: form };
  const longest = Math.min(map.maxUrlLength, known.maxUrlLength ?? map.maxUrlLength);
  const lengthOf = (path: string): number => new URL(context.client.root.href + path).href.length;
  const pathOf = (count: number): string =>
    keyedPath({ ...request, keys: keys.slice(0, count) }, { ...context, map }, options.metadata === 'full');
  const most = Math.max(1, Math.floor(nextLength(known, form) / properties.length));
  let count = Math.min(most, keys.length);
  let path = pathOf(count);
  while (lengthOf(path) > longest && count > 1) {
    count = Math.max(1, Math.floor((count * longest) / lengthOf(path)) - 1);
    path = pathOf(count);
  }
  return { path, keys: count, form, members: count * properties.length, length: lengthOf(path) };
}

/** Keys of several properties, and members of enumerations, are compared one by one. */
function formOf([property, ...more]: readonly Property[], { lists }: FeedLimits): ListForm {
  const single = more.length === 0 && property?.enumeration === undefined && property?.type !== 'Edm.Binary';
  return single ? lists : 'or';
}

/** A feed refuses a request that names a member its enumeration does not have; no row has it either. */
const canHold = ({ enumeration }: Property, value: string): boolean =>
  enumeration === undefined || faultOfMembers(enumeration, value) === null;

/** The rows of a set that have one of the keys. */
export function keyedPlan({ set, properties, keys, selection, restriction }: KeyedRequest): CollectionPlan {
  return collectionOf({
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
}

function keyedPath(request: KeyedRequest, context: Context, ids: boolean): string {
  const { path, query } = compileUpstreamUrl(keyedPlan(request), context.map, ids);
  return `${path}?${query}`;
}
