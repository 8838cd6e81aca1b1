import type { Bound } from '../../plan/model/read-plan.ts';
import type { ReadOptions, ReadSession } from '../../warehouse/database.ts';
import type { DataSource, Reading, Recipient, Validator } from '../data-source.ts';
import { currentVersions, versionsText } from './data-versions.ts';
import { saysKey } from './delta/trackable.ts';
import { isTracked, openTracking } from './delta/tracking.ts';
import { readWeight } from './read-weight.ts';
import { goesOn, recencyOf } from './recency.ts';
import { statedRights } from './row-rights.ts';
import type { Store, StoredPlan } from './stored-read.ts';
import { compileStored, storedReply } from './stored-reply.ts';

/** Rows of PostgreSQL: everything of one reply comes from one snapshot. */
export class StoredSource implements DataSource<StoredPlan> {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async read<T>(plan: Bound<StoredPlan>, reading: Reading, recipient: Recipient<T>): Promise<T> {
    const { database } = this.#store;
    const stated = statedRights(this.#store, plan.setNames, reading);
    const results = this.#store.results.under(stated.rights);
    const followed = plan.kind === 'Collection' && isTracked(plan, reading) ? plan : null;
    const controls = reading.format.metadata === 'full' || (followed !== null && !saysKey(followed));
    const compiled = reading.timing.measure('compile', () => compileStored(plan, reading, { controls }));
    const sets = plan.volatile ? [] : plan.setNames;
    const validatorIn = (session: ReadSession): Validator => ({
      versions: () => currentVersions(session, sets),
      shareable: followed === null && !plan.volatile && isPaged(plan),
    });
    const work = async (session: ReadSession): Promise<T> => {
      const tracking = followed === null ? null : await openTracking(followed, reading, session);
      const validator = validatorIn(session);
      const copy = await recipient.recall(validator);
      if (copy !== null) {
        return copy;
      }
      return recipient.take(await storedReply({ plan, reading, session, compiled, results, validator, tracking }));
    };
    const weight = readWeight({ plan, reading, results }, compiled);
    // A large reply that somebody has already is none: it does not wait for its turn.
    const early = weight !== null && followed === null && recipient.mayHaveCopy;
    const { catalogue, goesOn: behindOthers = goesOn(plan) } = reading;
    return database.read(work, {
      recency: recencyOf(plan.setNames, { catalogue, goesOn: behindOthers || reading.deltaToken !== null }),
      sets: plan.setNames,
      weighed: weight,
      ...this.#options(reading),
      ...stated,
      ...(sets.length === 0 ? {} : { opening: versionsText(sets, reading.catalogue) }),
      ...(early ? { early: (session: ReadSession) => recipient.recall(validatorIn(session)) } : {}),
    });
  }

  #options({ signal, observe, timing, unseen, onServer }: Reading): ReadOptions<never> {
    const onTurn = (waited: number): void => {
      if (waited >= 1) {
        timing.note('queue', waited);
      }
    };
    return { timeout: this.#store.timeout, signal, observe, unseen, onTurn, ...(onServer && { onServer }) };
  }
}

const isPaged = (plan: StoredPlan): boolean =>
  plan.kind === 'Collection' || (plan.kind === 'Crossjoin' && !plan.countOnly);
