import type { Catalogue } from '../catalogue/catalogue.ts';
import type { FeedCapabilities } from '../edm/capabilities.ts';
import type { KnownAnswers } from '../source/stored/known-answers.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Database } from '../warehouse/database.ts';
import type { Authentication } from './authentication.ts';
import type { ServiceLimits } from './limits.ts';
import type { ReplyCache } from './reply-cache/reply-cache.ts';

/** What one finished request looked like, for the log. The query is there as option names only: values may be secrets. */
export interface RequestRecord {
  readonly id: string;
  readonly method: string;
  /** Resource path, without the query. */
  readonly path: string;
  /** Names of the query options, without their values. */
  readonly options: readonly string[];
  readonly status: number;
  readonly rows: number | null;
  /** The reply was kept from another request. */
  readonly fromCache: boolean;
  readonly milliseconds: number;
  readonly agent: string;
  /** Name of the credential; null: anonymous. */
  readonly user: string | null;
  readonly error: string | null;
}

/** What happens while serving, told to whoever runs the feed. */
export interface FeedEvents {
  request(record: RequestRecord): void;
  /** A reply that had begun was broken off. */
  broken(id: string, reason: string): void;
  /** A fault that is the gateway's own. */
  defect(id: string, error: Error): void;
}

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
  readonly events: FeedEvents;
}
