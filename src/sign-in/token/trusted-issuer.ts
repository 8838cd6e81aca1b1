import type { EntraSettings, OidcSettings } from '../settings.ts';

/** An issuer whose tokens are taken, and what a token of it must say. */
export interface TrustedIssuer {
  readonly kind: 'entra' | 'oidc';
  /** What `iss` may be, compared letter by letter (RFC 7519, 4.1.1). */
  readonly issuers: readonly string[];
  /** Where its description is (OpenID Connect Discovery 1.0, 4). */
  readonly discovery: string;
  /** Entra's tenant; null: another provider. */
  readonly tenant: string | null;
  readonly audiences: readonly string[];
  readonly algorithms: readonly string[];
  /** A person's token needs one of these; empty: none. */
  readonly scopes: readonly string[];
  /** Roles of which a token without a person needs one. */
  readonly appRoles: readonly string[];
  /** Programs through which persons may come; null: any. */
  readonly clients: readonly string[] | null;
  /** At the provider, for signing in with a browser. */
  readonly clientId: string | null;
  readonly clientSecret: string | null;
}

/**
 * The tenants of an application at Microsoft Entra ID. Each issues tokens under two names, that of its v2 endpoint and that of v1, which Power BI's
 * sign-in goes through; the audience is the App ID URI with and without a final slash, or the application itself.
 */
export function entraIssuers(settings: EntraSettings): readonly TrustedIssuer[] {
  const { authority, clientId, clientSecret, appIdUri, scopes, appRoles, clients } = settings;
  const address = appIdUri === null ? [] : [appIdUri, `${appIdUri}/`];
  return settings.tenants.map((tenant) => ({
    kind: 'entra',
    issuers: [`${authority}/${tenant}/v2.0`, `https://sts.windows.net/${tenant}/`],
    discovery: `${authority}/${tenant}/v2.0/.well-known/openid-configuration`,
    tenant,
    audiences: [...address, clientId, `api://${clientId}`],
    // Entra signs with this one alone.
    algorithms: ['RS256'],
    scopes,
    appRoles,
    clients,
    clientId,
    clientSecret,
  }));
}

export function oidcIssuer(settings: OidcSettings): TrustedIssuer {
  const { issuer, audiences, algorithms, scopes, clientId, clientSecret } = settings;
  return {
    kind: 'oidc',
    issuers: [issuer],
    discovery: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
    tenant: null,
    audiences,
    algorithms,
    scopes,
    appRoles: [],
    clients: null,
    clientId,
    clientSecret,
  };
}

/** Where Power BI and Excel send a person to sign in: `authorization_uri` of the challenge. */
export function authorizationUri({ authority, tenants }: EntraSettings): string {
  const [first = 'common'] = tenants;
  return `${authority}/${tenants.length === 1 ? first : 'common'}/oauth2/authorize`;
}
