import type { CustomFetch } from 'openid-client';
import { httpDate } from '../http-date.ts';
import { retryAfterSeconds } from '../retry-after.ts';
import type { TimeSource } from './time-source.ts';

export interface PatientFetchSettings {
  readonly time: TimeSource;
  /** Milliseconds that one reply may take. */
  readonly timeout: number;
  /** Told by how many seconds the server's clock is ahead of ours. */
  readonly onDrift: (seconds: number) => void;
}

/** How often a request is sent again. */
const retries = 3;
/** Milliseconds of the first pause where the server says nothing; each further one is twice as long. */
const firstPause = 500;
/** The most milliseconds that are waited before a request is sent again: somebody waits for the rows. */
const longestPause = 10_000;
/** Bytes of a reply that are read; tokens with many groups have ten thousand. */
const longestReply = 1_000_000;

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

/**
 * `fetch` for openid-client. No redirect is followed: what is sent has secrets. 429, 5xx and broken connections are tried again, at most three times, after the
 * pause that the server names; one that is too long for somebody who waits is given back as it is. While a device code is polled for they
 * mean "not yet". Replies are put into the form of RFC 6749 and RFC 8628 where servers write them otherwise.
 */
export function patientFetch(settings: PatientFetchSettings): CustomFetch {
  return async (url, options) => {
    const polls = options.body instanceof URLSearchParams && options.body.get('grant_type') === deviceGrant;
    const given = options.signal ?? null;
    for (let attempt = 0; ; attempt++) {
      const reply = await attemptOf(url, options, settings).catch((cause: unknown) => {
        if (given?.aborted === true || (attempt === retries && !polls)) {
          throw cause;
        }
        return null;
      });
      const isTrouble = reply === null || reply.status === 429 || reply.status >= 500;
      if (!isTrouble) {
        return inForm(reply);
      }
      if (polls) {
        await reply?.body?.cancel();
        return notYet(reply);
      }
      const wait = pauseOf(reply, attempt, settings.time.now());
      if (reply !== null && (attempt === retries || wait > longestPause)) {
        return reply;
      }
      await reply?.body?.cancel();
      await settings.time.pause(wait, given);
    }
  };
}

async function attemptOf(
  url: string,
  options: Parameters<CustomFetch>[1],
  { time, timeout, onDrift }: PatientFetchSettings,
): Promise<Response> {
  const late = AbortSignal.timeout(timeout);
  const signal = options.signal === undefined ? late : AbortSignal.any([options.signal, late]);
  const from = time.now();
  const reply = await fetch(url, { ...options, body: options.body ?? null, redirect: 'manual', signal });
  const until = time.now();
  const theirs = httpDate(reply.headers.get('date') ?? '', until);
  // Of a slow reply nobody knows when the date was written.
  if (theirs !== null && until - from < 10_000) {
    onDrift(Math.round((theirs - (from + until) / 2) / 1000));
  }
  return reply;
}

function pauseOf(reply: Response | null, attempt: number, now: number): number {
  const said = reply === null ? null : retryAfter(reply.headers, now);
  if (said !== null) {
    return said * 1000;
  }
  const longest = firstPause * 2 ** attempt;
  return longest / 2 + (Math.random() * longest) / 2;
}

/** Seconds that a reply asks to wait; null: it does not say. */
export const retryAfter = (headers: Headers, now: number): number | null =>
  retryAfterSeconds((name) => headers.get(name) ?? '', now);

/** What RFC 8628 has for "ask again": slower, where the server has too much to do. */
function notYet(reply: Response | null): Response {
  const error = reply?.status === 429 ? 'slow_down' : 'authorization_pending';
  const after = reply?.headers.get('retry-after') ?? null;
  const headers = { 'content-type': 'application/json', ...(after === null ? {} : { 'retry-after': after }) };
  return new Response(JSON.stringify({ error }), { status: 400, headers });
}

const numbers = ['expires_in', 'interval', 'refresh_token_expires_in'];

/**
 * A JSON reply in the form of the standards: numbers that came as text, `verification_url` for `verification_uri`. An id_token goes: the gateway wants nobody's
 * identity, and the first version of Microsoft Entra's endpoints sends one of another issuer, unasked.
 */
async function inForm(reply: Response): Promise<Response> {
  if (reply.status !== 200) {
    return reply;
  }
  const text = await textOf(reply);
  const { status, headers } = reply;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return new Response(text, { status, headers: plain(headers) });
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return new Response(text, { status, headers: plain(headers) });
  }
  const { id_token: _, verification_url: address, ...rest } = body as Record<string, unknown>;
  const formed: Record<string, unknown> = { ...(address === undefined ? {} : { verification_uri: address }), ...rest };
  for (const name of numbers) {
    const value = formed[name];
    if (typeof value === 'string' && /^\d{1,12}(\.\d+)?$/.test(value)) {
      formed[name] = Number(value);
    }
  }
  return new Response(JSON.stringify(formed), { status, headers: plain(headers) });
}

async function textOf({ body }: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of (body ?? []) as AsyncIterable<Uint8Array>) {
    pieces.push(piece);
    length += piece.length;
    if (length > longestReply) {
      break;
    }
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** Headers of a body that was read and written anew. */
function plain(headers: Headers): Headers {
  const kept = new Headers(headers);
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) {
    kept.delete(name);
  }
  return kept;
}
