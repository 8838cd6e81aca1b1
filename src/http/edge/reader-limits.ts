import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { GatewayError } from '../../errors.ts';
import { networkOf } from '../../sign-in/network-of.ts';
import { Gathered } from './gathered.ts';
import type { ReaderTotal, SharedUse } from './shared-use.ts';

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
  /** Requests that other gateways were answering when they were last asked. */
  elsewhere: number;
  /** What the others have not been told yet. */
  untold: { requests: number; rows: number };
  /** When they were last asked, and what they were told is active here. */
  told: { readonly at: number; readonly active: number };
}

/** Of who may have as much as there is. */
const unlimited: ReaderTurn = { leave: () => undefined };

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
/** Milliseconds for which what other gateways said counts as the state of now. */
const lately = 2000;

/**
 * Limits of each reader, in the memory of this process: a restart forgets them. Where there are several gateways they count together: each may spend its share of a rate before it asks
 * the others again, so that all together stay below twice of what one may, and what was spent too much is missing later. Over a rate a request is refused
 * with the seconds to wait; one of a signed-in client that came again when told is let in after three refusals, behind all others. The rows of a day are never stretched.
 */
export class ReaderLimits {
  readonly #settings: ReaderLimitSettings;
  readonly #now: () => number;
  readonly #readers = new LRUCache<string, Reader>({ max: remembered });
  readonly #refused = new LRUCache<string, Refused>({ max: remembered });
  readonly #waiting: (() => void)[] = [];
  readonly #shared: SharedUse | null;
  readonly #asking: Gathered<string>;
  readonly #limits: boolean;
  #active = 0;

  /** `now`: milliseconds of the epoch. `shared`: null where no other gateway can be there. */
  constructor(settings: ReaderLimitSettings, now: () => number = () => Date.now(), shared: SharedUse | null = null) {
    this.#settings = settings;
    this.#now = now;
    this.#limits = Object.values(settings).some((limit) => limit !== null);
    this.#shared = this.#limits ? shared : null;
    this.#asking = new Gathered((names) => this.#compare(names));
    this.#shared?.onBeat(() => this.#asking.ask(this.#changed()));
  }

  /** Throws GatewayError TooManyRequests. */
  async enter(asker: Asker): Promise<ReaderTurn> {
    if (!this.#limits) {
      return unlimited;
    }
    const name = asker.principal ?? networkOf(asker.address);
    const reader = this.#reader(name);
    if (this.#mustAsk(reader, asker.part)) {
      // While the database is away each gateway counts for itself.
      await this.#asking.ask([name]).catch(() => {});
    }
    this.#checkRows(reader);
    const over = asker.part === 'async' ? null : this.#over(reader, asker.part);
    const request = (): string => createHash('sha256').update(`${name}\0${asker.url}`).digest('base64url');
    if (over === null) {
      if (this.#refused.size > 0) {
        this.#letIn(request());
      }
      const cost = asker.part === 'async' ? 0 : 1;
      reader.tokens -= cost;
      reader.untold.requests += cost;
    } else {
      await this.#refuseUnlessDue(request(), over, asker.principal !== null);
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
        reader.untold.rows += rows;
        this.#active -= places;
        if (this.#active === 0) {
          this.#waiting.shift()?.();
        }
      },
    };
  }

  #letIn(request: string): void {
    if (this.#refused.delete(request) && this.#isShared) {
      void this.#shared?.letIn(request);
    }
  }

  #reader(name: string): Reader {
    const now = this.#now();
    const most = this.#settings.requestsPerMinute ?? 0;
    const day = new Date(now).toISOString().slice(0, 10);
    const reader = this.#readers.get(name) ?? {
      ...{ tokens: most, at: now, active: 0, day, rows: 0, elsewhere: 0 },
      ...{ untold: { requests: 0, rows: 0 }, told: { at: Number.NEGATIVE_INFINITY, active: 0 } },
    };
    reader.tokens = Math.min(most, reader.tokens + (Math.max(0, now - reader.at) / 60_000) * most);
    reader.at = now;
    if (reader.day !== day) {
      Object.assign(reader, { day, rows: 0 });
      reader.untold.rows = 0;
    }
    this.#readers.set(name, reader);
    return reader;
  }

  get #isShared(): boolean {
    return (this.#shared?.gateways ?? 1) > 1;
  }

  /** Whether what the others said is too old, or this gateway's share of what there was then is spent. */
  #mustAsk({ told, untold, active, elsewhere }: Reader, part: Asker['part']): boolean {
    const { gateways = 1 } = this.#shared ?? {};
    if (gateways < 2 || part === 'async') {
      return false;
    }
    const { requestsPerMinute, requestsAtOnce } = this.#settings;
    const share = (limit: number): number => Math.max(1, Math.floor(limit / gateways));
    return (
      this.#now() - told.at > lately ||
      (requestsPerMinute !== null && untold.requests >= share(requestsPerMinute)) ||
      (requestsAtOnce !== null && part === null && active + elsewhere >= share(requestsAtOnce))
    );
  }

  /** Readers of whom the others do not know what they do here. */
  #changed(): readonly string[] {
    return [...this.#readers].flatMap(([name, { untold, active, told }]) =>
      untold.requests > 0 || untold.rows > 0 || active !== told.active ? [name] : [],
    );
  }

  async #compare(names: readonly string[]): Promise<void> {
    const most = this.#settings.requestsPerMinute ?? 0;
    const asked = names.flatMap((name) => {
      const reader = this.#readers.peek(name);
      return reader === undefined
        ? []
        : [{ name, reader: this.#reader(name), untold: reader.untold, active: reader.active }];
    });
    for (const { reader } of asked) {
      reader.untold = { requests: 0, rows: 0 };
    }
    let totals: readonly ReaderTotal[];
    try {
      const uses = asked.map(({ name, reader: { tokens }, untold: { requests, rows }, active }) => ({
        ...{ reader: name, rows, active },
        // What came while this gateway was alone counts as far as it is not made up for.
        requests: Math.min(requests, Math.max(0, most - tokens)),
      }));
      totals = (await this.#shared?.add(uses)) ?? [];
    } catch (error) {
      for (const { reader, untold } of asked) {
        reader.untold.requests += untold.requests;
        reader.untold.rows += untold.rows;
      }
      throw error;
    }
    const found = new Map(totals.map((total) => [total.reader, total]));
    for (const { name, reader, active } of asked) {
      const total = found.get(name);
      if (total !== undefined) {
        reader.tokens = total.tokens - reader.untold.requests;
        reader.rows = total.rows + reader.untold.rows;
        reader.elsewhere = total.elsewhere;
        reader.at = this.#now();
        reader.told = { at: reader.at, active };
      }
    }
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
  #over(
    { tokens, active: here, elsewhere }: Reader,
    part: Asker['part'],
  ): { readonly what: string; readonly seconds: number } | null {
    const { requestsPerMinute, requestsAtOnce } = this.#settings;
    const active = here + (this.#isShared ? elsewhere : 0);
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

  async #refuseUnlessDue(
    request: string,
    { what, seconds }: { readonly what: string; readonly seconds: number },
    signedIn: boolean,
  ): Promise<void> {
    const now = this.#now();
    const before = this.#refused.get(request);
    const waited = before !== undefined && now >= before.due;
    const retryAfter = Math.min(longest, Math.max(shortest, seconds));
    const times = before === undefined ? 1 : before.times + (waited ? 1 : 0);
    this.#refused.set(request, { due: now + retryAfter * 1000, times });
    const passes = signedIn && waited && before.times >= mostRefusals;
    const shared = this.#isShared ? this.#shared : null;
    const of = { seconds: retryAfter, most: mostRefusals, mayPass: signedIn };
    if (shared === null ? passes : await shared.refuse(request, of).catch(() => passes)) {
      this.#refused.delete(request);
      return;
    }
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
