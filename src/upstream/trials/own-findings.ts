import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** Findings that are remembered, found last. */
const mostFound = 10_000;

/**
 * What was found out of a feed: for all who ask, or for one whose own token it was asked with. That a feed does something rightly holds for all; that it does
 * not, or does not show it, may be for want of rights to rows, and holds for the caller alone. `at`: milliseconds of a clock.
 */
export class OwnFindings<Finding extends { readonly at: number }> {
  readonly #found: LRUCache<string, Finding>;
  readonly #own = new LRUCache<string, Finding>({ max: mostFound });
  readonly #isForAll: (finding: Finding) => boolean;

  constructor(isForAll: (finding: Finding) => boolean, most = mostFound) {
    this.#isForAll = isForAll;
    this.#found = new LRUCache({ max: most });
  }

  /** What was found last. `caller`: who asks with a token of their own; undefined: the gateway asks for all. */
  get(name: string, caller: string | undefined): Finding | undefined {
    const own = caller === undefined ? undefined : this.#own.get(ownName(name, caller));
    const found = this.#found.get(name);
    return own !== undefined && (found === undefined || own.at > found.at) ? own : found;
  }

  set(name: string, finding: Finding, caller: string | undefined): void {
    if (caller === undefined || this.#isForAll(finding)) {
      this.#found.set(name, finding);
    } else {
      this.#own.set(ownName(name, caller), finding);
    }
  }

  clear(): void {
    this.#found.clear();
    this.#own.clear();
  }

  /** What holds for all, found last first. */
  entries(): readonly (readonly [string, Finding])[] {
    return [...this.#found.entries()];
  }
}

const ownName = (name: string, caller: string): string => `${caller} ${name}`;

/** Tells callers apart by their tokens, of which nothing is kept. */
export const callerDigest = (token: string): string => createHash('sha256').update(token).digest('base64');
