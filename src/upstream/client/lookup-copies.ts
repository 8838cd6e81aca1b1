import { LRUCache } from 'lru-cache';
import type { SignInSettings } from '../../catalogue/sign-in-settings.ts';
import { GatewayError } from '../../errors.ts';
import { isDown } from '../is-down.ts';
import type { UpstreamBody, UpstreamClient, UpstreamRequest, UpstreamResponse } from './upstream-client.ts';

/** How old the copy is that a reply was made from. */
export interface CopyAge {
  /** Whole seconds since it was asked for. */
  readonly seconds: number;
  /** The feed has newer rows by now, and cannot be asked for them. */
  readonly stale: boolean;
}

/** A reply of the feed, whole. */
interface Copy {
  readonly body: Buffer;
  readonly contentType: string;
  readonly url: URL;
  /** When it was asked for, in milliseconds since 1970. */
  readonly at: number;
}

/** Bytes of all copies of one feed, and of one. */
const limits = { all: 32 * 1024 * 1024, one: 4 * 1024 * 1024 } as const;
/** Milliseconds that a feed may take to refresh its tables. */
const refreshing = 600_000;
/** Milliseconds after which a copy is given to nobody any more, whether its feed is there or not. */
const longestStale = 3 * 86_400_000;
const day = 86_400_000;

/** Copies of replies about tables that the feed refreshes once a day: what was asked for last is kept, within limits. */
export class LookupCopies {
  readonly #kept = new LRUCache<string, Copy>({
    maxSize: limits.all,
    maxEntrySize: limits.one,
    sizeCalculation: ({ body }) => Math.max(1, body.length),
  });

  find(request: UpstreamRequest): Copy | undefined {
    return this.#kept.get(keyOf(request));
  }

  keep(request: UpstreamRequest, copy: Copy): void {
    this.#kept.set(keyOf(request), copy);
  }

  forget(requests: readonly UpstreamRequest[]): void {
    for (const request of requests) {
      this.#kept.delete(keyOf(request));
    }
  }
}

const keyOf = ({ path, accept, pageSize }: UpstreamRequest): string => JSON.stringify([path, accept, pageSize]);

/**
 * Since when the rows of a set are what they are, in milliseconds since 1970: ten minutes after it was last refreshed. What was
 * asked for before may be older than the feed's. `refreshed`: minutes after midnight UTC.
 */
export function lastRefresh(refreshed: number, now: number): number {
  const today = Math.floor(now / day) * day + refreshed * 60_000 + refreshing;
  // Ten minutes after 23:55 is tomorrow.
  return [today, today - day, today - 2 * day].find((moment) => moment <= now) ?? 0;
}

/**
 * Whether what one caller gets of a feed is what all others would get: it is asked as the gateway, never as the caller. A new way of
 * signing in has to say so here.
 */
export function isSameForAll({ kind }: SignInSettings): boolean {
  switch (kind) {
    case 'none':
    case 'bearer':
    case 'basic':
    case 'client-credentials':
    case 'refresh-token':
    case 'device-code':
      return true;
    case 'caller':
      return false;
  }
}

interface Copying {
  readonly copies: LookupCopies;
  /** What was asked for before is too old while the feed answers. */
  readonly since: number;
  readonly now: () => number;
  readonly onCopy: (age: CopyAge) => void;
  /** Told of each copy that was added. */
  readonly onKept: (request: UpstreamRequest) => void;
}

/**
 * The same client for requests about such tables alone: asked once until the next refresh, and answered from the copy of the day before, for
 * at most three days, while the feed is down. A reply is received whole before it is given on, as far as it may be kept, and kept
 * once its reader came to its end: never a page for people, broken JSON, an error, or rows that are none.
 */
export function copyingClient(client: UpstreamClient, copying: Copying): UpstreamClient {
  const { copies, since, now, onCopy, onKept } = copying;
  const given = (copy: Copy, stale: boolean): UpstreamResponse => {
    onCopy({ seconds: Math.max(0, Math.floor((now() - copy.at) / 1000)), stale });
    return { kind: 'body', body: bodyOf(copy) };
  };
  return {
    root: client.root,
    async get(request) {
      const found = copies.find(request);
      if (found !== undefined && found.at >= since && found.at <= now()) {
        return given(found, false);
      }
      const at = now();
      try {
        const response = await client.get(request);
        if (response.kind === 'absent') {
          copies.forget([request]);
          return response;
        }
        const { contentType, url } = response.body;
        const { body, whole } = await received(response.body);
        if (whole === null || !isData(whole, contentType)) {
          return { kind: 'body', body };
        }
        const copy = { body: whole, contentType, url, at };
        const kept = (): void => {
          copies.keep(request, copy);
          onKept(request);
        };
        return { kind: 'body', body: bodyOf(copy, kept) };
      } catch (error) {
        // What a feed refuses is not given out of a copy either.
        if (error instanceof GatewayError && error.code === 'UpstreamRefused') {
          copies.forget([request]);
        }
        const mayHelp = isDown(error) && request.signal?.aborted !== true;
        if (mayHelp && found !== undefined && now() - found.at < longestStale) {
          return given(found, true);
        }
        throw error;
      }
    },
    close: () => client.close(),
  };
}

/** `onEnd`: called when somebody has read all of it, and found nothing wrong so far. */
const bodyOf = ({ body, contentType, url }: Omit<Copy, 'at'>, onEnd: () => void = () => undefined): UpstreamBody => ({
  url,
  contentType,
  chunks: (async function* () {
    yield body;
    onEnd();
  })(),
  discard: () => undefined,
});

/** Reads a body as far as it may be kept; `whole` null: it is longer, and `body` gives what was read and the rest. */
async function received(body: UpstreamBody): Promise<{ readonly body: UpstreamBody; readonly whole: Buffer | null }> {
  const pieces = body.chunks[Symbol.asyncIterator]();
  const read: Buffer[] = [];
  for (let length = 0; length <= limits.one; ) {
    const piece = await pieces.next();
    if (piece.done === true) {
      const whole = Buffer.concat(read);
      return { whole, body: bodyOf({ ...body, body: whole }) };
    }
    read.push(Buffer.from(piece.value));
    length += piece.value.length;
  }
  const chunks = (async function* (): AsyncGenerator<Buffer> {
    try {
      yield* read.splice(0);
      for (let piece = await pieces.next(); piece.done !== true; piece = await pieces.next()) {
        yield piece.value;
      }
    } finally {
      await pieces.return?.();
    }
  })();
  return { whole: null, body: { ...body, chunks } };
}

function isData(body: Buffer, contentType: string): boolean {
  const text = body.toString('utf8').replace(/^\ufeff/, '');
  if (/^text\/plain\b/i.test(contentType)) {
    return /^\s*\d{1,19}\s*$/.test(text);
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) && !('error' in value);
  } catch {
    return false;
  }
}
