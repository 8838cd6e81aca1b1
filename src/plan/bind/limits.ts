import { GatewayError } from '../../errors.ts';

/** What one request may ask. Every limit of the binder is here; passing one is `LimitExceeded` (400). */
export interface PlanLimits {
  /** Nodes of all expressions of a request, aliases counted wherever they are used. */
  readonly expressionNodes: number;
  /** Nesting of one expression; a chain of `and` or of `or` counts as one level. */
  readonly nesting: number;
  /** Levels of `$expand`, `$levels` included. */
  readonly expandDepth: number;
  /** Expanded navigation properties of a request on all levels together. */
  readonly expands: number;
  /** Members of one `in` list. */
  readonly inList: number;
  /** Largest `$top` and `$skip`, in rows. */
  readonly top: number;
  /** Transformations of one `$apply`, nested ones included. */
  readonly transformations: number;
  /** Entities named by key inside expressions: each is a join, and PostgreSQL plans 100 in 0.4 s, 400 in 1.7 s. */
  readonly keysInPaths: number;
  /** Characters of one pattern of `matchesPattern`. */
  readonly patternLength: number;
  /** Characters that a pattern matches one after the other, bounded repeats written out. */
  readonly patternSize: number;
  /** Optional parts among them: PostgreSQL builds 100 in 40 ms, and 750 in more than 20 s. */
  readonly patternOptions: number;
  /** The square of the optional parts times the kinds of characters that the sets tell apart; 1,300,000 takes 4 s. */
  readonly patternWork: number;
}

export const defaultPlanLimits: PlanLimits = {
  expressionNodes: 5000,
  nesting: 100,
  expandDepth: 6,
  expands: 200,
  inList: 1000,
  top: 1_000_000_000,
  transformations: 100,
  keysInPaths: 100,
  patternLength: 1000,
  patternSize: 1000,
  patternOptions: 100,
  patternWork: 400_000,
};

/** What one bindRead call has used so far; made for that call and dropped with it. */
export interface Usage {
  nodes: number;
  nesting: number;
  expands: number;
  transformations: number;
  keysInPaths: number;
  /** `now()` was asked for. */
  clock: boolean;
}

export const noUsage = (): Usage => ({
  nodes: 0,
  nesting: 0,
  expands: 0,
  transformations: 0,
  keysInPaths: 0,
  clock: false,
});

/**
 * Refuses a value above a limit.
 * @throws GatewayError `LimitExceeded`; the message names the limit's number.
 */
export function checkLimit(value: number, limit: number, what: string): void {
  if (value > limit) {
    throw new GatewayError('LimitExceeded', `The request has ${what}: ${value}; at most ${limit} are allowed.`);
  }
}
