import { type ErrorReply, errorHeaders } from './error-body.ts';
import type { ReplyTarget } from './reply-target.ts';

export interface SendingError {
  /** For a 401 that names none itself; null: nobody can sign in. */
  readonly challenge: string | null;
  /** More of them. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends an error reply where nothing was sent before: with the time to wait, and with a challenge where somebody has to sign in. */
export function sendError(
  { status, body, retryAfter, challenge }: ErrorReply,
  response: Pick<ReplyTarget, 'setHeader' | 'writeHead' | 'end'>,
  usual: SendingError,
): void {
  const asked = challenge ?? usual.challenge;
  if (status === 401 && asked !== null) {
    response.setHeader('WWW-Authenticate', asked);
  }
  if (retryAfter !== null) {
    response.setHeader('Retry-After', String(retryAfter));
  }
  response.writeHead(status, { ...usual.headers, ...errorHeaders, 'Content-Length': String(Buffer.byteLength(body)) });
  response.end(body);
}
