import type { Catalogue } from '../../catalogue/catalogue.ts';
import { versionsText } from '../../http/entity-tag.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { Feed } from '../../http/feed.ts';
import type { Negotiated } from '../../http/negotiated.ts';
import { replyHead } from '../../http/reply-head.ts';
import { ReplySink } from '../../http/reply-sink.ts';
import { currentVersions, isCurrent, replyTag } from '../../http/reply-tag.ts';
import type { AllPlan, AllPosition } from '../../plan/model/read-plan.ts';
import { setsOf } from '../../plan/model/sets.ts';
import type { ReadSession } from '../../warehouse/database.ts';
import { type Ending, ending } from '../stored/stored-read.ts';
import { AllPage } from './all-page.ts';
import { type Parts, partsOf, startOf } from './parts.ts';
import { countProxied, type ProxiedPlace, writeProxied } from './proxied-rows.ts';
import { countStored, writeStored } from './stored-rows.ts';

/** One request for the entities of all sets, bound and negotiated. */
export interface AllRead {
  readonly plan: AllPlan;
  readonly exchange: Exchange;
  readonly feed: Feed;
  readonly catalogue: Catalogue;
  readonly negotiated: Negotiated;
  /** Fingerprint of the query, for tokens. */
  readonly fingerprint: string;
}

/**
 * Answers `$all`. Stored sets come first, the rows of one page from one snapshot. Each page of a proxied feed is a page of
 * its own here: a feed that cannot be reached is an error reply, not a transfer broken behind rows of other sets. Rows are
 * counted on the first page alone. Throws GatewayError before the first byte; afterwards the caller breaks the transfer.
 */
export async function replyAll(read: AllRead): Promise<void> {
  const { plan, exchange, feed, catalogue } = read;
  const parts = partsOf(plan, { catalogue, upstreams: feed.upstreams });
  const counted = plan.countOnly || (plan.count && plan.after === null && !isHead(read));
  const work: Work = { read, parts, far: counted ? await countProxied(parts.proxied, proxiedPlace(read)) : null };
  if (parts.stored.length === 0) {
    return (await replyRest(work, { total: work.far, skip: plan.skip ?? 0 }))();
  }
  const options = {
    timeout: feed.settings.statementTimeout,
    signal: exchange.signal,
    weighed: { key: '', statements: null, multiplies: false },
    unseen: () => !exchange.response.headersSent,
    ...(parts.proxied.length === 0 ? { opening: versionsText(setsOf(plan)) } : {}),
  };
  const rest = await feed.database.read((session) => replyStored(work, session), options);
  const end = typeof rest === 'function' ? rest : await replyRest(work, rest);
  await end();
}

interface Work {
  readonly read: AllRead;
  readonly parts: Parts;
  /** Rows of the proxied sets; null: rows are not counted. */
  readonly far: bigint | null;
}

/** What the stored sets leave to the proxied ones, where they have no row to give. */
interface Rest {
  readonly total: bigint | null;
  readonly skip: number;
}

const isHead = ({ exchange }: AllRead): boolean => exchange.method === 'HEAD';

/** Everything of one reply that PostgreSQL knows; gives how the reply ends, or what is left to the proxied sets. */
async function replyStored({ read, parts, far }: Work, session: ReadSession): Promise<Rest | Ending> {
  const { plan, exchange, catalogue } = read;
  // Nobody says when the rows of a proxied feed change.
  const sets = parts.proxied.length === 0 ? setsOf(plan) : [];
  const tag = async (): Promise<string | null> => replyTag(read, await currentVersions(session, sets));
  if (await isCurrent(exchange, tag)) {
    return async () => {};
  }
  const etag = await tag();
  const place = { catalogue, session, after: plan.after };
  const total = far === null ? null : far + (await countStored(parts.stored, place));
  if (plan.countOnly) {
    return replyNumber(read, total ?? 0n, etag);
  }
  const page = new AllPage(read, { total, etag, skip: plan.skip ?? 0, bounded: true });
  if (isHead(read)) {
    return page.endHead();
  }
  const next = await writeStored(parts.stored, page, place);
  const [first] = parts.proxied;
  if (next !== null || first === undefined || !page.wantsMore) {
    return page.end(next);
  }
  if (page.written > 0) {
    return page.end(startOf(first, page.remaining));
  }
  return { total, skip: page.skip };
}

async function replyRest({ read, parts }: Work, { total, skip }: Rest): Promise<Ending> {
  const { plan } = read;
  if (plan.countOnly) {
    return replyNumber(read, total ?? 0n, null);
  }
  const page = new AllPage(read, { total, etag: null, skip, bounded: false });
  if (isHead(read)) {
    return page.endHead();
  }
  const next: AllPosition | null = await writeProxied(parts.proxied, page, {
    ...proxiedPlace(read),
    after: plan.after,
  });
  return page.end(next);
}

function replyNumber({ exchange, negotiated }: AllRead, rows: bigint, etag: string | null): Ending {
  const head = replyHead(exchange, { contentType: 'text/plain;charset=utf-8', etag });
  const sink = new ReplySink(exchange.response, head, negotiated.encoding);
  sink.output.appendText(String(rows));
  return ending(sink);
}

function proxiedPlace({ plan, exchange, feed, catalogue, negotiated }: AllRead): ProxiedPlace {
  const { root, signal } = exchange;
  const options = { ...negotiated.json, root, signal, skipToken: null, mixed: !plan.references };
  return { sources: { catalogue, upstreams: feed.upstreams }, options };
}
