import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { GatewayError } from '../../errors.ts';
import { networkOf } from '../../sign-in/network-of.ts';

/** What one principal, or one address where nobody signs in, may ask for; null: as much as the feed has. */
export interface ReaderLimitSettings {
  readonly requestsPerMinute: number | null;
  /** Requests that are being answered. */
  readonly requestsAtOnce: number | null;
  /** Rows of replies within a day of UTC. */
  readonly rowsPerDay: number | null;
}

export interface Asker {
  /** Id of the principal; null: nobody signed in, and the address counts. */
  readonly principal: string | null;
  readonly address: string;
  /** Absolute path and query. */
  readonly url: string;
  /** `batch`: it came inside another request, whose turn it shares; `async`: it was let in, and is answered later. null: by itself. */
  readonly part: 'batch' | 'async' | null;
}

export interface ReaderTurn {
  /** Once, when the request is answered. */
  leave(rows: number): void;
}

interface Reader {
  /** Requests that may come at once; grows by the minute's number in a minute. */
  tokens: number;
  at: number;
  active: number;
  day: string;
  rows: number;
}

/** A request that was refused: when it may come again, and how often it has come when told. */
interface Refused {
  readonly due: number;
  readonly times: number;
}

/** Refusals in a row after which a client is let in that waited as told each time: Power Query gives up at the next one. */
const mostRefusals = 3;
/** Milliseconds that one that is let in waits for all others to end. */
const longestWait = 20_000;
/** Seconds that Power Query understands. */
const [shortest, longest] = [1, 120];
const remembered = 20_000;

/**
 * Limits of each reader, in the memory of this process: a restart forgets them, and of several gateways each counts for itself. Over a rate a request is refused
 * with the seconds to wait; one of a signed-in client that came again when told is let in after three refusals, behind all others. The rows of a day are never stretched.
 */
export class ReaderLimits {
  readonly #settings: ReaderLimitSettings;
  readonly #now: () => number;
  readonly #readers = new LRUCache<string, Reader>({ max: remembered });
  readonly #refused = new LRUCache<string, Refused>({ max: remembered });
  readonly #waiting: (() => void)[] = [];
  #active = 0;

  /** `now`: milliseconds of the epoch. */
  constructor(settings: ReaderLimitSettings, now: () => number = () => Date.now()) {
    this.#settings = settings;
    this.#now = now;
  }

  /** Throws GatewayError TooManyRequests. */
  async enter(asker: Asker): Promise<ReaderTurn> {
    const name = asker.principal ?? networkOf(asker.address);
    const reader = this.#reader(name);
    this.#checkRows(reader);
    const over = asker.part === 'async' ? null : this.#over(reader, asker.part);
    const request = `${name}\0${createHash('sha256').update(asker.url).digest('base64')}`;
    if (over === null) {
      this.#refused.delete(request);
      reader.tokens -= asker.part === 'async' ? 0 : 1;
    } else {
      this.#refuseUnlessDue(request, over, asker.principal !== null);
      if (asker.part === null) {
        await this.#behindOthers();
      }
    }
    const places = asker.part === 'batch' ? 0 : 1;
    reader.active += places;
    this.#active += places;
    return {
      leave: (rows) => {
        reader.active -= places;
        reader.rows += rows;
        this.#active -= places;
        if (this.#active === 0) {
          this.#waiting.shift()?.();
        }
      },
    };
  }

  #reader(name: string): Reader {
    const now = this.#now();
    const most = this.#settings.requestsPerMinute ?? 0;
    const day = new Date(now).toISOString().slice(0, 10);
    const reader = this.#readers.get(name) ?? { tokens: most, at: now, active: 0, day, rows: 0 };
    reader.tokens = Math.min(most, reader.tokens + (Math.max(0, now - reader.at) / 60_000) * most);
    reader.at = now;
    if (reader.day !== day) {
      Object.assign(reader, { day, rows: 0 });
    }
    this.#readers.set(name, reader);
    return reader;
  }

  #checkRows({ day, rows }: Reader): void {
    const { rowsPerDay } = this.#settings;
    if (rowsPerDay !== null && rows >= rowsPerDay) {
      const end = new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 16).replace('T', ' ');
      throw new GatewayError(
        'TooManyRequests',
        `The ${rowsPerDay} rows that one reader may get in a day are spent; there are more from ${end} UTC on`,
        { retryAfter: longest },
      );
    }
  }

  /** What is too much, and the seconds until it is not; null: nothing. */
  #over({ tokens, active }: Reader, part: Asker['part']): { readonly what: string; readonly seconds: number } | null {
    const { requestsPerMinute, requestsAtOnce } = this.#settings;
    if (part === null && requestsAtOnce !== null && active >= requestsAtOnce) {
      return {
        what: `${active} requests of yours are being answered; one reader may have as many at once`,
        seconds: 5,
      };
    }
    if (requestsPerMinute !== null && tokens < 1) {
      const seconds = Math.ceil(((1 - tokens) * 60) / requestsPerMinute);
      return { what: `One reader may send ${requestsPerMinute} requests a minute`, seconds };
    }
    return null;
  }

  #refuseUnlessDue(
    request: string,
    { what, seconds }: { readonly what: string; readonly seconds: number },
    signedIn: boolean,
  ): void {
    const now = this.#now();
    const before = this.#refused.get(request);
    const waited = before !== undefined && now >= before.due;
    if (signedIn && waited && before.times >= mostRefusals) {
      this.#refused.delete(request);
      return;
    }
    const retryAfter = Math.min(longest, Math.max(shortest, seconds));
    const times = before === undefined ? 1 : before.times + (waited ? 1 : 0);
    this.#refused.set(request, { due: now + retryAfter * 1000, times });
    throw new GatewayError('TooManyRequests', what, { retryAfter });
  }

  /** Until nobody else is being answered, or for as long as a client may be kept waiting. */
  async #behindOthers(): Promise<void> {
    if (this.#active === 0) {
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => done(), longestWait);
      const done = (): void => {
        clearTimeout(timer);
        const at = this.#waiting.indexOf(done);
        if (at >= 0) {
          this.#waiting.splice(at, 1);
        }
        resolve();
      };
      this.#waiting.push(done);
    });
  }
}
