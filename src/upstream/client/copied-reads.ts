import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { SignInSettings } from '../../catalogue/sign-in-settings.ts';
import type { UpstreamEvent } from '../../observation/events/upstream.ts';
import type { Observe } from '../../observation/observe.ts';
import type { UpstreamReadOptions } from '../upstream.ts';
import { copyingClient, isSameForAll, LookupCopies, lastRefresh } from './lookup-copies.ts';
import type { UpstreamClient, UpstreamRequest } from './upstream-client.ts';

/** A read that may be answered out of copies. */
export interface CopiedRead {
  /** Our names of all sets that it is about. */
  readonly sets: readonly string[];
  /** Takes down what this read added to the copies. */
  readonly kept: UpstreamRequest[];
  readonly observe: Observe<UpstreamEvent>;
  readonly onCopy: UpstreamReadOptions['onCopy'];
}

/** Reads of one feed's tables that are refreshed once a day, and the copies that answer them. */
export class CopiedReads {
  readonly #source: string;
  readonly #catalogue: () => Catalogue;
  readonly #now: () => number;
  readonly #isSameForAll: boolean;
  readonly #copies = new LookupCopies();

  /** `now`: milliseconds of a clock. */
  constructor(
    source: string,
    {
      catalogue,
      signIn,
      now,
    }: { readonly catalogue: () => Catalogue; readonly signIn: SignInSettings; readonly now: () => number },
  ) {
    this.#source = source;
    this.#catalogue = catalogue;
    this.#now = now;
    this.#isSameForAll = isSameForAll(signIn);
  }

  /** The client of a read, which answers out of copies where all of its sets are refreshed once a day. */
  client(asked: UpstreamClient, { sets, kept, observe, onCopy }: CopiedRead): UpstreamClient {
    const refreshes = this.refreshedOf(sets);
    if (onCopy === undefined || refreshes === null) {
      return asked;
    }
    const since = Math.max(...refreshes.map((refreshed) => lastRefresh(refreshed, this.#now())));
    return copyingClient(asked, {
      ...{ copies: this.#copies, since, now: this.#now },
      onKept: (request) => kept.push(request),
      onCopy: (age) => {
        observe({ event: 'upstream-copy', source: this.#source, ...age });
        onCopy(age);
      },
    });
  }

  /** When sets are refreshed that may be answered out of copies; null: not all of them are, once a day and for everybody the same. */
  refreshedOf(sets: readonly string[]): readonly number[] | null {
    const bindings = this.#catalogue().sets;
    const refreshes = sets.flatMap((name) => {
      const binding = bindings.get(name);
      return binding?.kind === 'upstream' && binding.refreshed !== undefined ? [binding.refreshed] : [];
    });
    return refreshes.length === sets.length && this.#isSameForAll ? refreshes : null;
  }

  /** What was received, and was not what was asked for. */
  forget(requests: readonly UpstreamRequest[]): void {
    this.#copies.forget(requests);
  }
}
