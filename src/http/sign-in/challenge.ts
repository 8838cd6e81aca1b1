import { type Presented, readAuthorization } from './presented.ts';

/** What of signing in decides how a client is asked. */
export interface ChallengeWays {
  readonly basic: boolean;
  readonly keys: boolean;
  readonly tokens: boolean;
  /** Where Power BI and Excel send a person to sign in; null: at no Entra. */
  readonly authorizationUri: string | null;
}

/**
 * The one challenge for WWW-Authenticate, by the scheme that the request carries: several confuse Power Query, which takes the first address that it
 * finds. Where nothing is carried, signing in at Entra goes before passwords, and these before keys.
 */
export function challengeOf(ways: ChallengeWays, presented: Pick<Presented, 'authorization'>): string {
  const { scheme } = readAuthorization(presented.authorization);
  const takesBearer = ways.keys || ways.tokens;
  if (ways.basic && (scheme === 'basic' || (scheme === 'bearer' ? !takesBearer : ways.authorizationUri === null))) {
    return 'Basic realm="gateway", charset="UTF-8"';
  }
  return bearerChallenge(ways);
}

/** As Power Query documents it: the address without quotes, first, and alone where no token was refused. */
function bearerChallenge({ authorizationUri }: ChallengeWays): string {
  return authorizationUri === null ? 'Bearer realm="gateway"' : `Bearer authorization_uri=${authorizationUri}`;
}

/** After a token that is not taken: RFC 6750, 3.1. */
export function refusedTokenChallenge(ways: ChallengeWays, reason: string): string {
  const description = reason.replaceAll('"', "'").replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?');
  return `${bearerChallenge(ways)}, error="invalid_token", error_description="${description}"`;
}
