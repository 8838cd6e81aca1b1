import { GatewayError } from '../../errors.ts';
import { expressionCrosses } from '../../plan/federate/filter-root.ts';
import type { Bound, CrossjoinPlan, RowSource } from '../../plan/model/read-plan.ts';
import { sourceSet } from '../../plan/model/sets.ts';
import { isRefusedForm } from '../../upstream/client/upstream-fault.ts';
import type { UpstreamPlan } from '../../upstream/upstream.ts';
import type { Reading } from '../data-source.ts';
import type { Sources } from '../federated/sources.ts';
import { type PlannedRead, planned } from '../planned-read.ts';
import type { Store } from '../stored/stored-read.ts';
import { EvaluatedSource } from './evaluated-source.ts';
import type { EvaluatedPlan } from './evaluation.ts';
import { WatchedRecipient } from './watched-recipient.ts';

/**
 * A read that the sources of the rows are asked for, and that is worked out here where they cannot do it: because OData 4.0 has no words for
 * it, because rows of several sources are looked at at once, or because a feed says so. `$search` always: each feed that knows it at all means
 * something of its own by it, and some pass over it.
 */
export function orEvaluated(
  usual: PlannedRead,
  plan: Bound<UpstreamPlan>,
  { store, sources }: { readonly store: Store; readonly sources: Sources },
): PlannedRead {
  if (!canBeEvaluated(plan, sources)) {
    return usual;
  }
  const evaluated = planned(new EvaluatedSource(store, sources), plan);
  if (isOnlyEvaluated(plan, sources)) {
    return { read: (reading, recipient) => evaluated.read(firstPage(plan, reading), recipient) };
  }
  return {
    read: async (reading, recipient) => {
      const watched = new WatchedRecipient(recipient);
      try {
        return await usual.read(reading, watched);
      } catch (error) {
        if (watched.taken || !(isBeyondSources(error) || isAskedInVain(plan, error))) {
          throw error;
        }
        if (isBeyondSources(error)) {
          return evaluated.read(firstPage(plan, reading), recipient);
        }
        return evaluated.read(firstPage(plan, reading), recipient).catch((further: unknown) => {
          // A feed that refuses to give its rows at all has said of the first request why.
          throw isRefusedForm(further) ? error : further;
        });
      }
    },
  };
}

/** Rows of several sets beside each other, which no feed is asked for. */
export const evaluatedCrossjoin = (
  plan: Bound<CrossjoinPlan>,
  { store, sources }: { readonly store: Store; readonly sources: Sources },
): PlannedRead => {
  const evaluated = planned(new EvaluatedSource(store, sources), plan);
  return { read: (reading, recipient) => evaluated.read(firstPage(plan, reading), recipient) };
};

/** Whether rows of feeds are looked at, and not which of them changed. */
export function canBeEvaluated(plan: Bound<EvaluatedPlan>, { catalogue }: Sources): boolean {
  const ofFeeds = plan.setNames.some((name) => catalogue.sets.get(name)?.kind === 'upstream');
  return ofFeeds && (plan.kind !== 'Collection' || plan.since === null);
}

/** What the sources of the rows would not refuse, and give other rows for, or in another order. */
export function isOnlyEvaluated(plan: UpstreamPlan, sources: Sources): boolean {
  if (plan.kind !== 'Collection' && plan.kind !== 'Count') {
    return false;
  }
  const { search, orderby } = plan.restriction;
  const searchesFeed = search !== null && sources.sourceOf(sourceSet(plan.source)) !== null;
  // A navigation of the feed may have the name of one that leads elsewhere here.
  return searchesFeed || orderby.some(({ expression }) => expressionCrosses(expression, sources));
}

/** Whether the sources of the rows cannot do by themselves what can be done with rows in one place. */
export const isBeyondSources = (error: unknown): boolean =>
  error instanceof GatewayError && error.code === 'NotImplemented' && error.feature === 'proxied';

/**
 * Whether a feed refuses a condition, an order, an expand, a part of the rows or a count that is not wrong: it does not know it, cannot work it out, or takes
 * no request so long. A key that it takes for wrong may be so.
 */
function isAskedInVain(plan: UpstreamPlan, error: unknown): boolean {
  if (
    !isRefusedForm(error) ||
    isNotImplemented(error) ||
    (plan.kind !== 'Collection' && plan.kind !== 'Count') ||
    isKeyed(plan.source)
  ) {
    return false;
  }
  const { filter, orderby, top, skip, count } = plan.restriction;
  const options = filter !== null || orderby.length > 0 || top !== null || skip !== null || count;
  return plan.kind === 'Count' || options || plan.selection.expands.length > 0;
}

const isNotImplemented = (error: unknown): boolean => error instanceof GatewayError && error.code === 'NotImplemented';

const isKeyed = (source: RowSource): boolean =>
  source.kind !== 'Set' && (source.kind === 'Keyed' || isKeyed(source.from));

/** Replies that are worked out have no further pages. Throws GatewayError InvalidSkipToken. */
function firstPage(plan: EvaluatedPlan, reading: Reading): Reading {
  if (reading.skipToken === null && (!('after' in plan) || plan.after === null)) {
    return reading;
  }
  throw new GatewayError('InvalidSkipToken', '$skiptoken: the reply to this request has one page only.', {
    target: '$skiptoken',
  });
}
