import { createHash } from 'node:crypto';
import { GatewayError } from '../errors.ts';
import { namedPrincipal, type Principal } from '../sign-in/principal.ts';
import type { Credentials } from './credentials.ts';

/** The credentials of one request, as it carries them. */
export interface Presented {
  /** The Authorization header. */
  readonly authorization: string | undefined;
  /** The key header or the key query option. */
  readonly key: string | undefined;
}

/** Who may read. */
export interface Authentication {
  /** Everybody may read who asks for this machine by a name that is certainly its own (see `checkServedHost`). */
  readonly open: boolean;
  /** Name of the header and the query option that may carry a key. */
  readonly keyName: string;
  /** One challenge for WWW-Authenticate, chosen by the scheme that the request carries; null: everybody may read. */
  challenge(presented: Presented): string | null;
  /** Who asks; null: everybody may read. Throws GatewayError Unauthorized. */
  identify(presented: Presented): Promise<Principal | null>;
}

/** Everybody may read: only for a loopback address. */
export const openToAll: Authentication = {
  open: true,
  keyName: 'api-key',
  challenge: () => null,
  identify: async () => null,
};

/**
 * Basic authentication against `basic`, keys (Bearer, header, query option) against `keys`; null: that way is off. What was
 * found right is remembered by its SHA-256, so that the slow password hash is computed once for each credential.
 */
export function authentication(
  ways: { readonly basic: Credentials | null; readonly keys: Credentials | null },
  keyName: string,
): Authentication {
  const known = new Map<string, { readonly name: string; readonly version: string }>();
  const remember = async (kind: 'basic' | 'key', credentials: Credentials, secret: string, name: string | null) => {
    const digest = createHash('sha256')
      .update(`${kind}\0${name ?? ''}\0${secret}`)
      .digest('base64');
    const version = credentials.version();
    const before = known.get(digest);
    if (before?.version === version) {
      return namedPrincipal(kind, before.name);
    }
    const found = await credentials.verify(secret, name);
    if (found !== null) {
      known.set(digest, { name: found, version });
    }
    return found === null ? null : namedPrincipal(kind, found);
  };
  return {
    open: false,
    keyName,
    challenge: (presented) => challenge(ways, presented),
    async identify(presented) {
      const [scheme = '', token = ''] = (presented.authorization ?? '').trim().split(/\s+/, 2);
      const found = await find(scheme.toLowerCase(), token);
      if (found !== null) {
        return found;
      }
      throw new GatewayError('Unauthorized', refusal(presented));

      async function find(kind: string, text: string): Promise<Principal | null> {
        if (kind === 'basic' && ways.basic !== null) {
          const pair = Buffer.from(text, 'base64').toString('utf8');
          const colon = pair.indexOf(':');
          if (colon >= 0) {
            return remember('basic', ways.basic, pair.slice(colon + 1), pair.slice(0, colon));
          }
        }
        const key = kind === 'bearer' ? text : presented.key;
        if (key !== undefined && key !== '' && ways.keys !== null) {
          return remember('key', ways.keys, key, null);
        }
        return null;
      }
    },
  };
}

function challenge(ways: { readonly basic: unknown; readonly keys: unknown }, presented: Presented): string {
  const bearer = /^bearer\b/i.test(presented.authorization ?? '');
  if (ways.keys !== null && (bearer || ways.basic === null)) {
    return 'Bearer realm="gateway"';
  }
  return 'Basic realm="gateway", charset="UTF-8"';
}

function refusal(presented: Presented): string {
  const carried = presented.authorization !== undefined || presented.key !== undefined;
  return carried ? 'The credentials are not known or not valid any more' : 'The request carries no credentials';
}
