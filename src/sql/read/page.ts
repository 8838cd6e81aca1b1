import type { PagePosition } from '../../plan/model/read-plan.ts';

/** How much of a collection one query reads. */
export interface Page {
  /** Rows to ask for: one more than may be written where another page may follow. */
  readonly fetch: number;
  /** Rows that may be written. */
  readonly limit: number;
  /** Whether another page may follow. */
  readonly more: boolean;
  /** Whether another page can follow wherever this one ends: one of many rows ends early for a client that is slow. */
  readonly resumable: boolean;
  /** `$top` rows still wanted after this page; null: no `$top`. */
  readonly remaining: number | null;
  /** Rows to leave out; only on the first page. */
  readonly skip: number | null;
}

interface Paged {
  readonly pageSize: number;
  readonly after: Pick<PagePosition, 'remaining'> | null;
  readonly restriction: { readonly top: number | null; readonly skip: number | null };
}

/** So many rows are written before a slow client is noticed. */
const fewRows = 100;

/** The page that a plan asks for: `$top` counts over all pages, `$skip` only before the first. */
export function pageOf({ pageSize, after, restriction }: Paged): Page {
  const wanted = after === null ? restriction.top : (after.remaining ?? restriction.top);
  const limit = wanted === null ? pageSize : Math.min(pageSize, wanted);
  const more = wanted === null || wanted > pageSize;
  return {
    fetch: more ? limit + 1 : limit,
    limit,
    more,
    resumable: more || limit > fewRows,
    remaining: wanted === null ? null : wanted - limit,
    skip: after === null ? restriction.skip : null,
  };
}
