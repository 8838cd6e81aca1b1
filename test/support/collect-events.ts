import type { RequestRecord, ServingEvent } from '../../src/observation/events/http.ts';
import type { Observe } from '../../src/observation/observe.ts';

/** Lists of what a feed tells, each filled where it is given. */
export interface Collected {
  readonly log?: RequestRecord[];
  /** Reasons. */
  readonly broken?: string[];
  readonly defects?: Error[];
}

/** What a feed tells, taken into lists. */
export function collect({ log, broken, defects }: Collected): Observe<ServingEvent> {
  return (one) => {
    if (one.event === 'request') {
      const { event: _, ...record } = one;
      log?.push(record);
    } else if (one.event === 'request-broken') {
      broken?.push(one.reason);
    } else if (one.event === 'defect') {
      defects?.push(one.error);
    }
  };
}
