import { GatewayError } from '../../errors.ts';

/**
 * The feed does not take the token of whoever asked, or misses one: they alone can get another. Where the feed names the address to sign in at, as the challenge of
 * clients of Microsoft Entra does (`learn.microsoft.com/power-query/connector-authentication`), that is passed on, and nothing else of what it wrote.
 */
export function callerRefused(source: string, status: 401 | 403, challenge: string): GatewayError {
  if (status === 403) {
    return new GatewayError(
      'UpstreamRefused',
      `The proxied feed ${source} does not let you read this (403): it is asked with your own sign-in. Ask whoever grants its rights.`,
    );
  }
  const [, address = ''] = /\bauthorization_uri="?(https:\/\/[\w.:/~%-]{1,500})"?/i.exec(challenge) ?? [];
  return new GatewayError(
    'Unauthorized',
    `The proxied feed ${source} is asked with your own sign-in, and does not accept it: send a token for it as a bearer token.`,
    { challenge: address === '' ? 'Bearer' : `Bearer authorization_uri=${address}` },
  );
}
