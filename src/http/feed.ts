import type { Catalogue } from '../catalogue/catalogue.ts';
import type { FeedCapabilities } from '../edm/capabilities.ts';
import type { HttpEvent } from '../observation/events/http.ts';
import type { Observe } from '../observation/observe.ts';
import type { KnownAnswers } from '../source/stored/known-answers.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Database } from '../warehouse/database.ts';
import type { Authentication } from './authentication.ts';
import type { ServiceLimits } from './limits.ts';
import type { ReplyCache } from './reply-cache/reply-cache.ts';

export interface FeedSettings {
  /** Rows of one page; clients may ask for less. */
  readonly pageSize: number;
  /** Absolute, without a final slash; null: from the Host header. */
  readonly publicUrl: string | null;
  /** Milliseconds PostgreSQL may take for one request. */
  readonly statementTimeout: number;
  /** Absent: `serviceLimits`. */
  readonly limits?: ServiceLimits;
}

/** Everything that answering a request needs. Made once by the composition root. */
export interface Feed {
  /** The model as it is now: an upstream's `$metadata` may have been read again since the last request. */
  catalogue(): Catalogue;
  readonly capabilities: ((catalogue: Catalogue) => FeedCapabilities) | null;
  readonly database: Database;
  /** By source name. */
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly authentication: Authentication;
  readonly settings: FeedSettings;
  readonly known: KnownAnswers;
  /** Absent: every reply is made anew. */
  readonly replies?: ReplyCache | null;
  readonly observe: Observe<HttpEvent>;
}
