import { setTimeout as pause } from 'node:timers/promises';
import type { EntitySet, Property } from '../edm/model.ts';
import { GatewayError } from '../errors.ts';
import { columnTexts } from '../json/reading/column-texts.ts';
import { readObject, stringValue } from '../json/reading/json-scan.ts';
import { noRestriction, onlyProperties } from '../plan/model/make.ts';
import type { CollectionPlan } from '../plan/model/read-plan.ts';
import { canonicalDateTimeOffset } from '../plan/value/temporal-text.ts';
import type { Upstream, UpstreamReadOptions } from '../upstream/upstream.ts';
import { oldestPlan } from './parts.ts';

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
  const seen = new Set<string>();
  for (let token: string | null = null; ; ) {
    const reply = await feed.upstream.read(plan, optionsOf(feed, token));
    if (reply.kind !== 'collection') {
      throw new GatewayError(
        'UpstreamRefused',
        `The feed answered the rows of ${plan.selection.set.name} with something else.`,
      );
    }
    yield* reply.objects;
    const { next } = reply.end();
    if (next === null) {
      return;
    }
    if (seen.has(next) || seen.size >= mostPages) {
      throw new GatewayError('UpstreamRefused', `The feed names pages of ${plan.selection.set.name} without an end.`);
    }
    seen.add(next);
    token = next;
  }
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
      `${by.name} of the oldest row is ${raw.slice(0, 60)}, which says no point in time.`,
    );
  }
  return moment.replace(/(\.\d{6})\d+/, '$1');
}

/** Rows that the feed still has of these keys, canonical texts in the order of the type's key. */
export async function* rowsOfKeys(
  feed: Feed,
  set: EntitySet,
  keys: readonly (readonly string[])[],
): AsyncGenerator<string> {
  const properties = set.entityType.key.flatMap((name) => set.entityType.properties.get(name) ?? []);
  const selection = onlyProperties(set, [...set.entityType.properties.values()]);
  yield* feed.upstream.fetchByKeys(
    { set, properties, keys, selection, restriction: noRestriction },
    optionsOf(feed, null),
  );
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
