import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { Feed } from '../../http/feed.ts';
import type { Negotiated } from '../../http/negotiated.ts';
import type { SharedReply } from '../../http/reply-cache/shared-reply.ts';
import { type HeadFacts, replyHead } from '../../http/reply-head.ts';
import { ReplySink } from '../../http/reply-sink.ts';
import type {
  CollectionPlan,
  CountPlan,
  CrossjoinPlan,
  EntityPlan,
  PropertyPlan,
  ReadPlan,
} from '../../plan/model/read-plan.ts';
import type { CompiledQuery } from '../../sql/compiled-query.ts';
import type { ReadSession } from '../../warehouse/database.ts';
import type { Tracking } from './delta/tracking.ts';

/** The plans that PostgreSQL answers. */
export type StoredPlan = CollectionPlan | EntityPlan | PropertyPlan | CountPlan | CrossjoinPlan;

/** The plans that answer with pages of rows. */
export type PagedPlan = CollectionPlan | CrossjoinPlan;

/** One request on stored sets, bound and negotiated. */
export interface StoredRead<Plan extends ReadPlan = StoredPlan> {
  readonly plan: Plan;
  readonly exchange: Exchange;
  readonly feed: Feed;
  readonly catalogue: Catalogue;
  readonly negotiated: Negotiated;
  /** Fingerprint of the query, for tokens. */
  readonly fingerprint: string;
  /** The reply depends on the clock: no ETag. */
  readonly volatile: boolean;
  /** Text of `$deltatoken`; null: none. */
  readonly deltaToken: string | null;
}

/** What a stored read is answered from, in one snapshot. */
export interface StoredSource {
  readonly session: ReadSession;
  readonly compiled: CompiledQuery;
  /** Data versions of all sets of the plan; null: one has none, or the rows depend on the clock. Costs no round trip once a statement was run. */
  readonly versions: () => Promise<string | null>;
  /** The ETag of the reply. Costs no round trip once a statement was run. */
  readonly tag: () => Promise<string | null>;
  /** null: nobody follows the changes of the rows. */
  readonly tracking: Tracking | null;
  /** null: the reply is for nobody else. */
  readonly shared: SharedReply | null;
}

/** Begins the reply: nothing is sent before its first bytes are more than a buffer, or it ends. */
export function openSink({ exchange, negotiated }: StoredRead<ReadPlan>, facts: HeadFacts): ReplySink {
  return new ReplySink(exchange.response, replyHead(exchange, facts), negotiated.encoding);
}

/** Sends the rest of a reply, however slow the client is: nothing is held for it that others wait for. */
export type Ending = () => Promise<void>;

export const ending =
  (sink: ReplySink): Ending =>
  () =>
    sink.end();

/** The preferences that the reply names as applied. */
export function appliedTo({
  exchange,
  negotiated,
  plan,
}: StoredRead<PagedPlan> | StoredRead<EntityPlan>): readonly string[] {
  const { maxPageSize } = exchange.prefer;
  const paged = plan.kind !== 'Entity' && maxPageSize !== null;
  return paged ? [...negotiated.applied, `odata.maxpagesize=${plan.pageSize}`] : negotiated.applied;
}

export const contextMember = (url: string): string => `"@odata.context":${JSON.stringify(url)}`;
