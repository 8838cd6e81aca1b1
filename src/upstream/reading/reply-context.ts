import type { JsonFormat } from '../../json/json-format.ts';
import type { RowFormat } from '../../json/reading/row-text.ts';
import type { ExpandPlace } from '../../plan/federate/placement.ts';
import type { UpstreamClient } from '../client/upstream-client.ts';
import type { LearnedLimits } from '../feed-limits.ts';
import type { ExactRows } from '../texts/exact-rows.ts';
import type { UpstreamMap } from '../url/upstream-map.ts';

/** What answers a plan: where to ask, how names map, and the secret that signs page tokens. */
export interface ReplyContext {
  readonly client: UpstreamClient;
  readonly map: UpstreamMap;
  readonly secret: Buffer;
  /** Tells callers apart whose own tokens the feed is asked with, each of whom may see other rows. Absent: the gateway signs in for all. */
  readonly caller?: string;
  /** What the feed takes; absent: nothing is known and learned. */
  readonly limits?: LearnedLimits;
  /** The rows of a collection of which more are asked for, those that are not to be given left out. Absent: none may come that are not. */
  readonly exactly?: ExactRows;
  /** Told how many rows of a set came in a reply. */
  readonly onRows?: (set: string, rows: number) => void;
  /** Told when a row of a set came without a property, though its feed had shown that it sends them all. */
  readonly onPartial?: (set: string) => void;
  /** Told when a row came without a collection that an `$expand` asked for. */
  readonly onUnexpanded?: (at: ExpandPlace) => void;
  /** Told when the feed has counted an expanded collection. */
  readonly onNestedCount?: () => void;
}

/** How rows of a reply are written. */
export const rowFormat = (format: JsonFormat, { onNestedCount, onUnexpanded }: ReplyContext): RowFormat => ({
  ...format,
  ...(onNestedCount && { onNestedCount }),
  ...(onUnexpanded && { onUnexpanded }),
});
