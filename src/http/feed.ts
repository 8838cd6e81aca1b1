import type { Catalogue } from '../catalogue/catalogue.ts';
import type { FeedCapabilities } from '../edm/capabilities.ts';
import type { ServingEvent } from '../observation/events/http.ts';
import type { Observe } from '../observation/observe.ts';
import type { Grants } from '../plan/grants.ts';
import type { Principal } from '../sign-in/principal.ts';
import type { DataSources } from '../source/data-sources.ts';
import type { SharedRequests } from './async/shared-requests.ts';
import type { AuditRecord } from './audit/audit-record.ts';
import type { ReaderLimits } from './edge/reader-limits.ts';
import type { ServiceLimits } from './limits.ts';
import type { ReplyCache } from './reply-cache/reply-cache.ts';
import type { Authentication } from './sign-in/authentication.ts';

export interface FeedSettings {
  /** Rows of one page; clients may ask for less. */
  readonly pageSize: number;
  /** Absolute, without a final slash; null: from the Host header. */
  readonly publicUrl: string | null;
  /** Addresses and networks of proxies that are believed where a request came from. Absent: none. */
  readonly trustProxy?: readonly string[];
  /** Origins whose pages may read the feed with a browser. Absent: none. */
  readonly corsOrigins?: readonly string[];
  /** Absent: `serviceLimits`. */
  readonly limits?: ServiceLimits;
  /** Replies say which server of PostgreSQL has read their rows. Absent: they do not. */
  readonly namesServer?: boolean;
}

/** Everything that answering a request needs. Made once by the composition root. */
export interface Feed {
  /** The model as it is now: an upstream's `$metadata` may have been read again since the last request. */
  catalogue(): Catalogue;
  readonly capabilities: ((catalogue: Catalogue) => FeedCapabilities) | null;
  readonly sources: DataSources;
  readonly authentication: Authentication;
  /** What a signed-in principal may see of the catalogue; null: nobody signed in, everybody may read. The same object as long as nothing changed. */
  grantsOf(principal: Principal | null, catalogue: Catalogue): Grants;
  readonly settings: FeedSettings;
  /** What each reader may ask for. Absent: as much as the feed has. */
  readonly readers?: ReaderLimits;
  /** Absent: every reply is made anew. */
  readonly replies?: ReplyCache | null;
  /** Told at the start how to forget all replies that are kept. Absent: nobody will want to. */
  readonly onForgetting?: (forget: () => Promise<void>) => void;
  /** Requests that are answered later, as other gateways know them. Absent: there are no others. */
  readonly asyncRequests?: SharedRequests | null;
  /** Told of each request that was answered. Absent: nobody wants to know. */
  readonly audit?: ((record: AuditRecord) => void) | null;
  readonly observe: Observe<ServingEvent>;
}
