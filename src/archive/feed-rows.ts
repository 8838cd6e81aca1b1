import { setTimeout as pause } from 'node:timers/promises';
import { keyProperties } from '../edm/key-properties.ts';
import type { EntitySet, Property } from '../edm/model.ts';
import { GatewayError } from '../errors.ts';
import { columnTexts } from '../json/reading/column-texts.ts';
import { readObject, stringValue } from '../json/reading/json-scan.ts';
import { noRestriction, onlyProperties } from '../plan/model/make.ts';
import type { CollectionPlan } from '../plan/model/read-plan.ts';
import { canonicalDateTimeOffset } from '../plan/value/temporal-text.ts';
import type { Upstream, UpstreamReadOptions } from '../upstream/upstream.ts';
import { oldestPlan, type Part, partPlan, wholeSecond } from './parts.ts';

/** A feed that rows are copied from. */
export interface Feed {
  readonly upstream: Pick<Upstream, 'read' | 'fetchByKeys'>;
  readonly namespace: string;
  readonly signal: AbortSignal;
}

const optionsOf = ({ namespace, signal }: Feed, skipToken: string | null): UpstreamReadOptions => ({
  metadata: 'none',
  ieee754Compatible: false,
  omitNulls: false,
  root: '',
  namespace,
  skipToken,
  signal,
});

/** Pages of one part of a set: a feed that names more goes round in a circle. */
const mostPages = 1_000_000;

/** The rows of a plan, page after page to the end, one JSON object each. Throws what `Upstream.read` throws. */
export async function* feedRows(feed: Feed, plan: CollectionPlan): AsyncGenerator<string> {
  const follow = follower(plan.selection.set);
  for (let token: string | null = null; ; ) {
    const reply = await pageOf(feed, plan, token);
    yield* reply.objects;
    const { next } = reply.end();
    if (next === null) {
      return;
    }
    token = follow(next);
  }
}

/**
 * The rows of a part of a set. Those of a window come newest first, and its pages do not lean on each other: the next links of many services only say how
 * many rows to pass over, so that a row which is deleted meanwhile lets another one be passed over unseen. Each page begins anew behind the second of
 * the last row, which comes twice then. Where all of a page is of one second, or the feed keeps no order, its link is followed.
 */
export async function* partRows(feed: Feed, set: EntitySet, part: Part): AsyncGenerator<string> {
  if (part.kind !== 'window') {
    yield* feedRows(feed, partPlan(set, part));
    return;
  }
  let { to } = part;
  let isOrdered = true;
  let last: string | null = null;
  let follow = follower(set);
  for (let token: string | null = null; ; ) {
    const reply = await pageOf(feed, partPlan(set, { ...part, to }), token);
    let first: string | null = null;
    for await (const row of reply.objects) {
      const second = wholeSecond(new Date(momentOf(row, part.by)));
      isOrdered &&= last === null || second <= last;
      first ??= second;
      last = second;
      yield row;
    }
    const { next } = reply.end();
    if (next === null) {
      return;
    }
    // A page of one second says nothing of the order.
    if (isOrdered && first !== null && last !== null && last < first) {
      [to, token, follow] = [wholeSecond(new Date(Date.parse(last) + 1000)), null, follower(set)];
    } else {
      token = follow(next);
    }
  }
}

async function pageOf(feed: Feed, plan: CollectionPlan, token: string | null) {
  const reply = await feed.upstream.read(plan, optionsOf(feed, token));
  if (reply.kind !== 'collection') {
    throw new GatewayError(
      'UpstreamRefused',
      `The feed answered the rows of ${plan.selection.set.name} with something else.`,
    );
  }
  return reply;
}

/** Gives each link back that leads to a page that was not read yet. */
function follower({ name }: EntitySet): (link: string) => string {
  const seen = new Set<string>();
  return (link) => {
    if (seen.has(link) || seen.size >= mostPages) {
      throw new GatewayError('UpstreamRefused', `The feed names pages of ${name} without an end.`);
    }
    seen.add(link);
    return link;
  };
}

/**
 * The oldest point in time that the feed has, as canonical text cut to microseconds; null: it has none. A feed that does not order its rows rightly is found out:
 * then it is not known, which is `undefined`.
 */
export async function oldestMoment(feed: Feed, set: EntitySet, by: Property): Promise<string | null | undefined> {
  const moments: string[] = [];
  for await (const row of feedRows(feed, oldestPlan(set, by, null))) {
    moments.push(momentOf(row, by));
    if (moments.length > 1) {
      break;
    }
  }
  const [oldest] = moments;
  if (oldest === undefined) {
    return null;
  }
  for await (const _ of feedRows(feed, oldestPlan(set, by, oldest))) {
    return undefined;
  }
  return oldest;
}

function momentOf(row: string, by: Property): string {
  const raw = readObject(row).get(by.name) ?? 'null';
  const moment = canonicalDateTimeOffset(stringValue(raw) ?? '');
  if (moment === null) {
    throw new GatewayError(
      'UpstreamRefused',
      `${by.name} of a row is ${raw.slice(0, 60)}, which says no point in time.`,
    );
  }
  return moment.replace(/(\.\d{6})\d+/, '$1');
}

/** Whether a feed is not asked for rows in this way because it would give others. */
export const isBeyondFeed = (error: unknown): error is GatewayError =>
  error instanceof GatewayError && error.code === 'NotImplemented' && error.feature === 'proxied';

/**
 * Rows that the feed still has of these keys, canonical texts in the order of the type's key. Where it reads no conditions: all rows, and
 * `onWhole` is called.
 */
export async function* rowsOfKeys(
  feed: Feed,
  set: EntitySet,
  { keys, onWhole }: { readonly keys: readonly (readonly string[])[]; readonly onWhole: () => void },
): AsyncGenerator<string> {
  const properties = keyProperties(set.entityType);
  const selection = onlyProperties(set, [...set.entityType.properties.values()]);
  const request = { set, properties, keys, selection, restriction: noRestriction };
  let given = 0;
  try {
    for await (const row of feed.upstream.fetchByKeys(request, optionsOf(feed, null))) {
      yield row;
      given += 1;
    }
  } catch (error) {
    if (given > 0 || !isBeyondFeed(error)) {
      throw error;
    }
    onWhole();
    yield* feedRows(feed, partPlan(set, { kind: 'whole' }));
  }
}

/** As `columnTexts`, for all properties of a set. */
export const textsOf = (set: EntitySet) => columnTexts([...set.entityType.properties.values()]);

/** Errors that say when to try again. */
const asksLater: ReadonlySet<string> = new Set(['UpstreamUnavailable', 'Busy']);
/** Tries, and how long a feed may have itself waited for, in seconds. */
const [mostTries, longestWait] = [4, 120];

/** Does work again where the feed says that it may be asked later: as often, and as late, as is reasonable. */
export async function patiently<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      const wait = error instanceof GatewayError && asksLater.has(error.code) ? error.retryAfter : undefined;
      if (wait === undefined || wait > longestWait || tried === mostTries || signal.aborted) {
        throw error;
      }
      await pause(wait * 1000, undefined, { signal });
    }
  }
}
