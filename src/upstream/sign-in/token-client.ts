import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  clientCredentialsGrant,
  customFetch,
  type DeviceAuthorizationResponse,
  discovery,
  initiateDeviceAuthorization,
  None,
  pollDeviceAuthorizationGrant,
  refreshTokenGrant,
  type ServerMetadata,
  type TokenEndpointResponse,
} from 'openid-client';
import type { ClientSettings } from '../../catalogue/sign-in-settings.ts';
import { GatewayError } from '../../errors.ts';
import type { UpstreamEvent } from '../../observation/events/upstream.ts';
import type { Observe } from '../../observation/observe.ts';
import { type ClientCertificate, certificateAuth, readClientCertificate } from './client-certificate.ts';
import { patientFetch } from './patient-fetch.ts';
import { signInFault } from './refusals.ts';
import { readSecret, type SecretOwner } from './secrets.ts';
import type { TimeSource } from './time-source.ts';

/** What a token client is given beside its settings. */
export interface TokenClientContext extends SecretOwner {
  readonly observe: Observe<UpstreamEvent>;
  readonly time: TimeSource;
  /** Milliseconds that one reply of the token server may take; absent: `replyTimeout`. */
  readonly timeout?: number;
}

/** A reply of a token endpoint; milliseconds since 1970. */
export interface TokenReply {
  readonly accessToken: string;
  /** When it came. */
  readonly from: number;
  readonly expiresAt: number;
  /** null: the server sent none, so the one before stays. */
  readonly refreshToken: string | null;
  /** null: the server does not say. */
  readonly refreshExpiresAt: number | null;
}

const replyTimeout = 15_000;
/** Seconds for one request with all its tries and pauses. */
const wholeTimeout = 60;
/** Seconds of a token whose server does not say how long it holds. */
const usualLifetime = 300;
/** Seconds by which clocks may differ before that is told; an assertion holds for a minute. */
const tolerableDrift = 60;
/** Milliseconds before the end of a certificate from which on it is told. */
const certificateNotice = 30 * 86_400_000;
/** Milliseconds between two warnings of one kind. */
const between = 12 * 3_600_000;
/** Milliseconds after which the addresses of an issuer are looked up anew. */
const discoveryAge = 24 * 3_600_000;

/**
 * A client of one OAuth 2.0 server: asks for tokens in three ways. Secrets are read anew for each request, and sent to the token endpoint alone. All methods throw
 * GatewayError UpstreamRefused (`SignInEnded` where only a person can go on) or UpstreamUnavailable.
 */
export class TokenClient {
  readonly #settings: ClientSettings;
  readonly #context: TokenClientContext;
  readonly #warned = new Map<string, number>();
  #found: { readonly server: ServerMetadata; readonly at: number } | null = null;

  constructor(settings: ClientSettings, context: TokenClientContext) {
    this.#settings = settings;
    this.#context = context;
  }

  clientCredentials(): Promise<TokenReply> {
    return this.#asked(async (client) => clientCredentialsGrant(client, this.#target(this.#settings.scope)));
  }

  refresh(refreshToken: string): Promise<TokenReply> {
    return this.#asked(async (client) => refreshTokenGrant(client, refreshToken, this.#target(this.#lastingScope())));
  }

  /** A code that a person enters at an address; `tokens` waits until that has happened, or the code has expired. */
  async deviceCode(): Promise<{
    readonly code: DeviceAuthorizationResponse;
    readonly tokens: (signal: AbortSignal) => Promise<TokenReply>;
  }> {
    try {
      const target = this.#target(this.#lastingScope());
      const code = await initiateDeviceAuthorization(await this.#configuration(), target);
      const late = AbortSignal.timeout(code.expires_in * 1000);
      const tokens = (signal: AbortSignal): Promise<TokenReply> =>
        this.#asked(async (client) => {
          const waiting = AbortSignal.any([signal, late]);
          try {
            return await pollDeviceAuthorizationGrant(client, code, this.#deviceTarget(code), { signal: waiting });
          } catch (error) {
            if (late.aborted) {
              throw new GatewayError('UpstreamRefused', 'Nobody entered the code in time: begin anew.');
            }
            throw error;
          }
        });
      return { code, tokens };
    } catch (error) {
      throw this.#fault(error);
    }
  }

  /** Reads everything that signing in needs, and finds the server, without asking for a token. */
  async check(): Promise<void> {
    try {
      await this.#configuration();
    } catch (error) {
      throw this.#fault(error);
    }
  }

  async #asked(ask: (client: Configuration) => Promise<TokenEndpointResponse>): Promise<TokenReply> {
    const { time } = this.#context;
    try {
      const client = await this.#configuration();
      const reply = await ask(client);
      if (reply.token_type.toLowerCase() !== 'bearer') {
        throw new GatewayError('UpstreamRefused', `The server gives tokens of type ${reply.token_type.slice(0, 20)}.`);
      }
      const { expires_in: seconds = usualLifetime, refresh_token: refreshToken = null } = reply;
      const refreshSeconds = reply['refresh_token_expires_in'];
      const now = time.now();
      return {
        accessToken: reply.access_token,
        from: now,
        expiresAt: now + seconds * 1000,
        refreshToken,
        refreshExpiresAt: typeof refreshSeconds === 'number' && refreshSeconds > 0 ? now + refreshSeconds * 1000 : null,
      };
    } catch (error) {
      throw this.#fault(error);
    }
  }

  #fault(error: unknown): GatewayError {
    return signInFault(this.#context.source, error, this.#context.time.now());
  }

  #target(scope: string | null): URLSearchParams {
    const { resource } = this.#settings;
    return new URLSearchParams({
      ...(scope === null ? {} : { scope }),
      ...(resource === null ? {} : { resource }),
    });
  }

  /** The first version of Microsoft Entra's token endpoint wants the resource once more, and calls the code `code`; a scope is known by the code. */
  #deviceTarget({ device_code: code }: DeviceAuthorizationResponse): URLSearchParams {
    const target = this.#target(null);
    if (target.has('resource')) {
      target.set('code', code);
    }
    return target;
  }

  /** Without `offline_access` there would be no refresh token (OpenID Connect Core 11); who names a resource alone asks for none. */
  #lastingScope(): string | null {
    const { scope } = this.#settings;
    return scope === null || scope.split(/\s+/).includes('offline_access') ? scope : `${scope} offline_access`;
  }

  /** Made anew for each request, since secrets are changed while the gateway runs. */
  async #configuration(): Promise<Configuration> {
    const { clientId, credential } = this.#settings;
    const { time, timeout = replyTimeout } = this.#context;
    const certificate =
      credential?.kind === 'certificate' ? await readClientCertificate(credential, this.#context) : null;
    const secret = credential?.kind === 'secret' ? await readSecret(credential.secret, 'secret', this.#context) : null;
    this.#lookAtCertificate(certificate);
    const fetching = patientFetch({ time, timeout, onDrift: (seconds) => this.#lookAtClock(seconds) });
    const server = await this.#server(fetching);
    const auth = await authOf({ certificate, secret, server });
    const client = new Configuration(server, clientId, undefined, auth);
    client[customFetch] = fetching;
    client.timeout = wholeTimeout;
    // Only addresses of this machine get here without TLS (build-sign-in.ts).
    allowInsecureRequests(client);
    return client;
  }

  async #server(fetching: ReturnType<typeof patientFetch>): Promise<ServerMetadata> {
    const { server, clientId } = this.#settings;
    if (server.kind === 'endpoints') {
      const device = server.device === null ? {} : { device_authorization_endpoint: server.device };
      return { issuer: new URL(server.token).origin, token_endpoint: server.token, ...device };
    }
    const { time } = this.#context;
    if (this.#found !== null && time.now() - this.#found.at < discoveryAge) {
      return this.#found.server;
    }
    try {
      const found = await discovery(
        new URL(`${server.url}/.well-known/openid-configuration`),
        clientId,
        undefined,
        undefined,
        { [customFetch]: fetching, timeout: wholeTimeout, execute: [allowInsecureRequests] },
      );
      const metadata = found.serverMetadata();
      this.#requireSameServer(server.url, metadata);
      this.#found = { server: metadata, at: time.now() };
      return metadata;
    } catch (error) {
      // Addresses do not change because they cannot be looked up.
      if (this.#found !== null) {
        return this.#found.server;
      }
      throw error;
    }
  }

  /** What a document says must not lead secrets to a host that nobody named. */
  #requireSameServer(issuer: string, server: ServerMetadata): void {
    const { origin } = new URL(issuer);
    for (const name of ['token_endpoint', 'device_authorization_endpoint'] as const) {
      const address = server[name];
      if (address !== undefined && (!URL.canParse(address) || new URL(address).origin !== origin)) {
        throw new GatewayError(
          'UpstreamRefused',
          `The ${name} of the issuer for the proxied feed ${this.#context.source} is on another server: name it as tokenEndpoint in the metadata if that is right.`,
        );
      }
    }
  }

  #lookAtClock(seconds: number): void {
    if (Math.abs(seconds) > tolerableDrift) {
      const way = seconds > 0 ? 'behind' : 'ahead of';
      this.#warn(
        'clock',
        `The clock of this machine is ${Math.abs(seconds)} seconds ${way} that of the server that gives tokens: set it, or sign-ins will be refused`,
      );
    }
  }

  #lookAtCertificate(certificate: ClientCertificate | null): void {
    const left = (certificate?.notAfter ?? Number.POSITIVE_INFINITY) - this.#context.time.now();
    if (left < certificateNotice) {
      const days = Math.floor(left / 86_400_000);
      const when = left < 0 ? 'has expired' : `expires in ${days} days`;
      this.#warn('certificate', `The certificate that the gateway signs in with ${when}: register a new one`);
    }
  }

  #warn(kind: string, message: string): void {
    const { source, observe, time } = this.#context;
    const last = this.#warned.get(kind) ?? Number.NEGATIVE_INFINITY;
    if (time.now() - last >= between) {
      this.#warned.set(kind, time.now());
      observe({ event: 'sign-in', source, state: 'warning', message });
    }
  }
}

/** A secret goes into the body, unless the server says that it takes it in the header alone. */
async function authOf({
  certificate,
  secret,
  server,
}: {
  readonly certificate: ClientCertificate | null;
  readonly secret: string | null;
  readonly server: ServerMetadata;
}): Promise<ClientAuth> {
  if (certificate !== null) {
    return certificateAuth(certificate, () => server.token_endpoint ?? '');
  }
  if (secret === null) {
    return None();
  }
  const methods = server.token_endpoint_auth_methods_supported;
  const inHeader = methods?.includes('client_secret_basic') === true && !methods.includes('client_secret_post');
  return inHeader ? ClientSecretBasic(secret) : ClientSecretPost(secret);
}
