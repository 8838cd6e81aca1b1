/** How somebody signed in: a line of a file of passwords or keys, or a token of Microsoft Entra ID or another OpenID provider. */
export type PrincipalKind = 'basic' | 'key' | 'entra' | 'oidc';

/** What is known of a principal, as its token says. Nothing of it is known of a line of a file. */
export interface Claims {
  /** Roles of the application that the principal has (claim `roles`). */
  readonly roles: readonly string[];
  /** Ids of groups (claim `groups`). */
  readonly groups: readonly string[];
  /** The token names no groups as there are too many of them: whoever grants by group cannot know. */
  readonly groupsWithheld: boolean;
  /** What the client may do in the principal's name (claim `scp` or `scope`, taken apart at blanks). */
  readonly scopes: readonly string[];
  /** For reading only: an address can pass to somebody else, so nothing may be granted by it unless an operator says so. */
  readonly email: string | null;
  /** All claims of the token by name, values as JSON has them (RFC 7519, 4). */
  readonly all: ReadonlyMap<string, unknown>;
}

/** Who asks. The same person signed in by two ways is two principals. */
export interface Principal {
  /** Never means anybody else: kind, tenant or issuer, and the id there. To compare by and to keep; names are for people. */
  readonly id: string;
  /** For logs and messages. Of a file: the name of the line, which rules can name. */
  readonly name: string;
  readonly kind: PrincipalKind;
  /** Entra's tenant id, or the issuer of another provider; null: of a file. */
  readonly tenant: string | null;
  readonly claims: Claims;
}

export const noClaims: Claims = {
  roles: [],
  groups: [],
  groupsWithheld: false,
  scopes: [],
  email: null,
  all: new Map(),
};

/** The principal of a line of a file. */
export function namedPrincipal(kind: 'basic' | 'key', name: string): Principal {
  return { id: `${kind}:${name}`, name, kind, tenant: null, claims: noClaims };
}
