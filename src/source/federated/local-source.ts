import type { Property } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import type { JoinKey } from '../../plan/federate/join-key.ts';
import type { Completion, Join } from '../../plan/federate/split-selection.ts';
import type { CollectionPlan, EntityPlan, ExpandPlan } from '../../plan/model/read-plan.ts';
import type { ObjectRowsEnd } from '../object-page.ts';
import type { OpenRows } from './open-rows.ts';

/** What a join asks of one source alone: of PostgreSQL, or of one feed. */
export interface LocalSource {
  /** One entity; null: it does not exist. */
  entity(plan: EntityPlan, completion: Completion): Promise<OpenRows | null>;
  /** Joined values of one entity, the only properties of the plan; `absent`: it does not exist. */
  entityKey(plan: EntityPlan, properties: readonly Property[]): Promise<JoinKey | 'absent'>;
  /** A page of rows; null: what they are reached from does not exist. */
  page(plan: CollectionPlan, completion: Completion, tokens: PageTokens): Promise<LocalPage | null>;
  /** Throws as `byKeys` does where it can be told before any key is known. */
  checkByKeys(join: Join): Promise<void>;
  /** The rows at the other end of a join that have one of the keys, in the order asked. Throws GatewayError LimitExceeded. */
  byKeys(join: Join, keys: readonly (readonly string[])[]): Promise<OpenRows>;
  /** Joined values of all rows of a plan, which has no other properties. */
  keys(plan: CollectionPlan, properties: readonly Property[]): AsyncIterable<JoinKey>;
}

export interface PageTokens {
  /** Text of `$skiptoken` that a feed gave; null: first page. */
  readonly skipToken: string | null;
  /** Of the query, for tokens of stored rows. */
  readonly fingerprint: string;
}

/** A page of rows of one source, in chunks. */
export interface LocalPage {
  /** Rows of all pages; null: not asked for, or told at the end. */
  readonly count: string | null;
  /** Some hundreds of rows at a time. */
  readonly chunks: AsyncIterable<OpenRows>;
  discard(): void;
  /** To be asked after the last chunk. */
  end(): ObjectRowsEnd;
}

/** Rows that are held while what they lead to is asked for. */
export const chunkSize = 500;
/** Most bytes of JSON that one chunk may have: its rows are held until their joins are known. */
export const longestChunk = 64 * 1024 * 1024;

export const tooManyRows = ({ navigation }: ExpandPlan): GatewayError =>
  new GatewayError(
    'LimitExceeded',
    `$expand: ${navigation.name} leads to more rows of another source than can be joined at once; ask for fewer with $top, $filter or $select.`,
    { target: '$expand' },
  );
