import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Exchange } from '../exchange.ts';
import type { Feed } from '../feed.ts';
import { modelVersion } from '../reply/documents.ts';
import { digest } from '../reply/entity-tag.ts';
import { formHeaders, type ReplyForm } from '../reply/reply-form.ts';
import { replyHead } from '../reply/reply-head.ts';
import type { ReplyCache } from './reply-cache.ts';
import type { ReplyCopy } from './reply-copy.ts';
import { type OpenedReply, openCached, sendCached } from './send-cached.ts';

/** One reply as clients share it who ask the same of the same data. */
export interface SharedReply {
  /** A reply to this request is kept, maybe of other data. */
  readonly kept: boolean;
  /** A few bytes are worth keeping too: many rows were read for them. */
  readonly evenSmall: boolean;
  /**
   * The kept reply, where it is the one of the ETag. The ETag is only asked for where a reply to this request is kept at
   * all, so that nobody else pays for knowing it before the rows.
   */
  find(tag: () => Promise<string | null>): Promise<OpenedReply | null>;
  /** Sends what `find` found, with the headers of the first reply. Throws ClientGone. */
  send(found: OpenedReply): Promise<void>;
  /** A copy for the others, with the preferences that it follows; null: it cannot be kept. */
  begin(tag: string, applied: readonly string[]): ReplyCopy | null;
}

export interface SharedRequest {
  readonly exchange: Exchange;
  readonly form: ReplyForm;
  readonly feed: Feed;
  readonly catalogue: Catalogue;
  /** Which rows the reader may see, see `SetFacts`. */
  readonly rowConditions: string;
  readonly cache: ReplyCache;
  /** The rows of the reply are made of others, by `$apply`. */
  readonly aggregated: boolean;
}

/**
 * The reply of a request that others may make too. What decides its bytes is all in its ETag: the data versions of all sets,
 * address and Host, query, preferences, format, encoding, page size, the model as the reader sees it and the rows that he may
 * see. Else a reply knows nothing of who asked for it; the key option is in no query here.
 */
export function sharedReply({ exchange, form, cache, aggregated, ...reader }: SharedRequest): SharedReply {
  const { path, query, prefer, timing } = exchange;
  // Who sees something else has a kept reply of his own: by the ETag alone they would drive each other's out.
  const seen = [modelVersion(reader.feed, reader.catalogue), reader.rowConditions];
  const request = digest(JSON.stringify([path, query, prefer, form.json, form.encoding, seen, form.csv?.format]));
  return {
    get kept() {
      return cache.holds(request);
    },
    evenSmall: aggregated,
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
      const opened = await openCached(kept);
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
      const { tag: etag, applied } = found.kept.facts;
      const more = { 'Content-Encoding': form.encoding, ...formHeaders(form) };
      const facts = { contentType: form.mediaType, etag, applied, more };
      await sendCached(found, replyHead(exchange, facts), exchange);
    },
    begin: (tag, applied) => cache.begin({ request, tag, applied, evenSmall: aggregated, rows: () => exchange.rows }),
  };
}
