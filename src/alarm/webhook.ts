import { createHmac, randomUUID } from 'node:crypto';
import axios, { isAxiosError } from 'axios';

/** Where alerts are sent. */
export interface WebhookSettings {
  /** May hold a secret: it stands in no message and no log. */
  readonly url: string;
  /** Keys as Standard Webhooks writes them, `whsec_` and base64; a message is signed with each, so that a receiver can change its key. */
  readonly secrets: readonly string[];
}

/** A message of Standard Webhooks. */
export interface WebhookMessage {
  /** The same however often it is sent. */
  readonly id: string;
  readonly type: string;
  /** ISO 8601: when it happened. */
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What the receiver said. `wait`: seconds it asked for; `gone`: it wants no messages any more (410). */
export type WebhookAnswer =
  | { readonly taken: true; readonly status: number }
  | { readonly taken: false; readonly reason: string; readonly wait: number | null; readonly gone: boolean };

const timeout = 10_000;

/** Signature header of a body (Standard Webhooks 1.0.0, "Signature scheme"). `timestamp`: seconds since 1970 of this attempt. */
export function signatureOf(
  secrets: readonly string[],
  { id, timestamp, body }: { readonly id: string; readonly timestamp: number; readonly body: string },
): string {
  return secrets
    .map((secret) => {
      const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
      return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
    })
    .join(' ');
}

/**
 * Sends a message once. Redirects are not followed: the body would go where nobody said. Never throws: what is wrong is the answer, in words without
 * the address.
 */
export async function sendMessage(
  { url, secrets }: WebhookSettings,
  { id, ...message }: WebhookMessage,
  signal?: AbortSignal,
): Promise<WebhookAnswer> {
  const body = JSON.stringify(message);
  const timestamp = Math.floor(Date.now() / 1000);
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'odata-warehouse-gateway',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatureOf(secrets, { id, timestamp, body }),
  };
  try {
    const { status, headers: said } = await axios.post(url, body, {
      ...{ headers, timeout, maxRedirects: 0, responseType: 'text' },
      maxContentLength: 64 * 1024,
      transformRequest: (text: string) => text,
      validateStatus: () => true,
      // The whole of it: `timeout` counts from the connection on.
      signal: AbortSignal.any([AbortSignal.timeout(timeout * 2), ...(signal === undefined ? [] : [signal])]),
    });
    if (status >= 200 && status < 300) {
      return { taken: true, status };
    }
    const reason = status >= 300 && status < 400 ? `status ${status}: redirects are not followed` : `status ${status}`;
    return { taken: false, reason, wait: secondsOf(said['retry-after']), gone: status === 410 };
  } catch (error) {
    const reason = isAxiosError(error) ? (error.code ?? 'no answer') : 'no answer';
    return { taken: false, reason, wait: null, gone: false };
  }
}

/** Retry-After in seconds, an hour at most; a date says less than our own pauses. */
function secondsOf(header: unknown): number | null {
  return typeof header === 'string' && /^\d{1,6}$/.test(header) ? Math.min(Number(header), 3600) : null;
}

/** An id of no message yet. */
export const messageId = (uuid: string = randomUUID()): string => `msg_${uuid.replaceAll('-', '')}`;
