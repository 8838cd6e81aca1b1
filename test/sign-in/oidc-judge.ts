import { createHash, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Provider from 'oidc-provider';
import type { Configuration } from 'oidc-provider';

/** What tokens for the feed have as their audience. */
export const resource = 'urn:example:feed';
export const secrets = { basic: 'a secret & of the client?', post: 'another secret of another client' };

/** oidc-provider on loopback, with the pages at which a person signs in and agrees: an OpenID Connect provider that others wrote. */
export interface OidcJudge {
  readonly issuer: string;
  /** Secrets of its two confidential clients can be changed. */
  readonly secrets: { basic: string; post: string };
  /** Begins anew with its secrets, and where browsers come back to, as they are now. */
  reopen(): Promise<void>;
  stop(): Promise<void>;
  /** Listens again at the same port. */
  listen(): Promise<void>;
  /** Signs with a new key from now on; `old`: whether it still tells the one before. */
  rotate(old: 'told' | 'withdrawn'): Promise<void>;
  /** A token of a program alone, for an audience. */
  programToken(audience: string, scope?: string): Promise<string>;
  /** The address that a person comes back to who signs in as `login`, or says no. */
  visit(authorize: string, login: string | null): Promise<URL>;
  /** The tokens of a person, through a program of the device. */
  personTokens(login: string, audience: string): Promise<{ readonly access_token: string; readonly id_token: string }>;
  close(): Promise<void>;
}

const makeKey = (kid: string) => ({
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  ...{ kid, alg: 'RS256', use: 'sig' },
});

/** `callback`: where browsers come back to at the gateway. */
export async function startOidcJudge(callback: () => string): Promise<OidcJudge> {
  let provider: Provider | null = null;
  const server = createServer((request, response) => provider?.callback()(request, response));
  const listen = (at: number) => new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;
  const current = { ...secrets };
  let keys = [makeKey('first')];
  const deviceUri = 'http://127.0.0.1/done';

  const configuration = (): Configuration => {
    const web = { redirect_uris: [callback()], grant_types: ['authorization_code'], response_types: ['code' as const] };
    return {
      jwks: { keys },
      clients: [
        {
          ...{ ...web, client_id: 'console', client_secret: current.basic },
          token_endpoint_auth_method: 'client_secret_basic',
        },
        {
          ...{ ...web, client_id: 'console-post', client_secret: current.post },
          token_endpoint_auth_method: 'client_secret_post',
        },
        { ...web, client_id: 'console-public', token_endpoint_auth_method: 'none' },
        {
          ...{ ...web, client_id: 'reports', redirect_uris: [deviceUri], application_type: 'native' },
          token_endpoint_auth_method: 'none',
        },
        {
          ...{ client_id: 'program', client_secret: 'p', redirect_uris: [], response_types: [] },
          ...{ grant_types: ['client_credentials'], token_endpoint_auth_method: 'client_secret_post' },
        },
      ],
      pkce: { required: () => true },
      scopes: ['openid', 'profile', 'email', 'read', 'other'],
      claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email'] },
      conformIdTokenClaims: false,
      findAccount: (_, id) => ({
        accountId: id,
        claims: async () => ({ sub: id, name: `Name of ${id}`, preferred_username: `${id}@example.com` }),
      }),
      ttl: {
        AccessToken: 600,
        AuthorizationCode: 60,
        ClientCredentials: 600,
        Grant: 600,
        IdToken: 600,
        Interaction: 600,
        Session: 600,
      },
      cookies: { keys: ['a key of cookies'] },
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_, indicator) => ({
            ...{ scope: 'read other', audience: indicator, accessTokenFormat: 'jwt' as const },
            jwt: { sign: { alg: 'RS256' as const } },
          }),
          useGrantedResource: () => true,
        },
      },
    };
  };
  const open = async (): Promise<void> => {
    // It says on the console what it would not do in production.
    const { warn, info } = console;
    Object.assign(console, { warn: () => undefined, info: () => undefined });
    const { default: Judge } = await import('oidc-provider');
    provider = new Judge(issuer, configuration());
    Object.assign(console, { warn, info });
  };
  await open();
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });

  const token = async (form: Readonly<Record<string, string>>) => {
    const reply = await fetch(`${issuer}/token`, { method: 'POST', body: new URLSearchParams(form) });
    const body = (await reply.json()) as Record<string, string>;
    if (!reply.ok) {
      throw new Error(JSON.stringify(body));
    }
    return body as unknown as { readonly access_token: string; readonly id_token: string };
  };

  const visit = async (authorize: string, login: string | null): Promise<URL> => {
    const cookies = new Map<string, string>();
    const ask = async (to: string, form?: Readonly<Record<string, string>>): Promise<Response> => {
      const reply = await fetch(new URL(to, issuer), {
        redirect: 'manual',
        headers: { Cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
        ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
      });
      for (const set of reply.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
        value === '' ? cookies.delete(name) : cookies.set(name, value);
      }
      return reply;
    };
    let reply = await ask(authorize);
    for (let step = 0; step < 12; step++) {
      const to = reply.headers.get('location');
      if (to !== null) {
        const url = new URL(to, issuer);
        if (url.origin !== issuer) {
          return url;
        }
        reply = await ask(url.href);
        continue;
      }
      const page = await reply.text();
      const [, action = '', prompt = ''] =
        /action="([^"]+)"[\s\S]*?name="prompt" value="(login|consent)"/.exec(page) ?? [];
      if (action === '') {
        throw new Error(`${reply.status}: ${page}`);
      }
      reply =
        login === null
          ? await ask(`${action}/abort`)
          : await ask(action, { prompt, ...(prompt === 'login' ? { login, password: 'x' } : {}) });
    }
    throw new Error('no end of pages');
  };

  return {
    issuer,
    secrets: current,
    async rotate(old) {
      const next = makeKey(`key-${keys.length}-${Date.now()}`);
      keys = old === 'told' ? [next, ...keys] : [next];
      await open();
    },
    programToken: async (audience, scope = 'read') =>
      (
        await token({
          ...{ grant_type: 'client_credentials', client_id: 'program', client_secret: 'p' },
          ...{ resource: audience, scope },
        })
      ).access_token,
    visit,
    async personTokens(login, audience) {
      const verifier = 'v'.repeat(64);
      const authorize = new URL('/auth', issuer);
      authorize.search = new URLSearchParams({
        ...{ client_id: 'reports', response_type: 'code', redirect_uri: deviceUri, scope: 'openid profile read' },
        ...{ resource: audience, code_challenge_method: 'S256', state: 's' },
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      }).toString();
      const back = await visit(authorize.href, login);
      return token({
        ...{ grant_type: 'authorization_code', client_id: 'reports', redirect_uri: deviceUri, code_verifier: verifier },
        ...{ code: back.searchParams.get('code') ?? '', resource: audience },
      });
    },
    reopen: open,
    stop,
    listen: () => listen(port),
    close: stop,
  };
}
