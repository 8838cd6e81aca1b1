import { GatewayError } from '../../errors.ts';
import { isNever } from '../../plan/logic/condition.ts';
import type { CollectionPlan, EntityPlan } from '../../plan/model/read-plan.ts';
import type { UpstreamPlan, UpstreamReply } from '../../upstream/upstream.ts';
import type { StoredRead } from '../stored/stored-read.ts';
import { replyFromStore } from '../stored/stored-reply.ts';
import { replyFromUpstream } from '../upstream/upstream-reply.ts';
import { completeRows } from './complete-rows.ts';
import { connected, expandCrosses, proxiedSource, type Sources, setOf } from './crossing.ts';
import { KnownRows } from './known-rows.ts';
import type { Place } from './place.ts';
import { readEntity, readPage } from './read-local.ts';
import { filterCrosses, resolveFilters } from './resolve-filters.ts';
import { resolveSource } from './resolve-source.ts';
import { type Split, splitSelection } from './split-selection.ts';

/** One request whose path, `$filter` or `$expand` leads from one source to another. */
export interface AcrossRead extends Omit<StoredRead<UpstreamPlan>, 'volatile' | 'deltaToken'> {
  /** Text of `$skiptoken`; null: first page. */
  readonly skipToken: string | null;
}

/**
 * Answers a request that no single source can: steps of the path are followed by key first, and parts of filters that
 * speak of other sources become comparisons with keys; then the rows of the addressed set are read from their own source
 * and completed, some hundreds at a time, with the rows that they lead to.
 * Throws GatewayError before the first byte; afterwards the caller breaks the transfer. There is no ETag: nobody says
 * when a proxied feed's rows change.
 */
export async function replyAcrossSources(read: AcrossRead): Promise<void> {
  const sources: Sources = { catalogue: read.catalogue, upstreams: read.feed.upstreams };
  const place = placeOf(read, sources);
  const source = await resolveSource(read.plan.source, place);
  if (source === null) {
    return send(read, nothingOf(read.plan));
  }
  if (filterCrosses(read.plan, sources)) {
    refuseChanges(read.plan);
  }
  const plan: UpstreamPlan = await resolveFilters({ ...read.plan, source }, place);
  if (isEmptyAbroad(plan, sources)) {
    return send(read, nothingOf(read.plan));
  }
  if ((plan.kind === 'Collection' || plan.kind === 'Entity') && expandCrosses(plan.selection, sources)) {
    refuseDerived(plan);
    const split = splitSelection(plan.selection, sources);
    return send(read, await completed({ ...plan, selection: split.selection }, { read, split, place }));
  }
  const at = proxiedSource(sources, setOf(source));
  if (at === null) {
    return replyFromStore({ ...read, plan, volatile: true, deltaToken: null });
  }
  const { exchange, negotiated, skipToken } = read;
  return replyFromUpstream({ plan, exchange, negotiated, skipToken, upstream: connected(sources, at) });
}

function placeOf({ exchange, feed, negotiated }: AcrossRead, sources: Sources): Place {
  const { root, signal } = exchange;
  const { json } = negotiated;
  const options = { ...json, root, signal, skipToken: null };
  return { sources, feed, exchange, format: json, options, known: new KnownRows() };
}

/** The reply is written as that of a proxied feed; what it says of itself comes from the request as it was bound. */
function send(read: AcrossRead, reply: UpstreamReply): Promise<void> {
  const { plan, exchange, negotiated, skipToken } = read;
  return replyFromUpstream({ plan, exchange, negotiated, skipToken, upstream: { read: async () => reply } });
}

/** Whether a proxied set would be asked for rows of which none can be: feeds differ in what they take for `false`. */
function isEmptyAbroad(plan: UpstreamPlan, sources: Sources): boolean {
  if (plan.kind !== 'Collection' && plan.kind !== 'Count') {
    return false;
  }
  const { filter } = plan.restriction;
  const never = filter !== null && isNever(filter);
  return never && plan.source.kind === 'Set' && proxiedSource(sources, plan.source.set) !== null;
}

/** A step that leads nowhere: no entity, or no rows. */
function nothingOf(plan: UpstreamPlan): UpstreamReply {
  if (plan.kind === 'Count') {
    return { kind: 'count', count: '0' };
  }
  if (plan.kind !== 'Collection') {
    return { kind: 'absent' };
  }
  const count = plan.restriction.count ? '0' : null;
  return collection({ count, objects: none(), discard: () => undefined, end: () => ({ count: null, next: null }) });
}

async function* none(): AsyncGenerator<string> {}

type Page = Pick<UpstreamReply & { kind: 'collection' }, 'count' | 'objects' | 'discard' | 'end'>;

const collection = (page: Page): UpstreamReply => ({ kind: 'collection', ...page });

interface Work {
  readonly read: AcrossRead;
  readonly split: Split;
  readonly place: Place;
}

async function completed(plan: CollectionPlan | EntityPlan, { read, split, place }: Work): Promise<UpstreamReply> {
  const { completion } = split;
  if (plan.kind === 'Entity') {
    const row = await readEntity(plan, place);
    if (row === null) {
      return { kind: 'absent' };
    }
    const [text = '{}'] = await completeRows([row], completion, place);
    return { kind: 'entity', json: Buffer.from(text, 'utf8') };
  }
  const page = await readPage(plan, place, read);
  if (page === null) {
    return { kind: 'absent' };
  }
  const objects = async function* (): AsyncGenerator<string> {
    for await (const rows of page.chunks) {
      yield* await completeRows(rows, completion, place);
    }
  };
  return collection({ ...page, objects: objects() });
}

/** A filter by rows of another source changes without a row of this one. */
function refuseChanges(plan: UpstreamPlan): void {
  if (plan.kind !== 'Collection' || plan.since === null) {
    return;
  }
  const message = '$deltatoken cannot be combined with a $filter that leads to another source.';
  throw new GatewayError('NotImplemented', message, { feature: 'untracked-changes', target: '$deltatoken' });
}

/** Changes and aggregated rows are of one source. */
function refuseDerived(plan: CollectionPlan | EntityPlan): void {
  if (plan.kind !== 'Collection' || (plan.apply === null && plan.since === null)) {
    return;
  }
  const option = plan.apply === null ? '$deltatoken' : '$apply';
  const message = `${option} cannot be combined with an $expand that leads to another source.`;
  throw new GatewayError('NotImplemented', message, { feature: 'across-sources', target: option });
}
