import { allContext } from '../../json/context-url.ts';
import type { AllPlan, AllPosition, Bound } from '../../plan/model/read-plan.ts';
import { encodeAllPosition } from '../../plan/position/page-position.ts';
import type { ReadSession } from '../../warehouse/database.ts';
import {
  type DataSource,
  onlyOmitNulls,
  type PageEnd,
  type PageReply,
  type PageRows,
  type Reading,
  type Recipient,
  type RowPage,
  type RowSteps,
  type SourceReply,
  unversioned,
  type Validator,
} from '../data-source.ts';
import type { Sources } from '../federated/sources.ts';
import { currentVersions, versionsText } from '../stored/data-versions.ts';
import { goesOn, recencyOf } from '../stored/recency.ts';
import { statedRights } from '../stored/row-rights.ts';
import type { Store } from '../stored/stored-read.ts';
import { upstreamOptions } from '../upstream/upstream-source.ts';
import { AllPage } from './all-page.ts';
import { type Parts, partsOf, startOf } from './parts.ts';
import { countProxied, nextProxied, type ProxiedParts, proxiedRows } from './proxied-parts.ts';
import { countStored, nextStored, type StoredParts, storedRows } from './stored-parts.ts';

/**
 * The entities of all sets (`$all`). Stored sets come first, the rows of one page from one snapshot. Each page of a proxied
 * feed is a page of its own here: a feed that cannot be reached is an error reply, not a transfer broken behind rows of
 * other sets. Rows are counted on the first page alone.
 */
export class AllSource implements DataSource<AllPlan> {
  readonly #store: Store;
  readonly #sources: Sources;

  constructor(store: Store, sources: Sources) {
    this.#store = store;
    this.#sources = sources;
  }

  async read<T>(plan: Bound<AllPlan>, reading: Reading, recipient: Recipient<T>): Promise<T> {
    const parts = partsOf(plan, this.#sources);
    const counted = plan.countOnly || (plan.count && plan.after === null && !reading.headOnly);
    const proxied = this.#proxied(parts, plan, reading);
    const work: Work = { plan, reading, parts, proxied, far: counted ? await countProxied(proxied) : null };
    if (parts.stored.length === 0) {
      return takeProxied(work, { total: work.far, skip: plan.skip ?? 0 }, recipient);
    }
    const { database, timeout } = this.#store;
    const taken = await database.read((session) => takeStored(work, session, recipient), {
      timeout,
      signal: reading.signal,
      observe: reading.observe,
      weighed: { key: '', statements: null, multiplies: false },
      unseen: reading.unseen,
      recency: recencyOf(plan.setNames, { catalogue: reading.catalogue, goesOn: goesOn(plan) }),
      ...statedRights(this.#store, plan.setNames, reading),
      ...(reading.onServer && { onServer: reading.onServer }),
      ...(parts.proxied.length === 0 ? { opening: versionsText(plan.setNames, reading.catalogue) } : {}),
    });
    return taken.kind === 'done' ? taken.result : takeProxied(work, taken, recipient);
  }

  #proxied({ proxied }: Parts, { references }: AllPlan, reading: Reading): ProxiedParts {
    const options = { ...upstreamOptions(reading), mixed: !references };
    return { parts: proxied, sources: this.#sources, options };
  }
}

interface Work {
  readonly plan: Bound<AllPlan>;
  readonly reading: Reading;
  readonly parts: Parts;
  readonly proxied: ProxiedParts;
  /** Rows of the proxied sets; null: rows are not counted. */
  readonly far: bigint | null;
}

/** What the stored sets leave to the proxied ones, where they have no row to give. */
interface Rest {
  /** Rows of all pages together; null: not asked for. */
  readonly total: bigint | null;
  /** Rows to leave out before the first one. */
  readonly skip: number;
}

type Taken<T> = { readonly kind: 'done'; readonly result: T } | ({ readonly kind: 'rest' } & Rest);

/** Lends everything of one reply that PostgreSQL knows, or gives what is left to the proxied sets. */
async function takeStored<T>(work: Work, session: ReadSession, recipient: Recipient<T>): Promise<Taken<T>> {
  const { plan, reading, parts, far } = work;
  // Nobody says when the rows of a proxied feed change.
  const sets = parts.proxied.length === 0 ? plan.setNames : [];
  const validator: Validator = { versions: () => currentVersions(session, sets), shareable: false };
  const copy = await recipient.recall(validator);
  if (copy !== null) {
    return done(copy);
  }
  const format = { ...reading.format, mixed: !plan.references };
  const read: StoredParts = { parts: parts.stored, catalogue: reading.catalogue, session, format, after: plan.after };
  const total = far === null ? null : far + (await countStored(read));
  if (plan.countOnly) {
    return done(await recipient.take(numberReply(total, validator)));
  }
  const page = new AllPage(plan, plan.skip ?? 0);
  const reply = replyOf(work, { validator, pageSize: plan.pageSize });
  if (reading.headOnly) {
    return done(await recipient.take({ ...reply, begin: headAlone }));
  }
  const first = await nextStored(0, page, read);
  const [following] = parts.proxied;
  const mayGoOn = following !== undefined && page.wantsMore;
  if (first.kind === 'end' && first.next === null && mayGoOn) {
    return { kind: 'rest', total, skip: page.skip };
  }
  async function* fill(envelope: RowPage): RowSteps {
    const next = yield* storedRows(first, { page, envelope }, read);
    const goesOn = next === null && following !== undefined && page.wantsMore;
    return endOf(work, goesOn ? startOf(following, page.remaining) : next);
  }
  const { rest } = session;
  const wait = (room: Promise<void>): Promise<boolean> => rest.nap(room);
  return done(await recipient.take({ ...reply, begin: async () => ({ count: textOf(total), wait, fill }) }));
}

async function takeProxied<T>(work: Work, { total, skip }: Rest, recipient: Recipient<T>): Promise<T> {
  const { plan, reading, proxied } = work;
  if (plan.countOnly) {
    return recipient.take(numberReply(total, unversioned));
  }
  const page = new AllPage(plan, skip);
  const reply = replyOf(work, { validator: unversioned, pageSize: null });
  if (reading.headOnly) {
    return recipient.take({ ...reply, begin: headAlone });
  }
  const started = await nextProxied(page, plan.after, proxied);
  let whole = false;
  async function* fill(envelope: RowPage): RowSteps {
    const next = started === null ? null : yield* proxiedRows(started, { page, envelope }, proxied);
    whole = true;
    return endOf(work, next);
  }
  try {
    return await recipient.take({ ...reply, begin: async () => ({ count: textOf(total), wait: null, fill }) });
  } finally {
    if (!whole || !page.wantsMore) {
      started?.reply.discard();
    }
  }
}

const done = <T>(result: T): Taken<T> => ({ kind: 'done', result });

const textOf = (total: bigint | null): string | null => (total === null ? null : String(total));

/** `pageSize`: the page holds no more rows than were asked for; null: it may. */
function replyOf(
  { plan, reading }: Work,
  { validator, pageSize }: { readonly validator: Validator; readonly pageSize: number | null },
): Omit<PageReply, 'begin'> {
  const context = allContext(reading.format.root, plan.references);
  return { kind: 'page', context, validator, followed: { ...onlyOmitNulls, pageSize } };
}

function endOf({ plan: { fingerprint } }: Work, next: AllPosition | null): PageEnd {
  const skipToken = next === null ? null : encodeAllPosition(next, fingerprint);
  return { count: null, skipToken, deltaToken: null };
}

/** The head alone is wanted. */
const headAlone = (): Promise<PageRows> => Promise.reject(new TypeError('Rows of a reply without a body are not read'));

const numberReply = (rows: bigint | null, validator: Validator): SourceReply => ({
  kind: 'text',
  contentType: 'text/plain;charset=utf-8',
  body: String(rows ?? 0n),
  rows: null,
  validator,
  followed: { ...onlyOmitNulls, omitNulls: false },
});
