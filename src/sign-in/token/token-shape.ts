import { decodeJwt, decodeProtectedHeader, type JWTPayload, type ProtectedHeaderParameters } from 'jose';
import { TokenRefused } from './refused.ts';

/** Characters of a token. Entra leaves groups out beyond 200 of them, which make one of 11,300. */
export const longestToken = 14_000;

const threeParts = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** What a token says of itself, before anybody knows whether that is so. */
export interface UncheckedToken {
  readonly header: ProtectedHeaderParameters;
  readonly issuer: string;
}

/** Throws TokenRefused for what can be no token of any issuer (RFC 7519, 7.2; RFC 8725, 3.11). */
export function readShape(token: string): UncheckedToken {
  if (token.length > longestToken) {
    throw new TokenRefused(
      'long',
      `The token has ${token.length} characters, and at most ${longestToken} are taken: it most often holds too many groups; let the application have app roles instead`,
    );
  }
  if (!threeParts.test(token)) {
    throw new TokenRefused('invalid', 'The token is no signed JSON Web Token');
  }
  let header: ProtectedHeaderParameters;
  let claims: JWTPayload;
  try {
    header = decodeProtectedHeader(token);
    claims = decodeJwt(token);
  } catch {
    throw new TokenRefused('invalid', 'The token cannot be read: its parts are no JSON objects in base64url');
  }
  if (typeof header.kid !== 'string' || header.kid === '') {
    throw new TokenRefused('invalid', 'The token does not name the key that it is signed with (kid)');
  }
  const typ: unknown = header.typ;
  if (typ !== undefined && !/^(application\/)?(jwt|at\+jwt)$/i.test(String(typ))) {
    throw new TokenRefused(
      'invalid',
      `The token is of type ${quoted(typ)}: one for access is needed (typ JWT or at+jwt)`,
    );
  }
  const { iss } = claims;
  if (typeof iss !== 'string') {
    throw new TokenRefused('invalid', 'The token does not say who issued it (iss)');
  }
  return { header, issuer: iss };
}

/** A value of a token as it may stand in a message: one line of printable ASCII, cut. */
export function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  const plain = text.replace(/[^\x20-\x7e]/g, '?');
  return `"${plain.length > 200 ? `${plain.slice(0, 200)}...` : plain}"`;
}
