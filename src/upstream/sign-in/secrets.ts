import { readFile, stat } from 'node:fs/promises';
import type { Environment } from '../../catalogue/compile/documents/expand-environment.ts';
import type { SecretPlace } from '../../catalogue/delivery-settings.ts';
import { GatewayError } from '../../errors.ts';

/** Whose secret it is, for messages, and where names of the environment are looked up. */
export interface SecretOwner {
  /** Name of the source. */
  readonly source: string;
  readonly environment: Environment;
}

/**
 * The secret at its place, without the line end that editors put behind it. Throws GatewayError UpstreamRefused, which says what
 * is missing and never where: clients of the feed read it. `what`: e.g. `token`.
 */
export async function readSecret(place: SecretPlace, what: string, owner: SecretOwner): Promise<string> {
  const missing = (why: string, cause?: unknown): GatewayError =>
    new GatewayError('UpstreamRefused', `The ${what} of the proxied feed ${owner.source} ${why}.`, { cause });
  if (place.kind === 'environment') {
    const value = owner.environment[place.name] ?? '';
    if (value === '') {
      throw missing('is not in the environment');
    }
    return value;
  }
  const text = await readFile(place.path, 'utf8').catch((cause: unknown) => {
    throw missing('cannot be read', cause);
  });
  const value = text.trim();
  if (value === '') {
    throw missing('is an empty file');
  }
  return value;
}

/** Gives a secret that is read again whenever its file changed, so that another program can renew it. */
export function watchedSecret(place: SecretPlace, what: string, owner: SecretOwner): () => Promise<string> {
  let read: { readonly value: string; readonly stamp: string } | null = null;
  return async () => {
    const stamp = place.kind === 'file' ? await stampOf(place.path) : '';
    if (read === null || stamp === null || read.stamp !== stamp) {
      read = null;
      read = { value: await readSecret(place, what, owner), stamp: stamp ?? '' };
    }
    return read.value;
  };
}

/** Changes with the file; null: there is none to be seen. */
async function stampOf(path: string): Promise<string | null> {
  const found = await stat(path).catch(() => null);
  return found === null ? null : `${found.mtimeMs} ${found.size} ${found.ino}`;
}
