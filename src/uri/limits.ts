/**
 * What one request URL may cost. The numbers are counts, not bytes; every one of them is answered with `LimitExceeded`
 * (`UrlTooLong` for the length of the URL), so that hostile text ends in an error instead of a full stack or heap.
 */
export interface UriLimits {
  /** Characters of the URL below the service root, still percent-encoded. */
  readonly urlLength: number;
  /** Characters of a query string sent as a body (POST `/$query`), still percent-encoded. */
  readonly queryLength: number;
  /** Nodes of all expressions of one request; items of lists are counted by `listLength`. */
  readonly expressionNodes: number;
  /** Parentheses, lambdas, nested options, `not` and minus signs inside one another. */
  readonly nestingDepth: number;
  /** Items of one list, and segments of one path. */
  readonly listLength: number;
}

export const defaultUriLimits: UriLimits = {
  urlLength: 16_384,
  queryLength: 262_144,
  expressionNodes: 4_000,
  nestingDepth: 100,
  listLength: 2_000,
};
