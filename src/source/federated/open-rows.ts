import type { Property } from '../../edm/model.ts';
import type { JoinKey } from '../../plan/federate/join-key.ts';
import type { Join } from '../../plan/federate/split-selection.ts';

/**
 * The members that a join adds to rows, one text for each key: with a comma before each member, or empty. Asked for all rows
 * of a chunk together.
 */
export type FillJoin = (join: Join, keys: readonly JoinKey[]) => Promise<readonly string[]>;

/** Rows of one source that lack what other sources have of them. */
export interface OpenRows {
  readonly length: number;
  /** Joined values of the rows themselves. Throws GatewayError NotImplemented for a type that is not compared across sources. */
  keysOf(properties: readonly Property[]): readonly JoinKey[];
  /** Canonical URLs of the rows, relative to the service root. */
  urls(): readonly string[];
  /** The rows as they are served, each a JSON object. */
  completed(fill: FillJoin): Promise<readonly string[]>;
}
