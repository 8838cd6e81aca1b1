import { GatewayError } from '../../errors.ts';
import { collectionContext, entityContext } from '../../json/context-url.ts';
import { expandCrosses, filterCrosses } from '../../plan/federate/crossing.ts';
import { type Completion, type Join, splitSelection } from '../../plan/federate/split-selection.ts';
import { isNever } from '../../plan/logic/condition.ts';
import type { Bound, CollectionPlan, EntityPlan } from '../../plan/model/read-plan.ts';
import { sourceSet } from '../../plan/model/sets.ts';
import { isDown } from '../../upstream/is-down.ts';
import type { UpstreamPlan } from '../../upstream/upstream.ts';
import type { DataSource, Reading, Recipient } from '../data-source.ts';
import { lendObjects, type ObjectRows, type ObjectRowsEnd } from '../object-page.ts';
import { ownSource } from '../own-source.ts';
import { recencyOf } from '../stored/recency.ts';
import { statedRights } from '../stored/row-rights.ts';
import type { Store } from '../stored/stored-read.ts';
import { absentReply, numberReply, objectReply, upstreamOptions } from '../upstream/upstream-source.ts';
import { completeRows } from './complete-rows.ts';
import type { JoinContext } from './join-context.ts';
import { KnownRows } from './known-rows.ts';
import { pickLocal } from './pick-local.ts';
import { resolveFilters } from './resolve-filters.ts';
import { resolveSource } from './resolve-source.ts';
import type { Sources } from './sources.ts';

/**
 * Rows that no single source can give: steps of a path between sources are followed by key first, and parts of filters that
 * speak of other sources become comparisons with keys; then the rows of the addressed set are read from their own source
 * and completed, some hundreds at a time, with the rows that they lead to. Nobody says when a proxied feed's rows change.
 */
export class FederatedSource implements DataSource<UpstreamPlan> {
  readonly #store: Store;
  readonly #sources: Sources;

  constructor(store: Store, sources: Sources) {
    this.#store = store;
    this.#sources = sources;
  }

  async read<T>(plan: Bound<UpstreamPlan>, reading: Reading, recipient: Recipient<T>): Promise<T> {
    const sources = this.#sources;
    const { format, signal, observe } = reading;
    const options = upstreamOptions(reading);
    const context: JoinContext = {
      sources,
      store: this.#store,
      ...statedRights(this.#store, plan.setNames, reading),
      recency: recencyOf(plan.setNames, { catalogue: reading.catalogue, goesOn: true }),
      format,
      signal,
      observe,
      options,
      known: new KnownRows(),
    };
    const source = await resolveSource(plan.source, context);
    if (source === null) {
      return lendNothing(plan, reading, recipient);
    }
    if (filterCrosses(plan, sources)) {
      refuseChanges(plan);
    }
    const resolved: UpstreamPlan = await resolveFilters({ ...plan, source }, context);
    if (isEmptyAbroad(resolved, sources)) {
      return lendNothing(plan, reading, recipient);
    }
    if ((resolved.kind === 'Collection' || resolved.kind === 'Entity') && expandCrosses(resolved.selection, sources)) {
      refuseDerived(resolved);
      return lendCompleted(resolved, { plan, reading, context }, recipient);
    }
    // Rows elsewhere, of which nobody says when they change, decide which rows these are.
    const bound = { ...plan, ...resolved, volatile: true };
    const own = ownSource(bound, sourceSet(source), { store: this.#store, sources });
    return own.read({ ...reading, deltaToken: null, goesOn: true }, recipient);
  }
}

/** Whether a proxied set would be asked for rows of which none can be: feeds differ in what they take for `false`. */
function isEmptyAbroad(plan: UpstreamPlan, sources: Sources): boolean {
  if (plan.kind !== 'Collection' && plan.kind !== 'Count') {
    return false;
  }
  const { filter } = plan.restriction;
  const never = filter !== null && isNever(filter);
  return never && plan.source.kind === 'Set' && sources.sourceOf(plan.source.set) !== null;
}

/** A step that leads nowhere: no entity, or no rows. */
function lendNothing<T>(plan: UpstreamPlan, { format }: Reading, recipient: Recipient<T>): Promise<T> {
  if (plan.kind === 'Count') {
    return recipient.take(numberReply('0'));
  }
  if (plan.kind !== 'Collection') {
    return recipient.take(absentReply(plan));
  }
  const count = plan.restriction.count ? '0' : null;
  const end = (): ObjectRowsEnd => ({ count: null, next: null });
  const rows: ObjectRows = { count, objects: none(), discard: () => undefined, end };
  return lendObjects(collectionContext(format.root, plan), rows, recipient);
}

async function* none(): AsyncGenerator<string> {}

interface Work {
  /** As it was bound: what the reply says of itself. */
  readonly plan: Bound<UpstreamPlan>;
  readonly reading: Reading;
  readonly context: JoinContext;
}

async function lendCompleted<T>(
  resolved: CollectionPlan | EntityPlan,
  { plan, reading, context }: Work,
  recipient: Recipient<T>,
): Promise<T> {
  const { selection, completion } = splitSelection(resolved.selection, context.sources);
  const { root } = reading.format;
  await checkJoins(completion, context);
  if (resolved.kind === 'Entity') {
    const row = await pickLocal(selection.set, context).entity({ ...resolved, selection }, completion);
    if (row === null || plan.kind !== 'Entity') {
      return recipient.take(absentReply(plan));
    }
    const [json = '{}'] = await completeRows(row, context);
    return recipient.take(objectReply(entityContext(root, plan), json));
  }
  const tokens = { skipToken: reading.skipToken, fingerprint: plan.fingerprint };
  const page = await pickLocal(selection.set, context).page({ ...resolved, selection }, completion, tokens);
  if (page === null || plan.kind !== 'Collection') {
    return recipient.take(absentReply(plan));
  }
  const objects = async function* (): AsyncGenerator<string> {
    for await (const rows of page.chunks) {
      yield* await completeRows(rows, context);
    }
  };
  return lendObjects(collectionContext(root, plan), { ...page, objects: objects() }, recipient);
}

/**
 * What a feed shows not to do would later break a reply that has begun. One that cannot be asked now is told where a row leads to it: none may.
 */
async function checkJoins(completion: Completion, context: JoinContext): Promise<void> {
  for (const join of joinsIn(completion)) {
    try {
      await pickLocal(join.selection.set, context).checkByKeys(join);
    } catch (error) {
      if (!isDown(error)) {
        throw error;
      }
    }
  }
}

/** At every level. */
const joinsIn = ({ inside, joins }: Completion): readonly Join[] => [
  ...inside.flatMap((nested) => joinsIn(nested.completion)),
  ...joins.flatMap((join) => [join, ...joinsIn(join.completion)]),
];

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
  throw new GatewayError('NotImplemented', message, { feature: 'proxied', target: option });
}
