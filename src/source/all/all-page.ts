import type { AllPlan } from '../../plan/model/read-plan.ts';

/** How much of one page of `$all` is filled: `$skip`, `$top` and the page count over the rows of all sets. */
export class AllPage {
  /** Rows still to be left out. */
  skip: number;
  /** Rows that `$top` still wants, on this page and those that follow; null: no `$top`. */
  remaining: number | null;
  written = 0;
  readonly #pageSize: number;

  /** `skip`: rows to leave out before the first one. */
  constructor({ top, pageSize }: Pick<AllPlan, 'top' | 'pageSize'>, skip: number) {
    this.skip = skip;
    this.remaining = top;
    this.#pageSize = pageSize;
  }

  /** Rows that the page still has room for. */
  get room(): number {
    return Math.max(0, this.#pageSize - this.written);
  }

  /** Whether `$top` leaves any row to be given, be it on another page. */
  get wantsMore(): boolean {
    return this.remaining === null || this.remaining > 0;
  }

  /** Whether `skip` leaves out all rows of a set that has so many; else what is left of it falls into the set. */
  skipsWhole(rows: number): boolean {
    if (rows > this.skip) {
      return false;
    }
    this.skip -= rows;
    return true;
  }

  /** Counts rows that were written. */
  add(rows: number): void {
    this.written += rows;
    if (this.remaining !== null) {
      this.remaining -= rows;
    }
  }
}
