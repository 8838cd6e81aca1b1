import type { UpstreamReadOptions } from '../../upstream/upstream.ts';
import type { ReadOptions, Recency } from '../../warehouse/database.ts';
import type { Reading } from '../data-source.ts';
import type { Store } from '../stored/stored-read.ts';
import type { KnownRows } from './known-rows.ts';
import type { Sources } from './sources.ts';

/** Where the rows of one request are read and joined. */
export interface JoinContext extends Pick<Reading, 'format' | 'signal' | 'observe'>, Pick<ReadOptions, 'rights'> {
  /** How new rows of PostgreSQL have to be: what is read later for a reply may not be older than what was read before. */
  readonly recency: Recency;
  readonly sources: Sources;
  readonly store: Pick<Store, 'database' | 'timeout'>;
  /** The format for proxied feeds; without a `$skiptoken`, which is the addressed set's alone. */
  readonly options: UpstreamReadOptions;
  readonly known: KnownRows;
}
