import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { KeysUnavailable, TokenRefused } from './refused.ts';
import { quoted } from './token-shape.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';

/** Seconds by which clocks may differ, as Microsoft's own services have it. */
const skew = 300;
/** Last second of the year 9999: what is later is no date. */
const lastSecond = 253_402_300_799;

/** What the token must be for: `access`, or the sign-in of a browser at the application itself. */
export type TokenUse = 'access' | 'browser';

/**
 * The claims of a token that this issuer signed, for this feed, and that is valid now. Throws TokenRefused; KeysUnavailable where the issuer's keys
 * cannot be had. RFC 7519, 7.2; RFC 8725, 3.
 */
export async function verifiedClaims(
  token: string,
  { issuer, key, use }: { readonly issuer: TrustedIssuer; readonly key: JWTVerifyGetKey; readonly use: TokenUse },
): Promise<JWTPayload> {
  const audience = use === 'access' ? [...issuer.audiences] : [issuer.clientId ?? ''];
  let payload: JWTPayload;
  try {
    ({ payload } = await jwtVerify(token, key, {
      algorithms: [...issuer.algorithms],
      issuer: [...issuer.issuers],
      audience,
      clockTolerance: skew,
      requiredClaims: ['exp', 'iss', 'aud', 'sub'],
    }));
  } catch (error) {
    throw refusalOf(error, audience);
  }
  checkTimes(payload);
  return payload;
}

/** jose takes any number for a time, and a validity that ends before it begins. */
function checkTimes({ exp, nbf }: JWTPayload): void {
  if (!Number.isSafeInteger(exp) || (exp ?? 0) > lastSecond) {
    throw new TokenRefused('invalid', 'The token does not say when it expires as whole seconds (exp)');
  }
  if (nbf !== undefined && nbf > (exp ?? 0)) {
    throw new TokenRefused('invalid', 'The token is valid from a time after that at which it expires (nbf, exp)');
  }
}

/** What jose throws, in our words: some of it is no error of its own, and one has a number for a code. */
function refusalOf(error: unknown, audience: readonly string[]): Error {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid || error instanceof KeysUnavailable) {
    return new KeysUnavailable(error.message, { cause: error });
  }
  if (error instanceof errors.JWTExpired) {
    return new TokenRefused('invalid', `The token expired at ${instant(error.payload.exp)}`);
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return claimRefusal(error, audience);
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return new TokenRefused('invalid', 'The token is signed with a key that its issuer does not have');
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return new TokenRefused('invalid', 'The signature of the token is not right');
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return new TokenRefused('invalid', 'The token is signed by an algorithm that is not taken');
  }
  if (error instanceof errors.JWKSMultipleMatchingKeys) {
    return unusableKey('the issuer has several keys of this id');
  }
  if (error instanceof errors.JOSEError) {
    return new TokenRefused('invalid', 'The token cannot be read', `The token cannot be read: ${error.message}`);
  }
  // A key shorter than 2048 bits, or one without its numbers: a TypeError and a DOMException.
  return unusableKey(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
}

const unusableKey = (reason: string): TokenRefused =>
  new TokenRefused(
    'invalid',
    'The key that the token is signed with cannot be used',
    `The issuer's key for the token cannot be used: ${reason}`,
  );

function claimRefusal(
  { claim, reason, payload }: errors.JWTClaimValidationFailed,
  audience: readonly string[],
): TokenRefused {
  if (reason === 'missing') {
    return new TokenRefused('invalid', `The token has no ${claim}`);
  }
  switch (claim) {
    case 'aud': {
      const expected = audience.map(quoted).join(' or ');
      return new TokenRefused('invalid', `The token is for ${quoted(payload.aud)}; this feed is ${expected}`);
    }
    case 'iss':
      return new TokenRefused('invalid', `The token is issued by ${quoted(payload.iss)}, which is not trusted here`);
    case 'nbf':
      return new TokenRefused('invalid', `The token is not valid before ${instant(payload.nbf)}`);
    default:
      return new TokenRefused('invalid', `The claim ${claim} of the token is not as it must be`);
  }
}

function instant(seconds: unknown): string {
  return typeof seconds === 'number' && seconds >= 0 && seconds <= lastSecond
    ? `${new Date(Math.floor(seconds) * 1000).toISOString().slice(0, 19)}Z`
    : quoted(seconds);
}
