import type { JWTPayload } from 'jose';
import type { Claims, Principal } from '../principal.ts';
import { TokenRefused } from './refused.ts';
import { quoted } from './token-shape.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';
import type { TokenUse } from './verify-token.ts';

/** The principal that the verified claims of a token are about. Throws TokenRefused: `invalid` where they say too little, `rights` where they do not reach. */
export function principalOf(claims: JWTPayload, issuer: TrustedIssuer, use: TokenUse): Principal {
  return issuer.kind === 'entra' ? entraPrincipal(claims, issuer, use) : oidcPrincipal(claims, issuer, use);
}

function entraPrincipal(claims: JWTPayload, issuer: TrustedIssuer, use: TokenUse): Principal {
  const { tid, oid, iss = '' } = claims;
  const tenant = issuer.tenant ?? '';
  if (typeof tid !== 'string' || tid.toLowerCase() !== tenant || !iss.includes(tenant)) {
    throw new TokenRefused('invalid', `The token is of tenant ${quoted(tid)}, and its issuer is another one`);
  }
  if (typeof oid !== 'string' || oid === '') {
    throw new TokenRefused('invalid', 'The token does not say whose it is (oid)');
  }
  const read = claimsOf(claims);
  if (use === 'access') {
    checkEntraAccess(claims, read, issuer);
  }
  const name =
    firstText(claims, ['preferred_username', 'upn', 'unique_name', 'app_displayname', 'azp', 'appid']) ?? oid;
  return { id: `entra:${tenant}/${oid.toLowerCase()}`, name, kind: 'entra', tenant, claims: read };
}

/** A token of a person has scopes, one of a program alone has roles (RFC 9068, 2.2.3, as Entra does it). */
function checkEntraAccess(claims: JWTPayload, { scopes, roles }: Claims, issuer: TrustedIssuer): void {
  if (scopes.length === 0 && roles.length === 0) {
    throw new TokenRefused('invalid', 'The token has neither scopes (scp) nor roles (roles): it is for no application');
  }
  if (scopes.length === 0) {
    const wanted = issuer.appRoles;
    if (!roles.some((role) => wanted.includes(role))) {
      const lacking =
        wanted.length === 0
          ? 'no role of a program reads this feed'
          : `it needs one of ${wanted.map(quoted).join(', ')}`;
      throw new TokenRefused(
        'rights',
        `The token is of a program without a person, with the roles ${roles.map(quoted).join(', ')}: ${lacking}`,
        `A program has the roles ${roles.map(quoted).join(', ')}; ENTRA_APP_ROLES names ${wanted.map(quoted).join(', ') || 'none'}`,
      );
    }
    return;
  }
  checkScopes(scopes, issuer);
  const client = firstText(claims, ['azp', 'appid']);
  if (issuer.clients !== null && (client === null || !issuer.clients.includes(client.toLowerCase()))) {
    throw new TokenRefused(
      'rights',
      `The token was given to the program ${quoted(client)}, through which nobody may read this feed`,
      `The program ${quoted(client)} is not in ENTRA_CLIENTS`,
    );
  }
}

function checkScopes(scopes: readonly string[], issuer: TrustedIssuer): void {
  if (issuer.scopes.length > 0 && !scopes.some((scope) => issuer.scopes.includes(scope))) {
    const had = scopes.length === 0 ? 'no scope' : `the scope ${quoted(scopes.join(' '))}`;
    throw new TokenRefused('rights', `The token has ${had}; reading needs ${issuer.scopes.map(quoted).join(' or ')}`);
  }
}

function oidcPrincipal(claims: JWTPayload, issuer: TrustedIssuer, use: TokenUse): Principal {
  const { sub = '', iss = '' } = claims;
  if (sub === '') {
    throw new TokenRefused('invalid', 'The token does not say whose it is (sub)');
  }
  const read = claimsOf(claims);
  if (use === 'access') {
    checkScopes(read.scopes, issuer);
  }
  const name = firstText(claims, ['preferred_username', 'email', 'name', 'client_id', 'azp']) ?? sub;
  return { id: `oidc:${iss}#${sub}`, name, kind: 'oidc', tenant: iss, claims: read };
}

export function claimsOf(claims: Readonly<Record<string, unknown>>): Claims {
  const scope = firstText(claims, ['scp', 'scope']) ?? '';
  return {
    roles: texts(claims['roles']),
    groups: texts(claims['groups']),
    groupsWithheld: groupsWithheld(claims),
    scopes: [...scope.split(' ').filter((one) => one !== ''), ...texts(claims['scp'])],
    email: firstText(claims, ['email']),
    all: new Map(Object.entries(claims)),
  };
}

/** Entra leaves groups out of a token where there are too many, and says so in one of two ways. */
function groupsWithheld(claims: Readonly<Record<string, unknown>>): boolean {
  const names = claims['_claim_names'];
  const elsewhere = typeof names === 'object' && names !== null && Object.hasOwn(names, 'groups');
  return elsewhere || claims['hasgroups'] === true || claims['hasgroups'] === 'true';
}

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string' && one !== '') : [];

/** The first of these claims that is a text; one line of it, for logs. */
function firstText(claims: Readonly<Record<string, unknown>>, names: readonly string[]): string | null {
  for (const name of names) {
    const value = claims[name];
    if (typeof value === 'string' && value !== '') {
      return value.slice(0, 300);
    }
  }
  return null;
}
