import type {
  Bound,
  CollectionPlan,
  CountPlan,
  CrossjoinPlan,
  EntityPlan,
  PropertyPlan,
  ReadPlan,
} from '../../plan/model/read-plan.ts';
import type { CompiledQuery } from '../../sql/compiled-query.ts';
import type { Database, ReadSession } from '../../warehouse/database.ts';
import type { Reading, Validator } from '../data-source.ts';
import type { Tracking } from './delta/tracking.ts';
import type { ResultCache } from './result-cache.ts';

/** The plans that PostgreSQL answers. */
export type StoredPlan = CollectionPlan | EntityPlan | PropertyPlan | CountPlan | CrossjoinPlan;

/** What one request may bring along, of all its sets together. */
export interface EvaluationLimits {
  readonly rows: number;
  /** Of their values as text. */
  readonly bytes: number;
}

/** What rows in PostgreSQL are read with. */
export interface Store {
  readonly database: Database;
  readonly results: ResultCache;
  /** Milliseconds that PostgreSQL may take for one request. */
  readonly timeout: number;
  /** What a request may bring along of feeds, to be worked out here. Absent: the usual limits. */
  readonly evaluation?: EvaluationLimits;
  /** Reads say which rows they may see, for PostgreSQL to hold them to it. Absent: they do not. */
  readonly statesRights?: boolean;
}

/** One read of one snapshot. */
export interface StoredRead<Plan extends ReadPlan = StoredPlan> {
  readonly plan: Bound<Plan>;
  readonly reading: Reading;
  readonly session: ReadSession;
  readonly compiled: CompiledQuery;
  readonly results: ResultCache;
  readonly validator: Validator;
  /** null: nobody follows the changes of the rows. */
  readonly tracking: Tracking | null;
}
