import { GatewayError } from '../../errors.ts';
import type { UpstreamBody, UpstreamClient } from './upstream-client.ts';

/** So many may work at once; others wait in the order in which they came. */
export interface Places {
  /** Resolves with a place; throws the signal's reason when that aborts before. `returning`: worked before, and goes first. */
  take(signal: AbortSignal, how?: { readonly returning: boolean }): Promise<void>;
  give(): void;
}

/** Milliseconds after which a place is free for others where nobody takes the next piece of a body. */
const patience = 250;

/**
 * The same client, with as many requests at once as there are places. A place is held until the reply was read, but not while
 * our own client, or another source, keeps the reading waiting: so no slow reader holds a feed up, and replies that need two
 * requests at once never wait for each other. Whoever finds no place for as long as the feed may be silent is told to come again.
 * Requests that nobody waits for (no signal) pass.
 */
export function gatedClient(
  client: UpstreamClient,
  { places, source, longest }: { readonly places: Places; readonly source: string; readonly longest: number },
): UpstreamClient {
  return {
    root: client.root,
    async get(request) {
      const { signal } = request;
      if (signal === null) {
        return client.get(request);
      }
      await take(places, signal, { source, longest });
      const place = new Place(places, signal);
      try {
        const response = await client.get(request);
        if (response.kind === 'body') {
          return { kind: 'body', body: bodyWith(place, response.body) };
        }
        place.leave();
        return response;
      } catch (error) {
        place.leave();
        throw error;
      }
    },
    close: () => client.close(),
  };
}

async function take(
  places: Places,
  signal: AbortSignal,
  { source, longest }: { readonly source: string; readonly longest: number },
): Promise<void> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), longest);
  try {
    await places.take(AbortSignal.any([signal, late.signal]));
  } catch (error) {
    if (signal.aborted) {
      throw error;
    }
    throw new GatewayError('Busy', `The proxied feed ${source} is busy with other requests of this gateway.`, {
      retryAfter: 10,
    });
  } finally {
    clearTimeout(timer);
  }
}

/** One place, given back when it is left or lent to others. */
class Place {
  readonly #places: Places;
  readonly #signal: AbortSignal;
  #state: 'held' | 'lent' | 'left' = 'held';
  #timer: NodeJS.Timeout | undefined;

  constructor(places: Places, signal: AbortSignal) {
    this.#places = places;
    this.#signal = signal;
  }

  /** Nobody reads for now. */
  rest(): void {
    this.#timer = setTimeout(() => {
      if (this.#state === 'held') {
        this.#state = 'lent';
        this.#places.give();
      }
    }, patience);
  }

  async goOn(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#state !== 'lent') {
      return;
    }
    await this.#places.take(this.#signal, { returning: true });
    // Left meanwhile: nobody will give this one back.
    if (this.#left()) {
      this.#places.give();
      return;
    }
    this.#state = 'held';
  }

  leave(): void {
    clearTimeout(this.#timer);
    const held = this.#state === 'held';
    this.#state = 'left';
    if (held) {
      this.#places.give();
    }
  }

  #left(): boolean {
    return this.#state === 'left';
  }
}

function bodyWith(place: Place, body: UpstreamBody): UpstreamBody {
  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of body.chunks) {
        place.rest();
        yield chunk;
        await place.goOn();
      }
    } finally {
      place.leave();
    }
  }
  // Until the first piece is asked for, nobody reads either.
  place.rest();
  const begun = (async function* (): AsyncGenerator<Buffer> {
    await place.goOn();
    yield* chunks();
  })();
  return {
    ...body,
    chunks: begun,
    discard: () => {
      place.leave();
      body.discard();
    },
  };
}
