import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeProtectedHeader, errors, jwtVerify } from 'jose';

/** A client as it is registered there. */
export interface RegisteredClient {
  readonly id: string;
  /** null: it is a public one, or has a certificate. */
  readonly secret: string | null;
  /** PEM. */
  readonly certificate: string | null;
}

/** One request, as it came. */
export interface TokenCall {
  readonly method: string;
  /** With its query, where there is one. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly form: Readonly<Record<string, string>>;
  /** Milliseconds since the one before; 0: it is the first. */
  readonly gap: number;
  /** What it was answered; 0: nothing. */
  status: number;
}

/** What the next request to an endpoint is answered instead; `hang`: nothing. */
export type Trouble =
  | 'hang'
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    };

interface DeviceCode {
  readonly userCode: string;
  readonly client: string;
  readonly version: Version;
  readonly scope: string | undefined;
  readonly resource: string | undefined;
  readonly expiresAt: number;
  interval: number;
  polledAt: number | null;
  decision: 'open' | 'approved' | 'declined' | 'used';
}

interface RefreshToken {
  readonly family: string;
  readonly client: string;
  used: boolean;
}

type Version = 'v1' | 'v2';

/** An answer that is no token, with its number in the words of Microsoft Entra. */
class Refusal extends Error {
  readonly word: string;
  readonly number: number;
  readonly status: number;

  constructor(word: string, number: number, text: string, status = 400) {
    super(`AADSTS${number}: ${text}`);
    this.word = word;
    this.number = number;
    this.status = status;
  }
}

const deviceGrants = ['urn:ietf:params:oauth:grant-type:device_code', 'device_code'];

/**
 * A strict stand-in for Microsoft Entra ID on loopback, both versions of its endpoints: what it demands and answers is what the documents of
 * Microsoft identity platform say, and what clients were seen to meet. It keeps every call, and misbehaves on command.
 */
export class TokenServer {
  readonly tenant = '11111111-2222-3333-4444-555555555555';
  readonly clients = new Map<string, RegisteredClient>();
  readonly calls: TokenCall[] = [];
  /** What the next requests to the token endpoints are answered. */
  readonly troubles: Trouble[] = [];
  /** The clock by which its tokens end. */
  now = (): number => Date.now();
  /** Milliseconds that its Date header is ahead of its clock. */
  ahead = 0;
  /** Seconds that an access token holds. */
  lifetime = 3600;
  /** Whether a refresh token that was used before ends its whole sign-in. */
  strictReuse = true;
  /** Number of the refusal of every refresh token; null: they are taken. */
  refusal: { readonly word: string; readonly number: number } | null = null;
  /** Seconds between two polls for a code. */
  interval: number | null = 5;
  /** Milliseconds that a token takes. */
  delay = 0;
  /** Where the documents say that tokens are asked for; null: here. */
  elsewhere: string | null = null;
  readonly #codes = new Map<string, DeviceCode>();
  readonly #refreshTokens = new Map<string, RefreshToken>();
  readonly #endedFamilies = new Set<string>();
  readonly #tokens = new Map<string, number>();
  readonly #assertions = new Set<string>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #last: number | null = null;
  base = '';

  static async start(): Promise<TokenServer> {
    const server = new TokenServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    server.base = `http://127.0.0.1:${(server.#server.address() as AddressInfo).port}`;
    return server;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  issuer(version: Version): string {
    return `${this.base}/${this.tenant}${version === 'v2' ? '/v2.0' : ''}`;
  }

  /** Calls that asked for a token. */
  get tokenCalls(): readonly TokenCall[] {
    return this.calls.filter(({ path }) => path.endsWith('/token'));
  }

  /** Whether an Authorization header has a token from here that holds now: what a feed asks. */
  accepts(header: string | undefined): boolean {
    const until = this.#tokens.get(/^Bearer (.+)$/.exec(header ?? '')?.[1] ?? '');
    return until !== undefined && until > this.now();
  }

  /** Takes back all access tokens that were given. */
  revokeTokens(): void {
    this.#tokens.clear();
  }

  /** A person enters the code, and says yes or no. */
  decide(userCode: string, decision: 'approved' | 'declined'): void {
    for (const code of this.#codes.values()) {
      if (code.userCode === userCode) {
        code.decision = decision;
      }
    }
  }

  /** A first refresh token, as another program may have got it. */
  signedIn(client: string): string {
    return this.#refreshToken(client, randomBytes(6).toString('hex'));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) {
      pieces.push(piece as Buffer);
    }
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat(pieces).toString('utf8')));
    const at = Date.now();
    const { method = '', url: path = '', headers } = request;
    const call: TokenCall = { method, path, headers, form, gap: this.#last === null ? 0 : at - this.#last, status: 0 };
    this.#last = at;
    this.calls.push(call);
    const send = (status: number, body: string, more: Readonly<Record<string, string>> = {}): void => {
      call.status = status;
      const date = new Date(this.now() + this.ahead).toUTCString();
      response.writeHead(status, { Date: date, 'Content-Type': 'application/json; charset=utf-8', ...more }).end(body);
    };
    const isToken = method === 'POST' && path.endsWith('/token');
    const trouble = isToken ? this.troubles.shift() : undefined;
    if (trouble === 'hang') {
      return;
    }
    if (trouble !== undefined) {
      send(trouble.status, trouble.body ?? '', trouble.headers ?? {});
      return;
    }
    try {
      if (isToken && this.delay > 0) {
        await new Promise((resolve) => setTimeout(resolve, this.delay));
      }
      send(200, JSON.stringify(await this.#reply(method, path, headers, form)));
    } catch (error) {
      if (!(error instanceof Refusal)) {
        send(500, JSON.stringify({ error: 'server_error', error_description: String(error) }));
        return;
      }
      const body = {
        error: error.word,
        error_description: `${error.message} Trace ID: 00 Correlation ID: 00 Timestamp: 2026-11-29 12:00:00Z. Sent: ${JSON.stringify(form)}`,
        error_codes: [error.number],
        timestamp: '2026-11-29 12:00:00Z',
        trace_id: '00000000-0000-0000-0000-000000000000',
        correlation_id: '00000000-0000-0000-0000-000000000000',
      };
      send(error.status, JSON.stringify(body));
    }
  }

  async #reply(
    method: string,
    path: string,
    headers: IncomingHttpHeaders,
    form: Readonly<Record<string, string>>,
  ): Promise<Record<string, unknown>> {
    const [, tenant = '', ...rest] = path.split('/');
    if (tenant !== this.tenant) {
      throw new Refusal('invalid_request', 90002, `Tenant '${tenant}' not found.`);
    }
    const below = rest.join('/');
    for (const version of ['v1', 'v2'] as const) {
      if (method === 'GET' && below === `${version === 'v2' ? 'v2.0/' : ''}.well-known/openid-configuration`) {
        return this.#document(version);
      }
      const oauth = version === 'v2' ? 'oauth2/v2.0' : 'oauth2';
      if (method === 'POST' && below === `${oauth}/token`) {
        return this.#token(version, form, headers);
      }
      if (method === 'POST' && below === `${oauth}/devicecode`) {
        return this.#device(version, form);
      }
    }
    throw new Refusal('invalid_request', 90002, 'Nothing is there.', 404);
  }

  #document(version: Version): Record<string, unknown> {
    const oauth = `${this.elsewhere ?? this.base}/${this.tenant}/oauth2${version === 'v2' ? '/v2.0' : ''}`;
    return {
      // The first version names an issuer of another host.
      issuer: version === 'v2' ? this.issuer('v2') : `https://sts.example/${this.tenant}/`,
      token_endpoint: `${oauth}/token`,
      device_authorization_endpoint: `${oauth}/devicecode`,
      token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
      jwks_uri: `${this.base}/${this.tenant}/discovery/keys`,
    };
  }

  async #token(version: Version, form: Readonly<Record<string, string>>, headers: IncomingHttpHeaders) {
    const grant = form['grant_type'] ?? '';
    const client = await this.#client(version, form, headers, grant === 'client_credentials');
    if (grant === 'client_credentials') {
      this.#requireTarget(version, form, true);
      return this.#tokenReply(version, form, null);
    }
    if (grant === 'refresh_token') {
      this.#requireTarget(version, form, false);
      return this.#tokenReply(version, form, this.#renewed(client.id, form['refresh_token'] ?? ''));
    }
    if (deviceGrants.includes(grant)) {
      return this.#polled(version, client, form);
    }
    throw new Refusal('unsupported_grant_type', 70003, `The app requested an unsupported grant type '${grant}'.`);
  }

  #requireTarget(version: Version, { scope, resource }: Readonly<Record<string, string>>, alone: boolean): void {
    if (version === 'v1' && (resource ?? '') === '') {
      throw new Refusal(
        'invalid_request',
        900144,
        "The request body must contain the following parameter: 'resource'.",
      );
    }
    if (version === 'v2' && resource !== undefined) {
      throw new Refusal('invalid_request', 901002, "The 'resource' request parameter is not supported.");
    }
    if (version === 'v2' && (scope ?? '') === '') {
      throw new Refusal('invalid_request', 900144, "The request body must contain the following parameter: 'scope'.");
    }
    if (version === 'v2' && alone && !/^\S+\/\.default$/.test(scope ?? '')) {
      throw new Refusal('invalid_scope', 1002012, `The provided value for scope ${scope} is not valid.`);
    }
  }

  async #client(
    version: Version,
    form: Readonly<Record<string, string>>,
    headers: IncomingHttpHeaders,
    confidential: boolean,
  ): Promise<RegisteredClient> {
    const id = form['client_id'] ?? '';
    const client = this.clients.get(id);
    if (headers.authorization !== undefined || client === undefined) {
      throw new Refusal('unauthorized_client', 700016, `Application with identifier '${id}' was not found.`);
    }
    if (form['client_assertion'] !== undefined) {
      await this.#checkAssertion(version, client, form);
    } else if (client.secret !== null && form['client_secret'] !== client.secret) {
      throw new Refusal('invalid_client', 7000215, 'Invalid client secret provided.', 401);
    } else if (client.certificate !== null || (confidential && client.secret === null)) {
      throw new Refusal('invalid_client', 7000218, "The request body must contain 'client_assertion'.", 401);
    }
    return client;
  }

  async #checkAssertion(version: Version, client: RegisteredClient, form: Readonly<Record<string, string>>) {
    const assertion = form['client_assertion'] ?? '';
    const certificate = new X509Certificate(client.certificate ?? '');
    const header = decodeProtectedHeader(assertion);
    const thumbprint = createHash('sha256').update(certificate.raw).digest('base64url');
    if (header['x5t#S256'] !== thumbprint || !['PS256', 'RS256'].includes(header.alg ?? '')) {
      throw new Refusal(
        'invalid_client',
        700027,
        'The certificate with identifier used to sign is not registered.',
        401,
      );
    }
    const audience = `${this.base}/${this.tenant}/oauth2${version === 'v2' ? '/v2.0' : ''}/token`;
    try {
      const { payload } = await jwtVerify(assertion, certificate.publicKey, {
        ...{ audience, issuer: client.id, subject: client.id, clockTolerance: 300 },
        requiredClaims: ['exp', 'iat', 'jti'],
        currentDate: new Date(Date.now() + this.ahead),
      });
      if (this.#assertions.has(String(payload.jti))) {
        throw new Refusal('invalid_client', 700023, 'The assertion was used before.', 401);
      }
      this.#assertions.add(String(payload.jti));
    } catch (error) {
      if (error instanceof Refusal) {
        throw error;
      }
      const late = error instanceof errors.JWTExpired;
      throw new Refusal('invalid_client', late ? 700024 : 700023, `Client assertion: ${String(error)}`, 401);
    }
    if (form['client_assertion_type'] !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer') {
      throw new Refusal('invalid_client', 700023, 'The type of the assertion is wrong.', 401);
    }
  }

  #renewed(client: string, text: string): string {
    const token = this.#refreshTokens.get(text);
    if (this.refusal !== null) {
      throw new Refusal(this.refusal.word, this.refusal.number, 'The refresh token is not accepted.');
    }
    if (token === undefined || token.client !== client || this.#endedFamilies.has(token.family)) {
      throw new Refusal('invalid_grant', 70000, 'The provided grant is invalid or malformed.');
    }
    if (token.used && this.strictReuse) {
      this.#endedFamilies.add(token.family);
      throw new Refusal('invalid_grant', 70000, 'The refresh token was used before.');
    }
    token.used = true;
    return token.family;
  }

  #refreshToken(client: string, family: string): string {
    const text = `refresh.${family}.${randomBytes(12).toString('base64url')}`;
    this.#refreshTokens.set(text, { family, client, used: false });
    return text;
  }

  /** `family`: the sign-in of a person, which goes on with a new refresh token; null: there is no person. */
  #tokenReply(version: Version, form: Readonly<Record<string, string>>, family: string | null) {
    const text = `access.${randomBytes(24).toString('base64url')}`;
    this.#tokens.set(text, this.now() + this.lifetime * 1000);
    const refresh = family === null ? {} : { refresh_token: this.#refreshToken(form['client_id'] ?? '', family) };
    if (version === 'v2') {
      return { token_type: 'Bearer', expires_in: this.lifetime, ext_expires_in: 0, access_token: text, ...refresh };
    }
    return {
      ...{ token_type: 'Bearer', expires_in: String(this.lifetime), ext_expires_in: String(this.lifetime) },
      ...{ expires_on: String(Math.floor(this.now() / 1000) + this.lifetime), not_before: '1700000000' },
      ...{ resource: form['resource'], access_token: text, ...refresh },
      ...(family === null ? {} : { id_token: 'eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL3N0cy5leGFtcGxlLyJ9.' }),
    };
  }

  #device(version: Version, form: Readonly<Record<string, string>>): Record<string, unknown> {
    const client = form['client_id'] ?? '';
    if (!this.clients.has(client)) {
      throw new Refusal('unauthorized_client', 700016, `Application with identifier '${client}' was not found.`);
    }
    this.#requireTarget(version, form, false);
    const deviceCode = randomBytes(32).toString('base64url');
    const userCode = randomBytes(5).toString('hex').toUpperCase().slice(0, 9);
    this.#codes.set(deviceCode, {
      ...{ userCode, client, version, scope: form['scope'], resource: form['resource'] },
      expiresAt: this.now() + 900_000,
      interval: this.interval ?? 5,
      ...{ polledAt: null, decision: 'open' as const },
    });
    const address = `${this.base}/device`;
    const message = `To sign in, use a web browser to open the page ${address} and enter the code ${userCode} to authenticate.`;
    const common = { user_code: userCode, device_code: deviceCode, message };
    const interval = this.interval === null ? {} : { interval: this.interval };
    return version === 'v2'
      ? { ...common, verification_uri: address, expires_in: 900, ...interval }
      : {
          ...{ ...common, verification_url: address, expires_in: '900' },
          ...(this.interval === null ? {} : { interval: String(this.interval) }),
        };
  }

  #polled(version: Version, client: RegisteredClient, form: Readonly<Record<string, string>>) {
    const code = this.#codes.get(form[version === 'v1' ? 'code' : 'device_code'] ?? '');
    if (code === undefined || code.client !== client.id || code.version !== version || code.decision === 'used') {
      throw new Refusal('bad_verification_code', 70000, 'The device code is not known.');
    }
    if (version === 'v1' && (form['resource'] ?? '') === '') {
      throw new Refusal(
        'invalid_request',
        900144,
        "The request body must contain the following parameter: 'resource'.",
      );
    }
    const at = Date.now();
    const early = code.polledAt !== null && at - code.polledAt < code.interval * 1000 - 20;
    code.polledAt = at;
    if (code.expiresAt < this.now()) {
      throw new Refusal('expired_token', 70020, 'The code has expired.');
    }
    if (early) {
      code.interval += 5;
      throw new Refusal('slow_down', 50196, 'The server ended the request, because of a client request loop.');
    }
    if (code.decision === 'open') {
      throw new Refusal('authorization_pending', 70016, 'Authorization is pending. Continue polling.');
    }
    if (code.decision === 'declined') {
      throw new Refusal('authorization_declined', 70018, 'The person declined.');
    }
    code.decision = 'used';
    const lasting = version === 'v1' || (code.scope ?? '').split(' ').includes('offline_access');
    return this.#tokenReply(version, form, lasting ? randomBytes(6).toString('hex') : null);
  }
}
