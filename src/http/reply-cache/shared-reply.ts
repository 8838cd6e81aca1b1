import { appliedTo, type PagedPlan, type StoredRead } from '../../source/stored/stored-read.ts';
import { digest } from '../negotiated.ts';
import { replyHead } from '../reply-head.ts';
import type { ReplyCopy } from './reply-copy.ts';
import { type OpenedReply, openKept, sendKept } from './send-kept.ts';

/** One reply as clients share it who ask the same of the same data. */
export interface SharedReply {
  /** A reply to this request is kept, maybe of other data. */
  readonly kept: boolean;
  /**
   * The kept reply, where it is the one of the ETag. The ETag is only asked for where a reply to this request is kept at
   * all, so that nobody else pays for knowing it before the rows.
   */
  find(tag: () => Promise<string | null>): Promise<OpenedReply | null>;
  /** Sends what `find` found, with the headers of the first reply. Throws ClientGone. */
  send(found: OpenedReply): Promise<void>;
  /** A copy for the others; null: it cannot be kept. */
  begin(tag: string): ReplyCopy | null;
}

/**
 * Whether a reply may be shared; null: it may not. What decides its bytes is all in its ETag: the data versions of all
 * sets, address and Host, query, preferences, format, encoding, page size and model. A reply knows nothing of who asked
 * for it; the key option is in no query here. `tracked`: the reply gives or follows a delta link.
 */
export function sharedReply(read: StoredRead, tracked: boolean): SharedReply | null {
  const { exchange, negotiated, feed, plan } = read;
  const cache = feed.replies ?? null;
  if (cache === null || tracked || read.volatile || exchange.method !== 'GET') {
    return null;
  }
  if (negotiated.encoding === 'identity' || !isPaged(plan)) {
    return null;
  }
  const { path, query, prefer, timing } = exchange;
  const request = digest(JSON.stringify([path, query, prefer, negotiated.json, negotiated.encoding]));
  return {
    get kept() {
      return cache.holds(request);
    },
    async find(tag) {
      if (!cache.holds(request)) {
        return null;
      }
      const from = performance.now();
      const etag = await tag();
      const kept = etag === null ? null : cache.take(request, etag);
      if (kept === null) {
        return null;
      }
      const opened = await openKept(kept);
      timing.note('cache', performance.now() - from);
      if (opened !== null) {
        return opened;
      }
      cache.forget(request, kept);
      kept.release();
      return null;
    },
    async send(found) {
      exchange.fromCache = true;
      const more = { 'Content-Encoding': negotiated.encoding };
      const facts = {
        contentType: negotiated.mediaType,
        etag: found.kept.facts.tag,
        applied: appliedTo({ ...read, plan }),
      };
      await sendKept(found, replyHead(exchange, { ...facts, more }), exchange);
    },
    begin: (tag) => cache.begin({ request, tag, rows: () => exchange.rows }),
  };
}

function isPaged(plan: StoredRead['plan']): plan is PagedPlan {
  return plan.kind === 'Collection' || (plan.kind === 'Crossjoin' && !plan.countOnly);
}
