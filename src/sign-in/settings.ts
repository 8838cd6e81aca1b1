import { z } from 'zod';

/** One application at Microsoft Entra ID whose tokens are taken. */
export interface EntraSettings {
  /** Tenant ids (GUIDs), small letters. */
  readonly tenants: readonly string[];
  /** The gateway's application id (GUID), small letters. */
  readonly clientId: string;
  /** For signing in with a browser; null: browsers cannot. */
  readonly clientSecret: string | null;
  /** As Power BI asks for it: scheme and host of the address that clients use. null: no address is known. */
  readonly appIdUri: string | null;
  /** A person's token needs one of these in `scp`. */
  readonly scopes: readonly string[];
  /** A program's token, which has no person, needs one of these in `roles`. Empty: programs are refused. */
  readonly appRoles: readonly string[];
  /** Ids of the programs through which persons may come; null: any that the tenant lets in. */
  readonly clients: readonly string[] | null;
  /** Without a final slash. */
  readonly authority: string;
}

/** Any other OpenID Connect provider. */
export interface OidcSettings {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly algorithms: readonly string[];
  /** A token needs one of these; empty: none. */
  readonly scopes: readonly string[];
  readonly clientId: string | null;
  readonly clientSecret: string | null;
}

/** How clients sign in, besides files of passwords and keys. */
export interface SignInSettings {
  readonly entra: EntraSettings | null;
  readonly oidc: OidcSettings | null;
  /** Who shows nothing may read, wherever the listener can be reached from. */
  readonly anonymous: boolean;
  /** Milliseconds that a sign-in with a browser lasts. */
  readonly session: number;
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Entries between blanks or commas. */
export const words = z.string().transform((text) => text.split(/[\s,]+/).filter((word) => word !== ''));
const guids = z
  .string()
  .transform((text) => text.toLowerCase().split(/[\s,]+/))
  .refine(
    (ids) => ids.every((id) => guid.test(id)),
    'must be one or more ids such as 8a2f6c1e-0b1d-4c57-9d3e-5f6a7b8c9d0e',
  );
const oneGuid = guids.refine((ids) => ids.length === 1, 'must be one id').transform(([id = '']) => id);
/** Tokens and keys go over these: plain http only within this machine. */
const authority = z
  .url({ protocol: /^https?$/, error: 'must be an absolute https URL' })
  .refine((text) => !/[?#]/.test(text), 'must have no query and no fragment')
  .refine(
    (text) => text.startsWith('https:') || /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(\/|$)/.test(text),
    'must be https',
  );
/** Those that a public key checks: with the HS family, whoever knows the public key could sign (RFC 8725, 3.1). */
const algorithm = /^(RS|PS|ES)(256|384|512)$|^EdDSA$|^Ed25519$/;

/** Settings of signing in, as the environment has them; part of the schema of `config.ts`. */
export const signInShape = {
  ENTRA_TENANT_ID: guids.optional(),
  ENTRA_CLIENT_ID: oneGuid.optional(),
  ENTRA_CLIENT_SECRET: z.string().optional(),
  ENTRA_APP_ID_URI: z
    .string()
    .regex(/^[a-z][a-z0-9+.-]*:\/\/[^\s/]+[^\s]*$/i, 'must be a URI such as https://feed.example.com')
    .transform((text) => text.replace(/\/+$/, ''))
    .optional(),
  ENTRA_SCOPE: words.default(['user_impersonation']),
  ENTRA_APP_ROLES: words.default([]),
  ENTRA_CLIENTS: guids.optional(),
  ENTRA_AUTHORITY: authority.transform((text) => text.replace(/\/+$/, '')).default('https://login.microsoftonline.com'),
  OIDC_ISSUER: authority.optional(),
  OIDC_AUDIENCE: words.optional(),
  OIDC_ALGORITHMS: words
    .refine(
      (names) => names.every((name) => algorithm.test(name)),
      'must be of RS256, PS256, ES256, EdDSA and their kin',
    )
    .default(['RS256']),
  OIDC_SCOPE: words.default([]),
  OIDC_CLIENT_ID: z.string().optional(),
  OIDC_CLIENT_SECRET: z.string().optional(),
  ANONYMOUS: z.enum(['refused', 'allowed']).default('refused'),
  SESSION_HOURS: z
    .string()
    .regex(/^\d{1,3}$/, 'must be a whole number')
    .transform(Number)
    .refine((hours) => hours >= 1 && hours <= 168, 'must be from 1 to 168')
    .default(8),
} as const;

const shape = z.object(signInShape);

/** Settings that need each other, one sentence for each fault. */
export function signInFaults(given: z.infer<typeof shape>): readonly string[] {
  const { ENTRA_TENANT_ID: tenant, ENTRA_CLIENT_ID: client, OIDC_ISSUER: issuer } = given;
  const dependent = (setting: string, value: unknown, on: string): readonly string[] =>
    value === undefined ? [] : [`${setting}: is given without ${on}`];
  return [
    ...(tenant === undefined
      ? [
          ...dependent('ENTRA_CLIENT_ID', client, 'ENTRA_TENANT_ID'),
          ...dependent('ENTRA_CLIENTS', given.ENTRA_CLIENTS, 'ENTRA_TENANT_ID'),
        ]
      : []),
    ...(tenant !== undefined && client === undefined
      ? ['ENTRA_CLIENT_ID: must be given with ENTRA_TENANT_ID: the application id of the registration']
      : []),
    ...(issuer === undefined
      ? [
          ...dependent('OIDC_AUDIENCE', given.OIDC_AUDIENCE, 'OIDC_ISSUER'),
          ...dependent('OIDC_CLIENT_ID', given.OIDC_CLIENT_ID, 'OIDC_ISSUER'),
        ]
      : []),
    ...(issuer !== undefined && (given.OIDC_AUDIENCE ?? []).length === 0
      ? ['OIDC_AUDIENCE: must be given with OIDC_ISSUER: what tokens for this feed have as their audience (aud)']
      : []),
    ...(given.OIDC_ALGORITHMS.length === 0 ? ['OIDC_ALGORITHMS: must name one or more'] : []),
  ];
}

/** `publicUrl`: the address that clients use, of which Power BI makes the audience; null: not known. */
export function signInSettings(given: z.infer<typeof shape>, publicUrl: string | null): SignInSettings {
  const { ENTRA_TENANT_ID: tenants, ENTRA_CLIENT_ID: clientId, OIDC_ISSUER: issuer } = given;
  return {
    entra:
      tenants === undefined || clientId === undefined
        ? null
        : {
            tenants,
            clientId,
            clientSecret: given.ENTRA_CLIENT_SECRET ?? null,
            appIdUri: given.ENTRA_APP_ID_URI ?? (publicUrl === null ? null : new URL(publicUrl).origin),
            scopes: given.ENTRA_SCOPE,
            appRoles: given.ENTRA_APP_ROLES,
            clients: given.ENTRA_CLIENTS ?? null,
            authority: given.ENTRA_AUTHORITY,
          },
    oidc:
      issuer === undefined
        ? null
        : {
            issuer,
            audiences: given.OIDC_AUDIENCE ?? [],
            algorithms: given.OIDC_ALGORITHMS,
            scopes: given.OIDC_SCOPE,
            clientId: given.OIDC_CLIENT_ID ?? null,
            clientSecret: given.OIDC_CLIENT_SECRET ?? null,
          },
    anonymous: given.ANONYMOUS === 'allowed',
    session: given.SESSION_HOURS * 3_600_000,
  };
}
