import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type JWK, type JWTPayload, SignJWT } from 'jose';

export const tenant = '8a2f6c1e-0b1d-4c57-9d3e-5f6a7b8c9d0e';
export const otherTenant = '11111111-2222-4333-8444-555555555555';
export const application = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';
export const person = '99999999-8888-4777-8666-555555555555';

/** One signing key of the stand-in. */
export interface StandInKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: KeyObject;
  /** As the set of keys has it: with x5t and x5c, and without alg, as Entra does. */
  readonly jwk: JWK;
}

export function makeKey(kid: string, type: 'rsa' | 'ec' | 'ed' | 'weak' = 'rsa'): StandInKey {
  const { publicKey, privateKey } = pairOf(type);
  const jwk: JWK = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' };
  const alg = { rsa: 'RS256', weak: 'RS256', ec: 'ES256', ed: 'EdDSA' }[type];
  return { kid, alg, privateKey, jwk: type === 'rsa' ? { ...jwk, x5t: kid, x5c: ['MIIC'] } : jwk };
}

function pairOf(type: 'rsa' | 'ec' | 'ed' | 'weak'): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  switch (type) {
    case 'ec':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'ed':
      return generateKeyPairSync('ed25519');
    default:
      return generateKeyPairSync('rsa', { modulusLength: type === 'rsa' ? 2048 : 1024 });
  }
}

/** How the set of keys is answered. */
export type KeyAnswer =
  | 'keys'
  | 'refused'
  | '404'
  | '500'
  | 'html'
  | 'not-a-set'
  | 'empty-set'
  | 'redirect'
  | 'silent'
  | 'text';

/** Microsoft Entra ID as far as signing in at the gateway sees it, on loopback. */
export interface EntraStandIn {
  readonly authority: string;
  /** Requests that came, by path. */
  readonly requests: string[];
  /** The forms that came to the token endpoint. */
  readonly forms: URLSearchParams[];
  keys: StandInKey[];
  answer: KeyAnswer;
  /** What the token endpoint gives for a code. */
  idToken: ((nonce: string) => Promise<string>) | null;
  /** Nonces of the last visits to the authorize endpoint. */
  nonce: string;
  keyRequests(): number;
  /** A token of the v2 endpoint, signed with the first key; `claims` over the usual ones, undefined takes one away. */
  v2(claims?: Record<string, unknown>, key?: StandInKey, header?: Record<string, unknown>): Promise<string>;
  v1(claims?: Record<string, unknown>, key?: StandInKey): Promise<string>;
  stop(): Promise<void>;
  /** Listens again at the same port. */
  listen(): Promise<void>;
  close(): Promise<void>;
}

export const audience = 'http://feed.example';
const now = (): number => Math.floor(Date.now() / 1000);

export async function sign(
  claims: Record<string, unknown>,
  key: StandInKey,
  header: Record<string, unknown> = {},
): Promise<string> {
  const kept = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
  return new SignJWT(kept as JWTPayload)
    .setProtectedHeader(withoutUndefined({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header }) as { alg: string })
    .sign(key.privateKey);
}

const withoutUndefined = (object: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

/** The claims of a person's token of the v2 endpoint. */
export const v2Claims = (authority: string): Record<string, unknown> => ({
  aud: audience,
  iss: `${authority}/${tenant}/v2.0`,
  iat: now(),
  nbf: now(),
  exp: now() + 3600,
  azp: 'a672d62c-fc7b-4e81-a576-e60dc46e951d',
  name: 'Ann Example',
  oid: person,
  preferred_username: 'ann@example.com',
  email: 'ann@example.com',
  scp: 'user_impersonation',
  sub: 'pairwise-subject',
  tid: tenant,
  ver: '2.0',
});

export const v1Claims = (): Record<string, unknown> => ({
  aud: audience,
  iss: `https://sts.windows.net/${tenant}/`,
  iat: now(),
  nbf: now(),
  exp: now() + 3600,
  appid: 'b52893c8-bc2e-47fc-918b-77022b299bbc',
  oid: person,
  upn: 'ann@example.com',
  unique_name: 'ann@example.com',
  scp: 'user_impersonation',
  sub: 'pairwise-subject',
  tid: tenant,
  ver: '1.0',
});

export async function startEntra(): Promise<EntraStandIn> {
  const requests: string[] = [];
  const forms: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    void reply(request, response);
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const authority = `http://127.0.0.1:${port}`;
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const entra: EntraStandIn = {
    authority,
    requests,
    forms,
    keys: [makeKey('first')],
    answer: 'keys',
    idToken: null,
    nonce: '',
    keyRequests: () => requests.filter((url) => url.includes('/keys')).length,
    v2: (claims = {}, key = first(), header = {}) => sign({ ...v2Claims(authority), ...claims }, key, header),
    v1: (claims = {}, key = first()) => sign({ ...v1Claims(), ...claims }, key),
    stop,
    listen: () => listen(port),
    close: stop,
  };
  const first = (): StandInKey => entra.keys[0] as StandInKey;

  async function reply(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', authority);
    const json = (status: number, body: unknown): void => {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    };
    if (pathname === `/${tenant}/v2.0/.well-known/openid-configuration`) {
      return json(200, {
        issuer: `${authority}/${tenant}/v2.0`,
        authorization_endpoint: `${authority}/${tenant}/oauth2/v2.0/authorize`,
        token_endpoint: `${authority}/${tenant}/oauth2/v2.0/token`,
        end_session_endpoint: `${authority}/${tenant}/oauth2/v2.0/logout`,
        jwks_uri: `${authority}/${tenant}/discovery/v2.0/keys`,
        response_types_supported: ['code'],
        subject_types_supported: ['pairwise'],
        id_token_signing_alg_values_supported: ['RS256'],
      });
    }
    if (pathname === `/${tenant}/.well-known/openid-configuration`) {
      return json(200, {
        issuer: `https://sts.windows.net/${tenant}/`,
        jwks_uri: `${authority}/${tenant}/discovery/keys`,
      });
    }
    if (pathname.endsWith('/authorize')) {
      entra.nonce = searchParams.get('nonce') ?? '';
      const back = new URL(searchParams.get('redirect_uri') ?? '');
      back.search = new URLSearchParams({ code: 'the-code', state: searchParams.get('state') ?? '' }).toString();
      return void response.writeHead(302, { Location: back.href }).end();
    }
    if (pathname.endsWith('/token')) {
      let body = '';
      for await (const chunk of request) {
        body += String(chunk);
      }
      forms.push(new URLSearchParams(body));
      const token = (await entra.idToken?.(entra.nonce)) ?? null;
      return token === null
        ? json(400, { error: 'invalid_grant', error_description: 'AADSTS54005: The code was redeemed already.' })
        : json(200, { token_type: 'Bearer', access_token: 'opaque', expires_in: 3600, id_token: token });
    }
    if (!pathname.endsWith('/keys')) {
      return json(404, { error: 'not found' });
    }
    switch (entra.answer) {
      case 'keys':
        return json(200, { keys: entra.keys.map(({ jwk }) => jwk) });
      case 'text':
        return void response
          .writeHead(200, { 'Content-Type': 'text/plain' })
          .end(JSON.stringify({ keys: entra.keys.map(({ jwk }) => jwk) }));
      case 'html':
        return void response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Sign in</h1>');
      case 'not-a-set':
        return json(200, { hello: 'world' });
      case 'empty-set':
        return json(200, { keys: [] });
      case 'redirect':
        return void response.writeHead(302, { Location: `${authority}/elsewhere/keys` }).end();
      case 'refused':
        return void request.socket.destroy();
      case 'silent':
        return;
      default:
        return json(Number(entra.answer), {});
    }
  }
  return entra;
}
