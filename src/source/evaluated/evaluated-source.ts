import { GatewayError } from '../../errors.ts';
import type { Bound } from '../../plan/model/read-plan.ts';
import { isRefusedForm } from '../../upstream/client/upstream-fault.ts';
import type { Rest } from '../../warehouse/database.ts';
import { broughtRows } from '../../warehouse/tables/brought-rows.ts';
import {
  type DataSource,
  onlyOmitNulls,
  type Reading,
  type Recipient,
  type SourceReply,
  unversioned,
} from '../data-source.ts';
import type { Sources } from '../federated/sources.ts';
import { statedRights } from '../stored/row-rights.ts';
import type { EvaluationLimits, Store } from '../stored/stored-read.ts';
import { compileStored, storedReply } from '../stored/stored-reply.ts';
import { upstreamOptions } from '../upstream/upstream-source.ts';
import { Allowance, broughtLines, noLines } from './brought-lines.ts';
import { type EvaluatedPlan, type Evaluation, evaluationOf } from './evaluation.ts';
import { handedAggregation } from './handed-aggregation.ts';
import { WatchedRecipient } from './watched-recipient.ts';

/** Where nothing else is configured. */
const usualLimits: EvaluationLimits = { rows: 1_000_000, bytes: 1024 * 1024 * 1024 };

/**
 * What feeds cannot do, PostgreSQL does with their rows: they are brought into temporary tables, and the statement is the one of stored sets.
 * All rows are there before the reply begins, so whatever goes wrong with them is still an error reply. Nobody says when they change.
 */
export class EvaluatedSource implements DataSource<EvaluatedPlan> {
  readonly #store: Store;
  readonly #sources: Sources;

  constructor(store: Store, sources: Sources) {
    this.#store = store;
    this.#sources = sources;
  }

  /** Groups are the feed's where it has shown that it adds up rows as PostgreSQL does, and what comes behind them is done here. */
  async read<T>(asked: Bound<EvaluatedPlan>, reading: Reading, recipient: Recipient<T>): Promise<T> {
    const handed = reading.headOnly ? null : handedAggregation(asked, this.#sources);
    if (handed !== null && (await handed.feed.shows(handed.request, upstreamOptions(reading)))) {
      const watched = new WatchedRecipient(recipient);
      try {
        return await this.#evaluate(handed.evaluation, { asked, reading }, watched);
      } catch (error) {
        if (watched.taken || !isNotGiven(error)) {
          throw error;
        }
      }
    }
    return this.#evaluate(evaluationOf(asked, this.#sources), { asked, reading }, recipient);
  }

  async #evaluate<T>(
    { plan, catalogue, parts }: Evaluation,
    { asked, reading }: { readonly asked: Bound<EvaluatedPlan>; readonly reading: Reading },
    recipient: Recipient<T>,
  ): Promise<T> {
    const { database, results, timeout, evaluation: limits = usualLimits } = this.#store;
    const { signal, observe, timing, headOnly } = reading;
    const own = { ...reading, catalogue, trackChanges: false };
    const controls = reading.format.metadata === 'full';
    const compiled = timing.measure('compile', () => compileStored(plan, own, { controls }));
    const isRowless = headOnly && hasSameHead(asked);
    const allowance = new Allowance(limits);
    const options = upstreamOptions(reading);
    const brought = parts.map((part) =>
      broughtRows(part.twin, part.set, {
        properties: part.properties,
        lines: () => (isRowless ? noLines(part, options) : broughtLines(part, options, { allowance, observe })),
      }),
    );
    return database.readWith(
      brought,
      async (session) => {
        const read = { plan, reading: own, session, compiled, results, validator: unversioned, tracking: null };
        return recipient.take(inOnePage(await storedReply(read), session.rest));
      },
      {
        timeout,
        signal,
        observe,
        onTurn: (waited) => (waited >= 1 ? timing.note('queue', waited) : undefined),
        ...statedRights(this.#store, asked.setNames, reading),
      },
    );
  }
}

/** Whether a feed did not give groups that it was asked for, though it may give the rows. */
const isNotGiven = (error: unknown): boolean =>
  isRefusedForm(error) || (error instanceof GatewayError && error.code === 'UpstreamRefused');

/** Whether the head of the reply is the same whatever rows there are: nothing on the way to them may be missing, and no length is said. */
const hasSameHead = (plan: EvaluatedPlan): boolean =>
  plan.kind === 'Crossjoin' || ((plan.kind === 'Collection' || plan.kind === 'Count') && plan.source.kind === 'Set');

/** A page that cannot end before its last row: what is behind it would have to be fetched anew. */
function inOnePage(reply: SourceReply, rest: Rest): SourceReply {
  if (reply.kind !== 'page') {
    return reply;
  }
  const wait = (room: Promise<void>): Promise<boolean> => rest.endure(room).then(() => true);
  return { ...reply, followed: onlyOmitNulls, begin: async () => ({ ...(await reply.begin()), wait }) };
}
