import type { TextOf } from '../observe.ts';

/** What happens at a proxied feed. `id`: the request that it is for; absent: none. */
export type UpstreamEvent =
  /** The outcome of a reading of its `$metadata`. */
  | { readonly event: 'upstream'; readonly source: string; readonly state: 'ok' | 'down'; readonly message: string }
  /** The gateway signed in there, could not, or somebody should look at how it does. */
  | {
      readonly event: 'sign-in';
      readonly source: string;
      readonly state: 'ok' | 'failed' | 'warning';
      readonly message: string;
    }
  /** Its `$metadata` is another one than before, and so is what is served of it. */
  | {
      readonly event: 'upstream-changed';
      readonly source: string;
      /** How many changes there are. */
      readonly count: number;
      readonly message: string;
    }
  /** It refused a request that it took in another form: what is known of its limits now. */
  | { readonly event: 'upstream-limits'; readonly source: string; readonly message: string }
  /**
   * It was tried whether it adds up rows as this gateway does. `here`: it does not, or does not show it, so that the rows are added up here; false: it is
   * asked to.
   */
  | {
      readonly event: 'upstream-apply';
      readonly source: string;
      readonly set: string;
      readonly here: boolean;
      readonly message: string;
    }
  /** It was tried how it compares texts of a set. `otherwise`: not by code point, so that rows that it finds by them are looked at again here. */
  | {
      readonly event: 'upstream-texts';
      readonly source: string;
      readonly set: string;
      readonly otherwise: boolean;
      readonly message: string;
    }
  /** It is asked for something. */
  | { readonly event: 'upstream-request'; readonly id?: string; readonly source: string; readonly url: TextOf }
  /** It has answered, all but the body; `status` null: it has not, or with an error. */
  | {
      readonly event: 'upstream-answer';
      readonly id?: string;
      readonly source: string;
      readonly status: number | null;
      readonly milliseconds: number;
    }
  /** A reply was made from a copy of an earlier one; `stale`: the feed has newer rows by now, and does not answer. */
  | {
      readonly event: 'upstream-copy';
      readonly id?: string;
      readonly source: string;
      readonly seconds: number;
      readonly stale: boolean;
    }
  /** A request is tried again after so many milliseconds. `reason`: the status, or `unreachable`. */
  | {
      readonly event: 'upstream-retry';
      readonly source: string;
      readonly reason: string;
      readonly milliseconds: number;
    }
  /** It said for how long it wants to be left alone (`Retry-After`), which holds for all. */
  | { readonly event: 'upstream-held'; readonly source: string; readonly seconds: number; readonly reason: string }
  /**
   * It is not asked any more (`open`), one request tries whether it is there again (`half-open`), or all ask (`closed`). Where it opens: for how
   * many seconds, and what the last request failed by.
   */
  | {
      readonly event: 'upstream-circuit';
      readonly source: string;
      readonly state: 'closed' | 'open' | 'half-open';
      readonly seconds?: number;
      readonly reason?: string;
    };
