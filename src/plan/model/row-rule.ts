import type { BoundExpression, RangeVariable } from './expression.ts';

/** How a claim is written where a condition speaks of it. */
export type ClaimForm = 'string' | 'number' | 'guid' | 'date' | 'dateTimeOffset';

/** What a claim says of somebody. */
export interface ClaimValue {
  readonly form: ClaimForm;
  /** It stands behind `in`. */
  readonly list: boolean;
  /** As the rule reads them; of no list the one value. */
  readonly values: readonly string[];
}

/**
 * A rule about which rows of a set there are, as somebody has it. PostgreSQL has a policy for each rule, not for each of those who have it:
 * what is theirs alone, their claims, is told apart from what the rule says.
 */
export interface RowRule {
  /** The rule without anybody's claims: the same for all who have it. */
  readonly text: string;
  /** By the name that stands for the claim in the text. */
  readonly claims: ReadonlyMap<string, ClaimValue>;
  /** The row that the condition speaks of. */
  readonly variable: RangeVariable;
  /** The condition for somebody else, who has these claims. Throws GatewayError where they have no room in it. */
  conditionFor(claims: ReadonlyMap<string, ClaimValue>): BoundExpression;
}
