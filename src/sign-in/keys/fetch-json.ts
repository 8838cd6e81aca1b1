import { KeysUnavailable } from '../token/refused.ts';

/** Bytes that a description or a set of keys may have. */
const longest = 1024 * 1024;

/**
 * The text of a reply of 200, JSON or not; redirects are not followed, for keys are believed by their address. Throws KeysUnavailable, with the address, and jose's own
 * time-out where `signal` is one.
 */
export async function fetchText(url: string, init: RequestInit): Promise<string> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, redirect: 'manual' });
  } catch (error) {
    throw unavailable(url, reasonOf(error), error);
  }
  if (response.status !== 200) {
    await response.body?.cancel().catch(() => {});
    const location = response.headers.get('location');
    const moved = location === null ? '' : ` to ${location.slice(0, 200)}: give the final address`;
    throw unavailable(url, `it answers ${response.status}${moved}`);
  }
  try {
    return await limitedText(response, url);
  } catch (error) {
    throw error instanceof KeysUnavailable ? error : unavailable(url, reasonOf(error), error);
  }
}

async function limitedText(response: Response, url: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > longest) {
      throw unavailable(url, `it sends more than ${longest} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export const unavailable = (url: string, reason: string, cause?: unknown): KeysUnavailable =>
  new KeysUnavailable(`${url} cannot be read: ${reason}`, { cause });

/** `fetch` hides the reason in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  if (error.name === 'TimeoutError') {
    return 'it does not answer in time';
  }
  return error.cause instanceof Error ? error.cause.message || error.cause.name : error.message;
}
