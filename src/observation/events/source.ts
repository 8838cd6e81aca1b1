import type { UpstreamEvent } from './upstream.ts';
import type { WarehouseEvent } from './warehouse.ts';

/** What happens where rows of several sources are joined. `id`: the request that it is for. */
export type SourceEvent =
  /** A condition on rows of another source became a comparison with so many keys of theirs. */
  | { readonly event: 'keys-found'; readonly id?: string; readonly set: string; readonly keys: number }
  /** Rows of a set are asked for by so many keys at once, to complete rows of another source. */
  | { readonly event: 'rows-by-key'; readonly id?: string; readonly set: string; readonly keys: number }
  /** All rows of a feed are there that a request is worked out from here. */
  | { readonly event: 'rows-brought'; readonly id?: string; readonly set: string; readonly rows: number };

/** What happens while rows are read, wherever they are. */
export type ReadingEvent = SourceEvent | WarehouseEvent | UpstreamEvent;
