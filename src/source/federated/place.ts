import type { Exchange } from '../../http/exchange.ts';
import type { Feed } from '../../http/feed.ts';
import type { JsonFormat } from '../../json/json-format.ts';
import type { UpstreamReadOptions } from '../../upstream/upstream.ts';
import type { Sources } from './crossing.ts';
import type { KnownRows } from './known-rows.ts';

/** Where the rows of one request are read and joined. */
export interface Place {
  readonly sources: Sources;
  readonly feed: Pick<Feed, 'database' | 'settings'>;
  readonly exchange: Exchange;
  readonly format: JsonFormat;
  /** The same for proxied feeds; without a `$skiptoken`, which is the addressed set's alone. */
  readonly options: UpstreamReadOptions;
  readonly known: KnownRows;
}
