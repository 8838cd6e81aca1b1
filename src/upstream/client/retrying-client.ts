import type { UpstreamEvent } from '../../observation/events/upstream.ts';
import type { Observe } from '../../observation/observe.ts';
import type { TimeSource } from '../sign-in/time-source.ts';
import type { Circuit } from './circuit.ts';
import { requireClosed } from './circuit-client.ts';
import type { UpstreamClient, UpstreamRequest } from './upstream-client.ts';
import { outageOf, statusBehind } from './upstream-fault.ts';

/** Attempts of one request, the first one counted. */
const mostAttempts = 4;
/** Milliseconds after which one request is not tried again, its attempts and the time between them together: its client waits, too, and tries by itself. */
const longestWaiting = 20_000;
/** Milliseconds before the second attempt, on average; doubled for each further one. */
const firstPause = 300;
/** Milliseconds that others wait for what the one request finds out that tries a feed again. */
const longestTrial = 5000;

interface Feed {
  readonly source: string;
  readonly time: TimeSource;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly circuit: Circuit;
  readonly observe: Observe<UpstreamEvent>;
}

/**
 * The same client, which asks again where a feed may only have stumbled: no answer, 408, 429 and 5xx other than 501,
 * before anything of the reply was used. All requests are GET, which nobody notices twice. It waits as long as `Retry-After` says,
 * else a little longer each time, by chance more or less, so that many do not come back together. What was silent for the
 * whole time it had is not asked again, and after 500 once, at once: a feed that stumbled answers now, and one that cannot read the request
 * fails each time. After failures in a row the feed is left alone (see `Circuit`).
 */
export function retryingClient(
  client: UpstreamClient,
  { source, time, random, circuit, observe }: Feed,
): UpstreamClient {
  return {
    root: client.root,
    async get(request) {
      const began = time.now();
      let again = true;
      for (let attempt = 1; ; attempt++) {
        try {
          await whileTried(circuit, time, request.signal);
          // Nobody waits for a place only to be told so.
          requireClosed(circuit, source);
          return await client.get(request);
        } catch (error) {
          const pause: number | null = again && statusBehind(error) === 500 ? 0 : pauseAfter(error, attempt, random());
          if (pause === null || time.now() - began + pause > longestWaiting || isGone(request)) {
            throw error;
          }
          observe({ event: 'upstream-retry', source, reason: reasonOf(error), milliseconds: Math.round(pause) });
          again &&= pause > 0;
          if (pause > 0) {
            await time.pause(pause, request.signal).catch(() => {
              throw error;
            });
          }
        }
      }
    },
    close: () => client.close(),
  };
}

/** Waits while another request tries the feed: it may be there again, and a moment later nobody need be refused. */
async function whileTried({ trial }: Circuit, time: TimeSource, signal: AbortSignal | null): Promise<void> {
  if (trial === null) {
    return;
  }
  const ended = new AbortController();
  const either = signal === null ? ended.signal : AbortSignal.any([signal, ended.signal]);
  await Promise.race([trial, time.pause(longestTrial, either).catch(() => undefined)]);
  ended.abort();
}

const isGone = ({ signal }: UpstreamRequest): boolean => signal?.aborted === true;

/** Milliseconds to wait after a failed attempt; null: it makes no sense. `random`: from 0 to below 1. */
export function pauseAfter(error: unknown, attempt: number, random: number): number | null {
  const outage = outageOf(error);
  if (outage === null || attempt >= mostAttempts || outage.kind === 'late' || outage.kind === 'closed') {
    return null;
  }
  const own = firstPause * 2 ** (attempt - 1) * (0.5 + random);
  return outage.retryAfter === null ? own : outage.retryAfter * 1000 + own;
}

const reasonOf = (error: unknown): string => {
  const outage = outageOf(error);
  return String(outage?.status ?? outage?.kind ?? statusBehind(error) ?? 'unknown');
};
